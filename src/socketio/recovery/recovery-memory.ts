import { Timer, TimerWheel } from '../../common/timer-wheel.js';
import { ownCopyOf } from '../../common/values.js';
import type { PrivateSessionId, Room, SessionToPersist, SocketId } from '../adapter/adapter.js';
import { PacketLog } from './packet-log.js';
import { PacketOffsets } from './packet-offsets.js';

export interface RecoveryMemoryContext {
  readonly wheel: TimerWheel;
  /** How long a client may stay away, in milliseconds. */
  readonly maxDisconnectionDuration: number;
  /** How long it can take until a connection is known to be lost, in milliseconds. */
  readonly noticeDuration: number;
  /** What packets and sessions may hold together. */
  readonly maxLogBytes: number;
  onSessionExpired(nsp: string, sid: SocketId, pid: PrivateSessionId): void;
}

/**
 * What one server keeps for clients that may come back: the packets that it sent, and the sessions of clients that are away.
 * It belongs to the server, so that neither needs a namespace to be there.
 */
export class RecoveryMemory {
  readonly log: PacketLog;
  readonly offsets = new PacketOffsets();
  /** In the order in which they end. One that holds no more than its ids is packed into a text, a third as large. */
  readonly #sessions = new Map<PrivateSessionId, AwaitedSession | string>();
  /** Those of this turn, which listeners of `disconnect` may still write to. */
  readonly #fresh: AwaitedSession[] = [];
  /** For the first of them. */
  readonly #timer = new Timer(() => this.#onTimer());

  constructor(private readonly context: RecoveryMemoryContext) {
    this.log = new PacketLog(context.maxDisconnectionDuration + context.noticeDuration);
  }

