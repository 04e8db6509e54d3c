import { randomId } from '../common/random-id.js';
import {
  argsOf,
  decodeParts,
  decodeValues,
  encodeParts,
  encodeValues,
  withArgument,
  MemoryAdapter,
  PacketType,
  encodePacket,
  type AdapterNamespace,
  type Claim,
  type Claims,
  type AdapterPacket,
  type BroadcastOptions,
  type DisconnectDetails,
  type EncodedParts,
  type PrivateSessionId,
  type RecoverableSocket,
  type RestoredSession,
  type Room,
  type SessionAdapter,
  type SessionToPersist,
  type SocketDetails,
  type SocketId,
} from '../socketio/index.js';
import { hasGot, type EventMessage, type Envelope, type Message, type Target } from './entry.js';
import type { LedgerNode, LedgerSpace } from './ledger-node.js';
import type { ReadEntry } from './node-log.js';
import type { NodeMessage, Question } from './node-message.js';
import { comparePlaces, formatOffset, latest, parseOffset, placeOf, type Place } from './store/offset.js';
import { ResumedSession, earlier } from './resumed-session.js';
import { SessionRecord, type DirectPacket, type StoredSession } from './session-record.js';
import type { SessionMark, TakenSession } from './store/ledger-store.js';

/** A namespace, as the ledger sees it. */
export interface LedgerNamespace extends AdapterNamespace {
  readonly server: AdapterNamespace['server'] & {
    readonly opts: { readonly connectionStateRecovery?: unknown; readonly parser?: unknown };
    reportError(error: unknown): void;
  };
  _onServerSideEmit(args: [string, ...unknown[]]): void;
}

/** What goes on to take one session, from the question to the store until this node has the session. */
interface Attempts {
  pending: number;
  /** Where the session was taken last, by any node. */
  last: Place | null;
}

/** The adapter of one namespace over a ledger: every broadcast of every node in one order, and sessions that outlive nodes. */
export class LedgerAdapter extends MemoryAdapter implements SessionAdapter, LedgerSpace, Claims {
  readonly name: string;
  readonly allowsQuickReturn = true;
  readonly #nsp: LedgerNamespace;
  readonly #node: LedgerNode;
  /** Sessions of connected sockets. */
  readonly #records = new Map<SocketId, SessionRecord>();
  readonly #byPid = new Map<PrivateSessionId, SessionRecord>();
  /** Sessions that were taken for clients that are not let in yet. */
  readonly #resuming = new Map<PrivateSessionId, ResumedSession>();
  readonly #attempts = new Map<PrivateSessionId, Attempts>();
  /** Whether clients may come back, so that what they are sent carries its place. */
  readonly #recovers: boolean;
  /** Null with the codec of this package, whose text is passed on as it is. */
  readonly #parser: AdapterNamespace['server']['encoder'] | null;

  constructor(nsp: LedgerNamespace, node: LedgerNode) {
    super(nsp);
    this.#nsp = nsp;
    this.#node = node;
    this.name = nsp.name;
    this.#recovers = nsp.server.opts.connectionStateRecovery !== undefined;
    this.#parser = nsp.server.opts.parser === undefined ? null : nsp.server.encoder;
    node.attach(this);
  }

  override close(): Promise<void> {
    return this.#node.detach(this);
  }

