import { OPERATIONS, ShutdownOperation } from '../../common/channels.js';
import { MAX_TIMER } from '../../common/values.js';
import { OptionError, OptionReader, type Server, type Session } from '../../socketio/index.js';
import type { DispatchContext } from './dispatch-context.js';

/** Where a server is in its life. */
export type ServerState = 'starting' | 'open' | 'draining' | 'closing' | 'closed';

/** Which hooks of the application find its server still serving. */
export type ServeUntil = 'onModuleDestroy' | 'beforeApplicationShutdown';
export const SERVE_UNTIL: readonly ServeUntil[] = ['onModuleDestroy', 'beforeApplicationShutdown'];

/** How a server is ended. */
export interface ShutdownOptions {
  /**
   * How long everything is still served and clients are still let in, in milliseconds, while `state` is `draining`: until the
   * balancer has noticed. A second call of `shutdown()` ends it early. @default the module's shutdownDelay, 0
   */
  delay?: number | undefined;
  /** Longest duration of what follows, in milliseconds. @default the module's shutdownTimeout, 15_000 */
  timeout?: number | undefined;
  /** Ends the waiting early; sessions that are not closed by then are cut off. */
  signal?: AbortSignal | undefined;
  /**
   * In how many groups the sessions are closed, spread over the time that is left, so that the clients of a large server do
   * not all reconnect to its neighbours at once. Needs a finite timeout.
   * @default the module's shutdownSlices: at most 50 sessions a second, within 12 seconds
   */
  slices?: number | undefined;
}

export interface ShutdownPlan {
  readonly delay: number;
  readonly timeout: number;
  /** Null: by the number of sessions. */
  readonly slices: number | null;
  readonly signal: AbortSignal | undefined;
}

/** What counts for options that are not given. */
export interface ShutdownDefaults {
  readonly delay: number;
  readonly timeout: number;
  readonly slices: number | null;
}

export const SHUTDOWN_DEFAULTS: ShutdownDefaults = Object.freeze({ delay: 0, timeout: 15_000, slices: null });

/** How it ended. */
export interface ShutdownResult {
  /** Sessions that ended with everything delivered. */
  readonly closed: number;
  /** Sessions that were cut off when the time was over. */
  readonly forced: number;
}

/** @throws OptionError for what is no duration, or no number of slices */
export function planShutdown(options: ShutdownOptions, defaults: ShutdownDefaults): ShutdownPlan {
  const read = new OptionReader(options as Record<string, unknown>);
  const { timeout = defaults.timeout } = options;
  const slices = options.slices === undefined ? defaults.slices : read.integer('slices', 1, { min: 1 });
  if (typeof timeout !== 'number' || !(timeout >= 0)) {
    throw new OptionError('timeout', timeout, 'a number of milliseconds');
  }
  if (slices !== null && slices > 1 && timeout === Infinity) {
    throw new OptionError('slices', slices, '1 if the timeout is infinite: slices are spread over it');
  }
  return { delay: read.milliseconds('delay', defaults.delay, 0), timeout, slices, signal: options.signal };
}

/**
 * Ends a server so that its clients reconnect elsewhere: no new handshakes, no new events, handlers in flight finish and
 * their acks leave, then the sessions close. Nothing waits longer than the timeout.
 */
export function shutdownServer(server: Server, context: DispatchContext, plan: ShutdownPlan): Promise<ShutdownResult> {
  if (!OPERATIONS.shutdown.hasSubscribers) return endServer(server, context, plan);
  const operation = new ShutdownOperation(server);
  return operation.run(async () => (operation.result = await endServer(server, context, plan)));
}

async function endServer(server: Server, context: DispatchContext, plan: ShutdownPlan): Promise<ShutdownResult> {
  const engine = server.presentEngine;
  const deadline = new Deadline(plan.timeout, plan.signal);
  try {
    engine?.stopAccepting();
    context.stopped = true;
    context.streams.stop();
    await deadline.orEnd(context.inFlight.othersIdle(), patienceOf(plan.timeout));
    // A handler that is excused may have called this without awaiting it, while another one is under way.
    await deadline.orEnd(context.inFlight.idle(), SELF_GRACE);
    const sessions = engine === null ? [] : [...engine.ownSessions.values()];
    await closeInSlices(sessions, plan.slices, deadline);
    const forced = engine?.clientsCount ?? 0;
    engine?.close();
    // Handlers of the disconnects that this caused. If one of the application's handlers awaits its end, these may do so too.
    await deadline.orEnd(context.inFlight.othersIdle(), context.inFlight.hasExcused ? LAST_GRACE : undefined);
    // Also of those that were cut at the end, so that none of them finds closed what it needs.
    if (plan.timeout > 0 && plan.signal?.aborted !== true) await within(CUT_GRACE, context.departures.idle());
    await deadline.orEnd(closeAdapters(server));
    if (forced === 0) await deadline.orEnd(engine?.connectionsEnded() ?? Promise.resolve());
    engine?.cutOff();
    // The application's HTTP server is closed by others, later, and would wait for them.
    engine?.cutIdleAfter(deadline.remaining);
    return { closed: sessions.length - forced, forced };
  } finally {
    server.announceEnd();
    deadline.clear();
  }
}

