import { assertEmittable } from './reserved-events.js';
import type { SocketId } from './adapter/adapter.js';
import type { Socket } from './socket.js';
import type { Server } from './socketio-server.js';

/**
 * Emits to sockets of any namespace by their ids, each once; resolves to the ids that no server has. Those of this server
 * are reached before it returns; the other servers of a cluster are asked for the rest, once per namespace.
 *
 * @throws Error for a reserved event name
 */
export async function emitByIds(
  server: Server,
  ids: readonly SocketId[],
  event: string,
  args: readonly unknown[],
): Promise<SocketId[]> {
  assertEmittable(event);
  const elsewhere = new Set<SocketId>();
  for (const id of new Set(ids)) {
    const socket = localSocket(server, id);
    if (socket === undefined) elsewhere.add(id);
    else socket.emit(event, ...args);
  }
  for (const namespace of server._nsps.values()) {
    if (elsewhere.size === 0) break;
    if ((await namespace.adapter.serverCount()) < 2) continue;
    for (const socket of await namespace.in([...elsewhere]).fetchSockets()) {
      if (elsewhere.delete(socket.id)) socket.emit(event, ...args);
    }
  }
  return [...elsewhere];
}

function localSocket(server: Server, id: SocketId): Socket | undefined {
  for (const namespace of server._nsps.values()) {
    const socket = namespace.sockets.get(id);
    if (socket !== undefined) return socket;
  }
  return undefined;
}
