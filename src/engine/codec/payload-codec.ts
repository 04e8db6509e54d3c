import type { EncodedPacket } from './packet.js';
import { ProtocolError } from './protocol-error.js';

/** How packets stand in the bodies of long-polling; chosen once, when a session opens. */
export interface PayloadCodec {
  /** Whether a POST may carry bytes instead of text. */
  readonly readsBytes: boolean;
  /** Takes packets off the front of the queue: as many as fit into `maxBytes`, at least one. */
  take(queue: EncodedPacket[], maxBytes: number): string | Buffer;
  /**
   * Takes a received body apart: texts that start with their type, or with `b` before base64, and binary messages.
   *
   * @throws ProtocolError for what is no payload, and above `maxPackets`
   */
  split(body: string | Buffer, maxPackets: number): EncodedPacket[];
}

/** Payloads of Engine.IO v4. */
export const PAYLOAD_V4: PayloadCodec = {
  readsBytes: false,
  take: takePayload,
  split: (body, maxPackets) => splitPayload(body as string, maxPackets),
};

/** Joins the packets of a long-polling payload (protocol, "HTTP long-polling"); it never occurs inside JSON text. */
export const SEPARATOR = '\x1e';

/** Packets of one payload or joined frame that are dispatched before others get their turn. */
export const PACKETS_PER_TURN = 256;

const BINARY_PREFIX = 'b';
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const WHITE_SPACE = /[\t\n\r ]+/g;

/** A packet as it stands in a payload: text as it is, binary as `b` and base64. */
export function encodePayloadPacket(packet: EncodedPacket): string {
  return typeof packet === 'string' ? packet : BINARY_PREFIX + packet.toString('base64');
}

function takePayload(queue: EncodedPacket[], maxBytes: number): string {
  const packets: string[] = [];
  let size = -SEPARATOR.length;
  for (const packet of queue) {
    const encoded = encodePayloadPacket(packet);
    size += SEPARATOR.length + Buffer.byteLength(encoded);
    if (packets.length > 0 && size > maxBytes) break;
    packets.push(encoded);
  }
  queue.splice(0, packets.length);
  return packets.join(SEPARATOR);
}

/**
 * Splits a received payload; empty parts are passed over and not counted.
 *
 * @throws ProtocolError above `maxPackets`, before anything is allocated for the packets beyond it
 */
export function splitPayload(payload: string, maxPackets: number): string[] {
  const packets: string[] = [];
  for (let start = 0; start <= payload.length;) {
    let end = payload.indexOf(SEPARATOR, start);
    if (end === -1) end = payload.length;
    if (end > start) {
      if (packets.length === maxPackets)
        throw new ProtocolError('BATCH_TOO_LARGE', `the client sent more than ${maxPackets} packets at once`);
      packets.push(payload.slice(start, end));
    }
    start = end + 1;
  }
  return packets;
}

export function isBinaryPayloadPacket(packet: string): boolean {
  return packet.startsWith(BINARY_PREFIX);
}

/**
 * The bytes of a `b…` packet.
 *
 * @throws ProtocolError for what is not base64
 */
export function decodePayloadBinary(packet: string): Buffer {
  return decodeBase64(packet.slice(1));
}

/**
 * Base64 as clients write it: in either alphabet, padded or not, in one line or several. Node's decoder leaves out what it
 * does not understand, and the bytes would be others than the peer meant, so the text is checked.
 *
 * @throws ProtocolError as above
 */
export function decodeBase64(base64: string): Buffer {
  if (isBase64(base64) || isBase64(base64.replace(WHITE_SPACE, ''))) return Buffer.from(base64, 'base64');
  throw new ProtocolError('INVALID_BASE64', 'the client sent a binary packet that is not base64');
}

function isBase64(text: string): boolean {
  const padding = text.indexOf('=');
  // One letter alone is no byte.
  return BASE64.test(text) && (padding === -1 ? text.length : padding) % 4 !== 1;
}
