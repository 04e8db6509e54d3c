import type { ErrorAck } from '../acks/ack-error.js';
import { OptionError, Rate, TokenBucket } from '../../engine/index.js';

/** How often: `limit` times per `interval`. */
export interface RateOptions {
  limit: number;
  /** In milliseconds. @default 1_000 */
  interval?: number;
  /** How many may come at once. @default as `limit` */
  burst?: number;
}

/** What happens to an event that comes too early. */
export type RateLimitAction = 'refuse' | 'disconnect';

export interface RateLimitOptions extends Partial<RateOptions> {
  /** Bounds of single events, within that of all events together. */
  events?: Readonly<Record<string, RateOptions>>;
  /** @default 'refuse' */
  onLimit?: RateLimitAction;
}

/** The option after all checks. */
export interface RateLimitRules {
  /** Of all events of a socket together. */
  readonly all: Rate | null;
  readonly events: ReadonlyMap<string, Rate>;
  readonly onLimit: RateLimitAction;
}

/** The events of one socket, held against the rules. Costs a look at the clock per event, and allocates nothing. */
export class EventRateLimiter {
  readonly #all: TokenBucket | null;
  readonly #events = new Map<string, TokenBucket>();
  #isOver = false;

  constructor(private readonly rules: RateLimitRules) {
    this.#all = rules.all === null ? null : new TokenBucket(rules.all);
  }

  get onLimit(): RateLimitAction {
    return this.rules.onLimit;
  }

  /** Whether the last event was refused. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** 0: the event may pass; else the milliseconds until one may. */
  take(event: string): number {
    const now = performance.now();
    const rate = this.rules.events.get(event);
    const own = rate === undefined ? null : this.#bucketOf(event, rate);
    const all = this.#all;
    // Both are asked first: what one of them refuses must not cost a token of the other.
    const wait = Math.max(own === null ? 0 : own.wait(now), all === null ? 0 : all.wait(now));
    this.#isOver = wait > 0;
    if (wait > 0) return wait;
    own?.take(now);
    all?.take(now);
    return 0;
  }

  #bucketOf(event: string, rate: Rate): TokenBucket {
    let bucket = this.#events.get(event);
    if (bucket === undefined) this.#events.set(event, (bucket = new TokenBucket(rate)));
    return bucket;
  }
}

/** @throws OptionError saying what was given and what is allowed */
export function resolveRateLimit(value: unknown): RateLimitRules | null {
  if (value === undefined || value === null || value === false) return null;
  if (!isObject(value)) throw wrong('rateLimit', value);
  const { limit, interval, burst, events = {}, onLimit = 'refuse', ...unknown } = value;
  const hasRate = limit !== undefined || interval !== undefined || burst !== undefined;
  if (!isObject(events) || Object.keys(unknown).length > 0) throw wrong('rateLimit', value);
  if (!hasRate && Object.keys(events).length === 0) throw wrong('rateLimit', value);
  return {
    all: hasRate ? resolveRate('rateLimit', { limit, interval, burst }) : null,
    events: new Map(
      Object.entries(events).map(([event, rate]) => [event, resolveRate(`rateLimit.events.${event}`, rate)]),
    ),
    onLimit: resolveRateAction('rateLimit.onLimit', onLimit),
  };
}

/** @throws OptionError under this name */
export function resolveRate(name: string, value: unknown): Rate {
  if (!isObject(value)) throw wrong(name, value);
  const { limit, interval = 1_000, burst = limit, ...unknown } = value;
  const isCount = (count: unknown): count is number => Number.isSafeInteger(count) && (count as number) >= 1;
  const isTime = typeof interval === 'number' && interval > 0 && interval < Infinity;
  if (!isCount(limit) || !isCount(burst) || !isTime || Object.keys(unknown).length > 0) throw wrong(name, value);
  return new Rate(limit, interval, burst);
}

/** @throws OptionError under this name */
export function resolveRateAction(name: string, value: unknown): RateLimitAction {
  if (value === 'refuse' || value === 'disconnect') return value;
  throw new OptionError(name, value, '"refuse" or "disconnect"');
}

function wrong(name: string, value: unknown): OptionError {
  const rate = '{ limit, interval?, burst? } with whole numbers of at least 1 and an interval in milliseconds';
  return new OptionError(
    name,
    value,
    name === 'rateLimit' ? `${rate}, events: { [name]: such a rate } and onLimit` : rate,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a client is told of an event that came too early. */
export function rateLimited(wait: number): ErrorAck {
  return {
    status: 'error',
    message: 'Too many events',
    code: 'RATE_LIMITED',
    details: { retryAfter: Math.ceil(wait) },
  };
}
