import { callForeign, type ForeignErrorSink } from '../../common/call-foreign.js';
import { randomId } from '../../common/random-id.js';
import { Timer, type TimerWheel } from '../../common/timer-wheel.js';
import type { SocketId } from '../adapter/adapter.js';
import { LocalPresence, type PresenceSpace } from './local-presence.js';
import type { PresenceChange, PresenceRules, RoomPattern } from './presence-options.js';
import { PresencePeers, isOlder, type Peer } from './presence-peers.js';
import { PresenceTable, formatScope, parseScope, type PresenceRow, type Scope } from './presence-table.js';

export interface PresenceContext {
  readonly wheel: TimerWheel;
  /** Whether there can be no other server. */
  isAlone(): boolean;
  /** To the other servers; may be lost. */
  tell(message: PresenceMessage): void;
  reportError(error: unknown): void;
}

/** What a server tells the others, with who it is in front. */
export type PresenceMessage = readonly [name: string, since: number, isReady: boolean, version: number, body: Body];

type Body =
  /** It is there; with true it is new, and wants to know what the others have. */
  | readonly ['beat', isNew: boolean]
  /** Rows that came and went with this version. */
  | readonly ['change', entered: readonly PresenceRow[], left: readonly PresenceRow[]]
  /** Everything that it has, and who was announced as online. */
  | readonly ['all', rows: readonly PresenceRow[], announced: readonly string[]]
  /** A server is to tell everything. */
  | readonly ['want', name: string]
  /** The leader has announced these: as online, as offline. */
  | readonly ['told', online: readonly string[], offline: readonly string[]]
  | readonly ['bye'];

/**
 * Who is online, in the whole cluster. Each server tells the others which sockets it has, in numbered changes; one that has
 * missed a change asks for everything. So each has the whole table, and a list costs no question. Changes are announced by
 * one server, the oldest: it tells the others first, so that the next leader announces nothing twice.
 */
export class Presence implements ForeignErrorSink<undefined> {
  readonly #name = randomId();
  readonly #since = Date.now();
  readonly #table = new PresenceTable((scope, key) => this.#touched.add(idOf(scope, key)));
  readonly #local: LocalPresence;
  readonly #peers = new PresencePeers();
  readonly #touched = new Set<string>();
  /** Who was announced as online. */
  readonly #announced = new Set<string>();
  /** Who has no socket any more, until the grace period is over. */
  readonly #absent = new Map<string, Timer>();
  readonly #listeners = new Set<(change: PresenceChange) => void>();
  readonly #beat = new Timer(() => this.#onBeat());
  /** Rows of this server that have changed in this turn, by their text, and whether they are there now. */
  readonly #changed = new Map<string, readonly [row: PresenceRow, isThere: boolean]>();
  /** Counts what this server has told, so that others notice what they have missed. */
  #version = 0;
  #beats = 0;
  #lastBeat = performance.now();
  #isFlushing = false;
  #isTelling = false;
  #isReady = false;
  #isClosed = false;

