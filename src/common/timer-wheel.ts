import { throwAsync } from './throw-async.js';

/**
 * All timeouts and heartbeats of one server on one native timer.
 *
 * Two levels of 1,024 slots: the first has one slot per millisecond, the second one per 1,024 ms; what lies further
 * away waits in the second level's last slot and is looked at again from there. Scheduling and cancelling are O(1) and
 * allocate nothing: an entry is its own list node. A bitmap finds the next slot, so an idle wheel sleeps until the
 * next entry is due instead of ticking.
 */
export class TimerWheel {
  readonly #fine = new Level(1);
  readonly #coarse = new Level(SLOTS);
  readonly #onTimeout = (): void => this.#turn();
  /** The millisecond up to which every entry has fired. */
  #now = Math.floor(clock());
  #count = 0;
  #turning = false;
  #timeout: NodeJS.Timeout | null = null;
  #wakeAt = Infinity;

  /** @param holdsProcess whether the process goes on while something is scheduled */
  constructor(private readonly holdsProcess = true) {}

  /** How many entries are scheduled; a test that cleans up ends at 0. */
  get size(): number {
    return this.#count;
  }

  /** Calls `entry.onTimer()` once, `delay` milliseconds from now; an entry that is already scheduled is moved. */
  schedule(entry: TimerEntry, delay: number): void {
    this.scheduleAt(entry, clock() + delay);
  }

