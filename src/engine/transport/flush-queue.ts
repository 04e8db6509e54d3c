import { throwAsync } from '../../common/throw-async.js';

/** Something that collects output during a tick and hands it on at its end. */
export interface Flushable {
  flush(): void;
}

/**
 * Everything that was sent in one tick leaves in one write per connection: transports enlist once, and one callback
 * per tick flushes them all. Order between connections is the order of enlisting.
 */
export class FlushQueue {
  readonly #waiting: Flushable[] = [];
  readonly #onTick = (): void => this.flush();

  /** @param isImmediate whether transports write at once; their owners then hear of it at the end of the tick all the same */
  constructor(readonly isImmediate = false) {}

  enlist(item: Flushable): void {
    if (this.#waiting.push(item) === 1) process.nextTick(this.#onTick);
  }

  /** Flushes now; what enlists meanwhile is flushed in the same pass. */
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
}
