/** How often something may happen: `limit` times per `interval`, of which `burst` at once. */
export class Rate {
  /** Milliseconds until a token comes back. */
  readonly cost: number;
  /** Milliseconds until an empty bucket is full. */
  readonly capacity: number;

  constructor(limit: number, interval: number, burst: number = limit) {
    this.cost = interval / limit;
    this.capacity = this.cost * burst;
  }
}

/**
 * A token bucket that is one number, the time at which it is full again: no timer refills it, and taking a token
 * allocates nothing.
 */
export class TokenBucket {
  #fullAt = -Infinity;

  constructor(private readonly rate: Rate) {}

  /** Takes a token: 0, or the milliseconds until there is one. `now` on a clock that only goes forward. */
  take(now: number): number {
    const wait = this.wait(now);
    if (wait === 0) this.#fullAt = Math.max(this.#fullAt, now) + this.rate.cost;
    return wait;
  }

  /** What `take` would return, with nothing taken. */
  wait(now: number): number {
    const wait = Math.max(this.#fullAt - now, 0) + this.rate.cost - this.rate.capacity;
    return wait > PRECISION ? wait : 0;
  }

  /** How many may be taken at once. */
  tokens(now: number): number {
    return Math.floor((this.rate.capacity - Math.max(this.#fullAt - now, 0) + PRECISION) / this.rate.cost);
  }

  /** Whether it is as good as a new one. */
  isFull(now: number): boolean {
    return this.#fullAt <= now;
  }
}

/** What sums of fractions may be off by, in milliseconds. */
const PRECISION = 0.001;
