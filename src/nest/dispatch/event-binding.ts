import type { AckReply, EventHandler, Socket } from '../../socketio/index.js';
import { BindingError } from '../errors/binding.error.js';
import { nameOf } from '../discovery/gateway-descriptor.js';
import { createScope, inScopes } from '../pipeline/async-scope.js';
import type { BoundHandler } from '../pipeline/handler-factory.js';
import type { DispatchContext } from './dispatch-context.js';
import { EMPTY_ACK, refuseShuttingDown } from '../outcome/fixed-answers.js';
import type { HandlerRate } from '../pipeline/handler-rate.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import { isImmediate, isThenable } from '../pipeline/result.js';

/** All handlers of one event in one namespace, behind the one callable that the namespace's table holds. */
export class EventBinding {
  readonly #handlers: BoundHandler[] = [];

  constructor(
    private readonly event: string,
    private readonly context: DispatchContext,
  ) {}

  /** @throws BindingError where two handlers claim the ack */
  add(handler: BoundHandler): void {
    const other = claims(handler) ? this.claimant : undefined;
    if (other !== undefined) {
      throw new BindingError(
        `${nameOf(other.descriptor)} and ${nameOf(handler.descriptor)} both answer the event "${this.event}". ` +
          'Keep @Ack on one of them.',
      );
    }
    this.#handlers.push(handler);
  }

  get isEmpty(): boolean {
    return this.#handlers.length === 0;
  }

  /** The handler that answers; the others only listen. */
  get claimant(): BoundHandler | undefined {
    return this.#handlers.find(claims);
  }

  /** The callable for the handlers as they are now. */
  compile(): EventHandler<Socket> {
    const handlers = [...this.#handlers];
    if (handlers.length > 1) return this.#compileSeveral(handlers);
    const [only] = handlers;
    const callable = this.#compileOne(only, roleOf(only));
    if (only.rate === null) return callable;
    const { rate } = only;
    return (socket, args, reply, event) => {
      if (this.#isInTime(rate, socket, args, reply, event)) callable(socket, args, reply, event);
    };
  }

  /** False where the event was refused, or where nobody can say under which key it counts. */
  #isInTime(rate: HandlerRate, socket: Socket, args: unknown[], reply: AckReply | null, event: string): boolean {
    try {
      return rate.allows(socket, reply);
    } catch (error) {
      this.#onError(error, null, socket, args, reply, event);
      return false;
    }
  }

  #compileOne(handler: BoundHandler, role: Role): EventHandler<Socket> {
    const { pipeline } = handler;
    if (pipeline === null) return inScopes(this.#compileScoped(handler, role));
    const callable = this.#compileStatic(handler, role, pipeline);
    return pipeline.entersContexts ? inScopes(callable) : callable;
  }

  /** The common case: one handler of a singleton. Synchronous as long as the handler is. */
  #compileStatic(handler: BoundHandler, role: Role, pipeline: Pipeline): EventHandler<Socket> {
    const { context } = this;
    return (socket, args, reply, event) => {
      if (context.stopped) refuseShuttingDown(reply);
      else this.#call(handler, role, pipeline, socket, args, reply, event);
    };
  }

  /** The provider is made for each event, or for each socket; then it is there from the second event on. */
  #compileScoped(handler: BoundHandler, role: Role): EventHandler<Socket> {
    const { context } = this;
    return (socket, args, reply, event) => {
      if (context.stopped) {
        refuseShuttingDown(reply);
        return;
      }
      const provided = handler.resolvePipeline(socket);
      if (!isThenable(provided)) this.#call(handler, role, provided, socket, args, reply, event);
      else context.inFlight.track(this.#run(handler, role, provided, socket, args, reply, event));
    };
  }

