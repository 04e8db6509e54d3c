/** A step that continues or fails through `next`. */
export type Middleware<Subject> = (subject: Subject, next: (error?: Error) => void) => void;

/**
 * Runs a chain; `done` is called at most once, at once where every step continues at once. A step that throws or
 * rejects has failed with that error; a second `next` is ignored.
 */
export function runMiddlewares<Subject>(
  chain: readonly Middleware<Subject>[],
  subject: Subject,
  done: (error?: Error) => void,
): void {
  const steps = chain.slice();
  let current = -1;

  function next(from: number, error?: Error): void {
    if (from !== current) return;
    current++;
    if (error || current === steps.length) {
      current = steps.length + 1;
      done(error ? toError(error) : undefined);
      return;
    }
    const index = current;
    const fail = (reason: unknown): void => next(index, toError(reason));
    try {
      const result: unknown = steps[index](subject, (failure) => next(index, failure));
      if (result instanceof Promise) result.catch(fail);
    } catch (reason) {
      fail(reason);
    }
  }

  next(-1);
}

/** An object is taken for an error as it is: those of other realms are instances of another class. */
function toError(reason: unknown): Error {
  return typeof reason === 'object' && reason !== null ? (reason as Error) : new Error(String(reason));
}
