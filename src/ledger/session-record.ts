import {
  encodeParts,
  encodeValues,
  type EncodedParts,
  type PrivateSessionId,
  type RecoverableSocket,
  type SocketId,
} from '../socketio/index.js';
import { Membership, type StoredMembership } from './membership.js';
import { formatOffset, type Offset, type Place } from './store/offset.js';
import { MAX_DIRECTS, type Handover, type LogEntry, type SessionChange } from './store/ledger-store.js';

/** What a store keeps of a session, beside what only its node knows. */
export interface StoredSession {
  readonly nsp: string;
  readonly sid: SocketId;
  readonly rooms: StoredMembership;
  /** As `encodeValues` has it. */
  readonly data: string;
  /** Where the session began. */
  readonly since: Offset;
  /** When its client was cut off, by the clock of its node; not there if that ended without having noticed. */
  readonly left?: number | undefined;
}

/** A packet for one session alone, on its way to the store. */
export interface DirectPacket {
  readonly at: Place;
  readonly parts: EncodedParts;
}

export interface RecordContext {
  /** How far this node has read. */
  here(): Place;
  readonly maxSessionBytes: number;
  /** How long a session is kept while its socket is connected, and once it is not; in milliseconds. */
  readonly ttl: { readonly connected: number; readonly away: number };
  onUnsavable(error: Error): void;
}

/** A session whose socket is, or was until a moment ago, connected to this node. */
export class SessionRecord {
  readonly membership: Membership;
  /** Up to where the session has got everything: the place of what was sent to it last. */
  got: Place;
  /** The socket is gone; its client may come back. */
  isAway = false;
  /** The session ended, or goes on at another node: nothing is to be stored any more. */
  isOver = false;
  /** What could not be kept, so that a client that comes back has to begin anew. */
  #isUnsavable = false;
  #isChanged = true;
  #isMoved = false;
  #writtenAt = performance.now();
  /** How far the node had read then: what comes later has not been sent to it, though it is stored only now. */
  #leftAt: Place | null = null;
  /** When that was, by the clock on the wall: another node may ask. */
  #left: number | undefined = undefined;
  #data: unknown = null;
  #saved = '';
  #directs: DirectPacket[] = [];

  constructor(
    readonly nsp: string,
    readonly sid: SocketId,
    readonly pid: PrivateSessionId,
    /** What the store knows as whose the session is. */
    readonly owner: string,
    readonly socket: RecoverableSocket,
    /** Where the session began, which is known once the ledger is open. */
    public since: Place,
    /** From whom it was taken. */
    readonly handovers: readonly Handover[],
    rooms: StoredMembership | undefined,
  ) {
    this.membership = new Membership(rooms);
    this.got = since;
  }

  /** Whether the store may not have the rooms that the socket is in. */
  get isMoved(): boolean {
    return this.#isMoved;
  }

  /** Rooms are not what the store has. */
  change(): void {
    this.#isChanged = this.#isMoved = true;
  }

  /** Whether it is time to write: data is changed in place, which only a look at it can tell; and time is to be extended. */
  isDue(keepAliveInterval: number): boolean {
    for (const _key in this.#currentData() as object) this.#isChanged = true;
    return this.#isChanged || performance.now() - this.#writtenAt > keepAliveInterval;
  }

  leave(data: unknown, here: Place): void {
    this.isAway = true;
    this.#leftAt = here;
    this.#left = Date.now();
    this.#data = data;
    this.#isChanged = true;
  }

  addDirect(packet: DirectPacket): void {
    // A store that is away must not let this grow; the session cannot be complete then.
    if (this.#directs.length >= MAX_DIRECTS) this.#isUnsavable = true;
    else this.#directs.push(packet);
  }

  /** The store has what it was told last. */
  onSaved(): void {
    this.#isMoved = this.#isMoved && this.#isChanged;
  }

  /** Packets that no store has: another node has the session. */
  takeDirects(): DirectPacket[] {
    const directs = this.#directs;
    this.#directs = [];
    return directs;
  }

  /** What the store is to be told, and the direct packets in it. */
  takeChange(context: RecordContext): { change: SessionChange; directs: DirectPacket[] } {
    const { pid, owner } = this;
    const state = this.isOver || this.#isUnsavable ? null : this.#state(context);
    if (state === null) return { change: { pid, owner, ttl: 0 }, directs: [] };
    this.#writtenAt = performance.now();
    const directs = this.takeDirects();
    const isNew = state !== this.#saved;
    this.#saved = state;
    const change: SessionChange = {
      pid,
      owner,
      ttl: this.isAway ? context.ttl.away : context.ttl.connected,
      state: isNew ? state : undefined,
      mark: { read: formatOffset(this.#leftAt ?? context.here()), got: formatOffset(this.got) },
      directs: directs.map(toStored),
    };
    return { change, directs };
  }

  /** Null if it cannot be stored. */
  #state({ maxSessionBytes, onUnsavable }: RecordContext): string | null {
    if (!this.#isChanged) return this.#saved;
    this.#isChanged = false;
    try {
      const data = encodeValues([this.#currentData()]);
      const bytes = Buffer.byteLength(data);
      if (bytes > maxSessionBytes) {
        throw new RangeError(`socket.data takes ${bytes} bytes, and maxSessionBytes is ${maxSessionBytes}`);
      }
      const { nsp, sid, membership, since } = this;
      return JSON.stringify({
        nsp,
        sid,
        rooms: membership.toStored(),
        data,
        since: formatOffset(since),
        left: this.#left,
      } satisfies StoredSession);
    } catch (cause) {
      this.#isUnsavable = true;
      onUnsavable(
        new Error(`Cannot save the session of socket ${this.sid}: after a reconnect its client starts anew`, {
          cause,
        }),
      );
      return null;
    }
  }

  #currentData(): unknown {
    return this.isAway ? this.#data : this.socket.data;
  }
}

/** A direct packet as it is stored. */
function toStored({ at, parts }: DirectPacket): LogEntry {
  return { at: formatOffset(at), body: encodeParts(parts) };
}
