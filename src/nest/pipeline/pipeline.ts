import { AsyncResource } from 'node:async_hooks';
import type { ArgumentMetadata, CanActivate, NestInterceptor, PipeTransform, Type } from '@nestjs/common';
import { Observable, defer, from, of } from 'rxjs';
import { mergeAll, take } from 'rxjs/operators';
import type { ArgumentsValidation } from '../../contract/runtime.js';
import { EventMeasure, type Socket, type WaitingEvent } from '../../socketio/index.js';
import type { CallStyle, TakesFirst } from './call-style.js';
import type { Enhancers } from './enhancers.js';
import { callsHandlers } from './handler-trace.js';
import { bodyOf, transform, type Call, type Extract } from './parameters.js';
import { checkedReply, type ReplyCheck } from './reply-check.js';
import { isThenable } from '../../common/values.js';
import { asStream, isImmediate, lastValue } from './result.js';
import { ConnectExecutionContext, WsExecutionContext } from './execution-context.js';

/** A handler with everything that is bound to it, compiled once. */
export interface Pipeline {
  /** Guards alone, for handlers whose guards run at another time; null if none is bound. */
  readonly guard: Call<void | Promise<void>> | null;
  /** Interceptors, pipes and the method. Stays synchronous while everything bound is. */
  readonly invoke: Call<unknown>;
  /** Guards first, then `invoke`. */
  readonly run: Call<unknown>;
  readonly filters: Enhancers['filters'];
  readonly createContext: Call<WsExecutionContext>;
  /** Something is bound that may enter an asynchronous context, as guards of request logs do. */
  readonly entersContexts: boolean;
  /** Interceptors are bound, so that what a handler returns comes as a stream. */
  readonly intercepts: boolean;
  /** The method, or something bound to it, may look at the arguments. */
  readonly readsArguments: boolean;
}

export interface PipelineParts {
  readonly instance: object;
  readonly method: Function;
  readonly createContext: Call<WsExecutionContext>;
  readonly enhancers: Enhancers;
  /** All parameters in the order of Nest's gateways; null if each is taken by itself. */
  readonly stages: Call<unknown[]> | null;
  /** Null: the method gets `lead` and then the arguments as they are. */
  readonly extracts: readonly Extract[] | null;
  readonly parameterTypes: readonly (Type | undefined)[];
  /** Whether the socket comes before the arguments where parameters are not decorated. */
  readonly leadsWithSocket: boolean;
  /** Whether the method looks at the arguments. */
  readonly readsArguments: boolean;
  /** Holds the arguments against a contract, behind guards and interceptors and before pipes; null without schemas. */
  readonly validation: ArgumentsValidation | null;
  /** Sees what the handler returns as an ack, behind everything else; null if it is not checked. */
  readonly replyCheck: ReplyCheck | null;
  readonly refusal: CallStyle['refusal'];
  readonly takesFirst: TakesFirst;
}

/** Compiles a handler. What is not bound does not appear in the result: with nothing bound a call is a call. */
export function compilePipeline(parts: PipelineParts): Pipeline {
  const { enhancers, createContext } = parts;
  const plain = callsHandlers('handler', compileMethod(parts));
  const method = parts.validation === null ? plain : validated(parts.validation, plain);
  const invoke = withInterceptors(enhancers.interceptors, method, createContext, parts.takesFirst);
  const guard = compileGuards(enhancers.guards, createContext, parts.refusal);
  const run = guard === null ? invoke : guarded(guard, invoke);
  return {
    guard,
    invoke,
    run: parts.replyCheck === null ? run : checkedReply(parts.replyCheck, run),
    filters: enhancers.filters,
    createContext,
    entersContexts: guard !== null || enhancers.interceptors.length > 0,
    intercepts: enhancers.interceptors.length > 0,
    readsArguments:
      parts.readsArguments ||
      parts.validation !== null ||
      guard !== null ||
      enhancers.interceptors.length > 0 ||
      enhancers.filters.length > 0,
  };
}

/** Contexts are made per call, and only if something bound asks for one. */
export function contextFactory(gateway: Type, method: Function, isConnect: boolean): Call<WsExecutionContext> {
  const Context = isConnect ? ConnectExecutionContext : WsExecutionContext;
  return (socket, args, reply, pattern) =>
    new Context([socket, bodyOf(args), reply?.asCallback(), pattern], gateway, method);
}

/** Guards and interceptors have seen what the client sent; pipes and the method get what its schemas return. */
function validated(validation: ArgumentsValidation, method: Call<unknown>): Call<unknown> {
  const measure = new EventMeasure();
  return (socket, args, reply, pattern) => {
    const bytes = measure.measure(args);
    const values = validation(args);
    measure.note(isThenable(values));
    if (!isThenable(values)) return method(socket, values, reply, pattern);
    return passAfter(socket, values, bytes, (settled) => method(socket, settled, reply, pattern));
  };
}

