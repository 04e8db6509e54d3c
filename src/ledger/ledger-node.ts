import { decodeValues, withArgument } from '../socketio/index.js';
import { TOLD, callForeign, callWatched, type ForeignErrorSink } from '../common/call-foreign.js';
import { settledWithin } from '../common/pause.js';
import { randomId } from '../common/random-id.js';
import { Timer, type TimerWheel } from '../common/timer-wheel.js';
import { AckRequests } from './ack-requests.js';
import { AppendQueue } from './append-queue.js';
import { decodeEntry, encodeEntry, type Envelope, type Message } from './entry.js';
import { Fleet } from './fleet.js';
import type { ResolvedLedgerOptions } from './ledger-options.js';
import { createCounters, type LedgerStats } from './ledger-stats.js';
import { NodeLog, type ReadEntry } from './node-log.js';
import type { NodeMessage, Question } from './node-message.js';
import { comparePlaces, formatOffset, placeOf, type Offset, type Place } from './store/offset.js';
import { OlderEntries } from './older-entries.js';
import { Requests, type Asker } from './requests.js';
import { retry, type RetryContext } from './retry.js';
import type { SessionRecord } from './session-record.js';
import { SessionWriter } from './session-writer.js';
import type { Claim, LedgerStore, LogEntry, SessionChange, TakenSession, Taker } from './store/ledger-store.js';

/** A namespace of this node. */
export interface LedgerSpace {
  readonly name: string;
  /** An entry of the log, in its turn. */
  onEntry(entry: ReadEntry, envelope: Envelope): void;
  onVolatile(message: NodeMessage & { kind: 'volatile' }): void;
  /** The answer goes to the node that asks; undefined for none. */
  onQuestion(question: Question): Promise<string> | string;
  /** This node has missed entries: every client of it may lack something. */
  onGap(): void;
  onTaken(record: SessionRecord, refused: ReturnType<SessionRecord['takeDirects']>): void;
  /** The sessions of connected sockets. */
  records(): Iterable<SessionRecord>;
}

/** The server that the node belongs to. */
export interface LedgerServer {
  readonly wheel: TimerWheel;
  readonly idleWheel: TimerWheel;
  reportError(error: unknown): void;
}

/**
 * One server's part in a ledger: reads the log for all its namespaces, writes what they emit, keeps their sessions.
 *
 * It delivers in the order of the log, also its own events, once they come back.
 */
