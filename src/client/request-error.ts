import type { ErrorReply } from '../contract/index.js';

/** What `request()` rejects with: the error reply of a server, or with the code `NO_REPLY` that none came. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly code: string | undefined;
  readonly statusCode: number | undefined;
  readonly details: unknown;

  constructor({ message, code, statusCode, details }: ErrorReply, options?: { cause: unknown }) {
    super(message, options);
    this.code = code;
    this.statusCode = statusCode;
    this.details = details;
  }
}
