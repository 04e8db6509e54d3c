import type { SocketId } from '../adapter/adapter.js';
import { assertEmittable } from '../events/reserved-events.js';

interface Recipient {
  readonly id: SocketId;
  emit(event: string, ...args: unknown[]): unknown;
}

/** A namespace, as far as this needs one. */
interface RecipientSpace {
  readonly sockets: ReadonlyMap<SocketId, Recipient>;
  readonly adapterPort: { serverCount(): Promise<number> };
  in(ids: SocketId[]): { fetchSockets(): Promise<readonly Recipient[]> };
}

/**
 * Emits to sockets of any namespace by their ids, each once; resolves to the ids that no server has. Those of this server
 * are reached before it returns; the other servers of a cluster are asked for the rest, once per namespace.
 *
 * @throws Error for a reserved event name
 */
export async function emitByIds(
  namespaces: ReadonlyMap<string, RecipientSpace>,
  ids: readonly SocketId[],
  event: string,
  args: readonly unknown[],
): Promise<SocketId[]> {
  assertEmittable(event);
  const elsewhere = new Set<SocketId>();
  for (const id of new Set(ids)) {
    const socket = localSocket(namespaces, id);
    if (socket === undefined) elsewhere.add(id);
    else socket.emit(event, ...args);
  }
  for (const namespace of namespaces.values()) {
    if (elsewhere.size === 0) break;
    if ((await namespace.adapterPort.serverCount()) < 2) continue;
    for (const socket of await namespace.in([...elsewhere]).fetchSockets()) {
      if (elsewhere.delete(socket.id)) socket.emit(event, ...args);
    }
  }
  return [...elsewhere];
}

function localSocket(namespaces: ReadonlyMap<string, RecipientSpace>, id: SocketId): Recipient | undefined {
  for (const { sockets } of namespaces.values()) {
    const socket = sockets.get(id);
    if (socket !== undefined) return socket;
  }
  return undefined;
}
