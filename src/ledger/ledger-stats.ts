/** What a ledger has done so far on this node, and what it holds. */
export interface LedgerStats {
  /** Nodes of the fleet, this one included. */
  readonly nodes: number;
  /** Whether the store has answered to the last call. */
  readonly isStoreReachable: boolean;
  /** Entries that this node has written, and those that it has read. */
  readonly appended: number;
  /** Entries that were read from the store. */
  readonly read: number;
  /** Events to one socket of this node, which the others do not read. */
  readonly direct: number;
  /** Entries that this node keeps in memory, and about how much that is, in bytes. */
  readonly log: { readonly entries: number; readonly bytes: number };
  /** What the store has not taken yet, in characters. */
  readonly queued: number;
  /** Whether sessions have changed and the store has not taken that yet. */
  readonly isSaving: boolean;
  /** Emits that were refused, since too much was queued. */
  readonly refused: number;
  /** Sessions that came back to this node. */
  readonly recovered: number;
  /** Clients that came back for what the log no longer has. */
  readonly tooOld: number;
  /** How often this node found that it had missed entries, and ended the sessions of its clients. */
  readonly gaps: number;
  /** Entries that no server has written: others use the store under the ledger's name. */
  readonly unreadable: number;
  /** Sessions that could not be kept; see `maxSessionBytes`. */
  readonly unsavable: number;
  /** How often entries were read from the store again, for clients that were away since before this node's own log. */
  readonly reloads: number;
}

export type LedgerCounters = {
  -readonly [
    Name in Exclude<keyof LedgerStats, 'nodes' | 'isStoreReachable' | 'log' | 'queued' | 'isSaving' | 'reloads'>
  ]: number;
};

export function createCounters(): LedgerCounters {
  return { appended: 0, read: 0, direct: 0, refused: 0, recovered: 0, tooOld: 0, gaps: 0, unreadable: 0, unsavable: 0 };
}
