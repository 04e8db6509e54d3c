import { PING_FRAME } from './wire.mjs';

/**
 * Compares what one connection receives with the bytes that a correct server sends, all of them: a server that answers
 * wrongly, twice, or in another order fails instead of looking fast.
 */
export class ReplyCheck {
  #ring;
  #hasBegun = false;
  /** Offset of the next expected byte in the ring's replies. */
  #position = 0;

  /** @param {import('./wire.mjs').Ring} ring */
  constructor(ring) {
    this.#ring = ring;
  }

  /**
   * @param {Buffer} bytes
   * @returns {number} how many replies these bytes completed
   */
  accept(bytes) {
    const { replies, replyLength } = this.#ring;
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      // Some servers ping at once.
      if (PING_FRAME.compare(bytes, 0, PING_FRAME.length) === 0) return this.accept(bytes.subarray(PING_FRAME.length));
    }
    const partial = this.#position % replyLength;
    let taken = 0;
    while (taken < bytes.length) {
      const length = Math.min(bytes.length - taken, replies.length - this.#position);
      if (replies.compare(bytes, taken, taken + length, this.#position, this.#position + length) !== 0) {
        throw this.#mismatch(bytes.subarray(taken, taken + length));
      }
      taken += length;
      this.#position = (this.#position + length) % replies.length;
    }
    return Math.floor((partial + bytes.length) / replyLength);
  }

  #mismatch(bytes) {
    const expected = this.#ring.replies.subarray(this.#position, this.#position + bytes.length);
    const at = bytes.findIndex((byte, index) => byte !== expected[index]);
    const around = (/** @type {Buffer} */ buffer) =>
      JSON.stringify(buffer.toString('latin1', Math.max(0, at - 20), at + 60));
    return new Error(`wrong reply: expected ${around(expected)}, got ${around(bytes)}`);
  }
}
