/** Polling payloads of Engine.IO v3, as text and as bytes: split within their bound or refused, and joined again the same. */
import assert from 'node:assert/strict';
import { PayloadCodecV3 } from '../../../.cache/modules/engine/codec/payload-codec-v3.js';
import { ProtocolError } from '../../../.cache/modules/engine/codec/protocol-error.js';

export const seeds = [
  't6:4hello2:4€10:b4AQIDBA==',
  't1:20:6:3probe',
  't2:4\u{1f600}',
  hex('62 0004ff34e282ac 0105ff0401020304 000102ff', '34'.repeat(12)),
  hex('62 000001ff34 01000004ff04010203'),
];
export const dictionary = [
  't',
  'b',
  '1:',
  '0:',
  ':',
  '10:b4',
  'b4',
  'b5',
  '\0',
  Buffer.of(1, 1, 255, 4),
  Buffer.of(255),
  Buffer.of(9, 9),
];

const MAX_PACKETS = 40;
const MAX_BYTES = 300;
const TEXT = new PayloadCodecV3(false);
const BYTES = new PayloadCodecV3(true);

/** The first byte says which of the two the body is. */
export function run(input) {
  const isText = input[0] === 0x74;
  const body = isText ? input.toString('utf8', 1) : input.subarray(1);
  let packets;
  try {
    packets = TEXT.split(body, MAX_PACKETS);
  } catch (error) {
    if (error instanceof ProtocolError) return `${isText ? 'text' : 'bytes'}: ${error.code} ${error.message}`;
    throw error;
  }
  assert.ok(packets.length <= MAX_PACKETS);
  assert.ok(packets.reduce((sum, packet) => sum + packet.length, 0) <= body.length, 'more came out than went in');
  // Half of a pair is text here, and in UTF-8 it is nothing.
  const isWhole = packets.every((packet) => typeof packet !== 'string' || packet.isWellFormed?.() !== false);
  checkTake(TEXT, packets);
  if (isWhole) checkTake(BYTES, packets);
  return `${isText ? 'text' : 'bytes'}: ${packets.length} packets${isWhole ? '' : ', not well-formed'}`;
}

function checkTake(codec, packets) {
  const waiting = [...packets];
  const taken = [];
  while (waiting.length > 0) {
    const payload = codec.take(waiting, MAX_BYTES);
    const some = codec.split(payload, MAX_PACKETS);
    assert.ok(some.length === 1 || Buffer.byteLength(payload) <= MAX_BYTES);
    taken.push(...some);
  }
  assert.deepEqual(taken, packets);
}

function hex(...digits) {
  return Buffer.from(digits.join('').replaceAll(' ', ''), 'hex');
}
