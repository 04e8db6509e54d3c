import { randomFillSync } from 'node:crypto';

const ID_BYTES = 15;
const POOL_BYTES = ID_BYTES * 256;

let pool = Buffer.alloc(0);
let offset = 0;

/**
 * 20 characters of `[A-Za-z0-9_-]`, 120 random bits: too long for guessing a session, and of the form that
 * sticky balancers and sharded adapters look for. One call to the random source serves 256 ids.
 */
export function randomId(): string {
  if (offset === pool.length) {
    pool = randomFillSync(Buffer.allocUnsafeSlow(POOL_BYTES));
    offset = 0;
  }
  return pool.toString('base64url', offset, (offset += ID_BYTES));
}
