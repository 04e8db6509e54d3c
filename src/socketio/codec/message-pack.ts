import { PacketError } from './packet-error.js';

/**
 * Walks over a MessagePack value before a decoder sees it: a header of five bytes may declare four thousand million
 * elements, for which decoders make room at once. Costs no more than the length of the bytes.
 *
 * @throws PacketError for a length that the bytes do not have, and above `maxDepth`
 */
export function checkMessagePack(bytes: Buffer, maxDepth: number): void {
  if (walk(bytes, maxDepth) !== bytes.length) throw malformed('bytes behind the value');
}

/** Whether bytes are one whole value, and that a map, as packets are. */
export function isMessagePackMap(bytes: Buffer): boolean {
  if (bytes.length === 0 || (bytes[0] & 0xf0) !== 0x80) return false;
  try {
    return walk(bytes, PACKET_DEPTH) === bytes.length;
  } catch {
    return false;
  }
}

/** Returns where the value ends. */
function walk(bytes: Buffer, maxDepth: number): number {
  /** How many values each container that is open still lacks. */
  const open: number[] = [1];
  let at = 0;
  while (open.length > 0) {
    if (open[open.length - 1]-- === 0) {
      open.pop();
      continue;
    }
    if (at >= bytes.length) throw malformed('a value that is cut off');
    const header = readHeader(bytes, at);
    at = header.end;
    // Each value takes at least a byte.
    if (header.values > bytes.length - at) throw malformed('more elements than bytes');
    if (at > bytes.length) throw malformed('more bytes declared than sent');
    if (header.values === 0) continue;
    if (open.length > maxDepth) throw new PacketError('JSON_TOO_DEEP', `more than ${maxDepth} levels`);
    open.push(header.values);
  }
  return at;
}

interface Header {
  /** Behind the header and the bytes of the value's own. */
  readonly end: number;
  /** How many values follow that belong to it. */
  readonly values: number;
}

function readHeader(bytes: Buffer, at: number): Header {
  const type = bytes[at];
  const next = at + 1;
  if (type < 0x80 || type >= 0xe0) return { end: next, values: 0 };
  if (type < 0x90) return { end: next, values: (type & 0x0f) * 2 };
  if (type < 0xa0) return { end: next, values: type & 0x0f };
  if (type < 0xc0) return { end: next + (type & 0x1f), values: 0 };
  switch (type) {
    case 0xc4:
    case 0xc5:
    case 0xc6:
    case 0xd9:
    case 0xda:
    case 0xdb: {
      const width = 1 << (type >= 0xd9 ? type - 0xd9 : type - 0xc4);
      return { end: next + width + readLength(bytes, next, width), values: 0 };
    }
    case 0xc7:
    case 0xc8:
    case 0xc9: {
      const width = 1 << (type - 0xc7);
      // An extension has a byte for its type.
      return { end: next + width + 1 + readLength(bytes, next, width), values: 0 };
    }
    case 0xdc:
    case 0xdd:
    case 0xde:
    case 0xdf: {
      const width = type === 0xdc || type === 0xde ? 2 : 4;
      const count = readLength(bytes, next, width);
      return { end: next + width, values: type >= 0xde ? count * 2 : count };
    }
    default:
      return { end: next + FIXED[type - 0xc0], values: 0 };
  }
}

function readLength(bytes: Buffer, at: number, width: number): number {
  if (at + width > bytes.length) throw malformed('a length that is cut off');
  return bytes.readUIntBE(at, width);
}

function malformed(what: string): PacketError {
  return new PacketError('INVALID_PACKET', `the client sent invalid MessagePack: ${what}`);
}

/** Bytes behind those from 0xc0 on that have a length of their own: nil, booleans, numbers, small extensions. */
const FIXED: readonly number[] = [
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17, 0, 0, 0, 0, 0, 0, 0,
];
const PACKET_DEPTH = 8;
