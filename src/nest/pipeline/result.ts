import { Observable, firstValueFrom, isObservable, lastValueFrom } from 'rxjs';
import { callsHandlers } from './handler-trace.js';

/** Whether a handler's result is there already; everything else has to be awaited. */
export function isImmediate(result: unknown): boolean {
  if (typeof result !== 'object' || result === null) return true;
  const candidate = result as { then?: unknown; subscribe?: unknown; [Symbol.asyncIterator]?: unknown };
  return (
    typeof candidate.then !== 'function' &&
    typeof candidate.subscribe !== 'function' &&
    typeof candidate[Symbol.asyncIterator] !== 'function'
  );
}

/** The value of a promise, or the first one of an Observable or async iterator, which is then let go; else the value. */
export const firstValue = callsHandlers('firstValue', async (result: unknown): Promise<unknown> => {
  const value = await (result as PromiseLike<unknown>);
  const stream = asStream(value);
  return stream === null ? value : firstValueFrom(stream, { defaultValue: undefined });
});

/**
 * What a guard says in the end, as for routes of Nest: the value of a promise, or the last one of a stream, also of one that a
 * promise has. A stream without a value says nothing, and so no.
 */
export const lastValue = callsHandlers('lastValue', async (result: unknown): Promise<unknown> => {
  const value = await (result as PromiseLike<unknown>);
  const stream = asStream(value);
  return stream === null ? value : lastValueFrom(stream, { defaultValue: undefined });
});

/** Whether a value is what a generator function returns: of its body nothing has run. */
export function isGenerator(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const candidate = value as { next?: unknown; [Symbol.iterator]?: unknown };
  return typeof candidate.next === 'function' && typeof candidate[Symbol.iterator] === 'function';
}

/** Whether a result is an Observable or an async iterator. */
export function isObservableOrIterable(value: unknown): boolean {
  return isObservableLike(value) || isAsyncIterable(value);
}

/** An Observable, also of another copy of rxjs, or an async iterator as one; null for every other value. */
export function asStream(value: unknown): Observable<unknown> | null {
  if (isObservable(value)) return value;
  if (isObservableLike(value)) return new Observable((subscriber) => value.subscribe(subscriber));
  return isAsyncIterable(value) ? iterate(value) : null;
}

/** Unlike `from` of rxjs, this returns the iterator as soon as it is let go, also while it waits for its next value. */
function iterate(iterable: AsyncIterable<unknown>): Observable<unknown> {
  return new Observable((subscriber) => {
    const iterator = iterable[Symbol.asyncIterator]();
    let isDone = false;
    const pump = async (): Promise<void> => {
      try {
        for (let step = await iterator.next(); !step.done; step = await iterator.next()) {
          subscriber.next(step.value);
          if (subscriber.closed) return;
        }
        isDone = true;
        subscriber.complete();
      } catch (error) {
        isDone = true;
        subscriber.error(error);
      }
    };
    void pump();
    // Its caller has let it go, does not wait for what it still has to do, and cannot be told that this failed.
    return () => {
      if (!isDone) Promise.resolve(iterator.return?.()).catch(() => undefined);
    };
  });
}

function isObservableLike(value: unknown): value is Pick<Observable<unknown>, 'subscribe'> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { subscribe?: unknown }).subscribe === 'function'
  );
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { [Symbol.asyncIterator]?: unknown })[Symbol.asyncIterator] === 'function'
  );
}
