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

/** Does not keep the process alive: a store that is away must not hold up its end. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

const SHORTEST = 20;
const LONGEST = 1_000;
