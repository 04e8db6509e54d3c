import { tap } from 'rxjs/operators';
import type { AckReply, EventHandler, Socket } from '../../socketio/index.js';
import { createScope, inScopes } from '../pipeline/async-scope.js';
import type { BoundHandler } from '../pipeline/handler-factory.js';
import type { DispatchContext } from '../dispatch/dispatch-context.js';
import { EMPTY_ACK, refuseShuttingDown } from '../outcome/fixed-answers.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import { asStream, isImmediate, isThenable } from '../pipeline/result.js';
import { tellAsNest } from './gateway-failure.js';

/**
 * How a handler ended: with something that was sent, or of which nothing is to be sent; with nothing, which is an empty
 * ack once all handlers have ended so; or with an error.
 */
type End = 'value' | 'nothing' | 'failure';

/**
 * All `@SubscribeMessage` handlers of one event in one namespace, by the rules of Nest's `IoAdapter`: `{ event, data }` is
 * emitted, anything else but null and undefined is the ack, of several acks the first counts, and an error is an
 * `exception` event.
 *
 * Two things differ. Where every handler has returned undefined the ack is empty instead of never. And with `settles` an
 * ack that was asked for gets what the handler returns, whatever it is, or its error.
 */
export class MessageBinding {
  readonly #handlers: BoundHandler[] = [];

  constructor(
    private readonly context: DispatchContext,
    private readonly settles: boolean,
  ) {}

  add(handler: BoundHandler): void {
    this.#handlers.push(handler);
  }

