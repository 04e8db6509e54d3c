import type { NodeLog, ReadEntry } from './node-log.js';
import { formatOffset, type Offset, type Place } from './store/offset.js';
import type { LogEntry } from './store/ledger-store.js';

/** Reads entries that are older than this node's own log, with one query for all clients that need them at the same time. */
export class OlderEntries {
  #loading: Promise<void> | null = null;
  #wanted: Place | null = null;
  /** The last place that the store no longer reaches back to. */
  #unreachable: Place | null = null;
  #loads = 0;

  constructor(
    private readonly log: NodeLog,
    private readonly read: (after: Offset, limit: number) => Promise<LogEntry[]>,
    private readonly decode: (entry: LogEntry) => ReadEntry,
  ) {}

  /** How often the store was asked. */
  get loads(): number {
    return this.#loads;
  }

  /** Whether everything behind a place is in the log, where it was put if need be. May reject. */
  async reach(place: Place): Promise<boolean> {
    while (!this.log.covers(place)) {
      // A place within the log that it does not know is one of another log.
      if (place.number >= this.log.start.number || place === this.#unreachable) return false;
      if (this.#wanted === null || place.number < this.#wanted.number) this.#wanted = place;
      await (this.#loading ??= this.#load());
    }
    return true;
  }

  async #load(): Promise<void> {
    try {
      await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
      const from = this.#wanted!;
      this.#wanted = null;
      this.#loads++;
      if (!(await this.#loadFrom(from))) this.#unreachable = from;
    } finally {
      this.#loading = null;
    }
  }

  /** Returns false if entries behind the place are missing. It may come from a client, so it is held against the log. */
  async #loadFrom(from: Place): Promise<boolean> {
    const start: Place = { ...from, direct: 0 };
    const entries: ReadEntry[] = [];
    let last = { ...start, number: start.number - 1 };
    // The log goes on meanwhile, and lets its oldest entries go.
    while (last.number < this.log.start.number) {
      const page = await this.read(formatOffset(last), PAGE);
      if (page.length === 0) return false;
      for (const logged of page) {
        const entry = this.decode(logged);
        const { place } = entry;
        const isStart = place.number === start.number && place.ms === start.ms;
        // The entry at the place itself may be gone already.
        if (!isStart && place.number !== Math.max(last.number, start.number) + 1) return false;
        if (!isStart) entries.push(entry);
        last = place;
      }
    }
    this.log.extend(
      start,
      entries.filter(({ place }) => place.number <= this.log.start.number),
    );
    return true;
  }
}

/** Clients of a node that died come back within a moment, with places that differ a little. */
const GATHER_MS = 5;
const PAGE = 1_000;
