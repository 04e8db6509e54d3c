import type { ErrorReply } from '../contract/index.js';

/** What `request()` rejects with: the error reply of a server, or with the code `NO_REPLY` that none came. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  /** The code of the server's error reply, or `NO_REPLY`. */
  readonly code: string | undefined;
  /** The HTTP status that the server gave. */
  readonly statusCode: number | undefined;
  /** More about the error. */
  readonly details: unknown;

  constructor({ message, code, statusCode, details }: ErrorReply, options?: { cause: unknown }) {
    super(message, options);
    this.code = code;
    this.statusCode = statusCode;
    this.details = details;
  }
}
