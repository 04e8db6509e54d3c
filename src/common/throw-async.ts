/** Rethrows an error of user code on the next tick, so that a loop over many sessions can continue. */
export function throwAsync(error: unknown): void {
  process.nextTick(rethrow, error);
}

function rethrow(error: unknown): never {
  throw error;
}
