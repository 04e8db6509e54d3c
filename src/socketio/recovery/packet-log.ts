import type { Room, SocketId } from '../adapter/adapter.js';
import type { EncodedParts } from '../codec/packet.js';

/** Whom a packet was for. */
export interface Audience {
  readonly nsp: string;
  /** Null: the whole namespace. */
  readonly rooms: readonly Room[] | null;
  readonly except: readonly Room[] | null;
  /** One socket by its id, whatever rooms it is in; null: as `rooms` says. */
  readonly only: SocketId | null;
}

/** A socket that asks what it has missed. */
export interface Addressee {
  readonly nsp: string;
  readonly sid: SocketId;
  readonly rooms: readonly Room[];
}

interface LoggedPacket {
  readonly parts: EncodedParts;
  readonly audience: Audience;
  readonly at: number;
  readonly bytes: number;
}

/**
 * What one server has sent within the recovery window, of all namespaces, in order and as it travelled. A position is the
 * number of a packet, counted from 1; 0 is before the first.
 */
export class PacketLog {
  #packets: LoggedPacket[] = [];
  /** Packets at the front that were let go; they are cut off in large pieces. */
  #dropped = 0;
  /** The number of the first packet in the list, dropped or not. */
  #first = 1;
  /** The last packet that was let go before its time. */
  #lostUpTo = 0;
  #bytes = 0;

  /** @param windowMs how long a packet is kept */
  constructor(private readonly windowMs: number) {}

  /** How many packets are held. */
  get size(): number {
    return this.#packets.length - this.#dropped;
  }

  /** What they hold, in bytes; each counts for its text, its attachments and what it takes to keep it. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The position behind everything so far. */
  get end(): number {
    return this.#first + this.#packets.length - 1;
  }

  /** Keeps a packet under the position behind `end`. */
  append(parts: EncodedParts, audience: Audience, now: number): void {
    this.trim(now);
    const bytes = sizeOf(parts) + PACKET_COST;
    this.#packets.push({ parts, audience, at: now, bytes });
    this.#bytes += bytes;
  }

  /**
   * Whether nothing behind this position was lost. What was let go because of its age counts as received: it was written
   * longer ago than a client can have been away.
   */
  reaches(position: number): boolean {
    return position >= this.#lostUpTo && position <= this.end;
  }

  /** The packets behind a position that a socket would have got. */
  since(position: number, socket: Addressee): EncodedParts[] {
    const start = Math.max(this.#dropped, position + 1 - this.#first);
    const missed: EncodedParts[] = [];
    for (let i = start; i < this.#packets.length; i++) {
      const { audience, parts } = this.#packets[i];
      if (isFor(audience, socket)) missed.push(parts);
    }
    return missed;
  }

  /** Lets go what is older than the window. */
  trim(now: number): void {
    while (this.size > 0 && this.#packets[this.#dropped].at < now - this.windowMs) this.#dropFirst();
  }

  /** Lets go the oldest packet before its time. Returns false if there is none. */
  loseFirst(): boolean {
    if (this.size === 0) return false;
    this.#lostUpTo = this.#first + this.#dropped;
    this.#dropFirst();
    return true;
  }

  #dropFirst(): void {
    this.#bytes -= this.#packets[this.#dropped].bytes;
    // The slot is emptied at once, the list is cut only now and then.
    this.#packets[this.#dropped++] = GONE;
    if (this.#dropped < CUT_AT && this.size > 0) return;
    this.#packets = this.#packets.slice(this.#dropped);
    this.#first += this.#dropped;
    this.#dropped = 0;
  }
}

function isFor({ nsp, rooms, except, only }: Audience, socket: Addressee): boolean {
  if (nsp !== socket.nsp) return false;
  if (only !== null) return only === socket.sid;
  if (except !== null && socket.rooms.some((room) => except.includes(room))) return false;
  return rooms === null || socket.rooms.some((room) => rooms.includes(room));
}

function sizeOf(parts: EncodedParts): number {
  let bytes = 0;
  for (const part of parts) bytes += typeof part === 'string' ? Buffer.byteLength(part) : part.length;
  return bytes;
}

/** What the objects around a packet take, measured; so that a log of tiny packets is bounded too. */
const PACKET_COST = 250;
const CUT_AT = 1_024;
const GONE: LoggedPacket = { parts: [], audience: { nsp: '', rooms: null, except: null, only: null }, at: 0, bytes: 0 };
