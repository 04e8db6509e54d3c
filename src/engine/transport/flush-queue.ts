import { throwAsync } from '../../common/throw-async.js';
import { TransportTotals } from './transport-totals.js';

/** Something that collects output during a turn of the event loop and writes it at its end. */
export interface Flushable {
  flush(): void;
}

/**
 * One write per connection and turn of the event loop: a turn runs the callbacks of all sockets that have something to
 * read, each of which may send to the same connections. Transports enlist once per turn; one `setImmediate`, which runs
 * behind these callbacks, flushes them all in the order of enlisting (bench: room, echo).
 *
 * Slow callbacks must not hold back what earlier ones have sent. Once output has waited for `MAX_WAIT`, it is flushed
 * when a callback that sends ends, or when a callback that receives begins.
 */
export class FlushQueue {
  /** Of the transports that enlist here. */
  readonly totals = new TransportTotals();
  readonly #waiting: Flushable[] = [];
  /** Counts callbacks that send: what was sent in an earlier one has a lower number. */
  #tick = 0;
  #isTickOpen = false;
  /** When the first of those that wait enlisted; only read while there is one. */
  #since = 0;
  /** Whether the time was looked at when the last callback ended: two of them that follow share one look. */
  #hasLooked = false;
  readonly #onTickEnd = (): void => this.#endTick();
  readonly #onTurnEnd = (): void => this.flush();

  /** @param isImmediate whether transports write at once; they are flushed at the end of the tick, to notify their owners */
  constructor(readonly isImmediate = false) {}

  /** The number of the present tick: a callback of the event loop, or a step between its promises. */
  get tick(): number {
    if (!this.#isTickOpen) {
      this.#isTickOpen = true;
      process.nextTick(this.#onTickEnd);
    }
    return this.#tick;
  }

  /** What has enlisted and is not flushed yet. */
  get waiting(): readonly Flushable[] {
    return this.#waiting;
  }

  enlist(item: Flushable): void {
    if (this.#waiting.push(item) > 1) return;
    if (this.isImmediate) {
      process.nextTick(this.#onTurnEnd);
    } else {
      this.#since = performance.now();
      setImmediate(this.#onTurnEnd);
    }
  }

  /** For a transport that is about to handle what it has received. */
  beforeInput(): void {
    const hasLooked = this.#hasLooked;
    this.#hasLooked = false;
    if (!hasLooked) this.#flushIfLate();
  }

  /** Flushes now. What enlists during the flush is flushed in the same pass. */
  flush(): void {
    for (let i = 0; i < this.#waiting.length; i++) {
      try {
        this.#waiting[i].flush();
      } catch (error) {
        throwAsync(error);
      }
    }
    this.#waiting.length = 0;
  }

  #endTick(): void {
    this.#tick++;
    this.#isTickOpen = false;
    this.#hasLooked = true;
    this.#flushIfLate();
  }

  #flushIfLate(): void {
    if (this.#waiting.length > 0 && performance.now() - this.#since > MAX_WAIT) this.flush();
  }
}

/** How long output waits for the end of a turn whose callbacks are slow, in milliseconds. */
const MAX_WAIT = 1;
