import type { NestErrorCode } from './nest-codes.js';

/** A gateway that cannot be bound as it is written: stops the bootstrap, with what to change. */
export class BindingError extends Error {
  override readonly name = 'BindingError';
  /** The same for every error of this class. */
  readonly code: NestErrorCode = 'INVALID_BINDING';
}
