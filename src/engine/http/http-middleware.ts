import type { IncomingMessage, ServerResponse } from 'node:http';
import { runChain } from '../../common/middleware-chain.js';

/** An Express-style middleware, run for every request and upgrade of an engine. */
export type HttpMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Runs a chain; `done` is called at most once, at once if every middleware continues at once. `onLate` gets what one
 * throws, or rejects with, after it has called `next`.
 */
export function runMiddlewares(
  chain: readonly HttpMiddleware[],
  request: IncomingMessage,
  response: ServerResponse,
  done: (error?: unknown) => void,
  onLate: (error: unknown) => void,
): void {
  if (chain.length === 0) {
    done();
    return;
  }
  runChain(
    chain.length,
    (index, next) => chain[index](request, response, next),
    (error, wasThrown) => done(wasThrown ? error || new Error('middleware failed') : error),
    onLate,
  );
}
