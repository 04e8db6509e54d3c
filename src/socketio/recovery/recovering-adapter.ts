import { TimerWheel } from '../../engine/index.js';
import type {
  AdapterPacket,
  BroadcastFlags,
  BroadcastOptions,
  PrivateSessionId,
  RestoredSession,
  Room,
  SessionAdapter,
  SessionToPersist,
  SocketId,
} from '../adapter/adapter.js';
import { MemoryAdapter, type AdapterNamespace } from '../adapter/memory-adapter.js';
import type { EncodedParts } from '../codec/packet.js';
import type { Audience } from './packet-log.js';
import type { AwaitedSession, RecoveryMemory } from './recovery-memory.js';

interface RecoveringNamespace extends AdapterNamespace {
  readonly server: AdapterNamespace['server'] & { readonly recoveryMemory: RecoveryMemory };
}

/** The default adapter where connection state recovery is on: keeps what was sent, and who left without meaning to. */
export class RecoveringAdapter extends MemoryAdapter implements SessionAdapter {
  readonly #memory: RecoveryMemory;

  constructor(nsp: RecoveringNamespace) {
    super(nsp);
    this.#memory = nsp.server.recoveryMemory;
  }

  openSession(): string {
    return this.#currentOffset();
  }

  forgetSession(pid: PrivateSessionId): void {
    this.#memory.forget(pid);
  }

  isOffset(argument: string): boolean {
    return !Number.isNaN(this.#memory.offsets.positionOf(argument));
  }

  #currentOffset(): string {
    return this.#memory.offsets.of(this.#memory.log.end);
  }

  override broadcast(packet: AdapterPacket, opts: BroadcastOptions): void {
    // An ack cannot be asked again.
    if (packet.id !== undefined) {
      super.broadcast(packet, opts);
      return;
    }
    const { rooms, except, flags } = opts;
    const audience = { nsp: this.nsp.name, rooms: listOf(rooms), except: listOf(except), only: null };
    this.deliver(packet, this.#encode(packet, audience, flags), opts);
  }

  /** An event for one socket, as it is to be written, kept for a comeback; also of a socket that is away now. */
  encodeFor(id: SocketId, packet: AdapterPacket, flags: BroadcastFlags): EncodedParts {
    return this.#encode(packet, { nsp: this.nsp.name, rooms: null, except: null, only: id }, flags);
  }

  /** Keeps an event for one socket that the codec of this package encoded earlier. Returns it with its offset. */
  recordFor(id: SocketId, encoded: string | EncodedParts): EncodedParts {
    const [text, ...attachments] = typeof encoded === 'string' ? [encoded] : encoded;
    const parts = [`${(text as string).slice(0, -1)},${JSON.stringify(this.#nextOffset())}]`, ...attachments];
    this.#append(parts, { nsp: this.nsp.name, rooms: null, except: null, only: id });
    return parts;
  }

  override addSockets(opts: BroadcastOptions, rooms: Room[]): void {
    super.addSockets(opts, rooms);
    for (const session of this.#awaited(opts)) session.join(rooms);
  }

  override delSockets(opts: BroadcastOptions, rooms: Room[]): void {
    super.delSockets(opts, rooms);
    for (const session of this.#awaited(opts)) session.leave(rooms);
  }

  /** A client that is away is ended as well: it begins anew. */
  override disconnectSockets(opts: BroadcastOptions, close: boolean): void {
    const awaited = [...this.#awaited(opts)];
    super.disconnectSockets(opts, close);
    for (const session of awaited) this.#memory.expire(session);
  }

  override persistSession(session: SessionToPersist): void {
    this.#memory.save(this.nsp.name, session, true);
  }

  /** Gives a session back, to one client at a time. Without an offset: everything since the socket connected. */
  override restoreSession(pid: PrivateSessionId, offset: string | undefined): Promise<RestoredSession | null> {
    const { log, offsets } = this.#memory;
    const session = this.#memory.find(pid);
    if (session === undefined || session.isTaken || session.nsp !== this.nsp.name) return Promise.resolve(null);
    const from = offset === undefined ? session.since : offsets.positionOf(offset);
    // An offset from before the session is one of another client.
    if (!(from >= session.since) || !log.reaches(from)) return Promise.resolve(null);
    session.isTaken = true;
    return Promise.resolve(new Comeback(session, from, this.#memory));
  }

  /** Encodes with the next offset; what cannot be encoded is thrown before anything is kept. */
  #encode(packet: AdapterPacket, audience: Audience, { volatile }: BroadcastFlags): EncodedParts {
    const { data } = packet;
    // A volatile packet is not worth keeping, but clients take its last argument for an offset.
    data.push(volatile ? this.#currentOffset() : this.#nextOffset());
    const encoded = this.nsp.server.encoder.encode(Object.assign(packet, { nsp: this.nsp.name }));
    if (!volatile) this.#append(encoded, audience);
    return encoded;
  }

  #nextOffset(): string {
    return this.#memory.offsets.of(this.#memory.log.end + 1);
  }

  #append(encoded: EncodedParts, audience: Audience): void {
    this.#memory.log.append(encoded, audience, TimerWheel.now());
    this.#memory.bound();
  }

  *#awaited({ rooms, except }: BroadcastOptions): IterableIterator<AwaitedSession> {
    for (const session of this.#memory.of(this.nsp.name)) {
      const joined = session.rooms;
      const isTargeted = rooms.size === 0 || joined.some((room) => rooms.has(room));
      if (isTargeted && !joined.some((room) => except?.has(room))) yield session;
    }
  }
}

/** A session that a client has come back with. Reads what it holds when the socket is let in, not before. */
class Comeback implements RestoredSession {
  /** In the form of published adapters there is none: the packets are encoded. */
  readonly missedPackets: unknown[][] = [];

  constructor(
    private readonly session: AwaitedSession,
    private readonly from: number,
    private readonly memory: RecoveryMemory,
  ) {}

  get sid(): SocketId {
    return this.session.sid;
  }

  get pid(): PrivateSessionId {
    return this.session.pid;
  }

  get rooms(): Room[] {
    return this.session.rooms;
  }

  get data(): unknown {
    return this.session.data;
  }

  get since(): string {
    return this.memory.offsets.of(this.session.since);
  }

  get away(): number {
    return this.memory.awayOf(this.session);
  }

  get isRevoked(): boolean {
    return this.session.isRevoked;
  }

  get encodedPackets(): EncodedParts[] {
    return this.memory.log.since(this.from, this.session);
  }
}

function listOf(rooms: ReadonlySet<Room> | undefined): readonly Room[] | null {
  return rooms === undefined || rooms.size === 0 ? null : [...rooms];
}
