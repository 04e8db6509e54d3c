const MOST_TRIES = 2_000;

/**
 * Cuts away what an input does not need in order to fail: ever smaller pieces, for as long as it fails without them.
 *
 * @param {Buffer} input
 * @param {(input: Buffer) => Promise<boolean>} fails
 */
export async function minimize(input, fails) {
  let smallest = input;
  let tries = 0;
  for (let size = smallest.length >> 1; size >= 1 && tries < MOST_TRIES; size >>= 1) {
    for (let at = 0; at + size <= smallest.length && tries < MOST_TRIES; tries++) {
      const shorter = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]);
      if (await fails(shorter)) smallest = shorter;
      else at += size;
    }
  }
  return smallest;
}
