import { runChain } from '../../engine/index.js';
import { textOf } from '../../common/values.js';

/** What a middleware may refuse a connection with: `message` and `data` reach the client's `connect_error`. */
export interface ExtendedError extends Error {
  /** More about the error, for the client. */
  data?: unknown;
}

/** A step that continues or fails through `next`. */
export type Middleware<Subject> = (subject: Subject, next: (error?: Error) => void) => void;

/**
 * Runs a chain; `done` is called at most once, at once if every step continues at once. A second `next` is ignored. A
 * step that throws or rejects has failed as well, with an error that was not meant for anybody: `wasThrown` says so. If it
 * did so after it had called `next`, the chain has moved on, and `onLate` is told.
 */
export function runMiddlewares<Subject>(
  chain: readonly Middleware<Subject>[],
  subject: Subject,
  done: (error?: Error, wasThrown?: boolean) => void,
  onLate: (error: unknown) => void,
): void {
  const steps = chain.slice();
  runChain(
    steps.length,
    (index, next) => steps[index](subject, next),
    (error, wasThrown) => done(error || wasThrown ? toError(error) : undefined, wasThrown),
    onLate,
  );
}

/** What a client may be told of a failure. */
export interface Refusal {
  readonly message: string;
  readonly data: unknown;
  readonly code: unknown;
  readonly statusCode: unknown;
}

/**
 * What the client is told of a failure; null if it is not for the client, as what was thrown without `data`, which only an
 * error made for a client has. Each property is read once, and what cannot be read is not for the client either.
 */
export function refusalOf(error: ExtendedError & Partial<Refusal>, wasThrown: boolean): Refusal | null {
  try {
    const { message, data, code, statusCode } = error;
    return wasThrown && data === undefined ? null : { message, data, code, statusCode };
  } catch {
    return null;
  }
}

/** An object is taken for an error as it is: those of other realms are instances of another class. */
function toError(reason: unknown): Error {
  return typeof reason === 'object' && reason !== null ? (reason as Error) : new Error(textOf(reason));
}
