import { Rate, TokenBucket } from '../../common/token-bucket.js';
import type { RefusalName } from '../http/refusal.js';

/**
 * Limits handshakes per second, a second's worth of which may come at once.
 *
 * Of the whole, each address gets an equal share of those that have asked within the last second. An address that asks
 * alone gets everything; one that asks again and again cannot keep the others out.
 */
export class HandshakeRate {
  readonly #whole: TokenBucket;
  /** Milliseconds until a token of the whole comes back. */
  readonly #cost: number;
  /** By address, the one that has not asked for the longest time first. */
  readonly #addresses = new Map<string, AddressShare>();

  constructor(limit: number) {
    const rate = new Rate(limit, INTERVAL);
    this.#whole = new TokenBucket(rate);
    this.#cost = rate.cost;
  }

  /** Takes a token for an address, or says why there is none. `now` on a clock that only goes forward. */
  take(key: string, now: number): RefusalName | null {
    const share = this.#shareOf(key, now);
    if (this.#whole.wait(now) > 0) return 'TOO_MANY_HANDSHAKES';
    const cost = this.#cost * this.#addresses.size;
    const fullAt = Math.max(share.fullAt, now) + cost;
    if (fullAt - now > Math.max(INTERVAL, cost) + PRECISION) return 'TOO_MANY_HANDSHAKES_PER_IP';
    this.#whole.take(now);
    share.fullAt = fullAt;
    return null;
  }

  #shareOf(key: string, now: number): AddressShare {
    const share = this.#addresses.get(key) ?? { fullAt: now, askedAt: now };
    share.askedAt = now;
    this.#addresses.delete(key);
    this.#addresses.set(key, share);
    for (const [other, { fullAt, askedAt }] of this.#addresses) {
      if (askedAt + INTERVAL >= now || fullAt > now) break;
      this.#addresses.delete(other);
    }
    return share;
  }
}

interface AddressShare {
  /** When the address has its whole share again. */
  fullAt: number;
  askedAt: number;
}

/** Of the rate, in milliseconds. */
const INTERVAL = 1_000;

/** What sums of fractions may be off by, in milliseconds. */
const PRECISION = 0.001;