  /** Several handlers run in the order of discovery. The one with the ack answers; without one, the end of all of them. */
  #compileSeveral(handlers: readonly BoundHandler[]): EventHandler<Socket> {
    const { context } = this;
    const roles = handlers.map(roleOf);
    const isAnswered = roles.some((role) => role !== 'listens');
    // None of them sends the empty ack when it is through: others may not be.
    const members = handlers.map((handler, i) => ({ handler, role: roles[i] === 'listens' ? 'assists' : roles[i] }));
    return (socket, args, reply, event) => {
      if (context.stopped) {
        refuseShuttingDown(reply);
        return;
      }
      const inTime = members.filter(
        ({ handler: { rate } }) => rate === null || this.#isInTime(rate, socket, args, reply, event),
      );
      const pending = inTime.map(({ handler, role }) =>
        // Each gets arguments of its own: one that changes its array must not change another's.
        createScope().runInAsyncScope(() =>
          this.#run(handler, role, handler.resolvePipeline(socket), socket, args.slice(), reply, event),
        ),
      );
      const all = Promise.all(pending);
      context.inFlight.track(isAnswered || reply === null ? all : all.then(() => void reply.send(EMPTY_ACK)));
    };
  }

  #call(
    handler: BoundHandler,
    role: Role,
    pipeline: Pipeline,
    socket: Socket,
    args: unknown[],
    reply: AckReply | null,
    event: string,
  ): void {
    try {
      const result = pipeline.run(socket, args, reply, event);
      if (!isImmediate(result)) {
        this.context.inFlight.track(this.#finish(handler, role, pipeline, result, socket, args, reply, event));
      } else if (reply !== null) {
        if (role === 'returns') reply.send(result === undefined ? EMPTY_ACK : [result]);
        else this.#settle(handler, role, socket, reply, event);
      }
    } catch (error) {
      this.#onError(error, pipeline, socket, args, reply, event);
    }
  }

  /** Never rejects; `reply` has been settled by this handler where it is the one to do so. */
  async #run(
    handler: BoundHandler,
    role: Role,
    provided: Pipeline | PromiseLike<Pipeline>,
    socket: Socket,
    args: unknown[],
    reply: AckReply | null,
    event: string,
  ): Promise<void> {
    let pipeline: Pipeline | null = null;
    try {
      // Without an await where it is there already, so that the handlers of an event begin in order.
      pipeline = isThenable(provided) ? await provided : provided;
      const result = pipeline.run(socket, args, reply, event);
      await this.#finish(handler, role, pipeline, result, socket, args, reply, event);
    } catch (error) {
      await this.context.failures.onEventError(error, pipeline, socket, args, reply, event);
    }
  }

  /** Awaits a result and answers with it. Never rejects. */
  async #finish(
    handler: BoundHandler,
    role: Role,
    pipeline: Pipeline,
    result: unknown,
    socket: Socket,
    args: unknown[],
    reply: AckReply | null,
    event: string,
  ): Promise<void> {
    const { streams, failures } = this.context;
    try {
      if (role === 'returns') {
        const value = await streams.firstValue(result, socket);
        reply?.send(value === undefined ? EMPTY_ACK : [value]);
        return;
      }
      await streams.completion(result, socket);
      if (reply !== null) this.#settle(handler, role, socket, reply, event);
    } catch (error) {
      await failures.onEventError(error, pipeline, socket, args, reply, event);
    }
  }

  /** A handler whose value is not the ack is through. */
  #settle(handler: BoundHandler, role: Role, socket: Socket, reply: AckReply, event: string): void {
    if (role === 'listens') reply.send(EMPTY_ACK);
    else if (role === 'answers') this.context.unanswered.watch(reply, handler.descriptor, socket, event);
  }

  #onError(
    error: unknown,
    pipeline: Pipeline | null,
    socket: Socket,
    args: unknown[],
    reply: AckReply | null,
    event: string,
  ): void {
    const pending = this.context.failures.onEventError(error, pipeline, socket, args, reply, event);
    if (pending !== undefined) this.context.inFlight.track(pending);
  }
}

/**
 * What a handler does about the ack: it returns it, answers by itself through the `@Ack()` parameter, listens, so that its
 * end is the empty ack, or assists, so that others answer.
 */
type Role = 'returns' | 'answers' | 'listens' | 'assists';

function claims(handler: BoundHandler): boolean {
  return roleOf(handler) !== 'listens';
}

function roleOf({ answersByItself, descriptor: { subject } }: BoundHandler): Role {
  if (answersByItself) return 'answers';
  return subject.kind === 'event' && subject.acks ? 'returns' : 'listens';
}
