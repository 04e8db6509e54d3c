import { firstValueFrom, type Observable } from 'rxjs';

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

/** A promise of whatever make: pipes may return those of a library, or of another realm. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as Partial<PromiseLike<unknown>>).then === 'function'
  );
}

/** The value of a promise, or the first one of an Observable or async iterator, which is then let go; else the value. */
export async function firstValue(result: unknown): Promise<unknown> {
  const value = await (result as PromiseLike<unknown>);
  if (isObservableLike(value)) return firstValueFrom(value, { defaultValue: undefined });
  return isAsyncIterable(value) ? firstOfIterator(value) : value;
}

/** Waits for the end of a promise, an Observable or an async iterator; its values are of no interest. */
export async function completion(result: unknown): Promise<void> {
  const value = await (result as PromiseLike<unknown>);
  if (isObservableLike(value)) {
    await new Promise<void>((resolve, reject) => value.subscribe({ error: reject, complete: resolve }));
  } else if (isAsyncIterable(value)) {
    const iterator = value[Symbol.asyncIterator]();
    while (!(await iterator.next()).done);
  }
}

async function firstOfIterator(iterable: AsyncIterable<unknown>): Promise<unknown> {
  const iterator = iterable[Symbol.asyncIterator]();
  const { value, done } = await iterator.next();
  if (!done) await iterator.return?.();
  return done ? undefined : value;
}

function isObservableLike(value: unknown): value is Observable<unknown> {
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
