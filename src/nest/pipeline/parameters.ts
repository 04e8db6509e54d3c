import type { ArgumentMetadata, PipeTransform, Type } from '@nestjs/common';
import type { AckReply, Socket } from '../../socketio/index.js';
import type { ParamMetadata, Pipe } from '../decorators/param-metadata.js';
import { CUSTOM_ROUTE_ARGS, ParamType, ROUTE_ARGS_METADATA } from '../decorators/metadata-keys.js';
import type { CallStyle } from './call-style.js';
import { isThenable } from '../../common/values.js';
import type { WsExecutionContext } from './execution-context.js';

/**
 * One call of a handler, as positional arguments so that a call allocates nothing: the socket, the event's arguments,
 * the ack that was asked for, and the event's name.
 */
export type Call<R> = (socket: Socket | undefined, args: unknown[], reply: AckReply | null, pattern: string) => R;

/** Takes one parameter of a handler out of a call. May return a promise if a pipe does. */
export type Extract = Call<unknown>;

export interface ParameterContext {
  readonly gateway: Function;
  readonly method: string;
  /** Of method, class and application; a parameter's own come after them. */
  readonly pipes: readonly PipeTransform[];
  resolvePipes(pipes: readonly Pipe[]): readonly PipeTransform[];
  createContext: Call<WsExecutionContext>;
  readonly style: CallStyle;
}

/** What a handler's decorated parameters are taken from, in the order of the parameters; null if it has none. */
export function compileParameters(context: ParameterContext): readonly Extract[] | null {
  const { gateway, method, style } = context;
  const decorated: unknown = Reflect.getMetadata(ROUTE_ARGS_METADATA, gateway, method);
  const metadata = (decorated ?? style.parameters ?? {}) as Record<string, ParamMetadata>;
  const keys = Object.keys(metadata);
  if (keys.length === 0) return null;
  const types = parameterTypes(gateway, method);
  const extracts: Extract[] = [];
  for (const key of keys) {
    const param = metadata[key];
    extracts[param.index] = compileParameter(key, param, types[param.index], context);
  }
  return Array.from(extracts, (extract) => extract ?? nothing);
}

/**
 * All parameters at once, each of them or a promise, by the order of Nest's gateways: each pipe is asked about every parameter
 * before the next pipe is.
 * Null if that is no different, because at most one parameter has pipes.
 */
export function compileStages(context: ParameterContext): Call<unknown[]> | null {
  const { gateway, method, style } = context;
  if (!style.pipesAll) return null;
  const decorated: unknown = Reflect.getMetadata(ROUTE_ARGS_METADATA, gateway, method);
  const metadata = (decorated ?? style.parameters ?? {}) as Record<string, ParamMetadata>;
  const types = parameterTypes(gateway, method);
  const steps = Object.keys(metadata).map((key) => ({
    index: metadata[key].index,
    ...partsOf(key, metadata[key], types[metadata[key].index], context),
  }));
  if (steps.filter(({ pipes }) => pipes.length > 0).length < 2) return null;
  const length = Math.max(...steps.map(({ index }) => index)) + 1;
  const stages = Math.max(...steps.map(({ pipes }) => pipes.length));
  return (socket, args, reply, pattern) => {
    const values = Array.from<unknown>({ length });
    for (const { index, extract } of steps) values[index] = extract(socket, args, reply, pattern);
    for (let stage = 0; stage < stages; stage++) {
      for (const { index, pipes, argument } of steps) {
        if (stage < pipes.length) values[index] = transform(values[index], [pipes[stage]], argument);
      }
    }
    return values;
  };
}

/** Whether a handler looks at the arguments of its event, as far as its parameters tell. */
export function readsArguments({ gateway, method, style }: ParameterContext, handler: Function): boolean {
  const decorated: unknown = Reflect.getMetadata(ROUTE_ARGS_METADATA, gateway, method);
  const keys = Object.keys((decorated ?? style.parameters ?? {}) as object);
  if (keys.length === 0) return !isWithoutParameters(handler);
  return keys.some((key) => key.includes(CUSTOM_ROUTE_ARGS) || !OWN_TYPES.has(Number(key.split(':', 1)[0])));
}

/** Its length does not tell: a wrapper that passes all on has none either. */
function isWithoutParameters(handler: Function): boolean {
  const source = Function.prototype.toString.call(handler);
  return EMPTY_PARAMETERS.test(source) && !INDIRECT_ARGUMENTS.test(source);
}

