import { pause } from '../common/pause.js';

export interface RetryContext {
  isClosed(): boolean;
  /** A call failed; another attempt follows. */
  onStoreError(error: unknown): void;
}

/** Calls a store until it does not reject, or its result is not needed any more; then, undefined. */
export async function retry<T>(context: RetryContext, call: () => Promise<T>): Promise<T | undefined> {
  for (let delay = SHORTEST; ; delay = Math.min(2 * delay, LONGEST)) {
    try {
      return await call();
    } catch (error) {
      if (context.isClosed()) return undefined;
      context.onStoreError(error);
    }
    await pause(delay);
    if (context.isClosed()) return undefined;
  }
}

const SHORTEST = 20;
const LONGEST = 1_000;
