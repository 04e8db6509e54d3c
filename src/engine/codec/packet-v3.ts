import { ProtocolError } from './protocol-error.js';
import { decodeBase64 } from './payload-codec.js';

/**
 * Binary messages of Engine.IO v3 (protocol 3, "Packet"). Unlike in v4 they carry their type: as a first byte of the
 * number 4, or as `b4` before base64. Text is the same in both.
 */
const MESSAGE = 4;

/** Starts a binary packet that was put into text. */
export const BASE64_MARK = 'b';

export function encodeBinaryV3(message: Buffer): Buffer {
  const packet = Buffer.allocUnsafe(message.length + 1);
  packet[0] = MESSAGE;
  message.copy(packet, 1);
  return packet;
}

export function encodeBase64V3(message: Buffer): string {
  return `${BASE64_MARK}${MESSAGE}${message.toString('base64')}`;
}

/** @throws ProtocolError for a packet that is no message; all others are text */
export function decodeBinaryV3(packet: Buffer): Buffer {
  if (packet[0] !== MESSAGE)
    throw new ProtocolError('INVALID_PACKET', 'the client sent a binary packet that is not a message');
  return packet.subarray(1);
}

/** @throws ProtocolError as above, and for what is not base64 */
export function decodeBase64V3(packet: string): Buffer {
  if (packet.charAt(1) !== String(MESSAGE)) {
    throw new ProtocolError('INVALID_PACKET', 'the client sent a binary packet that is not a message');
  }
  return decodeBase64(packet.slice(2));
}
