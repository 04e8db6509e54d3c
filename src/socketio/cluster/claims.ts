import { askForeign } from '../../common/call-foreign.js';
import { Timer, type TimerWheel } from '../../common/timer-wheel.js';

/** A key that one server claims for a while. */
export interface Claim {
  /** Whether this call made the claim. */
  readonly isMine: boolean;
  /** What is stored under the key. */
  readonly value: string;
}

/** Keys that several servers claim; adapters of this package have a store for them. */
export interface Claims {
  /**
   * Stores `value` under `key` for `ttl` milliseconds if there is nothing; with `replace` in any case. Resolves to what is
   * stored then. Rejects if the store does not answer.
   */
  claim(key: string, value: string, ttl: number, replace: boolean): Promise<Claim>;
}

/** Claims over the store of an adapter, which may throw, or never answer. */
export class AdapterClaims implements Claims {
  constructor(
    private readonly adapter: Claims,
    private readonly wheel: TimerWheel,
    private readonly limit = ANSWER_MS,
  ) {}

  claim(...args: Parameters<Claims['claim']>): Promise<Claim> {
    return new Promise((resolve, reject) => {
      const timer = new Timer(() => reject(new Error('the store for claims did not answer in time')));
      this.wheel.schedule(timer, this.limit);
      askForeign(this.adapter.claim, this.adapter, args, (error, claim) => {
        this.wheel.cancel(timer);
        if (error === null) resolve(claim!);
        else reject(error as Error);
      });
    });
  }
}

/** The claims of one server, in its memory, and bounded: if there are too many, the oldest go. */
export class MemoryClaims implements Claims {
  /** In the order in which they were made. */
  readonly #claims = new Map<string, { readonly value: string; readonly endsAt: number }>();
  #size = 0;

  /** @param maxSize of keys and values together, in characters */
  constructor(private readonly maxSize = 16_777_216) {}

  claim(key: string, value: string, ttl: number, replace: boolean): Promise<Claim> {
    const now = performance.now();
    const held = this.#claims.get(key);
    if (held !== undefined && held.endsAt > now && !replace) {
      return Promise.resolve({ isMine: false, value: held.value });
    }
    this.#remove(key);
    this.#claims.set(key, { value, endsAt: now + ttl });
    this.#size += sizeOf(key, value);
    this.#bound(now);
    return Promise.resolve({ isMine: true, value });
  }

  /** Forgets what has ended, in whatever order it was made. */
  prune(): void {
    const now = performance.now();
    for (const [key, { endsAt }] of this.#claims) if (endsAt <= now) this.#remove(key);
  }

  /** The oldest are the first to end, as far as all are made for the same time. */
  #bound(now: number): void {
    for (const [key, { endsAt }] of this.#claims) {
      if (this.#size <= this.maxSize && endsAt > now) return;
      this.#remove(key);
    }
  }

  #remove(key: string): void {
    const held = this.#claims.get(key);
    if (held !== undefined && this.#claims.delete(key)) this.#size -= sizeOf(key, held.value);
  }
}

/** As long as other questions to adapters may take, in milliseconds. */
const ANSWER_MS = 30_000;

/** With what an entry takes beside its text. */
function sizeOf(key: string, value: string): number {
  return key.length + value.length + 100;
}
