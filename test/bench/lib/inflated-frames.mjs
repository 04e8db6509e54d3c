import { constants, inflateRawSync } from 'node:zlib';
import { serverFrame } from './wire.mjs';

const COMPRESSED = 0x40;
/** How far back a compressed message may refer. */
const WINDOW = 32 * 1024;
/** What a sender cuts off each message, RFC 7692, 7.2.1. */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/**
 * Turns what a server sends over a WebSocket with permessage-deflate into what it would have sent over one without, so
 * that it can be compared. A message refers to those before it, which are kept as far back as that goes.
 */
export class InflatedFrames {
  #pending = Buffer.alloc(0);
  #window = Buffer.alloc(0);

  /**
   * @param {Buffer} bytes
   * @returns {Buffer} the frames that they complete
   */
  accept(bytes) {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    const frames = [];
    for (let frame = this.#take(); frame !== null; frame = this.#take()) frames.push(frame);
    return Buffer.concat(frames);
  }

  #take() {
    const start = headerLength(this.#pending);
    if (start === null) return null;
    const end = start + payloadLength(this.#pending);
    if (this.#pending.length < end) return null;
    const frame = this.#pending.subarray(0, end);
    this.#pending = this.#pending.subarray(end);
    if ((frame[0] & COMPRESSED) === 0) return frame;
    return serverFrame(frame[0] & 0x0f, this.#inflate(frame.subarray(start)));
  }

  #inflate(payload) {
    const options = { finishFlush: constants.Z_SYNC_FLUSH };
    if (this.#window.length > 0) options.dictionary = this.#window;
    const inflated = inflateRawSync(Buffer.concat([payload, TAIL]), options);
    this.#window = Buffer.concat([this.#window, inflated]).subarray(-WINDOW);
    return inflated;
  }
}

/** Of a frame without a mask; null when it has not arrived. */
function headerLength(bytes) {
  if (bytes.length < 2) return null;
  const length = bytes[1] === 127 ? 10 : bytes[1] === 126 ? 4 : 2;
  return bytes.length < length ? null : length;
}

function payloadLength(bytes) {
  if (bytes[1] < 126) return bytes[1];
  return bytes[1] === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
}
