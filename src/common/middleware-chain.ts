import { askForeign } from './call-foreign.js';

/**
 * Runs steps one after the other, each of which continues or fails through its `next`: the loop behind every kind of
 * middleware. `done` is called at most once, at once if every step continues at once; a second `next` is ignored. A
 * step that throws or rejects has failed as well, which `wasThrown` says; `onLate` is told if it had called `next` before.
 */
export function runChain(
  count: number,
  run: (index: number, next: (error?: unknown) => void) => unknown,
  done: (error: unknown, wasThrown: boolean) => void,
  onLate: (error: unknown) => void,
): void {
  let current = -1;

  function next(from: number, error?: unknown, wasThrown = false): void {
    if (from !== current) {
      if (wasThrown) onLate(error);
      return;
    }
    current++;
    if (error || wasThrown || current === count) {
      current = count + 1;
      done(error, wasThrown);
      return;
    }
    const index = current;
    const proceed = (failure?: unknown): void => next(index, failure);
    askForeign(run, undefined, [index, proceed], (reason) => {
      if (reason !== null) next(index, reason, true);
    });
  }

  next(-1);
}
