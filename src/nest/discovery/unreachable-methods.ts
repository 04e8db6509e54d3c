import { RESERVED_EVENTS } from '../../socketio/index.js';
import type { DecoratedMethod, HandlerMetadata } from '../decorators/handler-metadata.js';
import { DECORATED_METADATA, HANDLER_METADATA, ROUTE_ARGS_METADATA } from '../decorators/metadata-keys.js';
import { BindingError } from '../errors/binding.error.js';

/**
 * A decorated method that would never run is a mistake that shows only once a check is missed: it stops the bootstrap.
 *
 * @throws BindingError for a static or symbol-named method, for a generator, and for a function that has lost what was
 *   written on it
 */
export function assertReachable(gateway: Function): void {
  for (const declaring of classesOf(gateway)) {
    const methods = (Reflect.getOwnMetadata(DECORATED_METADATA, declaring) as DecoratedMethod[] | undefined) ?? [];
    for (const method of methods) assertMethodReachable(method, declaring, gateway);
  }
}

/** @throws BindingError for a parameter of a handler that is taken from an HTTP request, and so would be undefined */
export function assertGiven(gateway: Function, method: string): void {
  const parameters = (Reflect.getMetadata(ROUTE_ARGS_METADATA, gateway, method) ?? {}) as Record<string, unknown>;
  for (const key of Object.keys(parameters)) {
    const [type, index] = key.split(':');
    if (!Object.hasOwn(HTTP_PARAMETERS, type)) continue;
    throw new BindingError(
      `@${HTTP_PARAMETERS[type]} on the parameter ${index} of ${gateway.name}.${method}() has no effect: an event is not an HTTP ` +
        'request. Use @ConnectedSocket(), whose handshake has headers, query and address, or @HandshakeAuth().',
    );
  }
}

/** @throws BindingError for a name that no client can emit */
export function assertEmittableEvent(event: unknown, where: string): void {
  assertNamed(event, where);
  if (!RESERVED_EVENTS.has(event)) return;
  throw new BindingError(
    `${where} would never run: "${event}" is a reserved name that no client can emit. Use @OnConnect(), ` +
      '@OnDisconnect() or another decorator for what happens to a socket.',
  );
}

/** @throws BindingError for what is no name of an event; members of a numeric enum are */
export function assertNamed(event: unknown, where: string): asserts event is string {
  if (typeof event === 'string' || typeof event === 'number') return;
  throw new BindingError(
    `${where} would never run: its event is ${describe(event)}, but the name of an event must be a string. ${remedyFor(event)}`,
  );
}

/** Why no client can join a namespace of this name; null if one can. */
export function unreachableNamespace(namespace: string | RegExp): string | null {
  if (typeof namespace !== 'string') {
    // A bar may offer another pattern beside it.
    const startsElsewhere = /^\^[\w-]/.test(namespace.source) && !namespace.source.includes('|');
    return startsElsewhere ? 'names of namespaces begin with a slash' : null;
  }
  if (Buffer.byteLength(namespace) > MAX_NAMESPACE_LENGTH) return `it is longer than ${MAX_NAMESPACE_LENGTH} bytes`;
  if (/[?,]/.test(namespace)) return 'the protocol ends a name at "?" and ","';
  // oxlint-disable-next-line no-control-regex -- refused by the decoder
  return /[\u0000-\u001f\u007f]/.test(namespace) ? 'it has control characters' : null;
}