function compileMethod({ instance, method, enhancers, extracts, stages, ...parts }: PipelineParts): Call<unknown> {
  if (stages !== null) return withStages(instance, method, stages);
  if (extracts !== null) return withExtracts(instance, method, extracts);
  if (enhancers.pipes.length > 0) return withPipedArguments(instance, method, enhancers.pipes, parts);
  if (!parts.leadsWithSocket) return (_socket, args) => Reflect.apply(method, instance, args);
  return (socket, args) => {
    // The common shapes without a list in between.
    if (args.length === 1) return method.call(instance, socket, args[0]);
    return args.length === 0 ? method.call(instance, socket) : method.call(instance, socket, ...args);
  };
}

function withStages(instance: object, method: Function, stages: Call<unknown[]>): Call<unknown> {
  const measure = new EventMeasure();
  return (socket, args, reply, pattern) => {
    const bytes = measure.measure(args);
    const values = stages(socket, args, reply, pattern);
    return applyOnceThere(instance, method, values, socket, measure, bytes);
  };
}

function withExtracts(instance: object, method: Function, extracts: readonly Extract[]): Call<unknown> {
  if (extracts.length === 1) return withOneExtract(instance, method, extracts[0]);
  if (extracts.length === 2) return withTwoExtracts(instance, method, extracts[0], extracts[1]);
  const measure = new EventMeasure();
  return (socket, args, reply, pattern) => {
    const bytes = measure.measure(args);
    const values = extracts.map((extract) => extract(socket, args, reply, pattern));
    return applyOnceThere(instance, method, values, socket, measure, bytes);
  };
}

/** The two shapes that most handlers have, without a list of values: the echo scenario with parameters shows it. */
function withOneExtract(instance: object, method: Function, first: Extract): Call<unknown> {
  const measure = new EventMeasure();
  return (socket, args, reply, pattern) => {
    const bytes = measure.measure(args);
    const value = first(socket, args, reply, pattern);
    measure.note(isThenable(value));
    if (!isThenable(value)) return method.call(instance, value);
    return passAfter(socket, value, bytes, (resolved): unknown => method.call(instance, resolved));
  };
}

function withTwoExtracts(instance: object, method: Function, first: Extract, second: Extract): Call<unknown> {
  const measure = new EventMeasure();
  return (socket, args, reply, pattern) => {
    const bytes = measure.measure(args);
    const a = first(socket, args, reply, pattern);
    const b = second(socket, args, reply, pattern);
    const waits = isThenable(a) || isThenable(b);
    measure.note(waits);
    if (!waits) return method.call(instance, a, b);
    return passAfter(socket, Promise.all([a, b]), bytes, (both): unknown => method.call(instance, ...both));
  };
}

/** Parameters without decorators are piped by their position: each argument of the client, none of what Nest adds. */
function withPipedArguments(
  instance: object,
  method: Function,
  pipes: readonly PipeTransform[],
  { parameterTypes, leadsWithSocket }: Pick<PipelineParts, 'parameterTypes' | 'leadsWithSocket'>,
): Call<unknown> {
  const offset = leadsWithSocket ? 1 : 0;
  const measure = new EventMeasure();
  return (socket, args) => {
    const bytes = measure.measure(args);
    const values: unknown[] = leadsWithSocket ? [socket] : [];
    args.forEach((argument, i) => {
      const metadata: ArgumentMetadata = { type: 'body', metatype: parameterTypes[i + offset], data: undefined };
      values.push(transform(argument, pipes, metadata));
    });
    return applyOnceThere(instance, method, values, socket, measure, bytes);
  };
}

/** Calls a method with all its arguments, at once unless one is a promise. */
function applyOnceThere(
  instance: object,
  method: Function,
  values: unknown[],
  socket: Socket | undefined,
  measure: EventMeasure,
  bytes: number,
): unknown {
  const waits = values.some(isThenable);
  measure.note(waits);
  if (!waits) return Reflect.apply(method, instance, values);
  return passAfter(socket, Promise.all(values), bytes, (all): unknown => Reflect.apply(method, instance, all));
}

/** Calls `pass` with what a promise has. Until then an event waits, and counts as one that does. */
function passAfter<V, T>(
  socket: Socket | undefined,
  promise: PromiseLike<V>,
  bytes: number,
  pass: (value: V) => T,
): PromiseLike<unknown> {
  return socket === undefined ? promise.then(pass) : socket.inbound.passAfter(promise, bytes, pass);
}

/** Runs guards one after the other; null if there are none. What says no throws. */
export function compileGuards(
  guards: readonly CanActivate[],
  createContext: Call<WsExecutionContext>,
  refusal: CallStyle['refusal'],
): Call<void | Promise<void>> | null {
  if (guards.length === 0) return null;
  return callsHandlers('guards', (socket, args, reply, pattern) =>
    runGuards(guards, createContext(socket, args, reply, pattern), refusal, 0),
  );
}

