/** Socket.IO packets: decoded within their bounds or refused, and what is decoded encodes to the same again. */
import assert from 'node:assert/strict';
import { ProtocolError } from '../../../.cache/modules/engine/codec/protocol-error.js';
import { extractAttachments, insertAttachments } from '../../../.cache/modules/socketio/codec/attachments.js';
import { decodePacket } from '../../../.cache/modules/socketio/codec/packet-decoder.js';
import { encodeAck, encodeEvent } from '../../../.cache/modules/socketio/codec/packet-encoder.js';
import { RESERVED_EVENTS } from '../../../.cache/modules/socketio/events/reserved-events.js';
import { SOCKETIO_SEEDS, SOCKETIO_WORDS } from '../lib/socketio-words.mjs';

export const seeds = SOCKETIO_SEEDS;
export const dictionary = SOCKETIO_WORDS;

const LIMITS = {
  maxEventNameLength: 64,
  maxEventArgs: 16,
  maxNamespaceLength: 64,
  maxAttachments: 8,
  maxJsonDepth: 32,
  maxAuthPayload: 256,
};

export function run(input) {
  const text = toText(input);
  const decoded = decode(text);
  if (decoded instanceof ProtocolError) return decoded.code;
  const { kind, nsp, args, id, attachments = 0 } = decoded;
  assert.match(nsp, /^\/[^\0-\x1f\x7f]*$/);
  assert.ok(Buffer.byteLength(nsp) <= LIMITS.maxNamespaceLength);
  if (args === undefined) return kind;
  assert.ok(id === -1 || (Number.isSafeInteger(id) && id >= 0));
  assert.ok(attachments <= LIMITS.maxAttachments);
  if (kind === 'event' && attachments > 0 && args.length === 0) return 'binary event without a name';
  if (kind === 'event') {
    // Numbers are names too, as for the official decoder.
    assert.ok(typeof args[0] === 'string' || typeof args[0] === 'number');
    assert.ok(Buffer.byteLength(String(args[0])) <= LIMITS.maxEventNameLength && !RESERVED_EVENTS.has(args[0]));
  }
  assert.ok(args.length <= LIMITS.maxEventArgs + 1);
  if (kind === 'event' && attachments === 0) assert.deepEqual(decode(text, false).args[0], args[0]);
  assert.deepEqual(Object.keys(Object.prototype), [], 'something was put on the prototype of all objects');
  return attachments > 0 ? checkAttachments(decoded) : checkRoundTrip(decoded);
}

/** UTF-8 has no lone surrogates, but v3 payloads can cut a pair in two: a private character stands for one. */
function toText(input) {
  return input.toString().replaceAll('\u{10fffd}', '\ud800');
}

/** @param readsEvents whether anything reads the arguments of events */
function decode(text, readsEvents = true) {
  let decoded = null;
  const take = (kind, nsp, args, id, attachments) => {
    assert.equal(decoded, null, 'one text gave two packets');
    decoded = { kind, nsp, args, id, attachments };
  };
  try {
    decodePacket(text, LIMITS, {
      readsEvent: () => readsEvents,
      onConnectPacket: (nsp, auth) => take(auth === null ? 'connect, auth refused' : 'connect', nsp),
      onDisconnect: (nsp) => take('disconnect', nsp),
      onEvent: (nsp, args, id) => take('event', nsp, args, id),
      onNamelessEvent: (nsp) => take('event without a name', nsp),
      onAck: (nsp, args, id) => take('ack', nsp, args, id),
      onBinary: (type, nsp, args, id, count) => take(type === 5 ? 'event' : 'ack', nsp, args, id, count),
    });
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
  assert.notEqual(decoded, null, 'neither a packet nor an error');
  return decoded;
}

function encode({ kind, nsp, args, id }) {
  return kind === 'event' ? encodeEvent(nsp, args, id === -1 ? undefined : id) : encodeAck(nsp, args, id);
}

function checkRoundTrip(decoded) {
  // An ack without an id answers nothing; there is no way to send one.
  if (decoded.kind === 'ack' && decoded.id === -1) return 'ack without id';
  // JSON can say a number that it cannot write, such as 1e999; the official decoder takes it for a name, too.
  if (Math.abs(decoded.args[0]) === Infinity && decoded.kind === 'event') return 'event named Infinity';
  const again = decode(encode(decoded));
  assert.equal(again.kind, decoded.kind);
  assert.equal(again.nsp, decoded.nsp);
  assert.equal(again.id, decoded.id);
  assert.equal(JSON.stringify(again.args), JSON.stringify(decoded.args));
  return `${decoded.kind}${decoded.id === -1 ? '' : ' with id'}, ${decoded.args.length} in it`;
}

function checkAttachments(decoded) {
  const buffers = Array.from({ length: decoded.attachments }, (_, i) => Buffer.of(i));
  let args;
  try {
    args = insertAttachments(decoded.args, buffers);
  } catch (error) {
    if (error instanceof ProtocolError) return `${decoded.kind}, binary, ${error.code}`;
    throw error;
  }
  // An attachment may stand in two places, or in none.
  if (extractAttachments(args).attachments.length === 0) return `${decoded.kind}, binary, without bytes`;
  if (decoded.kind === 'ack' && decoded.id === -1) return 'binary ack without id';
  const [text, ...sent] = encode({ ...decoded, args });
  const again = decode(text);
  assert.equal(again.attachments, sent.length);
  assert.equal(JSON.stringify(insertAttachments(again.args, sent)), JSON.stringify(args));
  return `${decoded.kind}, binary, ${decoded.attachments} attachments`;
}