  override serverCount(): Promise<number> {
    return Promise.resolve(this.#node.fleet.size);
  }

  override addAll(id: SocketId, rooms: Set<Room>): void {
    super.addAll(id, rooms);
    const record = this.#records.get(id);
    if (record === undefined) return;
    let isChanged = false;
    for (const room of rooms) if (record.membership.join(room, this.#node.log.end.number)) isChanged = true;
    if (isChanged) this.#write(record);
  }

  override del(id: SocketId, room: Room): void {
    super.del(id, room);
    const record = this.#records.get(id);
    if (record?.membership.leave(room, this.#node.log.end.number)) this.#write(record);
  }

  override delAll(id: SocketId): void {
    const record = this.#records.get(id);
    if (record?.socket.connected) for (const room of record.membership.rooms) this.del(id, room);
    super.delAll(id);
    if (record === undefined || record.socket.connected) return;
    this.#forget(record);
    // Its client has left for good and will not come back for it.
    if (!record.isAway && !record.isOver) this.#end(record);
  }

  override broadcast(packet: AdapterPacket, opts: BroadcastOptions): Promise<void> | void {
    const parts = encodePacket({ type: PacketType.EVENT, nsp: this.name, data: packet.data });
    const { flags } = opts;
    if (flags.volatile || flags.local) {
      this.#sendPast(parts, targetOf(opts), flags.compress, flags.volatile);
      if (!flags.local) {
        this.#node.tell(null, {
          kind: 'volatile',
          nsp: this.name,
          parts: encodeParts(parts),
          ...targetOf(opts),
          compress: flags.compress,
        });
      }
      return;
    }
    const record = this.#directTarget(opts);
    if (record !== undefined) this.#node.afterOwn(() => this.#sendDirect(record, parts, flags.compress));
    else return this.#append({ kind: 'event', parts, ...targetOf(opts), compress: flags.compress });
  }

  override broadcastWithAck(
    packet: AdapterPacket,
    opts: BroadcastOptions,
    clientCountCallback: (clientCount: number) => void,
    ack: (...args: unknown[]) => void,
  ): void {
    if (opts.flags.local) {
      super.broadcastWithAck(packet, opts, clientCountCallback, ack);
      return;
    }
    const id = randomId();
    const timeout = opts.flags.timeout ?? ASK_TIMEOUT_MS;
    const { acks } = this.#node;
    const parts = encodePacket({ type: PacketType.EVENT, nsp: this.name, data: packet.data });
    const ask = { id, timeout, terms: packet.terms };
    this.#asked.set(id, { packet, onCount: clientCountCallback, ack });
    acks.open(id, this.#node.fleet.others, { onCount: clientCountCallback, onAck: ack });
    setTimeout(() => {
      acks.close(id);
      this.#asked.delete(id);
    }, timeout).unref();
    this.#appendLater({ kind: 'event', parts, ...targetOf(opts), compress: opts.flags.compress, ask });
  }

  override async sockets(rooms: Set<Room>): Promise<Set<SocketId>> {
    const ids = await super.sockets(rooms);
    const question: Question = { what: 'ids', rooms: [...rooms], except: [] };
    for (const id of (await this.#askAll(question, ASK_TIMEOUT_MS)).flat()) ids.add(id as SocketId);
    return ids;
  }

  override async fetchSockets(opts: BroadcastOptions): Promise<SocketDetails[]> {
    const sockets = await super.fetchSockets(opts);
    if (opts.flags.local) return sockets;
    const answers = await this.#askAll({ what: 'sockets', ...targetOf(opts) }, opts.flags.timeout ?? ASK_TIMEOUT_MS);
    return [...sockets, ...(answers.flat() as SocketDetails[])];
  }

  /** How many sockets there are on all nodes; the sockets themselves do not travel. */
  async countSockets(opts: BroadcastOptions): Promise<number> {
    let count = 0;
    this.apply(opts, () => count++);
    if (opts.flags.local) return count;
    const answers = await this.#askAll({ what: 'count', ...targetOf(opts) }, opts.flags.timeout ?? ASK_TIMEOUT_MS);
    for (const [there] of answers) count += there as number;
    return count;
  }

  override addSockets(opts: BroadcastOptions, rooms: Room[]): Promise<void> | void {
    if (opts.flags.local) super.addSockets(opts, rooms);
    else return this.#append({ kind: 'join', ...targetOf(opts), names: rooms });
  }

  override delSockets(opts: BroadcastOptions, rooms: Room[]): Promise<void> | void {
    if (opts.flags.local) super.delSockets(opts, rooms);
    else return this.#append({ kind: 'leave', ...targetOf(opts), names: rooms });
  }

  override disconnectSockets(opts: BroadcastOptions, close: boolean): Promise<void> | void {
    if (opts.flags.local) super.disconnectSockets(opts, close);
    else return this.#append({ kind: 'disconnect', ...targetOf(opts), close });
  }

  override serverSideEmit(packet: unknown[]): Promise<void> | void {
    const ack = packet.at(-1) as (error: Error | null, answers: unknown[]) => void;
    if (typeof ack !== 'function') return this.#append({ kind: 'server', args: encodeValues(packet) });
    const answers: unknown[] = [];
    this.#node.ask(this.name, { what: 'server', args: encodeValues(packet.slice(0, -1)) }, ASK_TIMEOUT_MS, {
      onAnswer: (_node, answer) => void (answer !== '' && answers.push(decodeValues(answer)[0])),
      onDone: (missing) => ack(missing.length === 0 ? null : silence(missing), answers),
    });
  }

  claim(key: string, value: string, ttl: number, replace: boolean): Promise<Claim> {
    return this.#node.claim(key, value, ttl, replace);
  }

  openSession(pid: PrivateSessionId, socket: RecoverableSocket, restored: RestoredSession | null): string {
    const resumed = restored instanceof ResumedSession ? restored : null;
    const { here } = this.#node;
    const since = resumed === null ? here : placeOf(resumed.since);
    const resumption = resumed?.resume();
    const rooms = resumed?.membership.toStored();
    const owner = resumed?.owner ?? this.#node.nextOwner();
    const handovers = resumed?.taken.handovers ?? [];
    const record = new SessionRecord(this.name, socket.id, pid, owner, socket, since, handovers, rooms);
    // It is in the room of its id already.
    for (const room of this.sids.get(socket.id) ?? []) record.membership.join(room, here.number);
    this.#records.set(socket.id, record);
    this.#byPid.set(pid, record);
    if (resumed !== null) {
      this.#resuming.delete(pid);
      this.#node.counters.recovered++;
      record.got = here;
      if (resumption == null || resumed.isBroken) queueMicrotask(() => this.#abandon(record));
      else if (resumption.disconnect !== null) queueMicrotask(() => this.#disconnect(record, resumption.disconnect!));
    }
    if (this.#node.isOpen) this.#node.sessions.write(record);
    return formatOffset(since);
  }

  override persistSession(session: SessionToPersist): void {
    if (session instanceof ResumedSession) {
      this.#giveBack(session);
      return;
    }
    const record = this.#byPid.get(session.pid);
    if (record === undefined || record.isOver) return;
    record.leave(session.data, this.#node.here);
    this.#node.sessions.write(record);
  }

  forgetSession(_pid: PrivateSessionId): void {}

  /** Milliseconds since 1970 tell an offset from a date or a range that an application sends. */
  isOffset(argument: string): boolean {
    return (parseOffset(argument)?.ms ?? 0) > 1e12;
  }

  override async restoreSession(pid: PrivateSessionId, offset: string | undefined): Promise<ResumedSession | null> {
    const claimed = offset === undefined ? null : parseOffset(offset);
    if (offset !== undefined && claimed === null) return null;
    const attempts = this.#attempts.get(pid) ?? { pending: 0, last: null };
    this.#attempts.set(pid, attempts);
    attempts.pending++;
    try {
      return await this.#take(pid, claimed, attempts);
    } finally {
      if (--attempts.pending === 0) this.#attempts.delete(pid);
    }
  }

  async #take(pid: PrivateSessionId, claimed: Place | null, attempts: Attempts): Promise<ResumedSession | null> {
    const owner = this.#node.nextOwner();
    const has = claimed === null ? '' : formatOffset(claimed);
    const taken = await this.#node.take(this.name, pid, {
      owner,
      has,
      ttl: this.#node.options.maxDisconnectionDuration,
    });
    if (taken === null) return null;
    const stored = JSON.parse(taken.state) as StoredSession;
    const since = placeOf(stored.since);
    if (stored.nsp !== this.name) {
      this.#save(pid, owner, taken);
      return null;
    }
    // Clients keep the offset of an earlier session until they get another one; from before this session they get nothing.
    const from = whatItHas(claimed === null ? since : latest(claimed, since), taken.mark);
    const isTooOld = taken.dropped !== undefined && comparePlaces(placeOf(taken.dropped), from) > 0;
    if (isTooOld || !(await this.#node.reach(earlier(placeOf(taken.mark.read), from)))) {
      this.#node.counters.tooOld++;
      void this.#node.keep({ pid, owner, ttl: 0 });
      return null;
    }
    // After an outage of the store several attempts of one client may be read in one go: the last one has the session.
    if (attempts.last !== null && comparePlaces(attempts.last, placeOf(taken.at)) > 0) return null;
    const resumed = new ResumedSession(pid, owner, taken, from, stored, this.#node.log);
    this.#resuming.set(pid, resumed);
    return resumed;
  }

  onEntry(entry: ReadEntry, { from, message }: Envelope): void {
    switch (message.kind) {
      case 'event':
        if (message.ask === undefined) this.#deliver(entry.parts!, entry.place, message);
        else this.#deliverAsking(message, from);
        return;
      case 'join':
        super.addSockets(optionsOf(message), [...message.names]);
        return;
      case 'leave':
        super.delSockets(optionsOf(message), [...message.names]);
        return;
      case 'disconnect':
        super.disconnectSockets(optionsOf(message), message.close);
        return;
      case 'taken':
        this.#onTaken(message.pid, entry.place);
        return;
      case 'server':
        if (from !== this.#node.name) this.#nsp._onServerSideEmit(decodeValues(message.args) as [string]);
        return;
      case 'broken':
        this.#onBroken(message.pid);
        return;
      case 'lost':
    }
  }

  onVolatile(message: NodeMessage & { kind: 'volatile' }): void {
    this.#sendPast(decodeParts(message.parts), message, message.compress, true);
  }

  async onQuestion(question: Question): Promise<string> {
    switch (question.what) {
      case 'sockets':
        return encodeValues((await super.fetchSockets(optionsOf(question))).map(toDetails));
      case 'ids':
        return encodeValues([...(await super.sockets(new Set(question.rooms)))]);
      case 'count':
        return encodeValues([await this.countSockets(optionsOf(question, { local: true }))]);
      case 'server':
        return new Promise((resolve) => {
          const args = decodeValues(question.args) as [string];
          this.#nsp._onServerSideEmit([...args, (answer: unknown) => resolve(encodeValues([answer]))]);
        });
    }
  }

  onGap(): void {
    for (const resumed of this.#resuming.values()) resumed.isLost = true;
    for (const record of [...this.#records.values()]) this.#abandon(record);
    for (const socket of [...this.#nsp.sockets.values()]) socket.closeConnection(GAP);
  }

  onTaken(record: SessionRecord, refused: readonly DirectPacket[]): void {
    record.isOver = true;
    if (record.isMoved) this.#appendLater({ kind: 'broken', pid: record.pid });
    const { sid, owner } = record;
    for (const { at, parts } of [...refused, ...record.takeDirects()]) {
      this.#appendLater({
        kind: 'event',
        parts: withoutArgument(parts),
        rooms: [sid],
        except: [],
        late: { owner, at: formatOffset(at) },
      });
    }
  }

  records(): Iterable<SessionRecord> {
    return this.#records.values();
  }

  /** Broadcasts whose acks this node waits for, until it reads their entries. */
  readonly #asked = new Map<
    string,
    {
      readonly packet: AdapterPacket;
      readonly onCount: (clients: number) => void;
      readonly ack: (...args: unknown[]) => void;
    }
  >();

  #append(message: Message): Promise<void> {
    return this.#node.append(this.name, message);
  }

  /** For messages whose sender does not wait. */
  #appendLater(message: Message): void {
    this.#append(message).catch((error: unknown) => this.#nsp.server.reportError(error));
  }

  /** The session of the one socket of this node that an event is for, so that other nodes need not read it. */
  #directTarget({ rooms, except }: BroadcastOptions): SessionRecord | undefined {
    if (rooms.size !== 1 || except.size > 0) return undefined;
    for (const room of rooms) return this.#records.get(room);
    return undefined;
  }

  /** Whether it is for one socket, by its id, and that one is here. */
  #isForOneHere({ rooms }: Target): boolean {
    return rooms.length === 1 && this.#nsp.sockets.has(rooms[0]);
  }

  #sendDirect(record: SessionRecord, parts: EncodedParts, compress: boolean | undefined): void {
    const socket = this.#records.get(record.sid) === record ? this.#nsp.sockets.get(record.sid) : undefined;
    if (socket === undefined) {
      // It has left since; the node that takes over its session gives it this.
      this.#appendLater({ kind: 'event', parts, rooms: [record.sid], except: [], compress });
      return;
    }
    const at = this.#node.nextDirect();
    const sent = withArgument(parts, formatOffset(at));
    record.got = at;
    record.addDirect({ at, parts: sent });
    this.#node.sessions.write(record);
    socket.notifyOutgoingListeners(this.#packetOf(parts));
    socket.client.writeToEngine(this.#encode(sent), { preEncoded: true, compress });
  }

  #deliver(parts: EncodedParts, at: Place, message: EventMessage): void {
    const encoded = this.#encode(this.#recovers ? parts : message.parts);
    const packet = this.#packetOf(message.parts);
    const options = { preEncoded: true, compress: message.compress };
    const { late } = message;
    this.apply(optionsOf(message), (socket) => {
      const record = this.#records.get(socket.id);
      if (record !== undefined) {
        if (late !== undefined && hasGot(record.handovers, late)) return;
        record.got = at;
      }
      socket.notifyOutgoingListeners(packet);
      socket.client.writeToEngine(encoded, options);
    });
  }

  /** An event that is not logged. It carries the place that its client has reached, which the client shows when it comes back. */
  #sendPast(parts: EncodedParts, target: Target, compress: boolean | undefined, isVolatile = false): void {
    const sent = this.#recovers && this.#node.isOpen ? withArgument(parts, formatOffset(this.#node.here)) : parts;
    const encoded = this.#encode(sent);
    const packet = this.#packetOf(parts);
    const options = { preEncoded: true, compress, volatile: isVolatile };
    this.apply(optionsOf(target), (socket) => {
      socket.notifyOutgoingListeners(packet);
      socket.client.writeToEngine(encoded, options);
    });
  }

  #deliverAsking(message: EventMessage, from: string): void {
    const { id, timeout, terms } = message.ask!;
    const packet: AdapterPacket = { type: PacketType.EVENT, data: argsOf(message.parts, this.name) };
    if (terms !== undefined) packet.terms = terms;
    const { compress } = message;
    const opts = optionsOf(message, { timeout, ...(compress === undefined ? null : { compress }) });
    if (from !== this.#node.name) {
      const node = this.#node;
      const isAll = this.#isForOneHere(message) || undefined;
      const onCount = (clients: number): void => node.tell(from, { kind: 'asked', id, clients, isAll });
      super.broadcastWithAck(packet, opts, onCount, (...args) => {
        node.tell(from, { kind: 'ack', id, args: encodeValues(args) });
      });
      return;
    }
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    this.#asked.delete(id);
    super.broadcastWithAck(packet, opts, asked.onCount, asked.ack);
    // The sender drops acks by the id of its own packet.
    if (packet.id !== undefined) asked.packet.id = packet.id;
  }

  /** What is written to connections: parts of this package's codec as they are, or what a custom parser makes of them. */
  #encode(parts: EncodedParts): EncodedParts {
    if (this.#parser === null) return parts;
    return this.#parser.encode({ type: PacketType.EVENT, nsp: this.name, data: argsOf(parts, this.name) });
  }

  /** What listeners of outgoing packets are told; read only if there are any. */
  #packetOf(parts: EncodedParts): { readonly data: unknown[] } {
    const { name } = this;
    return {
      get data() {
        return argsOf(parts, name);
      },
    };
  }

  async #askAll(question: Question, timeout: number): Promise<unknown[][]> {
    const answers: unknown[][] = [];
    await new Promise<void>((resolve, reject) => {
      this.#node.ask(this.name, question, timeout, {
        onAnswer: (_node, answer) => void (answer !== '' && answers.push(decodeValues(answer))),
        onDone: (missing) => (missing.length === 0 ? resolve() : reject(silence(missing))),
      });
    });
    return answers;
  }

  #write(record: SessionRecord): void {
    record.membership.forget(this.#node.log.start.number);
    record.change();
    if (this.#node.isOpen) this.#node.sessions.write(record);
  }

  /** What this node had of the session is out of date: another node, or a later attempt here, has taken it. */
  #onTaken(pid: PrivateSessionId, at: Place): void {
    const attempts = this.#attempts.get(pid);
    if (attempts !== undefined) attempts.last = at;
    const resumed = this.#resuming.get(pid);
    if (resumed !== undefined) resumed.isLost = true;
    this.#nsp._onServerSideEmit([SESSION_RESTORED, pid]);
    const record = this.#byPid.get(pid);
    if (record !== undefined) this.#yield(record);
  }

  /** The session goes on elsewhere: its socket here ends, and what it had not got stored goes into the log. */
  #yield(record: SessionRecord): void {
    this.#forget(record);
    this.onTaken(record, []);
    record.socket.closeAsReplaced();
  }

