import { OptionError, OptionReader, type Server, type Session } from '../../socketio/index.js';
import type { DispatchContext } from './dispatch-context.js';

/** How a server is ended. */
export interface ShutdownOptions {
  /** Longest duration, in milliseconds. @default the module's shutdownTimeout, 10_000 */
  timeout?: number;
  /** Ends the waiting early; what is not closed by then is cut off. */
  signal?: AbortSignal;
  /**
   * In how many groups the sessions are closed, spread over the time that is left: clients of a large server then do not
   * all reconnect to its neighbours within one moment. Needs a finite timeout. @default the module's shutdownSlices, 1
   */
  slices?: number;
}

export interface ShutdownPlan {
  readonly timeout: number;
  readonly slices: number;
  readonly signal: AbortSignal | undefined;
}

/** How it ended. */
export interface ShutdownResult {
  /** Sessions that ended with everything delivered. */
  readonly closed: number;
  /** Sessions that were cut off when the time was over. */
  readonly forced: number;
}

/** @throws OptionError for what is no duration, or no number of slices */
export function planShutdown(options: ShutdownOptions, timeout: number, slices: number): ShutdownPlan {
  const plan = {
    timeout: options.timeout ?? timeout,
    slices: new OptionReader({ slices: options.slices }).integer('slices', slices, { min: 1 }),
    signal: options.signal,
  };
  if (typeof plan.timeout !== 'number' || !(plan.timeout >= 0)) {
    throw new OptionError('timeout', plan.timeout, 'a number of milliseconds');
  }
  if (plan.slices > 1 && plan.timeout === Infinity) {
    throw new OptionError('slices', plan.slices, '1 where the timeout is infinite: slices are spread over it');
  }
  return plan;
}

/**
 * Ends a server so that its clients reconnect elsewhere: no new handshakes, no new events, handlers in flight finish and
 * their acks leave, then the sessions close. Nothing waits longer than the timeout.
 */
export async function shutdown(server: Server, context: DispatchContext, plan: ShutdownPlan): Promise<ShutdownResult> {
  const { engine } = server;
  const deadline = new Deadline(plan.timeout, plan.signal);
  try {
    engine?.stopAccepting();
    context.stopped = true;
    context.streams.stop();
    await deadline.orEnd(context.inFlight.idle());
    const sessions = engine === undefined ? [] : [...engine.sessions.values()];
    await closeInSlices(sessions, plan.slices, deadline);
    const forced = engine?.clientsCount ?? 0;
    engine?.close();
    // Handlers of the disconnects that this caused.
    await deadline.orEnd(context.inFlight.idle());
    await deadline.orEnd(closeAdapters(server));
    if (forced === 0) await deadline.orEnd(engine?.connectionsEnded() ?? Promise.resolve());
    engine?.cutOff();
    return { closed: sessions.length - forced, forced };
  } finally {
    deadline.clear();
  }
}

/** One slice after the other begins to close; none waits for the one before it to have ended. */
async function closeInSlices(sessions: readonly Session[], slices: number, deadline: Deadline): Promise<void> {
  const size = Math.ceil(sessions.length / slices);
  const interval = (deadline.remaining * SPREAD) / slices;
  const ends: Promise<void>[] = [];
  for (let start = 0; start < sessions.length; start += size) {
    if (start > 0) await deadline.pause(interval);
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

class Deadline {
  readonly #ended: Promise<void>;
  readonly #signal: AbortSignal | undefined;
  #end!: () => void;
  readonly #timer: NodeJS.Timeout;
  readonly #endsAt: number;

  constructor(timeout: number, signal: AbortSignal | undefined) {
    this.#endsAt = performance.now() + timeout;
    this.#ended = new Promise((resolve) => (this.#end = resolve));
    this.#timer = setTimeout(this.#end, Math.min(timeout, MAX_TIMER));
    this.#signal = signal;
    if (signal?.aborted) this.#end();
    signal?.addEventListener('abort', this.#end);
  }

  /** Waits for the work, at most until the end, or for `atMost` milliseconds where that is sooner. */
  async orEnd(work: Promise<unknown>, atMost?: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience =
      atMost === undefined ? this.#ended : new Promise<void>((resolve) => (timer = setTimeout(resolve, atMost)));
    await Promise.race([work, this.#ended, patience]);
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

/** How long a polling client may take from one poll to the next, in milliseconds. */
const POLL_GRACE = 500;

/** What `setTimeout` can wait for; it takes more, such as `Infinity`, for 1 ms. */
const MAX_TIMER = 2_147_483_647;
