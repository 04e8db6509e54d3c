import type { AnyEntry } from '../../contract/index.js';
import { isEntry } from '../../contract/runtime.js';
import type { RoomPattern } from '../../socketio/index.js';
import { BindingError } from '../errors/binding.error.js';
import {
  DECORATED_METADATA,
  ENHANCERS_METADATA,
  ENTRY_PROVIDER_WATERMARK,
  HANDLER_METADATA,
  HAS_HANDLERS_METADATA,
} from './metadata-keys.js';

/** What a method handles. A method may carry several. */
export type HandlerMetadata =
  | { readonly kind: 'event'; readonly event: string; readonly acks: boolean; readonly entry: AnyEntry | null }
  | { readonly kind: 'presence'; readonly rooms: readonly RoomPattern[] }
  | { readonly kind: LifecycleKind };

export type LifecycleKind =
  'handshake' | 'connect' | 'disconnecting' | 'disconnect' | 'close' | 'error' | 'ping' | 'pong' | 'shutdown';

/**
 * A decorated method as its class remembers it. What decorators say is written on functions, and a function may be
 * overridden, or replaced by another decorator: then this tells that something was lost.
 */
export interface DecoratedMethod {
  /** For messages. */
  readonly decorator: string;
  readonly name: string | symbol;
  readonly isStatic: boolean;
  /** What the decorator wrote, and under which key. */
  readonly key: symbol;
  readonly value: unknown;
  /** What was bound to a function that another decorator has replaced before this one was applied. */
  readonly lost: readonly string[];
}

/** Adds an event, by its name or by its entry in a contract. What is neither is refused at the start. */
export function addEventMetadata(
  target: object,
  name: string | symbol,
  descriptor: PropertyDescriptor | undefined,
  event: string | AnyEntry,
  acks: boolean,
  decorator: string,
): void {
  const entry = isEntry(event) ? event : null;
  const given = entry === null ? (event as string) : entry.name;
  const text = `@${decorator}(${typeof given === 'string' ? JSON.stringify(given) : String(given)})`;
  addHandlerMetadata(target, name, descriptor, { kind: 'event', event: given, acks, entry }, text);
}

/** Adds to what a method handles. */
export function addHandlerMetadata(
  target: object,
  name: string | symbol,
  descriptor: PropertyDescriptor | undefined,
  added: HandlerMetadata,
  decorator: string,
): void {
  const method = decorateMethod(target, name, descriptor, { decorator, key: HANDLER_METADATA, value: added });
  const present = (Reflect.getOwnMetadata(HANDLER_METADATA, method) as HandlerMetadata[] | undefined) ?? [];
  Reflect.defineMetadata(HANDLER_METADATA, [...present, added], method);
}

/**
 * Enters a method into the list of its class and returns it.
 *
 * @throws BindingError for what is no method, and so would never run
 */
export function decorateMethod(
  target: object,
  name: string | symbol,
  descriptor: PropertyDescriptor | undefined,
  written: Pick<DecoratedMethod, 'decorator' | 'key' | 'value'>,
): Function {
  if (typeof name === 'object') throw standardDecorator(written.decorator, name);
  const isStatic = typeof target === 'function';
  const gateway = isStatic ? target : target.constructor;
  const method: unknown = descriptor?.value;
  if (typeof method !== 'function') throw noMethod(written.decorator, gateway, name, descriptor);
  const present = (Reflect.getOwnMetadata(DECORATED_METADATA, gateway) as DecoratedMethod[] | undefined) ?? [];
  const added: DecoratedMethod = { ...written, name, isStatic, lost: lostBelow(target, name, method) };
  Reflect.defineMetadata(DECORATED_METADATA, [...present, added], gateway);
  markGateway(gateway);
  return method;
}

/** Marks the class of a decorated method, so that discovery passes over all others quickly. */
export function markGateway(gateway: Function): void {
  if (!Reflect.hasOwnMetadata(HAS_HANDLERS_METADATA, gateway)) marked.push(new WeakRef(gateway));
  Reflect.defineMetadata(HAS_HANDLERS_METADATA, true, gateway);
  Reflect.defineMetadata(ENTRY_PROVIDER_WATERMARK, true, gateway);
}