const EMPTY_PARAMETERS = /^(?:async )?[\w$]+\s*\(\s*\)\s*\{/;
const INDIRECT_ARGUMENTS = /\b(?:arguments|eval)\b/;

/** Whether the handler takes the ack function, and so answers by itself. */
export function takesAck(gateway: Function, method: string): boolean {
  const metadata = (Reflect.getMetadata(ROUTE_ARGS_METADATA, gateway, method) ?? {}) as Record<string, unknown>;
  return Object.keys(metadata).some((key) => key.startsWith(`${ParamType.ACK}:`));
}

/** The declared types of a method's parameters, as far as the compiler wrote them down. */
export function parameterTypes(gateway: Function, method: string): readonly (Type | undefined)[] {
  return (Reflect.getMetadata('design:paramtypes', gateway.prototype as object, method) ?? []) as Type[];
}

/** Runs a value, or what it resolves to, through pipes; a promise only if the value or one of them is one. */
export function transform(
  value: unknown,
  pipes: readonly PipeTransform[],
  metadata: ArgumentMetadata,
  from = 0,
): unknown {
  let current = value;
  for (let i = from; i < pipes.length; i++) {
    if (isThenable(current)) return current.then((resolved) => transform(resolved, pipes, metadata, i));
    current = pipes[i].transform(current, metadata);
  }
  return current;
}

function compileParameter(
  key: string,
  param: ParamMetadata,
  metatype: Type | undefined,
  context: ParameterContext,
): Extract {
  const { extract, pipes, argument } = partsOf(key, param, metatype, context);
  if (pipes.length === 0) return extract;
  return (socket, args, reply, pattern) => transform(extract(socket, args, reply, pattern), pipes, argument);
}

interface ParameterParts {
  readonly extract: Extract;
  readonly pipes: readonly PipeTransform[];
  /** What the pipes are told of the parameter. */
  readonly argument: ArgumentMetadata;
}

function partsOf(
  key: string,
  param: ParamMetadata,
  metatype: Type | undefined,
  context: ParameterContext,
): ParameterParts {
  const isCustom = key.includes(CUSTOM_ROUTE_ARGS);
  const type = Number(key.split(':', 1)[0]);
  const extract = isCustom ? compileCustom(param, context) : extractorOf(type as ParamType, param.data, context.style);
  const own = context.resolvePipes(param.pipes ?? []);
  const { pipesAll } = context.style;
  const pipes = pipesAll || isCustom || DATA_TYPES.has(type) ? [...context.pipes, ...own] : own;
  const data = typeof param.data === 'string' ? param.data : undefined;
  // What a client sent is a body; `custom` would tell a ValidationPipe to look away.
  const isBody = !isCustom && (!pipesAll || DATA_TYPES.has(type));
  const argument = { type: isBody ? 'body' : 'custom', metatype, data, schema: param.schema } as ArgumentMetadata;
  return { extract, pipes, argument };
}

function compileCustom({ factory, data }: ParamMetadata, { createContext }: ParameterContext): Extract {
  return (socket, args, reply, pattern) => factory!(data, createContext(socket, args, reply, pattern));
}

/** Parameters that come from the client: the pipes of method, class and application are for them. */
const DATA_TYPES: ReadonlySet<number> = new Set([
  ParamType.PAYLOAD,
  ParamType.ARGS,
  ParamType.ARG,
  ParamType.HANDSHAKE_AUTH,
]);

/** Parameters that are taken from something else than the event's arguments. */
const OWN_TYPES: ReadonlySet<number> = new Set([
  ParamType.SOCKET,
  ParamType.ACK,
  ParamType.HANDSHAKE_AUTH,
  ParamType.EVENT_NAME,
]);

function extractorOf(type: ParamType, data: unknown, { absentAck }: CallStyle): Extract {
  switch (type) {
    case ParamType.SOCKET:
      return (socket) => socket;
    case ParamType.PAYLOAD:
      if (typeof data !== 'string') return (_socket, args) => bodyOf(args);
      return (_socket, args) => propertyOf(bodyOf(args), data);
    case ParamType.ACK:
      return (_socket, _args, reply) => (reply === null ? absentAck : reply.asCallback());
    case ParamType.ARGS:
      return (_socket, args) => args;
    case ParamType.ARG:
      return (_socket, args) => args[data as number];
    case ParamType.HANDSHAKE_AUTH:
      if (typeof data !== 'string') return authOf;
      return (socket) => propertyOf(authOf(socket), data);
    case ParamType.DISCONNECT_REASON:
      return (_socket, args) => args[0];
    case ParamType.EVENT_NAME:
      return (_socket, _args, _reply, pattern) => pattern;
    default:
      return nothing;
  }
}

/** As in Nest: nothing, the one argument, or all of them. */
export function bodyOf(args: unknown[]): unknown {
  return args.length > 1 ? args : args[0];
}

/** What schemas have returned of auths; for sockets whose contract has one. */
const validatedAuths = new WeakMap<Socket, unknown>();

/** Puts what a contract's schema has returned in the place of what the client sent. */
export function replaceAuth(socket: Socket, auth: unknown): void {
  validatedAuths.set(socket, auth);
}

/** What the client connected with, without what the protocol put there; behind its schema what that returned. */
export function authOf(socket: Socket | undefined): unknown {
  if (socket !== undefined && validatedAuths.has(socket)) return validatedAuths.get(socket);
  const { pid: _pid, offset: _offset, ...auth } = socket?.handshake.auth ?? {};
  return auth;
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function nothing(): undefined {
  return undefined;
}
