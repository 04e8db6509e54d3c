/** What breaks parsers, whatever they parse. */
const COMMON = ['0', '-1', '1.5', '1e999', '9007199254740991', '9007199254740992', '99999999999999999999999'].concat(
  ['\0', '\x1e', '\x7f', '\xff', '\ufeff', '€', '😀', '\\ud800', '\\udfff\\ud800', '\u{10fffd}', 'ÿ'],
  ['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString', 'length', 'then', 'null', 'true'],
  ['[', ']', '{', '}', '[[[[', '{"":', '"', '\\', '\\u', ',', '/', '-', ':', '%00', '%2e%2e/', '\r\n'],
);

const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const USUAL_SIZE = 4096;
/** Once in a while an input may be so large that work that grows with its square shows. */
const LARGE_SIZE = 100_000;
const LARGE_ONE_IN = 400;

/** Makes inputs from others by a few edits, most of which keep the structure that parsers look at first. */
export class Mutator {
  #random;
  #tokens;

  /**
   * @param {import('./random.mjs').Random} random
   * @param {readonly (string | Buffer)[]} dictionary words of the format
   */
  constructor(random, dictionary) {
    this.#random = random;
    this.#tokens = [...COMMON, ...dictionary, ...dictionary].map((token) => Buffer.from(token));
  }

  /**
   * @param {Buffer} input
   * @param {Buffer} other another input, to take parts of
   * @returns {Buffer} one of its own memory
   */
  mutate(input, other) {
    const limit = this.#random.below(LARGE_ONE_IN) === 0 ? LARGE_SIZE : USUAL_SIZE;
    let edited = input;
    for (let edits = 1 + this.#random.below(4); edits > 0; edits--) edited = this.#edit(edited, other, limit);
    return Buffer.from(edited.subarray(0, limit));
  }

  #edit(input, other, limit) {
    const random = this.#random;
    const [from, to] = this.#range(input);
    switch (random.below(11)) {
      case 0:
        return replace(input, from, Math.min(from + 1, input.length), Buffer.of(random.below(256)));
      case 1:
        return flipBit(input, from, random.below(8));
      case 2:
      case 3:
        return replace(input, from, from, random.pick(this.#tokens));
      case 4:
        return replace(input, from, to, random.pick(this.#tokens));
      case 5:
        return replace(input, from, to, Buffer.alloc(0));
      case 6:
        return replace(input, from, from, this.#repeated(input.subarray(from, to), limit));
      case 7:
        return input.subarray(0, from);
      case 8:
        return Buffer.concat([input.subarray(0, from), other.subarray(random.below(other.length + 1))]);
      case 9:
        return replace(input, from, from, other.subarray(...this.#range(other)));
      default:
        return this.#renumber(input, from);
    }
  }

  /** Mostly short. */
  #range(input) {
    const random = this.#random;
    const from = random.below(input.length + 1);
    const length = random.below(4) === 0 ? random.below(input.length - from + 1) : random.below(9);
    return [from, Math.min(from + length, input.length)];
  }

  #repeated(part, limit) {
    if (part.length === 0) return part;
    const most = Math.max(1, Math.floor(limit / part.length));
    const times = this.#random.below(3) === 0 ? 1 + this.#random.below(most) : 1 + this.#random.below(3);
    return Buffer.alloc(part.length * times, part);
  }

  /** Another number in the place of the first one behind a position. */
  #renumber(input, position) {
    let start = position;
    while (start < input.length && !isDigit(input[start])) start++;
    let end = start;
    while (end < input.length && isDigit(input[end])) end++;
    return start === end ? input : replace(input, start, end, this.#number());
  }

  #number() {
    const random = this.#random;
    const digits = [1, 1, 1, 2, 3, 15, 16, 17, 30][random.below(9)];
    return Buffer.from(Array.from({ length: digits }, () => DIGIT_0 + random.below(10)));
  }
}

function replace(input, from, to, by) {
  return Buffer.concat([input.subarray(0, from), by, input.subarray(to)]);
}

function flipBit(input, at, bit) {
  if (at >= input.length) return input;
  return replace(input, at, at + 1, Buffer.of(input[at] ^ (1 << bit)));
}

function isDigit(byte) {
  return byte >= DIGIT_0 && byte <= DIGIT_9;
}
