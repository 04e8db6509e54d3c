import type { Room, SocketId } from '../adapter/adapter.js';
import type { ClusterRequests } from './cluster-requests.js';

interface CountedSpace {
  readonly sockets: ReadonlyMap<SocketId, unknown>;
  readonly adapter: { readonly rooms: ReadonlyMap<Room, ReadonlySet<SocketId>> };
}

interface CountingServer {
  readonly namespaces: CountedSpaces;
  /** @internal */
  readonly cluster: Pick<ClusterRequests, 'ask'>;
}

interface CountedSpaces {
  /** The namespace of this name; the children of a template. */
  named(name: string): readonly CountedSpace[];
}

/**
 * How many sockets all servers of the cluster have in a namespace, or in one of its rooms. Only numbers travel.
 *
 * @throws Error if a server does not answer in time
 */
export async function countSockets(server: CountingServer, namespace: string, room: Room | undefined): Promise<number> {
  let count = countLocally(server.namespaces, namespace, room);
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
export function countLocally(namespaces: CountedSpaces, name: string, room: Room | null | undefined): number {
  let count = 0;
  for (const { sockets, adapter } of namespaces.named(name)) {
    count += room === undefined || room === null ? sockets.size : (adapter.rooms.get(room)?.size ?? 0);
  }
  return count;
}

/** As long as adapters wait for answers, in milliseconds. */
const COUNT_MS = 5_000;
