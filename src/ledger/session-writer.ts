import { retry, type RetryContext } from './retry.js';
import type { DirectPacket, RecordContext, SessionRecord } from './session-record.js';
import type { SessionChange } from './store/ledger-store.js';

export interface WriterContext extends RetryContext, RecordContext {
  saveSessions(changes: readonly SessionChange[]): Promise<string[]>;
  /** Another node has the session; it has not got these packets. */
  onTaken(record: SessionRecord, directs: readonly DirectPacket[]): void;
}

/** Writes the sessions of this node: what changes within one turn at once, one batch after the other. */
export class SessionWriter {
  readonly #changed = new Set<SessionRecord>();
  /** The batches that are on their way, and what has changed since. */
  #writing: Promise<void> | null = null;

  constructor(private readonly context: WriterContext) {}

  write(record: SessionRecord): void {
    this.#changed.add(record);
    this.#writing ??= this.#flush();
  }

  /** Whether the store has not taken everything yet. */
  get isBusy(): boolean {
    return this.#writing !== null;
  }

  /** Resolves once everything so far is stored. */
  async settled(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  async #flush(): Promise<void> {
    // What one turn changes travels together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#changed.size > 0 && !this.context.isClosed()) {
      const records: SessionRecord[] = [];
      for (const record of this.#changed) {
        records.push(record);
        this.#changed.delete(record);
        if (records.length === BATCH) break;
      }
      await this.#save(records);
    }
    this.#writing = null;
  }

  async #save(records: readonly SessionRecord[]): Promise<void> {
    const taken = records.map((record) => record.takeChange(this.context));
    const changes = taken.map(({ change }) => change);
    const lost = await retry(this.context, () => this.context.saveSessions(changes));
    if (lost === undefined) return;
    records.forEach((record, i) => {
      if (lost.includes(record.owner)) this.context.onTaken(record, taken[i].directs);
      else record.onSaved();
    });
  }
}

/** Encoding more at once would hold up others. */
const BATCH = 256;
