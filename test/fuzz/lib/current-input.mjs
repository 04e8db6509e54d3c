const HEADER_BYTES = 8;
const ROOM = 200_000;

/**
 * The input that is being worked on, in memory that another thread sees as well: where the work never ends, or ends the
 * thread, that one still knows upon what.
 */
export class CurrentInput {
  #numbers;
  #bytes;

  /** @param {SharedArrayBuffer} memory */
  constructor(memory = new SharedArrayBuffer(HEADER_BYTES + ROOM)) {
    this.memory = memory;
    this.#numbers = new Int32Array(memory, 0, 2);
    this.#bytes = new Uint8Array(memory, HEADER_BYTES);
  }

  /** How many there have been. */
  get count() {
    return Atomics.load(this.#numbers, 0);
  }

  /** @param {Buffer} input */
  set(input) {
    this.#bytes.set(input.subarray(0, ROOM));
    this.#numbers[1] = Math.min(input.length, ROOM);
    Atomics.add(this.#numbers, 0, 1);
  }

  get() {
    return Buffer.from(this.#bytes.slice(0, this.#numbers[1]));
  }
}
