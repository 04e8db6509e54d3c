/**
 * Server-to-client frames (RFC 6455, 5.2): one frame per packet, never masked, never fragmented.
 *
 * A frame of ASCII text is itself a string of characters up to 0xff: header characters, then the text. Written as
 * latin1 it reaches the kernel without a Buffer of ours in between (Node copies it to a stack buffer and tries the write
 * at once); echo and small broadcasts show it. So does a small binary frame, which then leaves in one piece with the text
 * in front of it (bench: binary). Other text and binary become one Buffer with header and payload.
 */

/** Header of a final text frame by payload length, for the lengths that fit into the header's second byte. */
const SHORT_TEXT_HEADERS = Array.from({ length: 126 }, (_, length) => String.fromCharCode(0x81, length));

const SHORT_BINARY_HEADERS = Array.from({ length: 126 }, (_, length) => String.fromCharCode(0x82, length));

/** Up to here a text frame stays a string: Node's stack buffer for string writes holds 16 KiB. */
const MAX_STRING_FRAME = 16_000;

/** A whole text frame: a latin1 string where the text is ASCII and small enough, else a Buffer. */
export function frameText(text: string): string | Buffer {
  const length = Buffer.byteLength(text);
  if (length !== text.length || length > MAX_STRING_FRAME) return textBuffer(text, length);
  if (length < 126) return SHORT_TEXT_HEADERS[length] + text;
  return String.fromCharCode(0x81, 126, length >>> 8, length & 0xff) + text;
}

/** Up to here a binary frame becomes a string: from some size on a second copy costs more than a second piece. */
const MAX_BINARY_STRING = 1024;

/** A whole binary frame: a latin1 string where it is small, else a Buffer. */
export function frameBinary(payload: Buffer): string | Buffer {
  const { length } = payload;
  if (length > MAX_BINARY_STRING) return binaryBuffer(payload);
  if (length < 126) return SHORT_BINARY_HEADERS[length] + payload.toString('latin1');
  return String.fromCharCode(0x82, 126, length >>> 8, length & 0xff) + payload.toString('latin1');
}

function binaryBuffer(payload: Buffer): Buffer {
  const offset = headerLength(payload.length);
  const frame = Buffer.allocUnsafe(offset + payload.length);
  writeHeader(frame, 0x82, payload.length);
  payload.copy(frame, offset);
  return frame;
}

function textBuffer(text: string, length: number): Buffer {
  const offset = headerLength(length);
  const frame = Buffer.allocUnsafe(offset + length);
  writeHeader(frame, 0x81, length);
  frame.write(text, offset);
  return frame;
}

/** The header alone, for a payload that is too large to be worth a copy. */
export function binaryHeader(length: number): Buffer {
  const header = Buffer.allocUnsafe(headerLength(length));
  writeHeader(header, 0x82, length);
  return header;
}

function headerLength(length: number): number {
  if (length < 126) return 2;
  return length < 65_536 ? 4 : 10;
}

function writeHeader(frame: Buffer, first: number, length: number): void {
  frame[0] = first;
  if (length < 126) {
    frame[1] = length;
  } else if (length < 65_536) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
    frame.writeUInt32BE(length >>> 0, 6);
  }
}