/** How long handlers are waited for: one that never ends must not take the time in which the sessions close. */
function patienceOf(timeout: number): number | undefined {
  return Number.isFinite(timeout) ? timeout - Math.min(CLOSE_RESERVE, timeout / 5) : undefined;
}

/** One slice after the other begins to close; none waits for the one before it to have ended. */
async function closeInSlices(sessions: readonly Session[], wanted: number | null, deadline: Deadline): Promise<void> {
  const longest = deadline.remaining * SPREAD;
  const span = wanted === null ? Math.min(longest, MAX_SPREAD, sessions.length * SPREAD_PER_SESSION) : longest;
  const slices = wanted ?? (sessions.length <= AT_ONCE ? 1 : Math.max(1, Math.ceil(span / SLICE_INTERVAL)));
  const size = Math.ceil(sessions.length / slices);
  const ends: Promise<void>[] = [];
  for (let start = 0; start < sessions.length; start += size) {
    if (start > 0) await deadline.pause(span / slices);
    ends.push(closeAll(sessions.slice(start, start + size), deadline));
  }
  await Promise.all(ends);
}

async function closeAll(sessions: readonly Session[], deadline: Deadline): Promise<void> {
  const open = sessions.filter((session) => session.readyState !== 'closed');
  const ends = open.map(whenClosed);
  for (const session of open) session.closeForShutdown();
  // A peer between two polls learns of the end on its next one. Who polls no more is not waited for, unless it is owed something.
  await deadline.orEnd(Promise.all(ends), POLL_GRACE);
  for (const session of open) if (!session.transport.isDirty) session.close(true);
  await deadline.orEnd(Promise.all(ends));
}

function whenClosed(session: Session): Promise<void> {
  return new Promise((resolve) => session.once('close', () => resolve()));
}

async function closeAdapters(server: Server): Promise<void> {
  await Promise.allSettled([...server._nsps.values()].map((namespace) => namespace.dispose()));
}

/** Waits for work that does not reject, at most so many milliseconds. */
export async function within(longest: number, work: Promise<unknown>, signal?: AbortSignal): Promise<void> {
  const deadline = new Deadline(longest, signal);
  await deadline.orEnd(work);
  deadline.clear();
}

/** A point in time, or the moment before it when a signal aborts. */
export class Deadline {
  /** Resolves at the end. */
  readonly ended: Promise<void>;
  readonly #signal: AbortSignal | undefined;
  #end!: () => void;
  readonly #timer: NodeJS.Timeout;
  readonly #endsAt: number;

  constructor(timeout: number, signal: AbortSignal | undefined) {
    this.#endsAt = performance.now() + timeout;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    // A longer one, such as Infinity, would end after 1 ms.
    this.#timer = setTimeout(this.#end, Math.min(timeout, MAX_TIMER));
    this.#signal = signal;
    if (signal?.aborted) this.#end();
    signal?.addEventListener('abort', this.#end);
  }

  /** Waits for the work, at most until the end, or for `atMost` milliseconds if that is sooner. */
  async orEnd(work: Promise<unknown>, atMost?: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience =
      atMost === undefined ? this.ended : new Promise<void>((resolve) => (timer = setTimeout(resolve, atMost)));
    await Promise.race([work, this.ended, patience]);
    clearTimeout(timer);
  }

  get remaining(): number {
    return Math.max(0, this.#endsAt - performance.now());
  }

  /** Lets time pass, unless the end comes first. */
  pause(ms: number): Promise<void> {
    return this.orEnd(new Promise(() => {}), ms);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#end);
  }
}

/** The part of the time over which slices begin to close; the rest is for the last one's deliveries. */
const SPREAD = 0.8;

/** Without a number of slices: so many sessions close at once, further ones spread over so long each, all within this. */
const AT_ONCE = 50;
const SPREAD_PER_SESSION = 20;
const MAX_SPREAD = 12_000;
const SLICE_INTERVAL = 100;

/** What of the time is kept for closing the sessions, a fifth of it at most, in milliseconds. */
const CLOSE_RESERVE = 1_000;

/** How long handlers of disconnects may take beyond the end, in milliseconds. */
const CUT_GRACE = 500;

/** How long an excused handler is waited for nevertheless, in milliseconds. */
const SELF_GRACE = 250;

/** How long handlers of disconnects are waited for if some may wait for the shutdown themselves, in milliseconds. */
const LAST_GRACE = 1_000;

/** How long a polling client may take from one poll to the next, in milliseconds. */
const POLL_GRACE = 500;
