import { isUtf8 } from 'node:buffer';
import { ProtocolError } from './protocol-error.js';
import type { EncodedPacket } from './packet.js';
import { BASE64_MARK, decodeBase64V3, decodeBinaryV3, encodeBase64V3, encodeBinaryV3 } from './packet-v3.js';
import type { PayloadCodec } from './payload-codec.js';

/**
 * Payloads of Engine.IO v3 (protocol 3, "Payload"), each packet behind its length:
 *
 *     6:4hello2:4€10:b4AQIDBA==             text; lengths in UTF-16 code units
 *     00 04 ff "4€"  01 05 ff 04 01020304   bytes; 0 for text, 1 for binary; lengths in bytes, one digit a byte
 *
 * Either is read, whichever a POST declares. Bytes are only written to a peer that can read them, and only if there
 * is a binary packet.
 */
export class PayloadCodecV3 implements PayloadCodec {
  readonly readsBytes = true;

  /** @param writesBytes false for peers that asked for base64 */
  constructor(private readonly writesBytes: boolean) {}

  take(queue: EncodedPacket[], maxBytes: number): string | Buffer {
    const asBytes = this.writesBytes && queue.some((packet) => typeof packet !== 'string');
    return asBytes ? takeBytes(queue, maxBytes) : takeText(queue, maxBytes);
  }

  split(body: string | Buffer, maxPackets: number): EncodedPacket[] {
    const packets: EncodedPacket[] = [];
    if (body.length === 0) throw new ProtocolError('INVALID_PACKET', 'the client sent an empty payload');
    for (let start = 0; start < body.length;) {
      if (packets.length === maxPackets)
        throw new ProtocolError('BATCH_TOO_LARGE', `the client sent more than ${maxPackets} packets at once`);
      start = typeof body === 'string' ? readText(body, start, packets) : readBytes(body, start, packets);
    }
    return packets;
  }
}

function takeText(queue: EncodedPacket[], maxBytes: number): string {
  let payload = '';
  let size = 0;
  let count = 0;
  for (const packet of queue) {
    const text = typeof packet === 'string' ? packet : encodeBase64V3(packet);
    const encoded = `${text.length}:${text}`;
    size += Buffer.byteLength(encoded);
    if (count > 0 && size > maxBytes) break;
    payload += encoded;
    count++;
  }
  queue.splice(0, count);
  return payload;
}

function takeBytes(queue: EncodedPacket[], maxBytes: number): Buffer {
  const parts: Buffer[] = [];
  let size = 0;
  let count = 0;
  for (const packet of queue) {
    const isText = typeof packet === 'string';
    const bytes = isText ? Buffer.from(packet) : encodeBinaryV3(packet);
    const header = Buffer.from([isText ? TEXT : BINARY, ...Array.from(String(bytes.length), Number), HEADER_END]);
    if (count > 0 && size + header.length + bytes.length > maxBytes) break;
    size += header.length + bytes.length;
    parts.push(header, bytes);
    count++;
  }
  queue.splice(0, count);
  return Buffer.concat(parts, size);
}

/** Reads the packet at `start`; returns where it ends. */
function readText(body: string, start: number, packets: EncodedPacket[]): number {
  const colon = body.indexOf(':', start);
  if (colon === -1 || colon - start > MAX_DIGITS) throw noLength();
  const length = body.slice(start, colon);
  if (!DIGITS.test(length)) throw noLength();
  const end = colon + 1 + Number(length);
  if (end > body.length) throw cutOff();
  addText(body.slice(colon + 1, end), packets);
  return end;
}

function readBytes(body: Buffer, start: number, packets: EncodedPacket[]): number {
  const kind = body[start];
  if (kind !== TEXT && kind !== BINARY)
    throw new ProtocolError('INVALID_PACKET', 'the client sent a packet that is neither text nor binary');
  let length = 0;
  let position = start + 1;
  for (; body[position] !== HEADER_END; position++) {
    if (!(body[position] <= 9) || position - start > MAX_DIGITS) throw noLength();
    length = length * 10 + body[position];
  }
  if (position === start + 1) throw noLength();
  const end = position + 1 + length;
  if (end > body.length) throw cutOff();
  const bytes = body.subarray(position + 1, end);
  if (kind === BINARY) packets.push(decodeBinaryV3(bytes));
  else if (isUtf8(bytes)) addText(bytes.toString(), packets);
  else throw new ProtocolError('INVALID_PACKET', 'the client sent a text packet that is not UTF-8');
  return end;
}

/** Peers that have nothing to send may say so with a packet of length 0. */
function addText(packet: string, packets: EncodedPacket[]): void {
  if (packet.startsWith(BASE64_MARK)) packets.push(decodeBase64V3(packet));
  else if (packet !== '') packets.push(packet);
}

function noLength(): ProtocolError {
  return new ProtocolError('INVALID_PACKET', 'the client sent a packet without its length');
}

function cutOff(): ProtocolError {
  return new ProtocolError('INVALID_PACKET', 'the client sent a packet that is shorter than its length');
}

const TEXT = 0;
const BINARY = 1;
const HEADER_END = 0xff;
const DIGITS = /^[0-9]+$/;
/** More digits than any body has bytes. */
const MAX_DIGITS = 15;