  /** How many clients may still come back. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Waits for a client from now on. `graceMs` is added for news of other servers. */
  save(nsp: string, session: SessionToPersist, isStoredHere: boolean, graceMs = 0): void {
    this.forget(session.pid);
    const since = isStoredHere ? this.offsets.positionOf(session.since ?? '') : NaN;
    const duration = this.context.maxDisconnectionDuration + graceMs;
    const endsAt = Math.ceil(TimerWheel.now() + duration);
    const awaited = new AwaitedSession(this, nsp, session, since, endsAt);
    this.#sessions.set(session.pid, awaited);
    if (this.#fresh.push(awaited) === 1) setImmediate(() => this.#pack());
    if (this.#timer.wheelSlot === null) this.context.wheel.schedule(this.#timer, duration);
    this.bound();
  }

  find(pid: PrivateSessionId): AwaitedSession | undefined {
    const kept = this.#sessions.get(pid);
    if (typeof kept !== 'string') return kept;
    const session = this.#unpack(pid, kept);
    this.#sessions.set(pid, session);
    return session;
  }

  /** The sessions of a namespace. Linear in those of all namespaces, which is what a window holds. */
  of(nsp: string): AwaitedSession[] {
    const start = packedStart(nsp);
    const found: AwaitedSession[] = [];
    for (const [pid, kept] of this.#sessions) {
      if (typeof kept === 'string' ? kept.startsWith(start) : kept.nsp === nsp) found.push(this.find(pid)!);
    }
    return found;
  }

  /** The client is not expected back any more. Returns false if it was not. */
  forget(pid: PrivateSessionId): boolean {
    const session = this.#sessions.get(pid);
    if (session === undefined) return false;
    if (typeof session !== 'string') session.isRevoked = true;
    this.#sessions.delete(pid);
    if (this.#sessions.size === 0) this.context.wheel.cancel(this.#timer);
    return true;
  }

  /** How long its client has been away, in milliseconds; of a session that is stored here. */
  awayOf({ endsAt }: AwaitedSession): number {
    return Math.max(0, TimerWheel.now() - (endsAt - this.context.maxDisconnectionDuration));
  }

  /** Holds what is kept against the bound: packets go first, the oldest of them, then sessions. */
  bound(): void {
    const { maxLogBytes } = this.context;
    while (this.log.bytes + this.#sessions.size * SESSION_COST > maxLogBytes && this.log.loseFirst());
    for (const pid of this.#sessions.keys()) {
      if (this.#sessions.size * SESSION_COST <= maxLogBytes) return;
      this.expire(this.find(pid)!);
    }
  }

  expire({ nsp, sid, pid }: AwaitedSession): void {
    if (!this.forget(pid)) return;
    this.log.trim(TimerWheel.now());
    this.context.onSessionExpired(nsp, sid, pid);
  }

  /** The server has ended: no timer runs until it listens again. */
  suspend(): void {
    this.context.wheel.cancel(this.#timer);
  }

  /** The server listens again: clients that are still in time may come back. */
  resume(): void {
    if (this.#sessions.size > 0) this.#onTimer();
  }

  #onTimer(): void {
    const now = TimerWheel.now();
    for (const pid of this.#sessions.keys()) {
      const session = this.find(pid)!;
      if (session.endsAt > now) {
        this.context.wheel.schedule(this.#timer, session.endsAt - now);
        return;
      }
      // A client that has come back in time may take longer to be let in.
      if (!session.isTaken) this.expire(session);
    }
  }

  #pack(): void {
    for (const session of this.#fresh.splice(0)) {
      const packed = this.#sessions.get(session.pid) === session ? session.pack() : null;
      if (packed !== null) this.#sessions.set(session.pid, packed);
    }
  }

  #unpack(pid: PrivateSessionId, packed: string): AwaitedSession {
    const [nsp, sid, since, endsAt] = JSON.parse(packed) as [string, SocketId, number | null, number];
    return new AwaitedSession(this, nsp, { sid, pid, rooms: [sid], data: {} }, since ?? NaN, endsAt);
  }
}

/** A client that is away. There may be many, so it holds nothing that can be told from the rest. */
export class AwaitedSession {
  readonly sid: SocketId;
  readonly pid: PrivateSessionId;
  readonly data: unknown;
  /** Null: that of its own id alone. */
  #rooms: Room[] | null;
  /** A client has come back with it and is being decided about. */
  isTaken = false;
  /** Its time is over, or it was ended. */
  isRevoked = false;

  constructor(
    private readonly memory: RecoveryMemory,
    readonly nsp: string,
    { sid, pid, rooms, data }: SessionToPersist,
    /** Where the packets of the session began; NaN if an adapter has the session and not this process. */
    readonly since: number,
    readonly endsAt: number,
  ) {
    this.sid = sid;
    this.pid = pid;
    this.data = data;
    this.#rooms = rooms.length === 1 && rooms[0] === sid ? null : rooms;
  }

  get rooms(): Room[] {
    return this.#rooms ?? [this.sid];
  }

  join(rooms: readonly Room[]): void {
    this.#rooms = [...new Set([...this.rooms, ...rooms])];
  }

  leave(rooms: readonly Room[]): void {
    this.#rooms = this.rooms.filter((room) => !rooms.includes(room));
  }

  leaveAll(): void {
    this.#rooms = [];
  }

  /** The session as a text, if it holds no more than its ids. */
  pack(): string | null {
    const { data } = this;
    const isEmpty = typeof data === 'object' && data !== null && Object.getPrototypeOf(data) === Object.prototype;
    if (!isEmpty || Reflect.ownKeys(data).length > 0 || this.#rooms !== null || this.isTaken) return null;
    return ownCopyOf(JSON.stringify([this.nsp, this.sid, this.since, this.endsAt]));
  }

  /** The client that came back was refused, or went away again. */
  release(): void {
    this.isTaken = false;
    if (this.endsAt <= TimerWheel.now()) this.memory.expire(this);
  }
}

/** How the text of a session of this namespace begins. */
function packedStart(nsp: string): string {
  return `[${JSON.stringify(nsp)},`;
}

/** What a session of a client that is away takes, measured with a room and no data of its own. */
const SESSION_COST = 400;
