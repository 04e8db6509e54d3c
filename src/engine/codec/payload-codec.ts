import type { EncodedPacket } from './packet.js';
import { ProtocolError } from '../protocol-error.js';

/** Joins the packets of a long-polling payload (protocol, "HTTP long-polling"); it never occurs inside JSON text. */
export const SEPARATOR = '\x1e';

const BINARY_PREFIX = 'b';
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** A packet as it stands in a payload: text as it is, binary as `b` and base64. */
export function encodePayloadPacket(packet: EncodedPacket): string {
  return typeof packet === 'string' ? packet : BINARY_PREFIX + packet.toString('base64');
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
      if (packets.length === maxPackets) throw new ProtocolError('BATCH_TOO_LARGE', `more than ${maxPackets} packets`);
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
 * The bytes of a `b…` packet. Node's own base64 decoder ignores what it does not understand, so the text is checked.
 *
 * @throws ProtocolError for anything that is not padded standard base64
 */
export function decodePayloadBinary(packet: string): Buffer {
  const base64 = packet.slice(1);
  if (base64.length % 4 !== 0 || !BASE64.test(base64)) throw new ProtocolError('INVALID_BASE64', 'not base64');
  return Buffer.from(base64, 'base64');
}
