import { isUtf8 } from 'node:buffer';
import type { EncodedPacket } from '../../codec/packet.js';
import { ProtocolError } from '../../codec/protocol-error.js';
import type { FrameListener } from '../frame-listener.js';

/**
 * Packets on the one stream of a WebTransport session, each behind its length as in a WebSocket frame (RFC 6455, 5.2):
 * one byte whose first bit says whether the packet is binary, and whose others are the length; 126: the length follows
 * in two bytes; 127: in eight.
 */
const BINARY = 0x80;

export function frameStreamPacket(packet: EncodedPacket): Buffer {
  const isText = typeof packet === 'string';
  const length = isText ? Buffer.byteLength(packet) : packet.length;
  const header = headerLength(length);
  const frame = Buffer.allocUnsafe(header + length);
  const kind = isText ? 0 : BINARY;
  if (header === 1) {
    frame[0] = kind | length;
  } else if (header === 3) {
    frame[0] = kind | 126;
    frame.writeUInt16BE(length, 1);
  } else {
    frame[0] = kind | 127;
    frame.writeUInt32BE(Math.floor(length / 2 ** 32), 1);
    frame.writeUInt32BE(length >>> 0, 5);
  }
  if (isText) frame.write(packet, header);
  else packet.copy(frame, header);
  return frame;
}

/** Puts frames together from chunks that are cut anywhere. Holds at most one frame that is not complete. */
export class StreamFrameReader {
  /** The frame that is not complete: its first `#filled` bytes. The buffer grows with what arrives, not with what is announced. */
  #buffer: Buffer = EMPTY;
  #filled = 0;

  constructor(
    private readonly sink: FrameListener,
    private readonly maxPayload: number,
  ) {}

  /** @throws ProtocolError for a frame that is empty, too large or not UTF-8 */
  read(chunk: Uint8Array): void {
    const bytes = this.#filled === 0 ? viewOf(chunk) : this.#append(chunk);
    let position = 0;
    while (this.sink.isOpen) {
      const end = this.#readFrame(bytes, position);
      if (end === position) break;
      position = end;
    }
    if (position === 0 && this.#filled > 0) return;
    // Copied: the sink keeps parts of what was read.
    this.#buffer = position === bytes.length ? EMPTY : Buffer.from(bytes.subarray(position));
    this.#filled = this.#buffer.length;
  }

  /** Reads the frame at `start` and returns where it ends, or `start` where it is not complete. */
  #readFrame(bytes: Buffer, start: number): number {
    const available = bytes.length - start;
    if (available === 0) return start;
    const first = bytes[start];
    let length = first & 0x7f;
    const header = length < 126 ? 1 : length === 126 ? 3 : 9;
    if (available < header) return start;
    if (header === 3) length = bytes.readUInt16BE(start + 1);
    if (header === 9) length = bytes.readUInt32BE(start + 1) * 2 ** 32 + bytes.readUInt32BE(start + 5);
    if (length > this.maxPayload)
      throw new ProtocolError('PAYLOAD_TOO_LARGE', `the client sent a packet of more than ${this.maxPayload} bytes`);
    const isBinary = first >= BINARY;
    if (length === 0 && !isBinary) throw new ProtocolError('INVALID_PACKET', 'the client sent an empty packet');
    const payload = start + header;
    const end = payload + length;
    if (end > bytes.length) return start;
    if (isBinary) this.sink.receiveBinary(bytes.subarray(payload, end));
    else if (isUtf8(bytes.subarray(payload, end)))
      this.sink.receiveText(bytes[payload], bytes.toString('utf8', payload + 1, end));
    else throw new ProtocolError('INVALID_PACKET', 'the client sent a text packet that is not UTF-8');
    return end;
  }

  /** Returns everything that is unread. */
  #append(chunk: Uint8Array): Buffer {
    const filled = this.#filled + chunk.length;
    if (filled > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(filled, this.#buffer.length * 2));
      this.#buffer.copy(grown, 0, 0, this.#filled);
      this.#buffer = grown;
    }
    this.#buffer.set(chunk, this.#filled);
    this.#filled = filled;
    return this.#buffer.subarray(0, filled);
  }
}

const EMPTY = Buffer.alloc(0);

function headerLength(length: number): number {
  if (length < 126) return 1;
  return length < 65_536 ? 3 : 9;
}

function viewOf(chunk: Uint8Array): Buffer {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
