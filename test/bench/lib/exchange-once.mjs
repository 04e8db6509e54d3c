import { ReplyCheck } from './reply-check.mjs';

/**
 * Sends all requests of a ring at once; resolves when all have been answered.
 *
 * @param {import('./connection.mjs').Connection} connection
 * @param {import('./wire.mjs').Ring} ring
 * @returns {Promise<void>}
 */
export function exchangeOnce(connection, ring) {
  const check = new ReplyCheck(ring);
  let missing = ring.size;
  return new Promise((resolve, reject) => {
    connection.onFailure = reject;
    connection.onBytes = (bytes) => {
      missing -= check.accept(bytes);
      if (missing === 0) resolve();
    };
    connection.write(ring.requests);
  });
}
