import { callForeign, type ForeignErrorSink } from '../../common/call-foreign.js';
import type { TimerWheel } from '../../engine/index.js';
import type { AckError } from './ack-error.js';

/** What is told of an ack, or of its failure. */
export type AckCallback = (...args: unknown[]) => void;

/** A callback for one of many answers; it may also be told that this one will not come. */
export interface BroadcastAckCallback extends AckCallback {
  onLeave?: (error: AckError) => void;
}

/** A server, or one of its sockets, as acks see it. */
export interface AckContext extends ForeignErrorSink<undefined> {
  readonly wheel: TimerWheel;
  /** @internal What a callback threw. */
  reportError(error: unknown): void;
}

/** Calls user code: what it throws, or rejects with, is reported and keeps no other callback from its answer. */
export function callAck(host: AckContext, callback: AckCallback, args: readonly unknown[]): void {
  callForeign(callback, undefined, args, host, undefined);
}