/** Every class that was marked and is still there; for hints alone, since another application may have it. */
export function* decoratedClasses(): Generator<Function> {
  for (const reference of marked) {
    const gateway = reference.deref();
    if (gateway !== undefined) yield gateway;
  }
}

/** A class of this list, and what it inherits, runs in some application of the process, so that no hint is due about it. */
export function noteRunning(gateway: Function): void {
  for (
    let one: Function | null = gateway;
    typeof one === 'function';
    one = Object.getPrototypeOf(one) as Function | null
  ) {
    running.add(one);
  }
}

/** Whether a class is known to run in some application of the process. */
export function isRunning(gateway: Function): boolean {
  return running.has(gateway);
}

/** As much a part of the loaded code as what decorators write on the classes themselves. */
const marked: WeakRef<Function>[] = [];
const running = new WeakSet<Function>();

/**
 * For functions that make decorators. One that is written without parentheses is applied itself, and what it returns takes the
 * place of the method, or is lost: compilers that only strip types let that pass.
 *
 * @param given its arguments
 * @throws BindingError if these are those of a decorator of a method or a parameter
 */
export function assertCalled(decorator: string, given: ArrayLike<unknown>): void {
  const { 0: target, 1: name, 2: third, length } = given;
  const isTarget = (typeof target === 'object' && target !== null) || typeof target === 'function';
  const isParameter = typeof third === 'number';
  const isMember = typeof name === 'string' || typeof name === 'symbol' || (name === undefined && isParameter);
  if (length !== 3 || !isTarget || !isMember) return;
  const gateway = typeof target === 'function' ? target : target.constructor;
  const member = `${gateway.name}.${String(name ?? 'constructor')}()`;
  throw notCalled(decorator, isParameter ? `the parameter ${third} of ${member}` : member);
}

/**
 * The same for those of classes, which take no function.
 *
 * @throws BindingError if their arguments are those of a decorator of a class
 */
export function assertCalledOnClass(decorator: string, given: ArrayLike<unknown>): void {
  const { 0: target, length } = given;
  if (length === 1 && typeof target === 'function') throw notCalled(decorator, target.name);
}

function notCalled(decorator: string, where: string): BindingError {
  return new BindingError(
    `${decorator} on ${where} is written without parentheses, and would have no effect. Write ${decorator}().`,
  );
}

export function lifecycleDecorator(kind: LifecycleKind, decorator: string, given: ArrayLike<unknown>): MethodDecorator {
  assertCalled(decorator.slice(0, -2), given);
  return (target, name, descriptor) => addHandlerMetadata(target, name, descriptor, { kind }, decorator);
}

/** While decorators are applied the class still has the first function; what is bound to that alone goes with it. */
function lostBelow(target: object, name: string | symbol, method: Function): string[] {
  const original: unknown = Object.getOwnPropertyDescriptor(target, name)?.value;
  if (typeof original !== 'function' || original === method) return [];
  return Object.entries(ENHANCERS_METADATA)
    .filter(([, key]) => Reflect.hasOwnMetadata(key, original) && !Reflect.hasOwnMetadata(key, method))
    .map(([kind]) => kind);
}

function noMethod(
  decorator: string,
  gateway: Function,
  name: string | symbol,
  descriptor: PropertyDescriptor | undefined,
): BindingError {
  const isAccessor = descriptor?.get !== undefined || descriptor?.set !== undefined;
  return new BindingError(
    `${decorator} on ${gateway.name}.${String(name)} decorates ${isAccessor ? 'an accessor' : 'a property'}, which ` +
      'would never run. Make it a method.',
  );
}

/** Called as decorators of ECMAScript are, with a context in the second place. */
function standardDecorator(decorator: string, { name }: { name?: unknown }): BindingError {
  return new BindingError(
    `${decorator} on ${String(name)}() is compiled as a decorator of ECMAScript, but Nest needs those of TypeScript: set ` +
      '"experimentalDecorators" and "emitDecoratorMetadata" in the compiler options.',
  );
}
