import type { EventEmitter } from 'node:events';
import { callForeign, type ForeignErrorSink } from '../../common/call-foreign.js';
import type { Adapter } from './adapter.js';

/** What adapters on the base `ClusterAdapter` of the package socket.io-adapter, and the one for Redis, do for others. */
interface ClusterMember {
  publishResponse?: (requester: unknown, response: unknown) => void;
  onMessage?: (...args: unknown[]) => unknown;
  onrequest?: (...args: unknown[]) => unknown;
  onmessage?: (...args: unknown[]) => unknown;
  /** With a client of the package ioredis: what the adapter listens with, bound when it was made. */
  redisListeners?: Map<string, (...args: unknown[]) => unknown>;
  subClient?: Pick<EventEmitter, 'on' | 'off'>;
}

interface SocketsAnswer {
  readonly data?: { readonly sockets?: readonly { readonly data?: unknown }[] };
}

/**
 * Guards what an adapter does when another server asks. It answers `fetchSockets()` with the `data` of the sockets, in
 * which a cycle, a timer or a getter that throws would end this process: such data is left out and reported. Whatever else
 * the adapter throws while it answers is reported too.
 */
export function guardClusterAnswers(adapter: Adapter, sink: ForeignErrorSink<undefined>): void {
  const member = adapter as Adapter & ClusterMember;
  const { publishResponse } = member;
  if (typeof publishResponse === 'function' && typeof member.onMessage === 'function') {
    member.publishResponse = (requester, response) =>
      publishResponse.call(adapter, requester, withSendableData(response as SocketsAnswer, sink));
  }
  for (const name of ['onMessage', 'onrequest', 'onmessage'] as const) {
    const receive = member[name];
    if (typeof receive !== 'function') continue;
    member[name] = (...args) => callForeign(receive, adapter, args, sink, undefined);
  }
  guardBoundListeners(member, sink);
}

/** Puts a guarded listener in the place of each that is bound already, there too where the adapter looks for it to take it off. */
function guardBoundListeners({ redisListeners, subClient }: ClusterMember, sink: ForeignErrorSink<undefined>): void {
  if (!(redisListeners instanceof Map)) return;
  for (const event of ['messageBuffer', 'pmessageBuffer']) {
    const receive = redisListeners.get(event);
    if (receive === undefined) continue;
    const guarded = (...args: unknown[]): void => callForeign(receive, undefined, args, sink, undefined);
    subClient?.off(event, receive).on(event, guarded);
    redisListeners.set(event, guarded);
  }
}

function withSendableData(response: SocketsAnswer, sink: ForeignErrorSink<undefined>): SocketsAnswer {
  const sockets = response?.data?.sockets;
  if (!Array.isArray(sockets)) return response;
  const sendable = sockets.map((socket: { readonly data?: unknown }) =>
    isSendable(socket.data, sink) ? socket : { ...socket, data: {} },
  );
  return { ...response, data: { ...response.data, sockets: sendable } };
}

function isSendable(data: unknown, sink: ForeignErrorSink<undefined>): boolean {
  let isEncoded = false;
  callForeign(
    () => {
      JSON.stringify(data);
      isEncoded = true;
    },
    null,
    [],
    sink,
    undefined,
  );
  return isEncoded;
}