  /** What its client has got since may not be all that was for it. */
  #onBroken(pid: PrivateSessionId): void {
    const resumed = this.#resuming.get(pid);
    if (resumed !== undefined) resumed.isBroken = true;
    const record = this.#byPid.get(pid);
    if (record !== undefined) this.#abandon(record);
  }

  #disconnect(record: SessionRecord, close: boolean): void {
    this.#nsp.sockets.get(record.sid)?.disconnect(close);
  }

  /** The session cannot go on: its client connects again and begins anew. */
  #abandon(record: SessionRecord): void {
    this.#forget(record);
    this.#end(record);
    this.#nsp.sockets.get(record.sid)?.closeConnection(GAP);
  }

  #end(record: SessionRecord): void {
    record.isOver = true;
    this.#node.sessions.write(record);
  }

  #forget(record: SessionRecord): void {
    if (this.#records.get(record.sid) === record) this.#records.delete(record.sid);
    if (this.#byPid.get(record.pid) === record) this.#byPid.delete(record.pid);
  }

  /** The client was not let in, or its connection ended before; it may come back. */
  #giveBack(resumed: ResumedSession): void {
    if (this.#resuming.get(resumed.pid) === resumed) this.#resuming.delete(resumed.pid);
    if (!resumed.isLost) this.#save(resumed.pid, resumed.owner, resumed.taken);
  }

  #save(pid: PrivateSessionId, owner: string, { state, mark }: TakenSession): void {
    void this.#node.keep({ pid, owner, state, mark, ttl: this.#node.options.maxDisconnectionDuration });
  }
}

