import { resolvesToPublic } from '../../engine/index.js';
import type { ErrorAck } from '../acks/ack-error.js';
import { OptionError, OptionReader } from '../../common/option-reader.js';
import { Rate, TokenBucket } from '../../common/token-bucket.js';
import { isObject } from '../../common/values.js';

/** How often: `limit` times per `interval`. */
export interface RateOptions {
  /** How many events are allowed in one interval. */
  limit: number;
  /** In milliseconds. @default 1_000 */
  interval?: number | undefined;
  /** How many may come at once. @default as `limit` */
  burst?: number | undefined;
}

/** What happens to an event that comes too early. */
export type RateLimitAction = 'refuse' | 'disconnect';

export interface RateLimitOptions extends Partial<RateOptions> {
  /** Bounds of single events, within that of all events together. */
  events?: Readonly<Record<string, RateOptions>> | undefined;
  /** @default 'refuse' */
  onLimit?: RateLimitAction | undefined;
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

/** What `limits: 'public'` stands for. */
const PUBLIC_RATE: RateLimitRules = { all: new Rate(100, 1_000, 200), events: new Map(), onLimit: 'refuse' };

/** @throws OptionError naming the option, what was given and what is allowed */
export function resolveRateLimit(read: OptionReader): RateLimitRules | null {
  const given = read.raw('rateLimit');
  if (given === undefined && resolvesToPublic(read)) return PUBLIC_RATE;
  const value = given ?? false;
  if (value === false) return null;
  const group = read.group('rateLimit', `${RATE}, events: { [name]: such a rate } and onLimit`)!;
  const rate = ['limit', 'interval', 'burst'].map((name) => group.raw(name));
  const hasRate = rate.some((value) => value !== undefined);
  const events = group.group('events', '{ [name]: rate }');
  const names = events?.names ?? [];
  const onLimit = resolveRateAction('rateLimit.onLimit', group.raw('onLimit') ?? 'refuse');
  events?.pass(names);
  group.rejectUnknown();
  if (!hasRate && names.length === 0) throw read.error('rateLimit', value, `${RATE}, or events with such rates`);
  const rules: RateLimitRules = {
    all: hasRate ? readRate(group) : null,
    events: new Map(names.map((event) => [event, readRate(events!.group(event, RATE)!)])),
    onLimit,
  };
  // The rates of single events.
  group.rejectUnknown();
  return rules;
}

/** @throws OptionError under this name */
export function resolveRate(name: string, value: unknown): Rate {
  if (!isObject(value)) throw new OptionError(name, value, RATE);
  const group = new OptionReader(value, `${name}.`);
  const rate = readRate(group);
  group.rejectUnknown();
  return rate;
}

const RATE = '{ limit, interval?, burst? }';

function readRate(group: OptionReader): Rate {
  const limit = group.integer('limit', group.raw('limit') as number, { min: 1 });
  const interval = group.raw('interval') ?? 1_000;
  if (typeof interval !== 'number' || !(interval > 0 && interval < Infinity)) {
    throw group.error('interval', interval, 'a number of milliseconds above 0');
  }
  return new Rate(limit, interval, group.integer('burst', limit, { min: 1 }));
}

/** @throws OptionError under this name */
export function resolveRateAction(name: string, value: unknown): RateLimitAction {
  if (value === 'refuse' || value === 'disconnect') return value;
  throw new OptionError(name, value, '"refuse" or "disconnect"');
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
