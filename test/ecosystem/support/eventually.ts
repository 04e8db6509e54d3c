import { elapse } from '../../support/until.js';

/** As `until`, for a condition that has to ask somebody. */
export async function eventually(condition: () => Promise<boolean>, what: string, ms = 5_000): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${ms} ms until ${what}`);
    await elapse(2);
  }
}
