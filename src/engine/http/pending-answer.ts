import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * The response that a connection owes to an earlier request; null if there is none. A client may send a request, or an
 * upgrade, before it has that answer. Node has it under a name of its own alone.
 */
export function pendingAnswerOf(socket: Duplex): ServerResponse | null {
  return (socket as { _httpMessage?: ServerResponse | null })._httpMessage ?? null;
}

/** Whether requests are read from a connection, and not what came after an upgrade; Node has no public name for this either. */
export function speaksHttp(socket: Duplex): boolean {
  return Boolean((socket as { parser?: unknown }).parser);
}

/** Whether no answer is due on a connection that speaks HTTP. */
export function awaitsRequest(socket: Duplex): boolean {
  return speaksHttp(socket) && pendingAnswerOf(socket) === null;
}

/** The connection below one of TLS; Node has no public name for this either. */
export function connectionBelow(socket: Duplex): Duplex | null {
  return (socket as { _parent?: Duplex | null })._parent ?? null;
}
