import { isUtf8 } from 'node:buffer';

/**
 * Checks one text message that arrives masked and in pieces (RFC 6455, 8.1): the piece with the first byte that cannot be
 * UTF-8 is refused, whatever follows. It reads a copy, since the pieces stay masked for `ws`.
 */
export class Utf8Checker {
  /** The beginning of a character that the next piece goes on with. */
  #open = 0;
  readonly #mask = new Uint8Array(4);
  /** Bytes of the present frame that were checked: they tell which byte of the mask is next. */
  #checked = 0;
  readonly #rest = new Uint8Array(MOST_OPEN);

  /** Begins a frame of the message; its mask lies at `position` of `chunk`. */
  beginFrame(chunk: Buffer, position: number): void {
    chunk.copy(this.#mask, 0, position, position + 4);
    this.#checked = 0;
  }

  /** Returns false if no text can go on with these bytes. */
  check(chunk: Buffer, start: number, end: number): boolean {
    for (let from = start; from < end; from += SLICE) {
      if (!this.#checkSlice(chunk, from, Math.min(end, from + SLICE))) return false;
    }
    return true;
  }

  #checkSlice(chunk: Buffer, start: number, end: number): boolean {
    chunk.copy(BYTES, MOST_OPEN, start, end);
    const isAscii = this.#unmask(end - start);
    if (isAscii && this.#open === 0) return true;
    const begin = MOST_OPEN - this.#open;
    BYTES.set(this.#rest.subarray(0, this.#open), begin);
    const text = BYTES.subarray(begin, MOST_OPEN + end - start);
    this.#open = openBytes(text);
    const open = text.subarray(text.length - this.#open);
    open.copy(this.#rest);
    return isUtf8(text.subarray(0, text.length - this.#open)) && canGoOn(open);
  }

  /** Unmasks what was copied, a word at a time, and returns whether all of it is ASCII. */
  #unmask(size: number): boolean {
    for (let i = 0; i < 4; i++) WORD_BYTES[i] = this.#mask[(this.#checked + i) & 3];
    this.#checked += size;
    const word = WORD[0];
    const last = 1 + (size >>> 2);
    let all = 0;
    for (let i = 1; i < last; i++) all |= WORDS[i] ^= word;
    for (let i = last * 4; i < MOST_OPEN + size; i++) all |= (BYTES[i] ^= WORD_BYTES[i & 3]) << 24;
    return (all & 0x80808080) === 0;
  }
}

/** More bytes a character cannot have before its last. A word, so that what is behind is aligned. */
const MOST_OPEN = 4;
const SLICE = 16_384;

// One for all connections: a slice is checked within one call.
const WORDS = new Uint32Array(1 + SLICE / 4);
const BYTES = Buffer.from(WORDS.buffer);
const WORD = new Uint32Array(1);
const WORD_BYTES = Buffer.from(WORD.buffer);

/** How many bytes at the end are the beginning of a character of more bytes. */
function openBytes(text: Buffer): number {
  const most = Math.min(3, text.length);
  for (let count = 1; count <= most; count++) {
    const byte = text[text.length - count];
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return count < sizeOf(byte) ? count : 0;
  }
  return 0;
}

/** Bytes of a character that begins with this byte. */
function sizeOf(lead: number): number {
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

/** Whether a character can begin so (RFC 3629, 4): the second byte decides about overlong forms, surrogates and the range. */
function canGoOn(open: Buffer): boolean {
  if (open.length === 0) return true;
  const [lead, second, third] = open;
  if (lead < 0xc2 || lead > 0xf4) return false;
  if (open.length === 1) return true;
  const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  return second >= least && second <= most && (open.length === 2 || (third >= 0x80 && third <= 0xbf));
}
