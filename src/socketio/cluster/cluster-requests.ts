import { callForeign, type ForeignErrorSink, type ForeignFunction } from '../../common/call-foreign.js';
import { randomId } from '../../common/random-id.js';
import { Timer, type TimerWheel } from '../../common/timer-wheel.js';

/** The server, as far as its cluster is concerned. */
export interface ClusterContext {
  readonly wheel: TimerWheel;
  /** Whether no other server can hear of anything, since the adapter is the one in memory. */
  isAlone(): boolean;
  serverCount(): Promise<number>;
  /** To the other servers; may be lost. Throws what the adapter throws. */
  send(message: unknown[]): void;
  reportError(error: unknown): void;
}

/** Answers a question of another server, from what this one has. */
export type ClusterHandler = (...args: never[]) => unknown;

interface OpenRequest {
  readonly onAnswer: (answer: unknown) => boolean;
  readonly resolve: (isComplete: boolean) => void;
  readonly timer: Timer;
  /** Servers that have not answered. */
  waiting: number;
}

/**
 * Questions to the other servers of a cluster whose answers count one by one, over any adapter: a server that stands still
 * delays nothing that another one can answer.
 */
export class ClusterRequests implements ForeignErrorSink<undefined> {
  readonly #handlers = new Map<string, ClusterHandler>();
  readonly #open = new Map<string, OpenRequest>();

  constructor(private readonly context: ClusterContext) {}

  handle(kind: string, handler: ClusterHandler): void {
    this.#handlers.set(kind, handler);
  }

  /**
   * Asks. `onAnswer` gets each answer and returns whether no more are needed. Resolves to whether everything that was
   * needed came within the time.
   */
  async ask(kind: string, args: unknown[], timeout: number, onAnswer: (answer: unknown) => boolean): Promise<boolean> {
    const others = (await this.context.serverCount()) - 1;
    if (others < 1) return true;
    return new Promise((resolve) => {
      const id = randomId();
      const timer = new Timer(() => this.#finish(id, false));
      this.#open.set(id, { onAnswer, resolve, timer, waiting: others });
      this.context.wheel.schedule(timer, timeout);
      this.context.send([ASK, id, kind, ...args]);
    });
  }

  /** Whether no other server can hear of anything. */
  get isAlone(): boolean {
    return this.context.isAlone();
  }

  /**
   * Tells the other servers something that is not answered; their handler of this kind gets it. An adapter that throws is
   * reported: it may be a timer that tells, and word may be lost anyhow.
   */
  tell(kind: string, ...args: unknown[]): void {
    if (!this.isAlone) callForeign(this.context.send, this.context, [[TELL, kind, ...args]], this, undefined);
  }

  /** A message of another server. Returns whether it is one of these. */
  receive([event, id, ...rest]: readonly unknown[]): boolean {
    if (event === ASK) void this.#answer(id as string, rest);
    else if (event === ANSWER) this.#onAnswer(id as string, rest[0]);
    else if (event === TELL) this.#hear(id as string, rest);
    else return false;
    return true;
  }

  async #answer(id: string, [kind, ...args]: unknown[]): Promise<void> {
    // A server of a later release may ask what this one does not know.
    const handler = this.#handlers.get(kind as string);
    if (handler === undefined) return;
    try {
      this.context.send([ANSWER, id, await handler(...(args as never[]))]);
    } catch (error) {
      this.context.reportError(error);
    }
  }

  #hear(kind: string, args: unknown[]): void {
    const handler = this.#handlers.get(kind);
    if (handler !== undefined) callForeign(handler as ForeignFunction, undefined, args, this, undefined);
  }

  /** @internal */
  onForeignError(error: unknown): void {
    this.context.reportError(error);
  }

  #onAnswer(id: string, answer: unknown): void {
    const request = this.#open.get(id);
    if (request === undefined) return;
    if (request.onAnswer(answer) || --request.waiting === 0) this.#finish(id, true);
  }

  #finish(id: string, isComplete: boolean): void {
    const request = this.#open.get(id);
    if (request === undefined) return;
    this.#open.delete(id);
    this.context.wheel.cancel(request.timer);
    request.resolve(isComplete);
  }
}

/** Events between servers of this package; others have no listener for them. */
const ASK = 'nestjs-socketio:ask';
const ANSWER = 'nestjs-socketio:answer';
const TELL = 'nestjs-socketio:tell';
