import type { Claim } from '../../socketio/index.js';
import type { Offset } from './offset.js';

export type { Claim };

/** An entry of the log. */
export interface LogEntry {
  /** `<ms>-<number>`, the number one above that of the entry before. */
  readonly at: Offset;
  /** The entry, as it was given. */
  readonly body: string;
}

/** What an owner wants done to its session. A session that another one has taken since stays as it is. */
export interface SessionChange {
  /** The recovery id of the session. */
  readonly pid: string;
  /** Whose session it is: a name for one socket on one node. */
  readonly owner: string;
  /** How long the session is kept from now on, in milliseconds; 0 removes it. */
  readonly ttl: number;
  /** What the session is; without it only its time is extended. */
  readonly state?: string | undefined;
  /** How far the node has read, and the last place of which the session got something. */
  readonly mark?: SessionMark | undefined;
  /** Packets for this session alone, in order. Those at or before the last one stored are there already. */
  readonly directs?: readonly LogEntry[] | undefined;
}

export interface SessionMark {
  /** The last entry that the session's server had read. */
  readonly read: Offset;
  /** The last entry that the client has got. */
  readonly got: Offset;
}

/** One of the last times that a session was taken from its owner. */
export interface Handover {
  /** Whose it was until then. */
  readonly owner: string;
  /** The last place that the client said to have then; '' for none. */
  readonly has: Offset | '';
  /** The place of the last direct packet that was stored by then; '' for none. */
  readonly kept: Offset | '';
}

/** The socket that takes a session over. */
export interface Taker {
  /** The new owner: a name for one socket on one node. */
  readonly owner: string;
  /** What the client says to have; '' for nothing. */
  readonly has: Offset | '';
  /** How long the session is kept from now on, in milliseconds. */
  readonly ttl: number;
  /** The entry that is appended to the log. */
  readonly body: string;
}

export interface TakenSession {
  /** The session, as it was saved. */
  readonly state: string;
  /** Where the session goes on. */
  readonly mark: SessionMark;
  /** What was sent to the session alone while it was away. */
  readonly directs: readonly LogEntry[];
  /** The last direct packet that was removed to keep the list in its bounds. */
  readonly dropped?: Offset | undefined;
  /** The last ones, at most `MAX_HANDOVERS`, this one at the end. */
  readonly handovers: readonly Handover[];
  /** Offset of the log entry about it. */
  readonly at: Offset;
}

/** Limits of the log. */
export interface LogLimits {
  /** Milliseconds. */
  readonly maxAge: number;
  /** Bytes, as the store counts them. */
  readonly maxBytes: number;
}

/**
 * Where a ledger is kept: a log, sessions, and a way from node to node. Implementations: Redis, PostgreSQL, memory. What
 * each of them keeps is the contract in `test/ledger/contract`.
 *
 * Every call may reject; the ledger tries again. So a call that was carried out and whose answer was lost comes twice,
 * and must have the effect of one.
 */
export interface LedgerStore {
  /** Connects under this name, which no other node has. `receive` gets messages of other nodes. Resolves to the log's end. */
  open(node: string, receive: (message: string) => void): Promise<Offset>;

  /**
   * Appends to the log, in order. `first` is the number of the first body in this node's own count, which begins at 1
   * and has no holes: what the store has already is passed over.
   */
  append(first: number, bodies: readonly string[]): Promise<void>;

  /** Entries behind an offset, oldest first, at most `limit`. If there are none, waits up to `wait` milliseconds for one. */
  read(after: Offset, limit: number, wait: number): Promise<LogEntry[]>;

  /** Changes sessions, in order. Resolves to the owners whose session is another one's by now. */
  saveSessions(changes: readonly SessionChange[]): Promise<string[]>;

  /** Gives a session to an owner and appends the taker's `body` to the log, in one step; null if there is no such session. */
  takeSession(pid: string, taker: Taker): Promise<TakenSession | null>;

  /** Sends a message to one node, or with null to all others. May be lost. */
  send(to: string | null, message: string): Promise<void>;

  /** Removes entries beyond the limits. Resolves to the log's end. */
  prune(limits: LogLimits): Promise<Offset>;

  /**
   * Stores `value` under `key` for `ttl` milliseconds if there is nothing; with `replace` in any case. Resolves to what is
   * stored.
   */
  claim(key: string, value: string, ttl: number, replace: boolean): Promise<Claim>;

  /** Ends a `read` that waits and lets all connections go. */
  close(): Promise<void>;
}

/** How many packets for one session alone a store keeps. */
export const MAX_DIRECTS = 512;
/** How many handovers of a session a store keeps: a client moves so often at most while one of its nodes stands still. */
export const MAX_HANDOVERS = 16;
