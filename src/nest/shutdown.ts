import type { Server, Session } from '../socketio/index.js';
import type { DispatchContext } from './dispatch/event-binding.js';

export interface ShutdownOptions {
  /** Longest duration, in milliseconds. @default the module's shutdownTimeout, 10_000 */
  timeout?: number;
  /** Ends the waiting early. */
  signal?: AbortSignal;
}

export interface ShutdownResult {
  /** Sessions that ended with everything delivered. */
  readonly closed: number;
  /** Sessions that were cut off when the time was over. */
  readonly forced: number;
}

/**
 * Ends a server so that its clients reconnect elsewhere: no new handshakes, no new events, handlers in flight finish and
 * their acks leave, then the sessions close. Nothing waits longer than the timeout.
 */
export async function shutDown(
  server: Server,
  context: DispatchContext,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<ShutdownResult> {
  const { engine } = server;
  const deadline = new Deadline(timeout, signal);
  try {
    engine?.stopAccepting();
    context.stopped = true;
    await deadline.orEnd(context.inFlight.idle());
    const sessions = engine === undefined ? [] : [...engine.sessions.values()];
    const ends = sessions.map(whenClosed);
    for (const session of sessions) session.shutDown();
    // A peer between two polls learns of the end on its next one. Who polls no more is not waited for, unless it is owed something.
    await deadline.orEnd(Promise.all(ends), POLL_GRACE);
    for (const session of sessions) if (!session.transport.hasUnsent) session.close(true);
    await deadline.orEnd(Promise.all(ends));
    const forced = engine?.clientsCount ?? 0;
    engine?.close();
    // Handlers of the disconnects that this caused.
    await deadline.orEnd(context.inFlight.idle());
    await deadline.orEnd(closeAdapters(server));
    return { closed: sessions.length - forced, forced };
  } finally {
    deadline.clear();
  }
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

  constructor(timeout: number, signal: AbortSignal | undefined) {
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

  clear(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#end);
  }
}

/** How long a polling client may take from one poll to the next, in milliseconds. */
const POLL_GRACE = 500;

/** What `setTimeout` can wait for; it takes more, such as `Infinity`, for 1 ms. */
const MAX_TIMER = 2_147_483_647;
