import type { IncomingMessage, ServerResponse } from 'node:http';

/** An Express-style middleware, run for every request and upgrade of an engine. */
export type HttpMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** Runs a chain; `done` is called at most once, at once where every middleware continues at once. */
export function runMiddlewares(
  chain: readonly HttpMiddleware[],
  request: IncomingMessage,
  response: ServerResponse,
  done: (error?: unknown) => void,
): void {
  let current = -1;

  function next(from: number, error?: unknown): void {
    if (from !== current) return; // a second next() of the same middleware
    current++;
    if (error || current === chain.length) {
      current = chain.length + 1;
      done(error);
      return;
    }
    const index = current;
    const fail = (failure: unknown): void => next(index, failure ?? new Error('middleware failed'));
    try {
      const result: unknown = chain[index](request, response, (failure) => next(index, failure));
      if (result instanceof Promise) result.catch(fail);
    } catch (failure) {
      fail(failure);
    }
  }

  next(-1);
}