/** @throws what a guard's no is turned into */
function runGuards(
  guards: readonly CanActivate[],
  context: WsExecutionContext,
  refusal: CallStyle['refusal'],
  from: number,
): void | Promise<void> {
  for (let i = from; i < guards.length; i++) {
    const allowed: unknown = guards[i].canActivate(context);
    if (allowed === true) continue;
    if (!isImmediate(allowed)) return awaitGuard(allowed, guards, context, refusal, i + 1);
    if (!allowed) throw refusal();
  }
}

async function awaitGuard(
  pending: unknown,
  guards: readonly CanActivate[],
  context: WsExecutionContext,
  refusal: CallStyle['refusal'],
  next: number,
): Promise<void> {
  if (!(await lastValue(pending))) throw refusal();
  await runGuards(guards, context, refusal, next);
}

function guarded(guard: Call<void | Promise<void>>, invoke: Call<unknown>): Call<unknown> {
  const measure = new EventMeasure();
  return (socket, args, reply, pattern) => {
    const bytes = measure.measure(args);
    const pending = guard(socket, args, reply, pattern);
    measure.note(pending !== undefined);
    if (pending === undefined) return invoke(socket, args, reply, pattern);
    return passAfter(socket, pending, bytes, () => invoke(socket, args, reply, pattern));
  };
}

function withInterceptors(
  interceptors: readonly NestInterceptor[],
  method: Call<unknown>,
  createContext: Call<WsExecutionContext>,
  takesFirst: TakesFirst,
): Call<unknown> {
  if (interceptors.length === 0) return method;
  const measure = new EventMeasure();
  return (socket, args, reply, pattern) => {
    const bytes = measure.measure(args);
    const context = createContext(socket, args, reply, pattern);
    const isFirst = takesFirst === 'always' || (takesFirst === 'asked' && reply !== null);
    const way = new WayToMethod(socket, bytes, measure);
    const result = intercept(interceptors, context, 0, () => {
      try {
        return toObservable(method(socket, args, reply, pattern), isFirst);
      } finally {
        way.end();
      }
    });
    return way.watch(result);
  };
}

/** What one event waits for in its interceptors, until they call the method or have an answer without it. */
class WayToMethod {
  #isOver = false;
  #wait: WaitingEvent | null = null;

  constructor(
    private readonly socket: Socket | undefined,
    private readonly bytes: number,
    private readonly measure: EventMeasure,
  ) {}

  end(): void {
    this.#isOver = true;
    this.#wait?.end();
  }

  /** What interceptors have returned; the way begins when that is subscribed to. */
  watch(result: unknown): unknown {
    const stream = asStream(result);
    if (stream === null || this.socket === undefined) return result;
    return new Observable((subscriber) => {
      subscriber.add(() => this.end());
      stream.subscribe(subscriber);
      this.measure.note(!this.#isOver);
      if (!this.#isOver) this.#wait = this.socket!.inbound.startWait(this.bytes);
    });
  }
}

/** Runs the chain from one interceptor on. What follows keeps the asynchronous context in which `handle` was called. */
const intercept = callsHandlers(
  'intercept',
  (
    interceptors: readonly NestInterceptor[],
    context: WsExecutionContext,
    index: number,
    call: () => Observable<unknown>,
  ): Observable<unknown> => {
    if (index === interceptors.length) return call();
    const handle = (): Observable<unknown> => {
      const resource = new AsyncResource('SocketIoInterceptor');
      return defer(() => resource.runInAsyncScope(() => intercept(interceptors, context, index + 1, call)));
    };
    const result = interceptors[index].intercept(context, { handle });
    return isThenable(result) ? streamOf(result, (stream) => stream) : result;
  },
);

/** What a promise of the application has. */
function streamOf<T>(promise: PromiseLike<T>, toStream: (value: T) => Observable<unknown>): Observable<unknown> {
  return from(settle(promise, toStream)).pipe(mergeAll());
}

/** Awaits, so that the Observable does not: stacks show no further. */
const settle = callsHandlers(
  'settle',
  async <T>(promise: PromiseLike<T>, toStream: (value: T) => Observable<unknown>): Promise<Observable<unknown>> =>
    toStream(await promise),
);

/** @param isFirst whether a stream ends with its first value */
function toObservable(result: unknown, isFirst: boolean): Observable<unknown> {
  if (isImmediate(result)) return of(result);
  if (isThenable(result)) return streamOf(result, (value) => toObservable(value, isFirst));
  const values = from(result as Observable<unknown>);
  return isFirst ? values.pipe(take(1)) : values;
}
