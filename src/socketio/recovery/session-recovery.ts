import type {
  Adapter,
  PrivateSessionId,
  RecoverableSocket,
  RestoredSession,
  Room,
  SessionAdapter,
  SessionToPersist,
} from '../adapter/adapter.js';
import { isSessionAdapter, type AdapterPort } from '../adapter/adapter-port.js';
import { isExpired } from '../client/user-rooms.js';
import type { RecoveringAdapter } from './recovering-adapter.js';
import type { AwaitedSession, RecoveryMemory } from './recovery-memory.js';

export interface RecoveryContext {
  readonly name: string;
  readonly adapter: Adapter;
  readonly adapterPort: AdapterPort;
  readonly memory: RecoveryMemory;
  /** Tells the other servers of the cluster, one of which may have saved the session, that it goes on here. */
  announceRestored(pid: PrivateSessionId): void;
}

/**
 * When sessions of one namespace are saved and given back; storing them is the adapter's part.
 *
 * A recovery id is a secret of its client. It is good for one recovery per disconnection: a second connection that
 * shows it at the same time is a new client.
 */
export class SessionRecovery {
  /** Connected sockets by recovery id. */
  readonly #live = new Map<PrivateSessionId, { socket: RecoverableSocket; restoredAt: number }>();

  constructor(private readonly context: RecoveryContext) {}

  /** Whether an adapter can give sessions back at all: the base class of adapters has only an empty method for it. */
  static isSupportedBy(adapter: Adapter): boolean {
    let owner: object | null = adapter;
    while (owner !== null && !Object.hasOwn(owner, 'restoreSession'))
      owner = Object.getPrototypeOf(owner) as object | null;
    return owner !== null && !Object.hasOwn(owner, 'socketRooms');
  }

  /** The adapter in memory; null if another one keeps sessions and packets. */
  get ownAdapter(): RecoveringAdapter | null {
    const { adapter } = this.context;
    return isInMemory(adapter) ? adapter : null;
  }

  /** An adapter of this package; null for a published one. */
  get #sessionAdapter(): SessionAdapter | null {
    const { adapter } = this.context;
    return isSessionAdapter(adapter) ? adapter : null;
  }

  /**
   * A session to go on with, or null. Never rejects. It is the client's once `open` is called, and `giveBack` returns it.
   */
  async restore(pid: unknown, offset: unknown): Promise<RestoredSession | null> {
    if (typeof pid !== 'string' || (offset !== undefined && typeof offset !== 'string')) return null;
    const { adapterPort, memory } = this.context;
    if (offset === undefined && this.#sessionAdapter === null) return null;
    if (!this.#takeOver(pid)) return null;
    const session = await adapterPort.restoreSession(pid, offset);
    // In memory it is there until the socket is let in.
    const isFromElsewhere = session !== null && this.ownAdapter === null && !memory.forget(pid);
    if (isFromElsewhere && this.#sessionAdapter === null) this.context.announceRestored(pid);
    if (session === null || !isExpired(session.rooms)) return session;
    this.giveBack(session);
    return null;
  }

  /** The client was refused, or its connection died meanwhile: it may try again within what is left of its time. */
  giveBack(session: RestoredSession): void {
    const awaited = this.ownAdapter === null ? undefined : this.#awaited(session.pid);
    if (awaited !== undefined) awaited.release();
    else if (this.ownAdapter === null) this.save(session);
  }

  /** A socket is connected. Returns where its packets begin, as far as the adapter can tell. */
  open(pid: PrivateSessionId, socket: RecoverableSocket, restored: RestoredSession | null): string | undefined {
    this.#live.set(pid, { socket, restoredAt: restored === null ? -Infinity : performance.now() });
    const began = this.context.adapterPort.openSession(pid, socket, restored);
    if (restored === null || this.ownAdapter === null) return began;
    // What the client has not shown to have got is still missing when it comes back once more.
    const { since } = restored;
    this.context.memory.forget(pid);
    return since;
  }

  /** A socket is gone; its session is saved if its client did not mean to leave. */
  close(session: SessionToPersist, socket: RecoverableSocket, mayComeBack: boolean): void {
    if (this.#live.get(session.pid)?.socket === socket) this.#live.delete(session.pid);
    if (mayComeBack) this.save(session);
  }

  save(session: SessionToPersist): void {
    const { name, adapterPort, memory } = this.context;
    adapterPort.persistSession(session);
    if (this.ownAdapter === null) memory.save(name, session, false, this.#sessionAdapter === null ? NEWS_TRAVEL_MS : 0);
  }

  /** Puts a client that is away into rooms, for when it comes back. */
  join(pid: PrivateSessionId, rooms: readonly Room[]): void {
    this.#awaited(pid)?.join(rooms);
  }

  /** Takes a client that is away out of a room. */
  leave(pid: PrivateSessionId, room: Room): void {
    this.#awaited(pid)?.leave([room]);
  }

  leaveAll(pid: PrivateSessionId): void {
    this.#awaited(pid)?.leaveAll();
  }

  /** Ends the session of a client that is away: it begins anew. */
  revoke(pid: PrivateSessionId): void {
    const awaited = this.#awaited(pid);
    if (awaited !== undefined) this.context.memory.expire(awaited);
  }

  /** Another server has restored the session. */
  handleRestoredElsewhere(pid: PrivateSessionId): void {
    this.context.memory.forget(pid);
  }

  /**
   * A client that comes back while its old socket still seems alive has given that one up; false if it can not be that
   * client, since the old socket was restored a moment ago.
   */
  #takeOver(pid: PrivateSessionId): boolean {
    const live = this.#live.get(pid);
    if (live === undefined) return true;
    const isQuick = performance.now() - live.restoredAt < SINGLE_USE_MS;
    if (isQuick && !this.#sessionAdapter?.allowsQuickReturn) return false;
    live.socket.closeAsReplaced();
    return true;
  }

  #awaited(pid: PrivateSessionId): AwaitedSession | undefined {
    const session = this.context.memory.find(pid);
    return session?.nsp === this.context.name ? session : undefined;
  }
}

/** A client needs longer than this to notice a lost connection; an earlier attempt with the same id is another client. */
const SINGLE_USE_MS = 5_000;

/** For word of another server, if a client came back in the last moment. */
const NEWS_TRAVEL_MS = 1_000;

function isInMemory(adapter: Adapter): adapter is RecoveringAdapter {
  return typeof (adapter as Partial<RecoveringAdapter>).encodeFor === 'function';
}
