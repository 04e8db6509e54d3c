import { TokenBucket, type Rate } from '../../common/token-bucket.js';

/** The options that it holds a connection against. */
export interface ConnectRules {
  /** CONNECT packets after the first. */
  readonly connectRate: Rate;
  readonly connectRefusals: Rate;
}

/**
 * How often one connection may ask for namespaces, and be refused. Made with the second CONNECT or the first refusal, so that
 * most connections have none.
 */
export class ConnectAllowance {
  readonly #connects: TokenBucket;
  readonly #refusals: TokenBucket;

  constructor({ connectRate, connectRefusals }: ConnectRules) {
    this.#connects = new TokenBucket(connectRate);
    this.#refusals = new TokenBucket(connectRefusals);
  }

  /** Returns false if the CONNECT packet comes too early. */
  takeConnect(): boolean {
    return this.#connects.take(performance.now()) === 0;
  }

  get refusalsLeft(): number {
    return this.#refusals.tokens(performance.now());
  }

  /**
   * Returns false if this refusal is one too many. Refusals age, so that a connection which lives for days may be refused now
   * and then.
   */
  takeRefusal(): boolean {
    const now = performance.now();
    this.#refusals.take(now);
    return this.#refusals.wait(now) === 0;
  }
}
