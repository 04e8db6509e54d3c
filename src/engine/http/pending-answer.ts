import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * The response that a connection owes to an earlier request; null if there is none. A client may send a request, or an
 * upgrade, before it has that answer. Node has it under a name of its own alone.
 */
export function pendingAnswerOf(socket: Duplex): ServerResponse | null {
  return (socket as { _httpMessage?: ServerResponse | null })._httpMessage ?? null;
}

/** Whether a connection speaks HTTP, and no answer is due on it: Node has no public name for either. */
export function awaitsRequest(socket: Duplex): boolean {
  return Boolean((socket as { parser?: unknown }).parser) && pendingAnswerOf(socket) === null;
}
