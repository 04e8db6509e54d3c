import process from 'node:process';

/** One line that is written over, on a terminal only. */
export function showProgress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}
