/**
 * Lets an error of user code surface by itself, as an uncaught exception: whoever works through what belongs to many
 * peers goes on for the others.
 */
export function throwAsync(error: unknown): void {
  process.nextTick(rethrow, error);
}

function rethrow(error: unknown): never {
  throw error;
}
