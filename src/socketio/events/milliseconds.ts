/**
 * What is given to `timeout()`: milliseconds as a number or as its text, as native timers take them.
 *
 * @throws TypeError for anything else
 */
export function toMilliseconds(timeout: unknown): number {
  const milliseconds = typeof timeout === 'number' || typeof timeout === 'string' ? Number(timeout) : NaN;
  if (Number.isNaN(milliseconds))
    throw new TypeError(`timeout() takes a number of milliseconds, got ${String(timeout)}`);
  return milliseconds;
}
