import type { Room, SocketId } from '../adapter/adapter.js';
import type { ClusterRequests } from './cluster-requests.js';

interface CountedSpace {
  readonly sockets: ReadonlyMap<SocketId, unknown>;
  readonly adapter: { readonly rooms: ReadonlyMap<Room, ReadonlySet<SocketId>> };
}

interface CountingServer {
  readonly _nsps: ReadonlyMap<string, CountedSpace>;
  /** @internal */
  readonly cluster: Pick<ClusterRequests, 'ask'>;
}

/**
 * How many sockets all servers of the cluster have in a namespace, or in one of its rooms. Only numbers travel.
 *
 * @throws Error if a server does not answer in time
 */
export async function countSockets(server: CountingServer, namespace: string, room: Room | undefined): Promise<number> {
  let count = countLocally(server._nsps, namespace, room);
  const haveAllAnswered = await server.cluster.ask(COUNT, [namespace, room ?? null], COUNT_MS, (there) => {
    count += there as number;
    return false;
  });
  if (!haveAllAnswered) throw new Error('timeout reached: not every server has counted its sockets');
  return count;
}

/** What is asked of the other servers; their answer is that of `countLocally`. */
export const COUNT = 'count';

/** The sockets of this server. */
export function countLocally(
  namespaces: ReadonlyMap<string, CountedSpace>,
  name: string,
  room: Room | null | undefined,
): number {
  const namespace = namespaces.get(name);
  if (namespace === undefined) return 0;
  if (room === undefined || room === null) return namespace.sockets.size;
  return namespace.adapter.rooms.get(room)?.size ?? 0;
}

/** As long as adapters wait for answers, in milliseconds. */
const COUNT_MS = 5_000;