  /** The classes that handle the event, for messages. */
  get owner(): string {
    return [...new Set(this.#handlers.map(({ descriptor }) => descriptor.gateway.name))].join(' and ');
  }

  compile(): EventHandler<Socket> {
    const [only, ...others] = this.#handlers;
    if (only.pipeline === null || others.length > 0) return this.#compileAny([only, ...others]);
    const compiled = this.#compileStatic(only, only.pipeline);
    const callable = only.pipeline.entersContexts ? inScopes(compiled) : compiled;
    if (only.rate === null) return callable;
    return (socket, args, reply, event) => {
      if (this.#isInTime(only, socket, args, reply, event)) callable(socket, args, reply, event);
    };
  }

  /** False where `@RateLimit` has refused the event; by the rules of `IoAdapter` that is no ack. */
  #isInTime(handler: BoundHandler, socket: Socket, args: unknown[], reply: AckReply | null, event: string): boolean {
    if (handler.rate === null) return true;
    try {
      return handler.rate.allows(socket, this.settles ? reply : null);
    } catch (error) {
      const pending = this.#fail(error, null, socket, args, reply, event);
      if (pending !== undefined) this.context.inFlight.track(pending);
      return false;
    }
  }

  /** The common case: one handler of a singleton. Synchronous as long as the handler is. */
  #compileStatic(handler: BoundHandler, pipeline: Pipeline): EventHandler<Socket> {
    const { inFlight } = this.context;
    return (socket, args, reply, event) => {
      if (this.#isStopped(reply)) return;
      try {
        const result = pipeline.run(socket, args, reply, event);
        if (isImmediate(result))
          this.#conclude(this.#take(result, handler, socket, reply), handler, socket, reply, event);
        else inFlight.track(this.#finishAlone(handler, pipeline, result, socket, args, reply, event));
      } catch (error) {
        const pending = this.#fail(error, pipeline, socket, args, reply, event);
        if (pending !== undefined) inFlight.track(pending);
      }
    };
  }

  #compileAny(handlers: readonly BoundHandler[]): EventHandler<Socket> {
    const decisive = handlers.find((handler) => handler.answersByItself) ?? handlers[0];
    return (socket, args, reply, event) => {
      if (this.#isStopped(reply)) return;
      const inTime = handlers.filter((handler) => this.#isInTime(handler, socket, args, reply, event));
      if (inTime.length === 0) return;
      const ends = inTime.map((handler) =>
        // Each gets arguments of its own: one that changes its array must not change another's.
        createScope().runInAsyncScope(() => this.#run(handler, socket, args.slice(), reply, event)),
      );
      this.context.inFlight.track(
        Promise.all(ends).then((all) => {
          const end = all.find((one) => one === 'failure') ?? all.find((one) => one === 'nothing');
          this.#conclude(end ?? 'value', decisive, socket, reply, event);
        }),
      );
    };
  }

  /** Never rejects. */
  async #run(
    handler: BoundHandler,
    socket: Socket,
    args: unknown[],
    reply: AckReply | null,
    event: string,
  ): Promise<End> {
    let { pipeline } = handler;
    try {
      if (pipeline === null) {
        const provided = handler.resolvePipeline(socket);
        // Without an await where it is there already, so that the events of a socket begin in order.
        pipeline = isThenable(provided) ? await provided : provided;
      }
      const result = pipeline.run(socket, args, reply, event);
      return await this.#finish(handler, pipeline, result, socket, args, reply, event);
    } catch (error) {
      await this.#fail(error, pipeline, socket, args, reply, event);
      return 'failure';
    }
  }

  async #finishAlone(
    handler: BoundHandler,
    pipeline: Pipeline,
    result: unknown,
    socket: Socket,
    args: unknown[],
    reply: AckReply | null,
    event: string,
  ): Promise<void> {
    const end = await this.#finish(handler, pipeline, result, socket, args, reply, event);
    this.#conclude(end, handler, socket, reply, event);
  }

  /** Awaits a result and sends each of its values. Never rejects. */
  async #finish(
    handler: BoundHandler,
    pipeline: Pipeline,
    result: unknown,
    socket: Socket,
    args: unknown[],
    reply: AckReply | null,
    event: string,
  ): Promise<End> {
    const { streams } = this.context;
    try {
      const value = await (result as PromiseLike<unknown>);
      const stream = asStream(value);
      if (stream === null) return this.#take(value, handler, socket, reply);
      if (this.settles && reply !== null && !handler.answersByItself) {
        return this.#take(await streams.firstValue(stream, socket), handler, socket, reply);
      }
      let end: End = 'value';
      const onValue = (each: unknown): void => {
        if (this.#take(each, handler, socket, reply) === 'nothing') end = 'nothing';
      };
      await streams.completion(stream.pipe(tap(onValue)), socket);
      return end;
    } catch (error) {
      await this.#fail(error, pipeline, socket, args, reply, event);
      return 'failure';
    }
  }

  /**
   * Sends one value.
   *
   * @throws TypeError for a value that cannot be sent
   */
  #take(value: unknown, handler: BoundHandler, socket: Socket, reply: AckReply | null): End {
    if (value === undefined) return 'nothing';
    if (this.settles && reply !== null && !handler.answersByItself) {
      reply.send([value]);
      return 'value';
    }
    if (value === null) return 'value';
    const { event, data } = value as { event?: string; data?: unknown };
    if (event) socket.emit(event, data);
    else if (reply !== null && !handler.answersByItself) reply.send([value]);
    return 'value';
  }

  /** All handlers have ended; one that answers by itself may do so later. */
  #conclude(end: End, handler: BoundHandler, socket: Socket, reply: AckReply | null, event: string): void {
    if (reply === null) return;
    if (!handler.answersByItself && end === 'nothing') reply.send(EMPTY_ACK);
    if (handler.answersByItself && this.settles)
      this.context.unanswered.watch(reply, handler.descriptor, socket, event);
  }

  /** A promise only where a filter is asynchronous. */
  #fail(
    error: unknown,
    pipeline: Pipeline | null,
    socket: Socket,
    args: unknown[],
    reply: AckReply | null,
    event: string,
  ): void | Promise<void> {
    const { failures } = this.context;
    if (this.settles && reply !== null) return failures.onEventError(error, pipeline, socket, args, reply, event);
    return tellAsNest(failures, error, pipeline, socket, args, reply, event);
  }

  #isStopped(reply: AckReply | null): boolean {
    const { stopped } = this.context;
    if (stopped && this.settles) refuseShuttingDown(reply);
    return stopped;
  }
}