export class LedgerNode {
  readonly name = randomId();
  readonly counters = createCounters();
  readonly log: NodeLog;
  readonly fleet: Fleet;
  readonly acks = new AckRequests();
  readonly sessions: SessionWriter;
  readonly #retrying: RetryContext = {
    isClosed: () => this.isClosed,
    onStoreError: (error) => this.#onStoreError(error),
  };
  /** For calls of the store that are not made again. */
  readonly #storeErrors: ForeignErrorSink<undefined> = { onForeignError: (error) => this.#onStoreError(error) };
  readonly #spaces = new Map<string, LedgerSpace>();
  readonly #requests: Requests;
  readonly #queue: AppendQueue;
  readonly #older: OlderEntries;
  readonly #checkpoint = new Timer(() => this.#onCheckpoint());
  /** Called when this node's own entry of that number is read back. */
  readonly #ownEntries = new Map<number, () => void>();
  /** What has to come after own entries that are on their way. */
  #afterOwn: { readonly number: number; readonly run: () => void }[] = [];
  #lastOwn = 0;
  #lastReadBack = 0;
  /** What waits until this node has read up to a place. */
  #readers: { readonly place: Place; readonly resolve: () => void }[] = [];
  /** Direct packets since the last entry. */
  #directs = 0;
  #owners = 0;
  #state: 'new' | 'opening' | 'open' | 'closing' | 'closed' = 'new';
  /** Undefined, once it has resolved: the node closed. */
  #opening: Promise<Offset | undefined> | null = null;
  #isReachable = true;
  #hasLost = false;

  constructor(
    private readonly store: LedgerStore,
    readonly options: ResolvedLedgerOptions,
    private readonly server: LedgerServer,
  ) {
    const { maxDisconnectionDuration, maxLogBytes, maxQueueBytes, maxSessionBytes, heartbeatInterval } = options;
    const { wheel, idleWheel } = server;
    this.log = new NodeLog({ maxAge: maxDisconnectionDuration + SLACK_MS, maxBytes: maxLogBytes });
    this.#older = new OlderEntries(
      this.log,
      (after, limit) => this.store.read(after, limit, 0),
      (entry) => readEntry(entry, placeOf(entry.at))[0],
    );
    this.#requests = new Requests(wheel);
    this.#queue = new AppendQueue({
      ...this.#retrying,
      maxQueueBytes,
      append: (first, bodies) => this.#append(first, bodies),
      onOverflow: () => this.#onOverflow(),
    });
    this.sessions = new SessionWriter({
      ...this.#retrying,
      here: () => this.here,
      maxSessionBytes,
      ttl: {
        connected: maxDisconnectionDuration + 3 * this.#keepAliveInterval,
        away: maxDisconnectionDuration + SLACK_MS,
      },
      saveSessions: (changes) => this.#saveSessions(changes),
      onUnsavable: (error) => {
        this.counters.unsavable++;
        server.reportError(error);
      },
      onTaken: (record, directs) => this.#spaces.get(record.nsp)?.onTaken(record, [...directs]),
    });
    this.fleet = new Fleet({
      wheel: idleWheel,
      heartbeatInterval,
      onBeat: () => this.#onBeat(),
      onNodeGone: (gone) => {
        this.#requests.removeNode(gone);
        this.acks.removeNode(gone);
      },
    });
  }

  /** How far this node has read, and what it sent directly since. Nothing while it is not open yet. */
  get here(): Place {
    return this.#directs === 0 ? this.log.end : { ...this.log.end, direct: this.#directs };
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** It reads; also while it stores the last of what it has. */
  get isOpen(): boolean {
    return this.#state === 'open' || this.#state === 'closing';
  }

  /** The last namespace has left: another one needs another node. */
  get isLeaving(): boolean {
    return this.#state === 'closing' || this.isClosed;
  }

  stats(): LedgerStats {
    return {
      ...this.counters,
      reloads: this.#older.loads,
      nodes: this.fleet.size,
      isStoreReachable: this.#isReachable,
      log: { entries: this.log.size, bytes: this.log.bytes },
      queued: this.#queue.bytes,
      isSaving: this.sessions.isBusy,
    };
  }

  attach(space: LedgerSpace): void {
    this.#spaces.set(space.name, space);
    if (this.#state !== 'new') return;
    this.#state = 'opening';
    void this.#open();
  }

  /** Without a namespace left the node closes; resolves once its sessions are stored. */
  async detach(space: LedgerSpace): Promise<void> {
    if (this.#spaces.get(space.name) === space) this.#spaces.delete(space.name);
    if (this.#spaces.size > 0 || this.isLeaving) return;
    await this.#close();
  }

  /**
   * Appends to the log. Resolves once this node has read the entry back, and so has carried it out; rejects if too much
   * waits for the store already.
   */
  async append(nsp: string, message: Message): Promise<void> {
    const number = this.#queue.add((own) => encodeEntry({ nsp, from: this.name, number: own, message }));
    this.#lastOwn = number;
    await new Promise<void>((resolve) => this.#ownEntries.set(number, resolve));
  }

  /** Runs something once all entries that this node has written so far have been read back: at once if there are none. */
  afterOwn(run: () => void): void {
    if (this.isOpen && this.#lastReadBack === this.#lastOwn && this.#afterOwn.length === 0) run();
    else this.#afterOwn.push({ number: this.#lastOwn, run });
  }

  /** The place of the next packet that this node sends past the log. */
  nextDirect(): Place {
    this.counters.direct++;
    return { ...this.log.end, direct: ++this.#directs };
  }

  /** A name for a new owner of a session. */
  nextOwner(): string {
    return `${this.name}.${++this.#owners}`;
  }

  /** Makes a session this taker's; null if there is none. Resolves when this node has read that it is. */
  async take(nsp: string, pid: string, taker: Omit<Taker, 'body'>): Promise<TakenSession | null> {
    await this.sessions.settled();
    const body = encodeEntry({ nsp, from: this.name, number: 0, message: { kind: 'taken', pid } });
    const taken = await this.store.takeSession(pid, { ...taker, body });
    if (taken !== null) await this.#hasRead(placeOf(taken.at));
    return taken;
  }

  /** Changes a session that has no socket here. */
  async keep(change: SessionChange): Promise<void> {
    await retry(this.#retrying, () => this.#saveSessions([change]));
  }

  /** Whether everything behind a place is in this node's log, or can be read into it. */
  reach(place: Place): Promise<boolean> {
    return this.#older.reach(place);
  }

  /** See `LedgerStore#claim`. */
  claim(key: string, value: string, ttl: number, replace: boolean): Promise<Claim> {
    return this.store.claim(key, value, ttl, replace);
  }

  tell(to: string | null, message: NodeMessage): void {
    // A timeout, or the next heartbeat, tells of a message that is lost here.
    callForeign(this.store.send, this.store, [to, JSON.stringify([this.name, message])], this.#storeErrors, undefined);
  }

  /** Asks all other nodes. */
  ask(nsp: string, question: Question, timeout: number, asker: Asker): void {
    const id = this.#requests.open(this.fleet.others, timeout, asker);
    if (this.fleet.size > 1) this.tell(null, { kind: 'ask', nsp, id, question });
  }

  async #open(): Promise<void> {
    this.#opening = retry(this.#retrying, async () => {
      const opened = await this.store.open(this.name, (text) => this.#receive(text));
      placeOf(opened);
      return opened;
    });
    const end = await this.#opening;
    if (end === undefined || this.isClosed) {
      // What the store has opened since then would keep the process alive.
      callForeign(this.store.close, this.store, [], TOLD, undefined);
      return;
    }
    this.#reached(end);
    this.log.reset(placeOf(end));
    this.#state = 'open';
    for (const space of this.#spaces.values()) for (const record of space.records()) this.#begin(record);
    this.#runAfterOwn();
    this.#tellReaders();
    this.fleet.start();
    this.tell(null, { kind: 'beat', isNew: true });
    this.server.idleWheel.schedule(this.#checkpoint, this.options.checkpointInterval);
    await this.#readOn();
  }

  /** A socket that connected before the ledger was open. */
  #begin(record: SessionRecord): void {
    record.since = record.got = this.here;
    record.change();
    this.sessions.write(record);
  }

  async #close(): Promise<void> {
    const wasOpen = this.isOpen;
    if (wasOpen) {
      this.#state = 'closing';
      await settledWithin(this.#isReachable ? SESSIONS_MS : LAST_WORDS_MS, this.sessions.settled());
      await settledWithin(LAST_WORDS_MS, this.#queue.settled());
    }
    this.#state = 'closed';
    if (wasOpen) this.tell(null, { kind: 'bye' });
    // Whose client the store uses ends it next: what is on its way would be the last that it hears, and fail.
    else await settledWithin(LAST_WORDS_MS, Promise.all([this.#opening, this.#queue.settled()]));
    this.fleet.stop();
    this.server.idleWheel.cancel(this.#checkpoint);
    this.#requests.close();
    const atClose = { onForeignError: (error: unknown) => this.server.reportError(error) };
    const closed = callWatched(this.store.close, this.store, [], atClose, undefined);
    await settledWithin(LAST_WORDS_MS, Promise.resolve(closed));
    for (const resolve of this.#ownEntries.values()) resolve();
    for (const { resolve } of this.#readers) resolve();
    this.#afterOwn = [];
  }

  /** The reader: as long as this node lives. */
  async #readOn(): Promise<void> {
    while (this.isOpen) {
      const began = performance.now();
      const count = await retry(this.#retrying, async () => {
        const entries = await this.store.read(formatOffset(this.log.end), PAGE, READ_WAIT_MS);
        await this.#takeIn(entries);
        return this.#reached(entries.length);
      });
      if (count === undefined) return;
      // A store that does not wait for entries, such as one that is closed, must not keep the process from all else.
      if (count === 0 && performance.now() - began < EMPTY_READ_MS) {
        await new Promise((resolve) => setTimeout(resolve, EMPTY_READ_MS));
      }
    }
  }

  /** Hands entries out, and lets others have a turn now and then. */
  async #takeIn(entries: readonly LogEntry[]): Promise<void> {
    let start = performance.now();
    for (const entry of entries) {
      if (!this.isOpen) return;
      this.#takeEntry(entry);
      if (performance.now() - start < TURN_MS) continue;
      await new Promise((resolve) => setImmediate(resolve));
      start = performance.now();
    }
  }

  #takeEntry(logged: LogEntry): void {
    const place = placeOf(logged.at);
    // What was read for a gap that was found meanwhile.
    if (comparePlaces(place, this.log.end) <= 0) return;
    if (place.number !== this.log.end.number + 1) this.#onGap({ ...place, number: place.number - 1 });
    const [entry, envelope] = readEntry(logged, place);
    this.counters.read++;
    this.#directs = 0;
    this.log.add(entry);
    if (envelope === null) this.#onUnreadable(logged);
    else this.#handOut(entry, envelope);
    this.#tellReaders();
  }

  #handOut(entry: ReadEntry, envelope: Envelope): void {
    if (envelope.message.kind === 'lost') this.#endSessions();
    try {
      this.#spaces.get(envelope.nsp)?.onEntry(entry, envelope);
    } catch (error) {
      this.server.reportError(error);
    }
    if (envelope.from === this.name && envelope.number > 0) this.#onReadBack(envelope.number);
  }

  /** Others may write into the store. Clients that are told of the places of entries lack nothing without this one. */
  #onUnreadable({ at }: LogEntry): void {
    this.counters.unreadable++;
    this.server.reportError(
      new Error(`The entry ${at} of the ledger is none that a server has written. It is passed over`),
    );
  }

  #onReadBack(number: number): void {
    this.#lastReadBack = number;
    this.#ownEntries.get(number)?.();
    this.#ownEntries.delete(number);
    this.#runAfterOwn();
  }

  #runAfterOwn(): void {
    while (this.#afterOwn.length > 0 && this.#afterOwn[0].number <= this.#lastReadBack) this.#afterOwn.shift()!.run();
  }

  #hasRead(place: Place): Promise<void> {
    if (this.#isBeyond(place)) return Promise.resolve();
    return new Promise((resolve) => this.#readers.push({ place, resolve }));
  }

  #tellReaders(): void {
    if (this.#readers.length === 0) return;
    const waiting = this.#readers;
    this.#readers = waiting.filter(({ place }) => !this.#isBeyond(place));
    for (const { place, resolve } of waiting) if (this.#isBeyond(place)) resolve();
  }

  #isBeyond(place: Place): boolean {
    return comparePlaces(this.log.end, place) >= 0;
  }

  /**
   * Entries behind `before` come next, and those in front of it were never read. Clients that may lack one of them must
   * know: they connect anew and begin from what the application gives them.
   */
  #onGap(before: Place): void {
    this.counters.gaps++;
    this.server.reportError(
      new Error('This server missed entries of the ledger. Its clients are disconnected (LEDGER_GAP) and start anew'),
    );
    this.log.reset(before);
    this.#directs = 0;
    this.#endSessions();
    // Own entries may be among those that are gone.
    this.#lastReadBack = this.#lastOwn;
    for (const resolve of this.#ownEntries.values()) resolve();
    this.#ownEntries.clear();
    this.#runAfterOwn();
    this.#tellReaders();
  }

  #endSessions(): void {
    for (const space of this.#spaces.values()) space.onGap();
  }

  async #append(first: number, bodies: readonly string[]): Promise<void> {
    // What the store has before this node knows where to begin reading would never come back to it.
    if (this.#state === 'opening') await this.#opening;
    await this.store.append(first, bodies);
    this.counters.appended += bodies.length;
    this.#reached(null);
    if (!this.#hasLost) return;
    this.#hasLost = false;
    this.#queue.addAnyway((number) => encodeEntry({ nsp: '', from: this.name, number, message: { kind: 'lost' } }));
  }

  #onOverflow(): void {
    this.counters.refused++;
    this.#hasLost = true;
  }

  #onBeat(): void {
    this.tell(null, { kind: 'beat' });
    this.log.trim();
    callForeign(this.#prune, this, [], this.#storeErrors, undefined);
  }

  async #prune(): Promise<void> {
    const { maxDisconnectionDuration, maxStoreBytes } = this.options;
    const limits = { maxAge: maxDisconnectionDuration + SLACK_MS, maxBytes: maxStoreBytes };
    const end = placeOf(await this.store.prune(limits));
    this.#reached(end);
    await this.#compareEnd(end);
  }

  /** A log that lost its end, or all of it, is not noticed by waiting for the next entry. */
  async #compareEnd(end: Place): Promise<void> {
    if (!this.isOpen) return;
    if (end.number < this.log.end.number || (end.number === this.log.end.number && end.ms !== this.log.end.ms)) {
      // It may have been read since.
      if (comparePlaces(end, this.log.start) < 0 || !this.log.covers(end)) this.#onGap(end);
      return;
    }
    if (end.number === this.log.end.number) return;
    const { end: here } = this.log;
    const next = await this.store.read(formatOffset(here), 1, 0);
    if (next.length === 0 && this.log.end === here) this.#onGap(end);
  }

  #onCheckpoint(): void {
    this.server.idleWheel.schedule(this.#checkpoint, this.options.checkpointInterval);
    for (const space of this.#spaces.values()) {
      for (const record of space.records()) {
        if (record.isDue(this.#keepAliveInterval)) this.sessions.write(record);
      }
    }
  }

  get #keepAliveInterval(): number {
    return Math.min(30_000, this.options.maxDisconnectionDuration / 4);
  }

  /** What others have written to where nodes speak to each other is no reason to throw back into the store. */
  #receive(text: string): void {
    if (!this.isOpen && this.#state !== 'opening') return;
    try {
      this.#takeMessage(...(JSON.parse(text) as [string, NodeMessage]));
    } catch (cause) {
      this.server.reportError(
        new Error('A message to this server of the ledger is none that a server sends', { cause }),
      );
    }
  }

  #takeMessage(node: string, message: NodeMessage): void {
    if (message.kind === 'bye') this.fleet.remove(node);
    else this.fleet.hear(node);
    switch (message.kind) {
      case 'beat':
        if (message.isNew) this.tell(node, { kind: 'beat' });
        return;
      case 'volatile':
        this.#spaces.get(message.nsp)?.onVolatile(message);
        return;
      case 'ask':
        void this.#answer(node, message);
        return;
      case 'answer':
        this.#requests.receive(message.id, node, message.answer);
        return;
      case 'asked':
        this.acks.receiveCount(message.id, node, message.clients, message.isAll === true);
        return;
      case 'ack':
        this.acks.receiveAck(message.id, node, decodeValues(message.args));
        return;
      case 'bye':
    }
  }

  /** A node without the namespace has nothing to say, and says so. */
  async #answer(node: string, { nsp, id, question }: NodeMessage & { kind: 'ask' }): Promise<void> {
    try {
      const answer = (await this.#spaces.get(nsp)?.onQuestion(question)) ?? '';
      this.tell(node, { kind: 'answer', id, answer });
    } catch (error) {
      this.server.reportError(error);
    }
  }

  async #saveSessions(changes: readonly SessionChange[]): Promise<string[]> {
    const taken = await this.store.saveSessions(changes);
    if (!Array.isArray(taken)) throw new TypeError('The store must resolve saveSessions() to the owners of before');
    return this.#reached(taken);
  }

  #reached<T>(answer: T): T {
    this.#isReachable = true;
    return answer;
  }

  /** Once per outage. */
  #onStoreError(cause: unknown): void {
    if (!this.#isReachable || this.#state === 'closed') return;
    this.#isReachable = false;
    this.server.reportError(
      new Error('The store of the ledger does not answer. Emitted events wait until it does', { cause }),
    );
  }
}

/** Null for what no node has written: an entry that says nothing. */
function readEntry(logged: LogEntry, place: Place): [ReadEntry, Envelope | null] {
  try {
    const envelope = decodeEntry(logged.body);
    const { nsp, message } = envelope;
    const isReplayed = message.kind !== 'server' && message.kind !== 'taken' && message.kind !== 'broken';
    const parts = message.kind === 'event' ? withArgument(message.parts, logged.at) : null;
    const bytes = ENTRY_BYTES + (isReplayed ? 2 * logged.body.length : 0);
    return [{ place, nsp, message: isReplayed ? message : null, parts, bytes }, envelope];
  } catch {
    return [{ place, nsp: '', message: null, parts: null, bytes: ENTRY_BYTES }, null];
  }
}

/** For clients, and for news, that are on their way when the time is over. */
const SLACK_MS = 1_000;
/** How long a node that closes waits for the store to take the sessions of its clients, in milliseconds. */
const SESSIONS_MS = 10_000;
/** How long it waits for the store to take what it has emitted, or anything if it is known not to answer, in milliseconds. */
const LAST_WORDS_MS = 2_000;
const PAGE = 1_000;
/** The longest wait for an entry; what ends a connection that looks alive is the client's business. */
const READ_WAIT_MS = 5_000;
/** How long a read that brings nothing takes at least. */
const EMPTY_READ_MS = 5;
const TURN_MS = 10;
/** What an entry costs beside its text. */
const ENTRY_BYTES = 400;
