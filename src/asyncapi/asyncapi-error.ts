/** A contract that cannot be documented: which value of it, and why. */
export class AsyncApiError extends Error {
  override readonly name = 'AsyncApiError';
}
