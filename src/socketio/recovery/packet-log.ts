import type { BroadcastOptions, Room } from '../adapter/adapter.js';

/** A packet that was broadcast, with whom it was for. */
interface LoggedPacket {
  readonly data: unknown[];
  readonly rooms: ReadonlySet<Room>;
  readonly except: ReadonlySet<Room>;
  readonly at: number;
}

/**
 * What was broadcast within the recovery window, in order. An offset is the packet's number behind a prefix of this log,
 * so that finding one needs no search and one of another server's log is not taken for ours.
 */
export class PacketLog {
  readonly #packets: LoggedPacket[] = [];
  /** The number of the first packet that is still there. */
  #first = 0;

  constructor(
    private readonly prefix: string,
    private readonly windowMs: number,
  ) {}

  /** How many packets are held. */
  get size(): number {
    return this.#packets.length;
  }

  /** The offset behind everything so far: what a socket that connects now has not missed. */
  get end(): string {
    return this.#offsetOf(this.#first + this.#packets.length - 1);
  }

  /** Keeps a packet; its offset is put behind its arguments, where clients look for it. */
  append(data: unknown[], opts: BroadcastOptions, now: number): void {
    this.trim(now);
    data.push(this.#offsetOf(this.#first + this.#packets.length));
    this.#packets.push({ data, rooms: opts.rooms, except: opts.except, at: now });
  }

  /** Whether everything behind this offset is still there. */
  reaches(offset: string, now: number): boolean {
    this.trim(now);
    const next = this.#numberOf(offset) + 1;
    return next >= this.#first && next <= this.#first + this.#packets.length;
  }

  /** The packets behind an offset that a socket in these rooms would have got. */
  since(offset: string, rooms: readonly Room[]): unknown[][] {
    const start = this.#numberOf(offset) + 1 - this.#first;
    return this.#packets
      .slice(Math.max(0, start))
      .filter((packet) => isFor(packet, rooms))
      .map(({ data }) => data);
  }

  /** Lets go what is older than the window. */
  trim(now: number): void {
    let old = 0;
    while (old < this.#packets.length && this.#packets[old].at < now - this.windowMs) old++;
    if (old === 0) return;
    this.#packets.splice(0, old);
    this.#first += old;
  }

  #offsetOf(number: number): string {
    return `${this.prefix}-${number}`;
  }

  /** NaN for what is no offset of this log; no comparison holds for it. */
  #numberOf(offset: string): number {
    const dash = offset.lastIndexOf('-');
    const digits = offset.slice(dash + 1);
    // The end of an empty log is the number −1, whose sign is a second dash.
    if (offset === `${this.prefix}--1`) return -1;
    return offset.slice(0, dash) === this.prefix && /^\d{1,15}$/.test(digits) ? Number(digits) : NaN;
  }
}

function isFor({ rooms, except }: LoggedPacket, joined: readonly Room[]): boolean {
  if (joined.some((room) => except.has(room))) return false;
  return rooms.size === 0 || joined.some((room) => rooms.has(room));
}
