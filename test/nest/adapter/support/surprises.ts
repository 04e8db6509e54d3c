import { cleanup } from '../../../support/cleanup.js';

/** What nobody caught while the test ran, and would have ended the process. */
export function watchSurprises(): unknown[] {
  const surprises: unknown[] = [];
  const note = (reason: unknown): void => void surprises.push(reason);
  process.on('uncaughtException', note).on('unhandledRejection', note);
  cleanup(() => process.off('uncaughtException', note).off('unhandledRejection', note));
  return surprises;
}

/** Long enough for what surfaces by itself: rejections come with the microtasks, rxjs rethrows with a timer of 0 ms. */
export async function surfacing(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
}
