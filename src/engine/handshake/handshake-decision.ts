import { askForeign, type ForeignErrorSink } from '../../common/call-foreign.js';
import { TimerEntry, type TimerWheel } from '../../common/timer-wheel.js';
import { textOf } from '../../common/values.js';
import type { EngineRequest } from '../http/engine-request.js';
import type { HttpHeaders } from '../http/http-exchange.js';
import { Refusal } from '../http/refusal.js';
import type { ConnectionLimits } from './connection-limits.js';

/**
 * Decides about a handshake: by `decide`, or by returning true or false, or a promise of it. The first decision counts.
 */
export type AllowRequest = (
  request: EngineRequest,
  decide: (message: string | null | undefined, allowed: boolean) => void,
) => void | boolean | PromiseLike<void | boolean>;

/** What decisions of a server have in common. */
export interface DecisionContext extends ForeignErrorSink<string> {
  readonly wheel: TimerWheel;
  /** Those that are not made yet. */
  readonly waiting: Set<HandshakeDecision>;
  /** How long a decision may take, in milliseconds. */
  readonly timeout: number;
  /** Null if handshakes are not limited. */
  readonly limits: ConnectionLimits | null;
  readonly allowRequest: AllowRequest | null;
  isAccepting(): boolean;
  isOpen(id: string): boolean;
  addressOf(request: EngineRequest): string;
  generateId(request: EngineRequest): string | PromiseLike<string>;
  warn(message: string): void;
}

/** The peer of a request that is being decided about. */
export interface PendingClient {
  /** The response that middlewares see, and may answer; null if there are none. */
  readonly response: { readonly headersSent: boolean; once(event: 'close', listener: () => void): unknown } | null;
  /** Calls the listener once if the peer leaves before it was answered. */
  onAbort(listener: () => void): void;
}

/** A handshake that may become a session. */
export interface AcceptedHandshake {
  readonly id: string;
  /** The client's address; its place is given back under it. */
  readonly address: string;
}

/**
 * One request or upgrade from the door of the engine to its answer, or to the session that takes it.
 *
 * On that way foreign code is called: middlewares, `cors`, `allowRequest`, `generateId`. Whatever of it throws, answers
 * twice or never answers, the request is answered once and its place among the connections is given back.
 */
export class HandshakeDecision extends TimerEntry {
  /** What the `cors` package adds to every answer. */
  corsHeaders: HttpHeaders | null = null;
  #isOver = false;
  #isWaiting = false;
  #hasLeft = false;
  /** The address under which a place is held. */
  #place: string | null = null;

  constructor(
    private readonly context: DecisionContext,
    private readonly client: PendingClient,
    private readonly answer: (refusal: Refusal, corsHeaders: HttpHeaders | null) => void,
  ) {
    super();
  }

  /** Runs the next step, unless all is over. What it throws becomes an answer and a report. */
  run(step: () => void): void {
    if (this.#isOver) return;
    // A middleware may answer by itself.
    if (this.client.response?.headersSent === true) {
      this.dispose();
      return;
    }
    try {
      step();
    } catch (error) {
      this.dispose();
      this.context.onForeignError(error, 'a request');
      this.answer(new Refusal('REQUEST_FAILED'), this.corsHeaders);
    }
  }

  /** What could be decided at once is. The rest has until the timeout, as long as the client stays. */
  wait(): void {
    if (this.#isOver) return;
    this.#isWaiting = true;
    this.context.waiting.add(this);
    this.context.wheel.schedule(this, this.context.timeout);
    this.client.onAbort(() => this.#onAbort());
    this.client.response?.once('close', () => {
      if (this.client.response!.headersSent) this.dispose();
    });
  }

  refuse(refusal: Refusal): void {
    if (this.#isOver) return;
    this.dispose();
    this.answer(refusal, this.corsHeaders);
  }

  /**
   * Decides about a handshake: first the limits, then the hooks, then its id. A place is held from here on, so that
   * handshakes which are decided about at the same time count as well.
   */
  decide(request: EngineRequest, accepted: (handshake: AcceptedHandshake) => void): void {
    if (this.#hasLeft) {
      this.dispose();
      return;
    }
    if (!this.context.isAccepting()) {
      this.refuse(new Refusal('SERVER_CLOSING'));
      return;
    }
    const address = this.context.addressOf(request);
    const limit = this.context.limits?.take(address) ?? null;
    if (limit !== null) {
      this.refuse(new Refusal(limit));
      return;
    }
    this.#place = address;
    this.#askHook(request, () => this.#askId(request, (id) => accepted({ id, address })));
  }

  /** The request goes on its way: the end of the decision, but not of its place. */
  conclude(): void {
    this.#isOver = true;
    if (!this.#isWaiting) return;
    this.context.waiting.delete(this);
    this.context.wheel.cancel(this);
  }

  /** A session has the place now, and gives it back. */
  handOverPlace(): void {
    this.#place = null;
  }

  /** Ends the decision without an answer; idempotent. */
  dispose(): void {
    this.conclude();
    if (this.#place !== null) this.context.limits?.giveBack(this.#place);
    this.#place = null;
  }

  override onTimer(): void {
    if (this.client.response?.headersSent === true) this.dispose();
    else this.refuse(new Refusal('DECISION_TIMEOUT'));
  }

  /** A handshake ends with its client. The request of a session goes on: the session has to learn of it. */
  #onAbort(): void {
    this.#hasLeft = true;
    if (this.#place !== null) this.dispose();
  }

  #askHook(request: EngineRequest, allowed: () => void): void {
    const { allowRequest } = this.context;
    if (allowRequest === null) {
      allowed();
      return;
    }
    let isDecided = false;
    const decide = (message: string | null | undefined, isAllowed: unknown): void => {
      if (isDecided) return;
      isDecided = true;
      if (isAllowed) this.run(allowed);
      else this.refuse(new Refusal('NOT_ALLOWED', message ? { message: textOf(message) } : {}));
    };
    askForeign(allowRequest, undefined, [request, decide], (error, answer) => {
      if (error === null) {
        if (typeof answer === 'boolean') decide(null, answer);
        return;
      }
      const when = isDecided ? ' after its decision' : ', so the request was refused';
      this.context.warn(`allowRequest threw${when}: ${textOf(error)}`);
      decide(null, false);
    });
  }

  #askId(request: EngineRequest, done: (id: string) => void): void {
    const { context } = this;
    askForeign(context.generateId, context, [request], (error, id: unknown) => {
      this.run(() => {
        const failure = error ?? this.#faultOf(id);
        if (failure !== null) this.refuse(new Refusal('ID_GENERATION_ERROR', { error: failure }));
        // The hooks may have taken their time.
        else if (!context.isAccepting()) this.refuse(new Refusal('SERVER_CLOSING'));
        else done(id as string);
      });
    });
  }

  #faultOf(id: unknown): Error | null {
    if (typeof id !== 'string' || id === '') return new TypeError('generateId must return a string that is not empty');
    return this.context.isOpen(id) ? new Error('generateId returned an id that is in use') : null;
  }
}
