import type { Socket } from 'socket.io-client';
import type { ErrorReply } from '../contract/index.js';
import type { EventsMap, RequestArgs, RequestNames, RequestReply } from './client-types.js';
import { RequestError } from './request-error.js';

/**
 * Emits an event and resolves to its reply: what `emitWithAck` resolves to if the server could answer. Works with the
 * sockets of a contract, with those of plain event maps, and behind `socket.timeout()`.
 *
 * @throws RequestError with the code, status and details of an error reply; with the code `NO_REPLY` if none came in time
 *
 * @example
 * const { id } = await request(socket, 'message', { room, text });
 */
export async function request<Events extends EventsMap, Event extends RequestNames<Events> & string>(
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever the socket listens to
  socket: Socket<any, Events>,
  event: Event,
  ...args: RequestArgs<Events[Event]>
): Promise<RequestReply<Events[Event]>> {
  let reply: unknown;
  try {
    reply = await socket.emitWithAck(event as never, ...(args as never));
  } catch (cause) {
    throw new RequestError({ status: 'error', message: (cause as Error).message, code: 'NO_REPLY' }, { cause });
  }
  if ((reply as ErrorReply | null)?.status === 'error') throw new RequestError(reply as ErrorReply);
  return reply as RequestReply<Events[Event]>;
}
