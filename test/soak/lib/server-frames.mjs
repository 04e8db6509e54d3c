/** Takes the frames of a server out of the chunks in which they arrive. Payloads beyond `KEPT` are passed over. */
export class ServerFrames {
  #rest = null;
  #skip = 0;
  #onFrame;

  /** @param {(opcode: number, text: string) => void} onFrame text is latin1, empty for what was passed over */
  constructor(onFrame) {
    this.#onFrame = onFrame;
  }

  /** @param {Buffer} data */
  take(data) {
    let chunk = this.#rest === null ? data : Buffer.concat([this.#rest, data]);
    this.#rest = null;
    while (chunk.length > 0) {
      const skipped = Math.min(this.#skip, chunk.length);
      this.#skip -= skipped;
      chunk = chunk.subarray(skipped);
      const next = chunk.length < 2 ? null : this.#takeFrame(chunk);
      if (next === null) {
        this.#rest = chunk.length === 0 ? null : Buffer.from(chunk);
        return;
      }
      chunk = next;
    }
  }

  /** What follows the frame; null where it has not arrived whole. */
  #takeFrame(chunk) {
    const short = chunk[1] & 0x7f;
    const header = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (chunk.length < header) return null;
    const length = short < 126 ? short : short === 126 ? chunk.readUInt16BE(2) : Number(chunk.readBigUInt64BE(2));
    const opcode = chunk[0] & 0x0f;
    if (length > KEPT) {
      this.#skip = length;
      this.#onFrame(opcode, '');
      return chunk.subarray(header);
    }
    const end = header + length;
    if (chunk.length < end) return null;
    this.#onFrame(opcode, chunk.toString('latin1', header, end));
    return chunk.subarray(end);
  }
}

const KEPT = 65_536;
