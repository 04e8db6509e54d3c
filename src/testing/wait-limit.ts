import { clearTimeout, setTimeout } from 'node:timers';

/** How long the kit waits for anything, in milliseconds: below the limit that test runners set for a test. */
export const PATIENCE = 3_000;

/** Settles as the work does, or rejects after a time with what `complain` says then. The clock is the real one. */
export async function within<T>(work: Promise<T>, ms: number, complain: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(complain())), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
