import type { ForeignErrorSink } from '../../common/call-foreign.js';
import { TimerEntry, type TimerWheel } from '../../common/timer-wheel.js';
import type { AckReply } from '../acks/ack-reply.js';
import { EventMeasure } from './event-measure.js';
import { runMiddlewares, type Middleware } from './middleware.js';

/** A socket, as the screening of its events sees it. */
export interface ScreeningContext extends ForeignErrorSink<null> {
  readonly wheel: TimerWheel;
  /** @internal The middlewares let an event pass. */
  passEvent(args: unknown[], reply: AckReply | null): void;
  /** @internal A middleware refused an event; `wasThrown` if it threw or rejected instead of saying so. */
  refuseScreened(error: Error, wasThrown: boolean, reply: AckReply | null): void;
  /** @internal The middlewares have not decided about an event in time. */
  giveUpScreened(reply: AckReply | null): void;
  /** @internal An event that holds so many bytes waits, and no more. */
  onUndecided(bytes: number): void;
  onDecided(bytes: number): void;
}

/**
 * The middlewares of one socket's events. Each event goes through them by itself and has a time limit, so that the ack of
 * one that is never decided about is settled.
 */
export class EventScreening<Event extends unknown[]> {
  readonly #chain: Middleware<Event>[] = [];
  /** Events that are not decided about at once. */
  readonly #waiting = new Set<ScreenedEvent<Event>>();
  readonly #measure = new EventMeasure();

  constructor(private readonly context: ScreeningContext) {}

  use(middleware: Middleware<Event>): void {
    this.#chain.push(middleware);
  }

  /** `timeout` in milliseconds. */
  run(args: unknown[], reply: AckReply | null, timeout: number): void {
    const bytes = this.#measure.measure(args);
    const screened = new ScreenedEvent<Event>(this.context, reply, bytes, this.#waiting);
    screened.start(this.#chain, args);
    this.#measure.note(!screened.isOver);
    if (screened.isOver) return;
    this.#waiting.add(screened);
    this.context.wheel.schedule(screened, timeout);
    this.context.onUndecided(bytes);
  }

  /** The socket is gone. */
  dispose(): void {
    for (const screened of this.#waiting) this.context.wheel.cancel(screened);
    this.#waiting.clear();
  }
}

/** One event on its way through the middlewares; over with the first decision. */
class ScreenedEvent<Event extends unknown[]> extends TimerEntry {
  isOver = false;

  constructor(
    private readonly context: ScreeningContext,
    private readonly reply: AckReply | null,
    /** What it holds. */
    private readonly bytes: number,
    private readonly waiting: Set<ScreenedEvent<Event>>,
  ) {
    super();
  }

  start(chain: readonly Middleware<Event>[], args: unknown[]): void {
    const event = (this.reply === null ? args : [...args, this.reply.asCallback()]) as Event;
    const report = (error: unknown): void => this.context.onForeignError(error, null);
    const decide = (error?: Error, wasThrown = false): void => {
      if (!this.isOver) this.#conclude(event, error, wasThrown);
      else if (wasThrown) report(error);
    };
    runMiddlewares(chain, event, decide, report);
  }

  override onTimer(): void {
    this.isOver = true;
    this.context.giveUpScreened(this.reply);
    this.#leave();
  }

  #conclude(event: Event, error: Error | undefined, wasThrown: boolean): void {
    this.isOver = true;
    if (error !== undefined) this.context.refuseScreened(error, wasThrown, this.reply);
    else {
      // A middleware may have changed the arguments in place; the callback at their end is ours.
      if (this.reply !== null) event.pop();
      this.context.passEvent(event, this.reply);
    }
    this.#leave();
  }

  /** Those that wait behind it may come, now that it is through. */
  #leave(): void {
    if (!this.waiting.delete(this)) return;
    this.context.wheel.cancel(this);
    this.context.onDecided(this.bytes);
  }
}
