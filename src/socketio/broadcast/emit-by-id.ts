import type { SocketId } from '../adapter/adapter.js';
import type { ClusterRequests } from '../cluster/cluster-requests.js';
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

/** The server that is asked to emit. */
export interface EmittingServer {
  readonly _nsps: ReadonlyMap<string, RecipientSpace>;
  /** @internal */
  readonly cluster: Pick<ClusterRequests, 'ask'>;
}

/**
 * Emits to sockets of any namespace by their ids, each once; resolves to the ids that no server has. Those of this server
 * are reached before it returns. The other servers of a cluster emit to theirs and say so, so that a server that stands
 * still holds up nothing but the answer that an id is gone.
 *
 * @throws Error for a reserved event name
 */
export async function emitByIds(
  server: EmittingServer,
  ids: readonly SocketId[],
  event: string,
  args: readonly unknown[],
): Promise<SocketId[]> {
  assertEmittable(event);
  const elsewhere = new Set(ids);
  for (const id of emitLocally(server._nsps, [...elsewhere], event, args)) elsewhere.delete(id);
  if (elsewhere.size === 0) return [];
  const haveAllAnswered = await server.cluster.ask(EMIT_BY_IDS, [[...elsewhere], event, args], ASK_MS, (emitted) => {
    for (const id of emitted as SocketId[]) elsewhere.delete(id);
    return elsewhere.size === 0;
  });
  if (!haveAllAnswered) await emitToOthers(server._nsps, elsewhere, event, args);
  return [...elsewhere];
}

/** What is asked of the other servers; their answer is that of `emitLocally`. */
export const EMIT_BY_IDS = 'emit-by-ids';

/** Emits to those of the sockets that this server has. Returns their ids. */
export function emitLocally(
  namespaces: ReadonlyMap<string, Pick<RecipientSpace, 'sockets'>>,
  ids: readonly SocketId[],
  event: string,
  args: readonly unknown[],
): SocketId[] {
  return ids.filter((id) => {
    const socket = localSocket(namespaces, id);
    socket?.emit(event, ...args);
    return socket !== undefined;
  });
}

/** Asks each namespace for the sockets themselves, which servers of other packages in the cluster answer as well. */
async function emitToOthers(
  namespaces: ReadonlyMap<string, RecipientSpace>,
  elsewhere: Set<SocketId>,
  event: string,
  args: readonly unknown[],
): Promise<void> {
  for (const namespace of namespaces.values()) {
    if (elsewhere.size === 0) return;
    if ((await namespace.adapterPort.serverCount()) < 2) continue;
    // A server that stands still has not answered; what it has counts as gone.
    const found = await namespace
      .in([...elsewhere])
      .fetchSockets()
      .catch(() => []);
    for (const socket of found) if (elsewhere.delete(socket.id)) socket.emit(event, ...args);
  }
}

function localSocket(
  namespaces: ReadonlyMap<string, Pick<RecipientSpace, 'sockets'>>,
  id: SocketId,
): Recipient | undefined {
  for (const { sockets } of namespaces.values()) {
    const socket = sockets.get(id);
    if (socket !== undefined) return socket;
  }
  return undefined;
}

/** How long other servers are waited for before they are asked in the way that all packages know; in milliseconds. */
const ASK_MS = 1_000;