function targetOf({ rooms, except }: BroadcastOptions): Target {
  return { rooms: [...rooms], except: [...(except ?? [])] };
}

function optionsOf({ rooms, except }: Target, flags: BroadcastOptions['flags'] = {}): BroadcastOptions {
  return { rooms: new Set(rooms), except: new Set(except), flags };
}

function toDetails({ id, handshake, rooms, data }: SocketDetails): SocketDetails {
  return { id, handshake, rooms: [...rooms], data };
}

/** A client that has what it was sent last has everything that this node had read by then. */
function whatItHas(claimed: Place, { read, got }: SessionMark): Place {
  return comparePlaces(claimed, placeOf(got)) >= 0 ? latest(claimed, placeOf(read)) : claimed;
}

/** The event without the offset that it was sent with. */
function withoutArgument([text, ...attachments]: EncodedParts): EncodedParts {
  const header = text as string;
  return [`${header.slice(0, header.lastIndexOf(','))}]`, ...attachments];
}

function silence(missing: readonly string[]): Error {
  return new Error(`timeout reached: ${missing.length} servers did not answer`);
}

/** How long other nodes are waited for, as adapters do; in milliseconds. */
const ASK_TIMEOUT_MS = 5_000;

/** An event between servers of this package. */
const SESSION_RESTORED = 'nestjs-socketio:session-restored';

const GAP: DisconnectDetails = Object.freeze({
  code: 'LEDGER_GAP',
  message: 'The server missed events of its cluster. Reconnect, and load the state again',
});
