import { MemoryClaims } from '../../socketio/index.js';
import { EntryWaiters } from './entry-waiters.js';
import { comparePlaces, formatOffset, placeOf, type Offset, type Place } from './offset.js';
import {
  MAX_DIRECTS,
  MAX_HANDOVERS,
  type Claim,
  type Handover,
  type LedgerStore,
  type LogEntry,
  type LogLimits,
  type SessionChange,
  type SessionMark,
  type TakenSession,
  type Taker,
} from './ledger-store.js';

interface StoredSession {
  owner: string;
  state: string;
  mark: SessionMark;
  directs: LogEntry[];
  dropped: Offset | undefined;
  handovers: readonly Handover[];
  expiresAt: number;
}

/** What the stores of one process have in common: what a server is to the other kinds of stores. */
export class MemoryLedger {
  readonly log: LogEntry[] = [];
  readonly sessions = new Map<string, StoredSession>();
  readonly appended = new Map<string, number>();
  readonly claims = new MemoryClaims(Infinity);
  readonly nodes = new Map<string, (message: string) => void>();
  readonly waiters = new EntryWaiters();
  end: Place = { ms: Date.now(), number: 0, direct: 0 };

  add(body: string): Offset {
    this.end = { ms: Math.max(this.end.ms, Date.now()), number: this.end.number + 1, direct: 0 };
    const at = formatOffset(this.end);
    this.log.push({ at, body });
    this.waiters.wake();
    return at;
  }

  /** What has not expired. */
  session(pid: string): StoredSession | undefined {
    const session = this.sessions.get(pid);
    if (session === undefined || session.expiresAt > Date.now()) return session;
    this.sessions.delete(pid);
    return undefined;
  }
}

/** A ledger in the memory of one process: for one server, and for tests with several. */
export class MemoryStore implements LedgerStore {
  #node = '';
  #isClosed = false;

  constructor(private readonly shared = new MemoryLedger()) {}

  open(node: string, receive: (message: string) => void): Promise<Offset> {
    this.#node = node;
    this.#isClosed = false;
    this.shared.nodes.set(node, receive);
    return Promise.resolve(formatOffset(this.shared.end));
  }

  append(first: number, bodies: readonly string[]): Promise<void> {
    const { appended } = this.shared;
    let number = first;
    for (const body of bodies) {
      if (number > (appended.get(this.#node) ?? 0)) {
        appended.set(this.#node, number);
        this.shared.add(body);
      }
      number++;
    }
    return Promise.resolve();
  }

  async read(after: Offset, limit: number, wait: number): Promise<LogEntry[]> {
    const place = placeOf(after);
    const isThere = comparePlaces(place, this.shared.end) < 0;
    if (!isThere && wait > 0 && !this.#isClosed) await this.shared.waiters.wait(wait).promise;
    const { log } = this.shared;
    let start = log.length;
    while (start > 0 && comparePlaces(placeOf(log[start - 1].at), place) > 0) start--;
    return log.slice(start, start + limit);
  }

  saveSessions(changes: readonly SessionChange[]): Promise<string[]> {
    const taken = new Set<string>();
    for (const change of changes) if (!this.#save(change)) taken.add(change.owner);
    return Promise.resolve([...taken]);
  }

  takeSession(pid: string, { owner, has, ttl, body }: Taker): Promise<TakenSession | null> {
    const session = this.shared.session(pid);
    if (session === undefined) return Promise.resolve(null);
    const handover = { owner: session.owner, has, kept: session.directs.at(-1)?.at ?? '' };
    session.handovers = [...session.handovers, handover].slice(-MAX_HANDOVERS);
    session.owner = owner;
    session.expiresAt = Date.now() + ttl;
    const { state, mark, dropped, handovers, directs } = session;
    return Promise.resolve({ state, mark, dropped, handovers, directs: [...directs], at: this.shared.add(body) });
  }

  send(to: string | null, message: string): Promise<void> {
    for (const [node, receive] of this.shared.nodes) {
      // Later, as over a network.
      if (to === null ? node !== this.#node : node === to) setImmediate(receive, message);
    }
    return Promise.resolve();
  }

  prune({ maxAge, maxBytes }: LogLimits): Promise<Offset> {
    const { log } = this.shared;
    let bytes = 0;
    let keep = log.length;
    while (keep > 0) {
      bytes += log[keep - 1].body.length;
      if (bytes > maxBytes || placeOf(log[keep - 1].at).ms < Date.now() - maxAge) break;
      keep--;
    }
    log.splice(0, keep);
    const { sessions } = this.shared;
    for (const [pid, { expiresAt }] of sessions) if (expiresAt <= Date.now()) sessions.delete(pid);
    this.shared.claims.prune();
    return Promise.resolve(formatOffset(this.shared.end));
  }

  claim(key: string, value: string, ttl: number, replace: boolean): Promise<Claim> {
    return this.shared.claims.claim(key, value, ttl, replace);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.shared.nodes.delete(this.#node);
    this.shared.waiters.wake();
    return Promise.resolve();
  }

  /** False if another owner has the session. */
  #save({ pid, owner, ttl, state, mark, directs = [] }: SessionChange): boolean {
    const { sessions } = this.shared;
    let session = this.shared.session(pid);
    if (session !== undefined && session.owner !== owner) return false;
    if (ttl === 0) return (sessions.delete(pid), true);
    if (session === undefined) {
      if (state === undefined || mark === undefined) return directs.length === 0;
      session = { owner, state, mark, directs: [], dropped: undefined, handovers: [], expiresAt: 0 };
      sessions.set(pid, session);
    }
    session.expiresAt = Date.now() + ttl;
    session.state = state ?? session.state;
    session.mark = mark ?? session.mark;
    const last = session.directs.at(-1);
    for (const direct of directs) {
      if (last === undefined || comparePlaces(placeOf(direct.at), placeOf(last.at)) > 0) session.directs.push(direct);
    }
    while (session.directs.length > MAX_DIRECTS) session.dropped = session.directs.shift()!.at;
    return true;
  }
}