  constructor(
    private readonly given: PresenceRules,
    private readonly context: PresenceContext,
  ) {
    this.#local = new LocalPresence(given.rooms, {
      key: given.key,
      enter: (row) => this.#change(row, true),
      leave: (row) => this.#change(row, false),
      reportError: (error) => context.reportError(error),
    });
    if (given.onChange !== null) this.#listeners.add(given.onChange);
    // In the next turn, when the server and its adapter are there.
    setImmediate(() => this.#start());
  }

  /** A namespace, or its new adapter. */
  watch(space: PresenceSpace): void {
    if (!this.#isClosed) this.#local.watch(space);
  }

  unwatch(space: Pick<PresenceSpace, 'name'>): void {
    this.#local.unwatch(space);
  }

  /** Whom a socket acts for may have changed. */
  update(namespace: string, id: string): void {
    if (!this.#isClosed) this.#local.update(namespace, id);
  }

  /** Those that it was made with, and all rooms that were added. */
  get rules(): PresenceRules {
    return { ...this.given, rooms: this.#local.rooms };
  }

  addRooms(rooms: readonly RoomPattern[]): void {
    this.#local.addRooms(rooms);
  }

  /** Hears of changes, on one server of the cluster. */
  listen(listener: (change: PresenceChange) => void): void {
    this.#listeners.add(listener);
  }

  /** Those that are online, and those whose grace period is not over, who have no socket. */
  keys(scope: Scope): Set<string> {
    this.#settle();
    const name = formatScope(scope);
    const keys = new Set(this.#table.keys(name));
    for (const id of this.#absent.keys()) {
      const [of, key] = partsOf(id);
      if (of === name) keys.add(key);
    }
    return keys;
  }

  socketsOf(scope: Scope, key: string): SocketId[] {
    return this.#table.socketsOf(formatScope(scope), key);
  }

  has(scope: Scope, key: string): boolean {
    this.#settle();
    const name = formatScope(scope);
    return this.#table.has(name, key) || this.#absent.has(idOf(name, key));
  }

  /** A message of another server. */
  receive([name, since, isReady, version, body]: PresenceMessage): void {
    if (this.#isClosed || name === this.#name) return;
    const peer = this.#peers.hear(name, since, isReady);
    switch (body[0]) {
      case 'beat':
        if (body[1]) this.#tellAllSoon();
        if (peer.version !== version) this.#tell(['want', name]);
        return;
      case 'change':
        this.#onChange(peer, version, body[1], body[2]);
        break;
      case 'all':
        this.#onAll(peer, version, body[1], body[2]);
        break;
      case 'want':
        if (body[1] === this.#name) this.#tellAllSoon();
        return;
      case 'told':
        this.#onTold(peer, version, body[1], body[2]);
        break;
      case 'bye':
        this.#removePeers([name]);
    }
    this.#settle();
  }

  /** The others count this server's sockets no more; what happens to them from here on is the end of the server. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#local.stop();
    this.#tell(['bye']);
    this.context.wheel.cancel(this.#beat);
    for (const timer of this.#absent.values()) this.context.wheel.cancel(timer);
    this.#absent.clear();
  }

  onForeignError(error: unknown): void {
    this.context.reportError(error);
  }

  #start(): void {
    if (this.#isClosed) return;
    this.#lastBeat = performance.now();
    this.#scheduleBeat();
    this.#tell(['beat', true]);
    this.#becomeReady();
  }

  /** A server that is new, or stood still, leads once it had the time to hear from all others. */
  #becomeReady(): void {
    if (this.#isReady) return;
    this.#isReady = this.context.isAlone() || (this.#beats >= 2 && this.#peers.areComplete);
    if (this.#isReady) this.#reviewAll();
  }

  #onBeat(): void {
    const hasStalled = this.#hasStalled;
    const now = performance.now();
    const late = Math.max(0, now - this.#lastBeat - this.#beatInterval);
    this.#lastBeat = now;
    if (hasStalled) {
      this.#isReady = false;
      this.#beats = 0;
      this.#peers.excuseAll();
    } else {
      this.#beats++;
      // What others have sent while this process was late has not been read yet.
      this.#removePeers(this.#peers.silentFor(2 * this.given.heartbeatInterval + late));
    }
    this.#becomeReady();
    this.#settle();
    this.#scheduleBeat();
    this.#tell(['beat', !this.#isReady]);
  }

  #scheduleBeat(): void {
    this.context.wheel.schedule(this.#beat, this.#beatInterval);
  }

  /** Twice as often until this server knows what the others have. */
  get #beatInterval(): number {
    const { heartbeatInterval } = this.given;
    return this.#isReady ? heartbeatInterval : heartbeatInterval / 2;
  }

  get #hasStalled(): boolean {
    return performance.now() - this.#lastBeat > 1.5 * this.given.heartbeatInterval + SLACK_MS;
  }

  /**
   * Whether this server announces. An older one that stood still, and is not ready yet, is waited for: two that lead at the
   * same time would announce things twice.
   */
  get #leads(): boolean {
    return this.#isReady && !this.#hasStalled && this.#isOldest;
  }

  get #isOldest(): boolean {
    const { oldest } = this.#peers;
    return oldest === undefined || isOlder({ name: this.#name, since: this.#since }, oldest);
  }

  #change(row: PresenceRow, isEntering: boolean): void {
    if (isEntering) this.#table.add(this.#name, row);
    else this.#table.remove(this.#name, row);
    this.#changed.set(JSON.stringify(row), [row, isEntering]);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    // What one turn changes travels together.
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushing = false;
    if (this.#isClosed) return;
    const rows = [...this.#changed.values()];
    this.#changed.clear();
    if (rows.length > 0) {
      this.#version++;
      const those = (areThere: boolean): PresenceRow[] =>
        rows.filter(([, isThere]) => isThere === areThere).map(([row]) => row);
      this.#tell(['change', those(true), those(false)]);
    }
    this.#settle();
  }

  /** Whether this is what comes next from a server. What was missed comes with everything that it has. */
  #isNext(peer: Peer, version: number): boolean {
    if (version === peer.version + 1) {
      peer.version = version;
      return true;
    }
    if (version > peer.version) this.#tell(['want', peer.name]);
    return false;
  }

  #onChange(peer: Peer, version: number, entered: readonly PresenceRow[], left: readonly PresenceRow[]): void {
    if (!this.#isNext(peer, version)) return;
    for (const row of left) this.#table.remove(peer.name, row);
    for (const row of entered) this.#table.add(peer.name, row);
  }

  #onAll(peer: Peer, version: number, rows: readonly PresenceRow[], announced: readonly string[]): void {
    // One that was overtaken by changes since.
    if (version < peer.version) return;
    peer.version = version;
    this.#table.replace(peer.name, rows);
    // The oldest that has stood still takes nothing over before its next beat, after which the others tell everything anew:
    // what comes in until then may have been sent before they heard what this server announced.
    if ((this.#isReady && this.#isOldest) || !peer.isReady || this.#peers.oldest !== peer) return;
    this.#announced.clear();
    for (const id of announced) this.#announced.add(id);
    // Who is absent and not among them stays until the grace period is over: the leader may only just have heard of them.
    this.#touchAll();
  }

  #onTold(peer: Peer, version: number, online: readonly string[], offline: readonly string[]): void {
    if (!this.#isNext(peer, version)) return;
    for (const id of online) {
      this.#announced.add(id);
      this.#touched.add(id);
    }
    for (const id of offline) {
      this.#announced.delete(id);
      this.#forgetAbsent(id);
      if (this.#table.has(...partsOf(id))) this.#touched.add(id);
    }
  }

  #removePeers(names: readonly string[]): void {
    const led = this.#leads;
    for (const name of names) {
      this.#peers.remove(name);
      this.#table.removeServer(name);
    }
    if (!led && this.#leads) this.#reviewAll();
  }

  /** This server leads from now on: what the one before did not come to announce is its business. */
  #reviewAll(): void {
    this.#touchAll();
    this.#settle();
  }

  #touchAll(): void {
    for (const [scope, key] of this.#table.all()) this.#touched.add(idOf(scope, key));
    for (const id of this.#announced) this.#touched.add(id);
  }

  /** Compares what was touched with what was announced. */
  #settle(): void {
    if (this.#touched.size === 0 || this.#isClosed) return;
    const online: string[] = [];
    for (const id of this.#touched) {
      const isThere = this.#table.has(...partsOf(id));
      if (isThere) this.#forgetAbsent(id);
      // The word that it is online may still be on its way from the leader.
      else if (this.#announced.has(id) || !this.#leads) this.#miss(id);
      else this.#forgetAbsent(id);
      if (isThere && !this.#announced.has(id) && this.#leads) online.push(id);
    }
    this.#touched.clear();
    if (online.length > 0) this.#announce(online, []);
  }

  #miss(id: string): void {
    if (this.#absent.has(id)) return;
    const timer = new Timer(() => this.#onAbsent(id));
    this.#absent.set(id, timer);
    this.context.wheel.schedule(timer, this.given.gracePeriod);
  }

  /** One that does not lead waits for word of the leader, or to become it. A user who was never announced is removed silently. */
  #onAbsent(id: string): void {
    if (!this.#announced.has(id)) {
      this.#absent.delete(id);
      return;
    }
    if (!this.#leads) {
      this.context.wheel.schedule(this.#absent.get(id)!, this.given.heartbeatInterval);
      return;
    }
    this.#absent.delete(id);
    this.#announce([], [id]);
  }

  #forgetAbsent(id: string): void {
    const timer = this.#absent.get(id);
    if (timer === undefined) return;
    this.context.wheel.cancel(timer);
    this.#absent.delete(id);
  }

  #announce(online: readonly string[], offline: readonly string[]): void {
    for (const id of online) this.#announced.add(id);
    for (const id of offline) this.#announced.delete(id);
    if (this.#isFlushing) this.#flush();
    this.#version++;
    this.#tell(['told', online, offline]);
    for (const id of online) this.#notify(id, 'online');
    for (const id of offline) this.#notify(id, 'offline');
  }

  #notify(id: string, state: PresenceChange['state']): void {
    const [scope, key] = partsOf(id);
    const change: PresenceChange = { key, state, ...parseScope(scope), sockets: this.#table.socketsOf(scope, key) };
    for (const listener of [...this.#listeners]) callForeign(listener, undefined, [change], this, undefined);
  }

  #tellAllSoon(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    // Several servers may ask at once; all of them hear the answer.
    setImmediate(() => {
      this.#isTelling = false;
      if (this.#isClosed) return;
      if (this.#isFlushing) this.#flush();
      this.#tell(['all', [...this.#local.rows()], [...this.#announced]]);
    });
  }

  #tell(body: Body): void {
    if (!this.context.isAlone()) this.context.tell([this.#name, this.#since, this.#isReady, this.#version, body]);
  }
}

/** A key in a scope, as one text. */
function idOf(scope: string, key: string): string {
  return JSON.stringify([scope, key]);
}

function partsOf(id: string): [scope: string, key: string] {
  return JSON.parse(id) as [string, string];
}

/** A timer that is a little late is no stall. */
const SLACK_MS = 250;
