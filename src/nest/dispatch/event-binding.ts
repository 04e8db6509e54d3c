import { HandleOperation, OPERATIONS } from '../../common/channels.js';
import { EventMeasure, type AckReply, type EventHandler, type Socket } from '../../socketio/index.js';
import { functionNameOf, nameOf, routeOf } from '../discovery/gateway-descriptor.js';
import { BindingError } from '../errors/binding.error.js';
import { refuseShuttingDown } from '../outcome/fixed-answers.js';
import { createScope, inScopes } from '../pipeline/async-scope.js';
import { callsHandlers } from '../pipeline/handler-trace.js';
import type { BoundHandler } from '../pipeline/handler-factory.js';
import { Invocation } from '../pipeline/invocation.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import { isThenable } from '../../common/values.js';
import { isImmediate } from '../pipeline/result.js';
import { Idempotency } from './idempotency.js';
import type { AckRule, End } from './ack-rule.js';
import type { DispatchContext } from './dispatch-context.js';

/** All handlers of one event in one namespace that answer by one rule, behind the one callable of the namespace's table. */
export class EventBinding {
  readonly #handlers: BoundHandler[] = [];

  constructor(
    private readonly event: string,
    private readonly rule: AckRule,
    private readonly context: DispatchContext,
  ) {}

  /** @throws BindingError if two handlers claim an ack that they cannot share */
  add(handler: BoundHandler): void {
    const other = this.rule.sharesAck || !claims(handler) ? undefined : this.claimant;
    if (other !== undefined) throw claimedTwice(other, handler, this.event);
    this.#handlers.push(handler);
  }

  get isEmpty(): boolean {
    return this.#handlers.length === 0;
  }

  /** The handler that answers; the others only listen. */
  get claimant(): BoundHandler | undefined {
    return this.#handlers.find(claims);
  }

  /** Whether a handler looks at the arguments; of a scoped one that is not known. */
  get readsArguments(): boolean {
    return this.#handlers.some(({ pipeline }) => pipeline === null || pipeline.readsArguments);
  }

