import { OptionError } from '../../common/option-reader.js';
import { Timer, type TimerWheel } from '../../common/timer-wheel.js';
import { MAX_TIMER } from '../../common/values.js';
import { isReserved, untilOf, untilRoom, userOf, userRoom } from './user-rooms.js';

/** How long a socket may act for a user. */
export interface IdentifyOptions {
  /** When the credentials end: a `Date`, or milliseconds since 1970. @default never */
  expiresAt?: Date | number | undefined;
  /** How long before that the client gets the event `credentials_expired`, in milliseconds. @default 30_000 */
  graceMs?: number | undefined;
}

/** The socket that acts for a user. */
export interface IdentifiedSocket {
  readonly id: string;
  readonly wheel: TimerWheel;
  readonly rooms: ReadonlySet<string>;
  readonly nsp: {
    readonly adapterPort: { addAll(id: string, rooms: Set<string>): unknown; del(id: string, room: string): unknown };
  };
  /** The credentials end soon. */
  onExpiring(expiresAt: number): void;
  onExpired(): void;
}

/**
 * Whom a socket acts for, and until when. Both are rooms of the socket: any adapter then finds a user's sockets on all
 * servers, and a session that is restored, on whichever server, brings them along.
 */
export class Identity {
  #userId = '';
  #expiresAt = Infinity;
  #graceMs = 0;
  /** Whether the client knows that the end is near. */
  #isTold = true;
  readonly #timer = new Timer(() => this.#onTimer());

  constructor(private readonly socket: IdentifiedSocket) {}

  get userId(): string {
    return this.#userId;
  }

  get isExpired(): boolean {
    return this.#expiresAt <= Date.now();
  }

  /** @throws OptionError for what is no user, no time, or no number of milliseconds */
  set(userId: string, { expiresAt, graceMs = DEFAULT_GRACE_MS }: IdentifyOptions): void {
    if (typeof userId !== 'string' || userId === '') {
      throw new OptionError('userId', userId, 'a string that is not empty');
    }
    const end = expiresAt === undefined ? Infinity : Number(expiresAt);
    if (Number.isNaN(end)) throw new OptionError('expiresAt', expiresAt, 'a Date, or milliseconds since 1970');
    if (!(graceMs >= 0 && graceMs <= MAX_TIMER)) {
      throw new OptionError('graceMs', graceMs, `a number of milliseconds from 0 to ${MAX_TIMER}`);
    }
    this.#begin(userId, end, graceMs);
    this.rejoin();
  }

  /** Goes on with the rooms of a restored session. What was said since, such as by handlers of the handshake, replaces them. */
  resume(rooms: Iterable<string>): void {
    if (this.#userId !== '') {
      this.rejoin();
      return;
    }
    const userId = userOf(rooms);
    const until = untilOf(rooms);
    if (userId !== null) this.#begin(userId, until?.expiresAt ?? Infinity, until?.graceMs ?? 0);
  }

  /** Puts the socket into the rooms of its user, and out of those of another one. */
  rejoin(): void {
    const { id, nsp } = this.socket;
    const rooms = new Set([userRoom(this.#userId)]);
    if (this.#expiresAt !== Infinity) rooms.add(untilRoom(this.#expiresAt, this.#graceMs));
    for (const room of [...this.socket.rooms]) {
      if (isReserved(room) && !rooms.has(room)) void nsp.adapterPort.del(id, room);
    }
    void nsp.adapterPort.addAll(id, rooms);
  }

  release(): void {
    this.socket.wheel.cancel(this.#timer);
  }

  #begin(userId: string, expiresAt: number, graceMs: number): void {
    this.release();
    this.#userId = userId;
    this.#expiresAt = expiresAt;
    this.#graceMs = graceMs;
    this.#isTold = graceMs === 0;
    if (expiresAt !== Infinity) this.#schedule();
  }

  /** By the clock on the wall, which may be set meanwhile; the end may also be further away than a timer reaches. */
  #schedule(): void {
    const next = this.#isTold ? this.#expiresAt : this.#expiresAt - this.#graceMs;
    this.socket.wheel.schedule(this.#timer, Math.min(Math.max(next - Date.now(), 0), LONGEST_WAIT_MS));
  }

  #onTimer(): void {
    const now = Date.now();
    if (now >= this.#expiresAt) {
      this.socket.onExpired();
      return;
    }
    if (!this.#isTold && now >= this.#expiresAt - this.#graceMs) {
      this.#isTold = true;
      this.socket.onExpiring(this.#expiresAt);
    }
    // A listener may have extended the time, or ended the socket.
    if (this.#timer.wheelSlot === null) this.#schedule();
  }
}

const DEFAULT_GRACE_MS = 30_000;
/** A clock that is set is noticed after this time at the latest. */
const LONGEST_WAIT_MS = 60_000;
