import type { EncodedParts } from '../socketio/index.js';
import type { Message } from './entry.js';
import type { Place } from './store/offset.js';

/** An entry that this node has read. */
export interface ReadEntry {
  readonly place: Place;
  readonly nsp: string;
  /** Null for what no client that comes back needs. */
  readonly message: Message | null;
  /** An event as it was sent, with its offset. */
  readonly parts: EncodedParts | null;
  /** What it is taken to hold in memory, in bytes. */
  readonly bytes: number;
}

export interface NodeLogLimits {
  readonly maxAge: number;
  readonly maxBytes: number;
}

/** What this node has read, in order and without a hole; bounded by age and bytes. */
export class NodeLog {
  /** Where the entries begin: everything behind this is here. */
  #start: Place = { ms: 0, number: 0, direct: 0 };
  /** The first `#gone` of these are no longer held; they leave the array in groups, since that moves all others. */
  #entries: (ReadEntry | null)[] = [];
  #gone = 0;
  #bytes = 0;

  constructor(private readonly limits: NodeLogLimits) {}

  get size(): number {
    return this.#entries.length - this.#gone;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How far this node has read. */
  get end(): Place {
    return this.#entries.at(-1)?.place ?? this.#start;
  }

  /** What the entries begin behind. */
  get start(): Place {
    return this.#start;
  }

  /** Begins anew behind this place. */
  reset(start: Place): void {
    this.#start = start;
    this.#entries = [];
    this.#gone = this.#bytes = 0;
  }

  add(entry: ReadEntry): void {
    this.#entries.push(entry);
    this.#bytes += entry.bytes;
    this.trim();
  }

  /** Puts older entries, which end where this log starts, in front; `start` is what they begin behind. */
  extend(start: Place, older: readonly ReadEntry[]): void {
    this.#start = start;
    this.#entries = [...older, ...this.#entries.slice(this.#gone)];
    this.#gone = 0;
    for (const { bytes } of older) this.#bytes += bytes;
  }

  /** Whether everything behind a place is here. One of another log, whose numbers mean something else, is not. */
  covers({ ms, number }: Place): boolean {
    if (number < this.#start.number || number > this.end.number) return false;
    return ms === (number === this.#start.number ? this.#start : this.#at(number).place).ms;
  }

  /** The entries behind this number, oldest first. */
  *after(number: number): Generator<ReadEntry> {
    const { end } = this;
    for (let next = Math.max(number, this.#start.number) + 1; next <= end.number; next++) yield this.#at(next);
  }

  /** Lets go what is beyond the limits. By the store's clock, as the ages of entries are. */
  trim(): void {
    const oldest = this.end.ms - this.limits.maxAge;
    while (this.size > 0) {
      const entry = this.#entries[this.#gone]!;
      if (entry.place.ms >= oldest && this.#bytes <= this.limits.maxBytes) break;
      this.#bytes -= entry.bytes;
      this.#start = entry.place;
      this.#entries[this.#gone++] = null;
    }
    if (this.#gone < GROUP || this.#gone < this.size) return;
    this.#entries = this.#entries.slice(this.#gone);
    this.#gone = 0;
  }

  #at(number: number): ReadEntry {
    return this.#entries[this.#gone + number - this.#start.number - 1]!;
  }
}

const GROUP = 1_024;
