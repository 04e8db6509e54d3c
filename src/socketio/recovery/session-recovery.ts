import { Timer, type TimerWheel } from '../../engine/index.js';
import type {
  Adapter,
  PrivateSessionId,
  RecoverableSocket,
  RestoredSession,
  SessionAdapter,
  SessionToPersist,
  SocketId,
} from '../adapter/adapter.js';

export interface RecoveryContext {
  readonly adapter: Adapter;
  readonly wheel: TimerWheel;
  readonly maxDisconnectionDuration: number;
  reportError(error: unknown): void;
  onSessionExpired(sid: SocketId, pid: PrivateSessionId): void;
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
  /** Saved sessions whose window is open. */
  readonly #windows = new Map<PrivateSessionId, Timer>();

  constructor(private readonly host: RecoveryContext) {}

  /** Whether an adapter can give sessions back at all: the base class of adapters has only an empty method for it. */
  static isSupportedBy(adapter: Adapter): boolean {
    let owner: object | null = adapter;
    while (owner !== null && !Object.hasOwn(owner, 'restoreSession'))
      owner = Object.getPrototypeOf(owner) as object | null;
    return owner !== null && !Object.hasOwn(owner, 'socketRooms');
  }

  /** Whether clients may still come back. */
  get isAwaiting(): boolean {
    return this.#windows.size > 0;
  }

  /** A session to go on with, or null. Never rejects. */
  async restore(pid: unknown, offset: unknown): Promise<RestoredSession | null> {
    if (typeof pid !== 'string' || (offset !== undefined && typeof offset !== 'string')) return null;
    const { adapter } = this.host;
    if (offset === undefined && !isOurs(adapter)) return null;
    if (!this.#takeOver(pid)) return null;
    try {
      const session = await adapter.restoreSession(pid, offset as string);
      if (!session) return null;
      if (!this.#closeWindow(pid) && !isOurs(adapter)) this.host.announceRestored(pid);
      return session;
    } catch {
      // Published adapters reject for a session or an offset that they do not know, which is no failure of anybody.
      return null;
    }
  }

  /** A socket is connected; where its packets begin, as far as the adapter can tell. */
  open(pid: PrivateSessionId, socket: RecoverableSocket, restored: boolean): string | undefined {
    this.#live.set(pid, { socket, restoredAt: restored ? performance.now() : -Infinity });
    const { adapter } = this.host;
    return isOurs(adapter) ? adapter.openSession(pid, socket) : undefined;
  }

  /** A socket is gone; its session is saved where its client did not mean to leave. */
  close(session: SessionToPersist, socket: RecoverableSocket, mayComeBack: boolean): void {
    if (this.#live.get(session.pid)?.socket === socket) this.#live.delete(session.pid);
    if (mayComeBack) this.save(session);
  }

  save(session: SessionToPersist): void {
    const { adapter, wheel, maxDisconnectionDuration } = this.host;
    const saved: unknown = adapter.persistSession(session);
    if (saved instanceof Promise) saved.catch((error: unknown) => this.host.reportError(error));
    const window = new Timer(() => this.#onExpired(session));
    this.#windows.set(session.pid, window);
    wheel.schedule(window, isOurs(adapter) ? maxDisconnectionDuration : maxDisconnectionDuration + NEWS_TRAVEL_MS);
  }

  /** Another server has restored the session. */
  handleRestoredElsewhere(pid: PrivateSessionId): void {
    this.#closeWindow(pid);
  }

  /** The namespace goes. */
  dispose(): void {
    for (const window of this.#windows.values()) this.host.wheel.cancel(window);
    this.#windows.clear();
    this.#live.clear();
  }

  /**
   * A client that comes back while its old socket still seems alive has given that one up; false where it can not be
   * that client, since the old socket was restored a moment ago.
   */
  #takeOver(pid: PrivateSessionId): boolean {
    const live = this.#live.get(pid);
    if (live === undefined) return true;
    const { adapter } = this.host;
    const isQuick = performance.now() - live.restoredAt < SINGLE_USE_MS;
    if (isQuick && !(isOurs(adapter) && adapter.allowsQuickReturn)) return false;
    live.socket.closeAsReplaced();
    return true;
  }

  /** False where this server has not saved such a session. */
  #closeWindow(pid: PrivateSessionId): boolean {
    const window = this.#windows.get(pid);
    if (window === undefined) return false;
    this.host.wheel.cancel(window);
    return this.#windows.delete(pid);
  }

  #onExpired({ sid, pid }: SessionToPersist): void {
    this.#windows.delete(pid);
    const { adapter } = this.host;
    if (isOurs(adapter)) adapter.forgetSession(pid);
    this.host.onSessionExpired(sid, pid);
  }
}

/** A client that lost its connection notices later than this; who shows the same id sooner is somebody else. */
const SINGLE_USE_MS = 5_000;

/** For word of another server, where a client came back in the last moment. */
const NEWS_TRAVEL_MS = 1_000;

function isOurs(adapter: Adapter): adapter is SessionAdapter {
  return typeof (adapter as Partial<SessionAdapter>).openSession === 'function';
}
