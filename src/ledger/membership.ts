import type { Room } from '../socketio/index.js';

/** A membership, as it is stored. */
export interface StoredMembership {
  /** Rooms, and the number of the entry after which they were joined. */
  readonly now: readonly [room: Room, since: number][];
  /** Rooms that were left: joined after the first number, left after the second one. */
  readonly past: readonly [room: Room, since: number, until: number][];
}

/**
 * The rooms of one session over time. A client that comes back gets what was sent to a room while it was in it, not what
 * went before, and also if it has left the room since.
 */
export class Membership {
  readonly #now: Map<Room, number>;
  #past: [Room, number, number][];

  constructor({ now, past }: StoredMembership = { now: [], past: [] }) {
    this.#now = new Map(now);
    this.#past = [...past];
  }

  get rooms(): Room[] {
    return [...this.#now.keys()];
  }

  /** Returns whether this changes anything. */
  join(room: Room, number: number): boolean {
    if (this.#now.has(room)) return false;
    this.#now.set(room, number);
    return true;
  }

  /** Returns whether this changes anything. */
  leave(room: Room, number: number): boolean {
    const since = this.#now.get(room);
    if (since === undefined) return false;
    this.#now.delete(room);
    if (since < number) this.#past.push([room, since, number]);
    return true;
  }

  /** Whether an entry for these rooms is for this session. */
  covers(rooms: readonly Room[], except: readonly Room[], number: number): boolean {
    for (const room of except) if (this.#wasIn(room, number)) return false;
    if (rooms.length === 0) return true;
    for (const room of rooms) if (this.#wasIn(room, number)) return true;
    return false;
  }

  /** Forgets rooms that were left before this number. */
  forget(number: number): void {
    if (this.#past.length > 0) this.#past = this.#past.filter(([, , until]) => until >= number);
  }

  toStored(): StoredMembership {
    return { now: [...this.#now], past: this.#past };
  }

  #wasIn(room: Room, number: number): boolean {
    const since = this.#now.get(room);
    if (since !== undefined && since < number) return true;
    for (const [left, from, until] of this.#past) if (left === room && from < number && number <= until) return true;
    return false;
  }
}
