import type { AckReply, EventHandler, Socket } from '../../socketio/index.js';
import { BindingError } from '../errors/binding.error.js';
import { nameOf } from '../discovery/gateway.descriptor.js';
import type { BoundHandler } from './bound-handler.js';
import type { FailureHandler } from './failure.js';
import type { InFlight } from './in-flight.js';
import type { Pipeline } from './pipeline.js';
import { completion, firstValue, isImmediate } from './result.js';

/** What dispatching shares in one application. */
export interface DispatchContext {
  readonly failures: FailureHandler;
  readonly inFlight: InFlight;
  /** Set while shutting down: events are refused. */
  stopped: boolean;
}

/** All handlers of one event in one namespace, behind the one callable that the namespace's table holds. */
export class EventBinding {
  readonly #handlers: BoundHandler[] = [];

  constructor(
    private readonly event: string,
    private readonly context: DispatchContext,
  ) {}

  /** @throws BindingError where two handlers claim the ack */
  add(handler: BoundHandler): void {
    const claims = (one: BoundHandler): boolean => acks(one) || one.answers;
    const other = claims(handler) ? this.#handlers.find(claims) : undefined;
    if (other !== undefined) {
      throw new BindingError(
        `${nameOf(other.descriptor)} and ${nameOf(handler.descriptor)} both answer the event "${this.event}". ` +
          'Keep @Ack on one of them.',
      );
    }
    this.#handlers.push(handler);
  }

  /** The callable for the handlers as they are now. */
  compile(): EventHandler<Socket> {
    const handlers = [...this.#handlers];
    if (handlers.length > 1) return this.#compileSeveral(handlers);
    const [only] = handlers;
    return only.pipeline === null ? this.#compileScoped(only) : this.#compileStatic(only, only.pipeline);
  }

  /** The common case: one handler of a singleton. Synchronous as long as the handler is. */
  #compileStatic(handler: BoundHandler, pipeline: Pipeline): EventHandler<Socket> {
    const { context } = this;
    const { run } = pipeline;
    const returnsAck = acks(handler);
    return (socket, args, reply, event) => {
      if (context.stopped) {
        refuse(reply);
        return;
      }
      try {
        const result = run(socket, args, reply, event);
        if (!isImmediate(result)) {
          context.inFlight.track(this.#finish(handler, pipeline, result, socket, args, reply, event));
        } else if (reply !== null && !handler.answers) {
          reply.send(returnsAck && result !== undefined ? [result] : EMPTY);
        }
      } catch (error) {
        this.#onError(error, pipeline, socket, args, reply, event);
      }
    };
  }

  #compileScoped(handler: BoundHandler): EventHandler<Socket> {
    const { context } = this;
    return (socket, args, reply, event) => {
      if (context.stopped) refuse(reply);
      else context.inFlight.track(this.#runScoped(handler, socket, args, reply, event));
    };
  }

  /** Several handlers run in the order of discovery. The one with the ack answers; without one, the end of all of them. */
  #compileSeveral(handlers: readonly BoundHandler[]): EventHandler<Socket> {
    const { context } = this;
    const isAnswered = handlers.some((handler) => acks(handler) || handler.answers);
    // None of them sends the empty ack when it is through: others may not be.
    const members = handlers.map((handler) => ({ ...handler, answers: true }));
    return (socket, args, reply, event) => {
      if (context.stopped) {
        refuse(reply);
        return;
      }
      // Each gets arguments of its own: one that changes its array must not change another's.
      const pending = members.map((handler) => this.#runScoped(handler, socket, args.slice(), reply, event));
      const all = Promise.all(pending);
      context.inFlight.track(isAnswered || reply === null ? all : all.then(() => void reply.send(EMPTY)));
    };
  }

  /** Never rejects; `reply` has been settled by this handler where it is the one to do so. */
  async #runScoped(
    handler: BoundHandler,
    socket: Socket,
    args: unknown[],
    reply: AckReply | null,
    event: string,
  ): Promise<void> {
    let pipeline: Pipeline | null = handler.pipeline;
    try {
      pipeline ??= await handler.resolve(socket);
      const result = pipeline.run(socket, args, reply, event);
      await this.#finish(handler, pipeline, result, socket, args, reply, event);
    } catch (error) {
      await this.context.failures.onEventError(error, pipeline, socket, args, reply, event);
    }
  }

  /** Awaits a result and answers with it. Never rejects. */
  async #finish(
    handler: BoundHandler,
    pipeline: Pipeline,
    result: unknown,
    socket: Socket,
    args: unknown[],
    reply: AckReply | null,
    event: string,
  ): Promise<void> {
    try {
      if (acks(handler)) {
        const value = await firstValue(result);
        reply?.send(value === undefined ? EMPTY : [value]);
        return;
      }
      await completion(result);
      if (reply !== null && !handler.answers) reply.send(EMPTY);
    } catch (error) {
      await this.context.failures.onEventError(error, pipeline, socket, args, reply, event);
    }
  }

  #onError(
    error: unknown,
    pipeline: Pipeline,
    socket: Socket,
    args: unknown[],
    reply: AckReply | null,
    event: string,
  ): void {
    const pending = this.context.failures.onEventError(error, pipeline, socket, args, reply, event);
    if (pending !== undefined) this.context.inFlight.track(pending);
  }
}

const EMPTY: readonly unknown[] = Object.freeze([]);

function acks({ descriptor }: BoundHandler): boolean {
  return descriptor.handles.kind === 'event' && descriptor.handles.acks;
}

function refuse(reply: AckReply | null): void {
  reply?.fail({ status: 'error', message: 'Server is shutting down', code: 'SHUTTING_DOWN' });
}
