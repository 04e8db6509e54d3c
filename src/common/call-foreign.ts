import type { EventEmitter } from 'node:events';
import { throwAsync } from './throw-async.js';
import { textOf } from './values.js';

/** Gets the errors of foreign code. An object instead of a function, so that no closure is made per call. */
export interface ForeignErrorSink<About> {
  /** @internal */
  onForeignError(error: unknown, about: About): void;
}

/**
 * What users, adapters, parsers, stores and loggers hand in. It may throw, return a promise or thenable that rejects, never
 * answer, or call back from inside. The functions of this file are the only way to call it: none throws because of it, and
 * none leaves a rejection unhandled.
 */
export type ForeignFunction = (...args: any[]) => unknown;

/**
 * Calls a function whose result is unwanted. What it throws, or rejects with, reaches the sink.
 *
 * @param about tells the sink where the error comes from
 */
export function callForeign<About>(
  fn: ForeignFunction,
  receiver: unknown,
  args: readonly unknown[],
  sink: ForeignErrorSink<About>,
  about: About,
): void {
  let result: unknown;
  try {
    result = Reflect.apply(fn, receiver, args);
  } catch (error) {
    report(sink, error, about);
    return;
  }
  if (result !== undefined) watch(result, sink, about);
}

/**
 * Calls a function for a result that its caller hands on: what it returns, or a promise that rejects if it throws. Either
 * is watched, so that no one has to look at it.
 */
export function callWatched<About>(
  fn: ForeignFunction,
  receiver: unknown,
  args: readonly unknown[],
  sink: ForeignErrorSink<About>,
  about: About,
): unknown {
  let result: unknown;
  try {
    result = Reflect.apply(fn, receiver, args);
  } catch (error) {
    result = Promise.reject(error as Error);
  }
  if (result !== undefined) watch(result, sink, about);
  return result;
}

/**
 * Calls the listeners of an event as `emit` does, each by `callForeign`: an error of one does not keep the event from the
 * others. Walks a copy, so listeners may come and go meanwhile. Returns false if there are none.
 */
export function callListeners<About>(
  emitter: Pick<EventEmitter, 'listenerCount' | 'rawListeners'>,
  event: string | symbol,
  args: readonly unknown[],
  sink: ForeignErrorSink<About>,
  about: About,
): boolean {
  if (emitter.listenerCount(event) === 0) return false;
  // Raw: the wrapper of a `once` listener removes it.
  for (const listener of emitter.rawListeners(event)) {
    callForeign(listener as ForeignFunction, emitter, args, sink, about);
  }
  return true;
}

/**
 * Calls a function for its result: `answer(null, value)`, or `answer(error)` if it throws or rejects. The answer is given
 * once: at once for a value, later for a promise or thenable, never if that stays pending, for which the caller needs a
 * timer. `error` is never null or undefined.
 */
export function askForeign<T>(
  fn: (...args: never[]) => T | PromiseLike<T>,
  receiver: unknown,
  args: readonly unknown[],
  answer: (error: unknown, value?: T) => void,
): void {
  let result: unknown;
  try {
    result = Reflect.apply(fn, receiver, args as never[]);
  } catch (error) {
    answer(error ?? withoutReason());
    return;
  }
  const pending = follow(result);
  if (pending === null) answer(null, result as T);
  else {
    pending
      .then(
        (value) => answer(null, value as T),
        (error: unknown) => answer(error ?? withoutReason()),
      )
      .catch(throwAsync);
  }
}

/** The last resort: for what is told of errors, if that fails itself. Showing an error calls its getters, which may throw. */
export const CONSOLE: ForeignErrorSink<unknown> = {
  onForeignError: (error) => void (print(error) || print(textOf(error))),
};

/** For a promise that was refused as a result: its caller knows already, so that a rejection adds nothing. */
export const TOLD: ForeignErrorSink<undefined> = { onForeignError: () => {} };

/** Follows the result of a foreign call: if it is a promise or thenable that rejects, the sink gets the error. */
export function watch<About>(result: unknown, sink: ForeignErrorSink<About>, about: About): void {
  follow(result)?.catch((error: unknown) => report(sink, error, about));
}

/** The promise for a thenable, which settles once whatever the thenable does; null for any other value. */
function follow(result: unknown): Promise<unknown> | null {
  if ((typeof result !== 'object' && typeof result !== 'function') || result === null) return null;
  try {
    if (typeof (result as { then?: unknown }).then !== 'function') return null;
    // Calls `then` in a microtask, and only the first time that it answers counts.
    return Promise.resolve(result);
  } catch (error) {
    // `then` is a getter that throws.
    return Promise.reject(error as Error);
  }
}

/** A sink is foreign too, since it ends in a function of the user. */
function report<About>(sink: ForeignErrorSink<About>, error: unknown, about: About): void {
  try {
    sink.onForeignError(error, about);
  } catch (failure) {
    CONSOLE.onForeignError(error, undefined);
    CONSOLE.onForeignError(failure, undefined);
  }
}

function print(value: unknown): boolean {
  try {
    console.error(value);
    return true;
  } catch {
    return false;
  }
}

function withoutReason(): Error {
  return new Error('rejected without a reason');
}
