import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { elapse } from './until.js';

setFlagsFromString('--expose-gc');

/** Frees what nothing refers to, at once. */
export const collect = runInNewContext('gc') as () => void;

/** What is in use once all that nobody needs is gone, in bytes. */
export async function heapUsed(): Promise<number> {
  for (let turn = 0; turn < 3; turn++) {
    collect();
    await elapse(10);
  }
  return process.memoryUsage().heapUsed;
}

/** Collects until the condition holds: what a promise or a timer still holds is let go a turn of the loop later. */
export async function collectGarbage(condition: () => boolean, what: () => string): Promise<void> {
  for (let turn = 0; turn < 100; turn++) {
    collect();
    if (condition()) return;
    await elapse(10);
  }
  throw new Error(`garbage was not collected: ${what()}`);
}
