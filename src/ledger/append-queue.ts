import { retry, type RetryContext } from './retry.js';

export interface AppendContext extends RetryContext {
  /** Bytes that may wait. */
  readonly maxQueueBytes: number;
  append(first: number, bodies: readonly string[]): Promise<void>;
  /** Something was not taken, since too much waits already. */
  onOverflow(): void;
}

/** What this node appends to the log: in order, one batch at a time, again and again until the store has it. */
export class AppendQueue {
  #next = 1;
  #bodies: string[] = [];
  #bytes = 0;
  /** The batches that are on their way, and what is emitted meanwhile. */
  #flushing: Promise<void> | null = null;

  constructor(private readonly context: AppendContext) {}

  /** What waits, in UTF-16 units. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Appends what `write` makes of its number. Returns the number.
   *
   * @throws Error if `maxQueueBytes` is reached
   */
  add(write: (number: number) => string): number {
    const body = write(this.#next);
    if (this.#bytes + body.length > this.context.maxQueueBytes) {
      this.context.onOverflow();
      throw new Error('Cannot append to the ledger: what waits for its store has reached maxQueueBytes');
    }
    this.#bodies.push(body);
    this.#bytes += body.length;
    this.#flushing ??= this.#flush();
    return this.#next++;
  }

  /** The first entry that waits goes without regard to the bound: what comes after the others were refused. */
  addAnyway(write: (number: number) => string): void {
    const bytes = this.#bytes;
    this.#bytes = 0;
    this.add(write);
    this.#bytes += bytes;
  }

  /** Resolves once the store has taken everything, or what is on its way, if the node closes. */
  async settled(): Promise<void> {
    await this.#flushing;
  }

  async #flush(): Promise<void> {
    // What one turn emits travels together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#bodies.length > 0) {
      const bodies = this.#bodies;
      const first = this.#next - bodies.length;
      this.#bodies = [];
      await retry(this.context, () => this.context.append(first, bodies));
      for (const body of bodies) this.#bytes -= body.length;
      if (this.context.isClosed()) break;
    }
    this.#flushing = null;
  }
}