/** For messages: what was given instead of a name. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof RegExp) return `the pattern ${String(value)}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'function' ? `the function ${value.name}` : String(value);
}

function assertMethodReachable(method: DecoratedMethod, declaring: Function, gateway: Function): void {
  const { name, decorator } = method;
  const where = `${decorator} on ${declaring.name}.${String(name)}()`;
  if (method.isStatic) throw new BindingError(`${where} would never run: it is static. Make it an instance method.`);
  if (typeof name === 'symbol') {
    throw new BindingError(
      `${where} would never run: Nest does not find methods named by symbols. Give it a string as name.`,
    );
  }
  const [owner, present] = functionOf(gateway, name);
  if (owner === declaring && method.lost.length > 0) {
    throw new BindingError(
      `A ${method.lost.join(' and a ')} bound to ${declaring.name}.${name}() would not run: a decorator between it and ` +
        `${decorator} replaced the method and did not copy its metadata. Move that decorator below the others.`,
    );
  }
  if (typeof present !== 'function') throw notAMethod(where);
  if (isKept(method, present)) {
    if (GENERATOR.test(toString.call(present))) throw generator(where);
    return;
  }
  if (owner === declaring) {
    throw new BindingError(
      `${where} would never run: a decorator above it replaced the method and did not copy its metadata. Move that ` +
        'decorator below the others.',
    );
  }
  // A rate, or an ack, may be meant to end with the method of the superclass; a handler's end would be an accident.
  if (method.key !== HANDLER_METADATA || Reflect.hasMetadata(HANDLER_METADATA, present)) return;
  throw new BindingError(
    `${where} would never run: ${owner.name}.${name}() overrides it without a decorator. Decorate it as well, or rename it.`,
  );
}

/** Whether what a decorator wrote is on the function that would run. */
function isKept({ key, value }: DecoratedMethod, present: Function): boolean {
  const kept: unknown = Reflect.getMetadata(key, present);
  if (key !== HANDLER_METADATA) return kept !== undefined;
  const written = value as HandlerMetadata;
  return ((kept as HandlerMetadata[] | undefined) ?? []).some(
    (each) => each === written || (each.kind === written.kind && eventOf(each) === eventOf(written)),
  );
}

function eventOf(metadata: HandlerMetadata): unknown {
  return metadata.kind === 'event' ? metadata.event : undefined;
}

/** The class that has the method which would run, and the method; a getter is not evaluated. */
function functionOf(gateway: Function, name: string): [owner: Function, present: unknown] {
  for (const owner of classesOf(gateway)) {
    const descriptor = Object.getOwnPropertyDescriptor(owner.prototype, name);
    if (descriptor !== undefined) return [owner, descriptor.value];
  }
  return [gateway, undefined];
}

/** A class and those that it extends, the class itself first. */
function* classesOf(gateway: Function): Generator<Function> {
  for (let each: Function | null = gateway; isClass(each); each = Object.getPrototypeOf(each) as Function | null) {
    yield each;
  }
}

function isClass(value: Function | null): value is Function {
  return typeof value === 'function' && value !== Function.prototype && typeof value.prototype === 'object';
}

function notAMethod(where: string): BindingError {
  return new BindingError(`${where} would never run: it is no longer a method. Do not replace it with something else.`);
}

function generator(where: string): BindingError {
  return new BindingError(
    `${where} would never run: calling a generator runs none of its code. Make it an async generator, or return a list.`,
  );
}

function remedyFor(event: unknown): string {
  if (event === undefined) {
    return 'It is undefined if it is imported from a file that imports this one, or if the contract does not have it.';
  }
  if (Array.isArray(event)) return 'Decorate the method once for each name.';
  return event instanceof RegExp ? "Use '*' and @EventName()." : 'Give a string.';
}

/**
 * Those of `@nestjs/common` that have no meaning for events, by their numbers in `RouteParamtypes`; `@nestjs/microservices` has
 * two of the numbers for other decorators.
 */
const HTTP_PARAMETERS: Readonly<Record<string, string>> = {
  1: 'Res()',
  2: 'Next()',
  4: 'Query()',
  5: 'Param()',
  6: 'Headers(), or @Ctx() of @nestjs/microservices,',
  7: 'Session()',
  8: 'UploadedFile()',
  9: 'UploadedFiles(), or @GrpcStreamCall() of @nestjs/microservices,',
  10: 'HostParam()',
  11: 'Ip()',
  12: 'RawBody()',
};

/** As a class names itself; an async generator has another name. */
const GENERATOR = /^\[object GeneratorFunction]$/;
const { toString } = Object.prototype;

/** As the decoder has it. */
const MAX_NAMESPACE_LENGTH = 256;
