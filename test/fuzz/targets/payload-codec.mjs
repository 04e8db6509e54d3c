/** Polling payloads of Engine.IO v4: split within their bound or refused, and joined again the same. */
import assert from 'node:assert/strict';
import {
  PAYLOAD_V4,
  SEPARATOR,
  decodePayloadBinary,
  isBinaryPayloadPacket,
} from '../../../.cache/modules/engine/codec/payload-codec.js';
import { ProtocolError } from '../../../.cache/modules/engine/codec/protocol-error.js';

export const seeds = [
  '4hello\x1e4€\x1ebAQIDBA==\x1e2\x1e3probe',
  '4',
  'b',
  'bAAAA\x1ebAAA=\x1ebAA==',
  '\x1e\x1e4a\x1e',
];
export const dictionary = ['\x1e', '4', 'b', '6\x1e', 'AA==', '=', '+/', '-_', '0{"sid":"'];

const MAX_PACKETS = 40;
const MAX_BYTES = 300;

export function run(input) {
  const body = input.toString();
  let packets;
  try {
    packets = PAYLOAD_V4.split(body, MAX_PACKETS);
  } catch (error) {
    return refused(error);
  }
  assert.deepEqual(
    packets,
    body.split(SEPARATOR).filter((packet) => packet !== ''),
  );
  assert.ok(packets.length <= MAX_PACKETS);
  let outcome = `${packets.length} packets`;
  const queue = packets.map((packet) => {
    if (!isBinaryPayloadPacket(packet)) return packet;
    try {
      return decodePayloadBinary(packet);
    } catch (error) {
      outcome = refused(error);
      return 'malformed';
    }
  });
  checkTake(queue);
  return outcome;
}

/** However an answer is filled, the packets leave in order, each once, within the bound or alone. */
function checkTake(queue) {
  const waiting = [...queue];
  const taken = [];
  while (waiting.length > 0) {
    const payload = PAYLOAD_V4.take(waiting, MAX_BYTES);
    const parts = payload.split(SEPARATOR);
    assert.ok(parts.length === 1 || Buffer.byteLength(payload) <= MAX_BYTES);
    taken.push(...parts);
  }
  assert.deepEqual(
    taken,
    queue.map((packet) => (typeof packet === 'string' ? packet : `b${packet.toString('base64')}`)),
  );
}

function refused(error) {
  if (error instanceof ProtocolError) return error.code;
  throw error;
}