  /** The classes that handle the event, for messages. */
  get owner(): string {
    return [...new Set(this.#handlers.map(({ descriptor }) => descriptor.gateway.name))].join(' and ');
  }

  /** The callable for the handlers as they are now. */
  compile(): EventHandler<Socket> {
    const handlers = [...this.#handlers];
    const { idempotency } = (handlers.find(claims) ?? handlers[0]).descriptor;
    const wrapper = idempotency === null ? null : new Idempotency(this.event, idempotency, this.context);
    if (handlers.length > 1) return wrapped(this.#compileSeveral(handlers), wrapper);
    const [only] = handlers;
    const callable = wrapped(this.#compileOne(only), wrapper);
    if (only.rate === null) return callable;
    return (socket, args, reply, event) => {
      if (this.#isInTime(only, socket, args, reply, event)) callable(socket, args, reply, event);
    };
  }

  /** False if the event was refused, or if the function that gives the key of its rate failed. */
  #isInTime(handler: BoundHandler, socket: Socket, args: unknown[], reply: AckReply | null, event: string): boolean {
    if (handler.rate === null) return true;
    try {
      return handler.rate.allows(socket, this.rule.refusable(reply));
    } catch (error) {
      void this.#onError(error, new Invocation(handler, socket, args, reply, event));
      return false;
    }
  }

  #compileOne(handler: BoundHandler): EventHandler<Socket> {
    const { pipeline } = handler;
    if (pipeline === null) return inScopes(this.#compileScoped(handler));
    const callable = this.#compileStatic(handler, pipeline);
    return pipeline.entersContexts ? inScopes(callable) : callable;
  }

  /** The common case: one handler of a singleton. Synchronous as long as the handler is. */
  #compileStatic(handler: BoundHandler, pipeline: Pipeline): EventHandler<Socket> {
    const { context } = this;
    return (socket, args, reply, event) => {
      if (context.stopped) {
        refuseShuttingDown(this.rule.refusable(reply));
      } else if (OPERATIONS.handle.hasSubscribers) {
        const operation = operationOf(handler, socket, args, reply, event);
        void operation.run(() => this.#call(handler, pipeline, socket, args, reply, event, operation));
      } else {
        void this.#call(handler, pipeline, socket, args, reply, event, null);
      }
    };
  }

  /** The provider is made for each event, or for each socket; then it is there from the second event on. */
  #compileScoped(handler: BoundHandler): EventHandler<Socket> {
    const { context } = this;
    return (socket, args, reply, event) => {
      if (context.stopped) {
        refuseShuttingDown(this.rule.refusable(reply));
        return;
      }
      if (OPERATIONS.handle.hasSubscribers) {
        const operation = operationOf(handler, socket, args, reply, event);
        void operation.run(() => this.#callScoped(handler, socket, args, reply, event, operation));
      } else {
        void this.#callScoped(handler, socket, args, reply, event, null);
      }
    };
  }

  #callScoped(
    handler: BoundHandler,
    socket: Socket,
    args: unknown[],
    reply: AckReply | null,
    event: string,
    operation: HandleOperation<Socket> | null,
  ): Promise<void> | void {
    const provided = handler.resolvePipeline(socket);
    if (!isThenable(provided)) return this.#call(handler, provided, socket, args, reply, event, operation);
    const end = runAlone(this.rule, Invocation.of(handler, null, socket, args, reply, event, operation), provided);
    this.context.inFlight.track(end);
    return end;
  }

  /** Several handlers begin in order. The event is answered by the one that claims it, else once all have ended. */
  #compileSeveral(handlers: readonly BoundHandler[]): EventHandler<Socket> {
    const { context, rule } = this;
    const decisive = handlers.find((handler) => handler.answersByItself) ?? handlers.find(claims) ?? handlers[0];
    return (socket, args, reply, event) => {
      if (context.stopped) {
        refuseShuttingDown(rule.refusable(reply));
        return;
      }
      const inTime = handlers.filter((handler) => this.#isInTime(handler, socket, args, reply, event));
      if (inTime.length === 0) return;
      const ends = inTime.map((handler) =>
        // Each gets arguments of its own: one that changes its array must not change another's.
        createScope().runInAsyncScope(() =>
          this.#runBeside(new Invocation(handler, socket, args.slice(), reply, event)),
        ),
      );
      const all = Promise.all(ends);
      context.inFlight.track(
        reply === null ? all : all.then((each) => rule.conclude(endOf(each), decisive, socket, reply, event)),
      );
    };
  }

  /** A promise only if the handler is asynchronous, or a filter of its error. It does not reject. */
  #call(
    handler: BoundHandler,
    pipeline: Pipeline,
    socket: Socket,
    args: unknown[],
    reply: AckReply | null,
    event: string,
    operation: HandleOperation<Socket> | null,
  ): Promise<void> | void {
    try {
      const result = pipeline.run(socket, args, reply, event);
      if (isImmediate(result)) {
        const end = this.rule.take(result, handler, socket, reply);
        if (reply !== null && end !== 'value') this.rule.conclude(end, handler, socket, reply, event);
        return;
      }
      const end = finishAlone(
        this.rule,
        Invocation.of(handler, pipeline, socket, args, reply, event, operation),
        result,
      );
      this.context.inFlight.track(end);
      return end;
    } catch (error) {
      return this.#onError(error, Invocation.of(handler, pipeline, socket, args, reply, event, operation));
    }
  }

  /** One of several. Never rejects. */
  #runBeside(call: Invocation): Promise<End> {
    const { handler, socket, args, reply, event } = call;
    const begin = (): Promise<End> => run(this.rule, call, handler.resolvePipeline(socket));
    if (!OPERATIONS.handle.hasSubscribers) return begin();
    call.operation = operationOf(handler, socket!, args, reply, event);
    return call.operation.run(begin);
  }

  #onError(error: unknown, call: Invocation): Promise<void> | void {
    const pending = this.rule.fail(error, call);
    if (pending !== undefined) this.context.inFlight.track(pending);
    return pending;
  }
}

/** Never rejects. */
async function runAlone(rule: AckRule, call: Invocation, provided: PromiseLike<Pipeline>): Promise<void> {
  concludeAlone(rule, await run(rule, call, provided), call);
}

/** Never rejects; the one `async` function between a handler's promise and its ack. */
const finishAlone = callsHandlers(
  'finishAlone',
  async (rule: AckRule, call: Invocation, result: unknown): Promise<void> => {
    try {
      concludeAlone(rule, await rule.resolve(result, call), call);
    } catch (error) {
      await rule.fail(error, call);
    }
  },
);

function concludeAlone(rule: AckRule, end: End, { handler, socket, reply, event }: Invocation): void {
  if (reply !== null && end === 'nothing') rule.conclude(end, handler, socket!, reply, event);
}

/** Never rejects. */
const run = callsHandlers(
  'run',
  async (rule: AckRule, call: Invocation, provided: Pipeline | PromiseLike<Pipeline>): Promise<End> => {
    try {
      const { handler, socket, args, reply, event } = call;
      const begin = (pipeline: Pipeline): unknown => {
        call.pipeline = pipeline;
        return pipeline.run(socket, args, reply, event);
      };
      // Without an await where it is there already, so that the handlers of an event begin in order.
      const result: unknown = isThenable(provided)
        ? await socket!.inbound.passAfter(provided, EventMeasure.of(args), begin)
        : begin(provided);
      if (isImmediate(result)) return rule.take(result, handler, socket!, reply);
      return await rule.resolve(result, call);
    } catch (error) {
      await rule.fail(error, call);
      return 'failure';
    }
  },
);

function wrapped(handler: EventHandler<Socket>, idempotency: Idempotency | null): EventHandler<Socket> {
  return idempotency === null ? handler : idempotency.wrap(handler);
}

function operationOf(
  { descriptor }: BoundHandler,
  socket: Socket,
  args: unknown[],
  reply: AckReply | null,
  event: string,
): HandleOperation<Socket> {
  const { route, server } = socket.nsp;
  const method = functionNameOf(descriptor);
  const operation = new HandleOperation(socket, route, event, routeOf(descriptor), args, method, reply !== null);
  operation.keepIn(server.openHandles);
  return operation;
}

/** Whether a handler answers, or only listens. */
function claims({ answersByItself, returnsAck }: BoundHandler): boolean {
  return answersByItself || returnsAck;
}

/** An error of one counts for all, then that one had nothing to say. */
function endOf(ends: readonly End[]): End {
  if (ends.includes('failure')) return 'failure';
  return ends.includes('nothing') ? 'nothing' : 'value';
}

function claimedTwice(
  { descriptor: one }: BoundHandler,
  { descriptor: two }: BoundHandler,
  event: string,
): BindingError {
  return new BindingError(
    `${nameOf(one)} and ${nameOf(two)} both answer the event "${event}". Keep @Ack on one of them.`,
  );
}