  /** The same for an absolute time on `TimerWheel.now()`, for a cadence that must not drift. */
  scheduleAt(entry: TimerEntry, due: number): void {
    if (entry.wheelSlot !== null) this.cancel(entry);
    if (this.#count === 0) this.#now = Math.max(this.#now, Math.floor(clock()));
    // NaN, as a native timer, means at once.
    entry.due = Math.max(Math.ceil(due) || 0, this.#now + 1);
    this.#insert(entry);
    this.#count++;
    if (entry.due < this.#wakeAt && !this.#turning) this.#arm(entry.due);
  }

  /** Takes an entry off the wheel; nothing happens if it is not scheduled. */
  cancel(entry: TimerEntry): void {
    if (entry.wheelSlot === null) return;
    entry.wheelSlot.remove(entry);
    if (--this.#count > 0 || this.#timeout === null) return;
    clearTimeout(this.#timeout);
    this.#timeout = null;
    this.#wakeAt = Infinity;
  }

  /** The wheel's clock: milliseconds, monotonic. */
  static now(): number {
    return clock();
  }

  #insert(entry: TimerEntry): void {
    const distance = entry.due - this.#now;
    if (distance < SLOTS) this.#fine.add(entry, entry.due);
    else this.#coarse.add(entry, Math.min(entry.due, this.#now + SLOTS * (SLOTS - 1)));
  }

  #arm(due: number): void {
    if (this.#timeout !== null) clearTimeout(this.#timeout);
    this.#wakeAt = due;
    this.#timeout = setTimeout(this.#onTimeout, Math.max(1, Math.ceil(due - clock())));
    if (!this.holdsProcess) this.#timeout.unref();
  }

  #turn(): void {
    this.#timeout = null;
    this.#wakeAt = Infinity;
    this.#turning = true;
    const target = Math.floor(clock());
    while (this.#now < target && this.#count > 0) this.#advance(target);
    this.#now = Math.max(this.#now, target);
    this.#turning = false;
    if (this.#count > 0) this.#arm(this.#nextDue());
  }

  /** Steps to the next slot that holds something, or to `target` if none lies before it. */
  #advance(target: number): void {
    const cascade = (Math.floor(this.#now / SLOTS) + 1) * SLOTS;
    const next = Math.min(this.#fine.next(this.#now, cascade), cascade, target);
    this.#now = next;
    if (next === cascade) this.#cascade(next);
    const slot = this.#fine.slotAt(next);
    if (slot !== null) this.#fire(slot, next);
  }

  /** Moves the entries of the second that begins at `start` to the level of milliseconds. */
  #cascade(start: number): void {
    const slot = this.#coarse.slotAt(start);
    if (slot === null) return;
    for (let entry = slot.takeAll(); entry !== null;) {
      const following: TimerEntry | null = entry.wheelNext;
      entry.wheelNext = null;
      this.#insert(entry);
      entry = following;
    }
  }

  #fire(slot: Slot, now: number): void {
    for (let entry = slot.first; entry !== null && entry.due <= now; entry = slot.first) {
      slot.remove(entry);
      this.#count--;
      try {
        entry.onTimer();
      } catch (error) {
        throwAsync(error);
      }
    }
  }

  #nextDue(): number {
    const fine = this.#fine.next(this.#now, this.#now + SLOTS - 1);
    // The start of an occupied second is a safe time to wake: its entries are spread over the milliseconds from there.
    return Math.min(fine, this.#coarse.next(this.#now, this.#now + SLOTS * (SLOTS - 1)));
  }
}

/** Base class of whatever the wheel can schedule. Keep the object alive while it is scheduled. */
export abstract class TimerEntry {
  /** @internal */ declare due: number;
  /** @internal */ declare wheelSlot: Slot | null;
  /** @internal */ declare wheelNext: TimerEntry | null;
  /** @internal */ declare wheelPrevious: TimerEntry | null;

  constructor() {
    // Assigned, not defined as fields: in a base class of many classes V8 defines fields slowly, and an entry is made per
    // request (bench: polling).
    this.due = 0;
    this.wheelSlot = null;
    this.wheelNext = null;
    this.wheelPrevious = null;
  }

  /** The time is up. */
  abstract onTimer(): void;
}

/** An entry that calls a function; for owners that have no class of their own for the purpose. */
export class Timer extends TimerEntry {
  constructor(private readonly callback: () => void) {
    super();
  }

  override onTimer(): void {
    this.callback();
  }
}

const SLOTS = 1024;

/** Whole slots are kept once made: at most 2,048 small objects for a server. */
class Level {
  readonly #slots: (Slot | null)[] = new Array<Slot | null>(SLOTS).fill(null);
  readonly #occupied = new Uint32Array(SLOTS / 32);

  constructor(private readonly width: number) {}

  add(entry: TimerEntry, due: number): void {
    const index = Math.floor(due / this.width) % SLOTS;
    const slot = (this.#slots[index] ??= new Slot(this.#occupied, index));
    slot.append(entry);
  }

  slotAt(time: number): Slot | null {
    return this.#slots[Math.floor(time / this.width) % SLOTS];
  }

  /** The start of the first occupied slot after `from` and not after `limit`, or Infinity. */
  next(from: number, limit: number): number {
    const start = Math.floor(from / this.width);
    const end = Math.floor(limit / this.width);
    for (let tick = start + 1; tick <= end;) {
      const index = tick % SLOTS;
      const word = this.#occupied[index >>> 5] >>> (index & 31);
      if (word === 0) {
        tick += 32 - (index & 31);
        continue;
      }
      const found = tick + (31 - Math.clz32(word & -word));
      return found <= end ? found * this.width : Infinity;
    }
    return Infinity;
  }
}

class Slot {
  first: TimerEntry | null = null;
  #last: TimerEntry | null = null;

  constructor(
    private readonly occupied: Uint32Array,
    private readonly index: number,
  ) {}

  append(entry: TimerEntry): void {
    entry.wheelSlot = this;
    entry.wheelPrevious = this.#last;
    entry.wheelNext = null;
    if (this.#last === null) this.first = entry;
    else this.#last.wheelNext = entry;
    this.#last = entry;
    this.occupied[this.index >>> 5] |= 1 << (this.index & 31);
  }

  remove(entry: TimerEntry): void {
    if (entry.wheelPrevious === null) this.first = entry.wheelNext;
    else entry.wheelPrevious.wheelNext = entry.wheelNext;
    if (entry.wheelNext === null) this.#last = entry.wheelPrevious;
    else entry.wheelNext.wheelPrevious = entry.wheelPrevious;
    entry.wheelSlot = entry.wheelNext = entry.wheelPrevious = null;
    if (this.first === null) this.#vacate();
  }

  /** Empties the slot and returns its entries as a chain over `wheelNext`. */
  takeAll(): TimerEntry | null {
    const first = this.first;
    for (let entry = first; entry !== null; entry = entry.wheelNext) entry.wheelSlot = entry.wheelPrevious = null;
    this.first = this.#last = null;
    this.#vacate();
    return first;
  }

  #vacate(): void {
    this.occupied[this.index >>> 5] &= ~(1 << (this.index & 31));
  }
}

function clock(): number {
  return performance.now();
}
