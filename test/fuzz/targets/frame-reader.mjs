/**
 * WebSocket frames, cut anywhere: the reader in front of `ws`, and in front of one that is made on demand, gives what `ws`
 * alone gives, and ends where it ends; or sooner, if what has arrived of a text message cannot be UTF-8.
 */
import assert from 'node:assert/strict';
import { WebSocket, WebSocketServer } from 'ws';
import { DormantWebsocket } from '../../../.cache/modules/engine/transport/websocket/dormant-websocket.js';
import { NO_TYPE } from '../../../.cache/modules/engine/transport/frame-listener.js';
import { FrameReader } from '../../../.cache/modules/engine/transport/websocket/frame-reader.js';
import { clientFrame } from '../lib/frames.mjs';
import { UPGRADE_HEADERS, memoryRequest } from '../lib/memory-exchange.mjs';
import { MemorySocket } from '../lib/memory-socket.mjs';

/**
 * A byte for the cuts, then either bytes as they arrive, or frames in parts that begin with what makes the frame: its
 * first byte, and whether it has a mask.
 */
export const seeds = [
  script(0, part(0x81, '4hello'), part(0x82, '\x01\x02'), part(0x89, 'ping'), part(0x81, '4€ after')),
  script(
    1,
    part(0x01, '4fra', 1),
    part(0x89, 'between'),
    part(0x00, 'g', 1),
    part(0x80, 'ment'),
    part(0x81, '4behind'),
  ),
  script(2, part(0x81, `4${'x'.repeat(300)}`, 1), part(0x88, '\x03\xe8bye'), part(0x81, '4late')),
  script(3, part(0x81, '4\xc3(')),
  script(4, part(0x02, 'a'.repeat(700)), part(0x80, 'b'.repeat(700)), part(0x81, '4behind')),
  script(5, part(0x01, '4\xf0\x9f'), part(0x89, 'x'), part(0x00, '\x98\x80'), part(0x00, '\xf4\x90')),
  bytes(5, clientFrame(0x81, Buffer.from('4hello')), clientFrame(0x82, Buffer.alloc(200), Buffer.of(1, 2, 3, 4))),
  bytes(6, Buffer.from('81feffff00000000', 'hex'), Buffer.alloc(99)),
  bytes(7, Buffer.from('82ff0000000000000005000000003411223344', 'hex')),
];
export const dictionary = [
  Buffer.of(0x1e, 0x81, 0),
  Buffer.of(0x1e, 0x01, 0),
  Buffer.of(0x1e, 0x00, 0),
  Buffer.of(0x1e, 0x80, 0),
].concat(
  [
    Buffer.of(0x1e, 0x82, 1),
    Buffer.of(0x1e, 0x89, 0),
    Buffer.of(0x1e, 0x88, 0),
    Buffer.of(0x1e, 0x8a, 1),
    Buffer.of(0x1e, 0xc1, 0),
  ],
  [
    Buffer.of(0x81, 0x85, 0, 0, 0, 0),
    Buffer.of(0x88, 0x80, 0, 0, 0, 0),
    Buffer.of(0xff),
    Buffer.of(0xfe),
    Buffer.of(0xc3),
    'é',
    '4',
  ],
);

/** Most inputs end in an error of `ws`, whose stack nobody reads. */
Error.stackTraceLimit = 1;

const MAX_PAYLOAD = 1_000;
const server = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload: MAX_PAYLOAD });

export async function run(input) {
  const chunks = cut(framesOf(input.subarray(0, MOST_BYTES)), input[0] ?? 0);
  const all = [reading(false), reading(true), dormantReading()];
  const [alone, ...others] = all;
  for (const chunk of chunks) {
    for (const { socket } of all) socket.arrive(Buffer.from(chunk));
  }
  await settled(...all);
  if (others.some(({ seen }) => seen.length !== alone.seen.length)) {
    // The reader waits for a whole header where `ws` judges by its beginning.
    for (const { socket } of all) socket.arrive(Buffer.alloc(HEADER_SIZE));
    await settled(...all);
  }
  const [{ direct }] = others;
  const isEarly = others[0].isEarly;
  const received = Buffer.concat(chunks);
  if (alone.websocket.readyState === WebSocket.OPEN) assert.equal(isEarly, hasInvalidText(received));
  for (const other of others) {
    assert.equal(other.isEarly, isEarly);
    if (isEarly) {
      const before = other.seen.slice(0, -1);
      assert.deepEqual(alone.seen.slice(0, before.length), before);
      assert.ok(hasInvalidText(received));
      continue;
    }
    assert.deepEqual(other.seen, alone.seen);
    assert.equal(other.websocket.readyState, alone.websocket.readyState);
    assert.deepEqual(Buffer.concat(other.socket.sent).subarray(-4), Buffer.concat(alone.socket.sent).subarray(-4));
  }
  for (const { websocket } of all) websocket.terminate();
  await new Promise(setImmediate);
  const end = isEarly ? 'early' : (alone.seen.find((each) => /^(error|close)/.test(each)) ?? 'open');
  return `${end}, ${Math.min(alone.seen.length, 9)} seen, ${Math.min(direct, 4)} read`;
}

/** A WebSocket, with our reader in front or without, and what it gave. */
function reading(isRead) {
  const self = new Reading();
  const { socket } = self;
  server.handleUpgrade(memoryRequest('GET', '/', UPGRADE_HEADERS), socket, Buffer.alloc(0), (websocket) => {
    self.websocket = websocket;
    self.listenTo(websocket);
    if (isRead) FrameReader.install(socket, self, MAX_PAYLOAD);
  });
  return self;
}

/** The same with our reader, where `ws` has made nothing yet. */
function dormantReading() {
  const self = new Reading();
  const { socket } = self;
  // What ends the 101, which is not written here.
  socket.sent.push(Buffer.from('\r\n\r\n'));
  const websocket = new DormantWebsocket(server, socket, Buffer.alloc(0));
  websocket.owner = { writeNow() {}, onWake: (woken) => self.listenTo(woken), onSocketClose() {} };
  self.websocket = websocket;
  FrameReader.install(socket, self, MAX_PAYLOAD, DormantWebsocket.listener);
  return self;
}

/** What a WebSocket gave, and its reader. */
class Reading {
  socket = new MemorySocket();
  websocket = null;
  seen = [];
  direct = 0;
  isOpen = true;
  /** Whether the reader refused a text message before its end. */
  isEarly = false;

  listenTo(websocket) {
    websocket.on('message', (data, isBinary) => this.seen.push(isBinary ? seenBinary(data) : seenText(data)));
    websocket.on('ping', (data) => this.seen.push(`ping ${data.toString('latin1')}`));
    websocket.on('error', (error) => {
      FrameReader.remove(this.socket);
      this.seen.push(`error ${error.code}`);
    });
  }

  beforeInput() {}

  onBytes() {}

  onControlFrame() {}

  writeNow() {}

  receiveText(type, text) {
    this.direct++;
    this.seen.push(seenText(Buffer.from(type === NO_TYPE ? text : String.fromCharCode(type) + text)));
  }

  onInvalidText() {
    this.isEarly = true;
    FrameReader.remove(this.socket);
    this.seen.push('early');
  }

  receiveBinary(data) {
    this.direct++;
    this.seen.push(seenBinary(data));
  }
}

/** Whether a text message has begun in these frames, as far as they can be read, with what is no UTF-8. */
function hasInvalidText(stream) {
  let decoder = null;
  for (let at = 0; at + 2 <= stream.length;) {
    const opcode = stream[at] & 0x0f;
    let length = stream[at + 1] & 0x7f;
    let header = 6;
    if (length === 126) {
      if (at + 4 > stream.length) return false;
      length = stream.readUInt16BE(at + 2);
      header = 8;
    } else if (length === 127) {
      if (at + 10 > stream.length) return false;
      length = Number(stream.readBigUInt64BE(at + 2));
      header = 14;
    }
    const mask = stream.subarray(at + header - 4, at + header);
    const payload = stream.subarray(at + header, at + header + length).map((byte, i) => byte ^ mask[i & 3]);
    if (opcode === 1) decoder = new TextDecoder('utf-8', { fatal: true });
    else if (opcode === 2) decoder = null;
    try {
      if (opcode < 2) decoder?.decode(payload, { stream: true });
    } catch {
      return true;
    }
    at += header + length;
  }
  return false;
}

function seenText(data) {
  return `text ${data[0] ?? 0} ${data.toString('utf8', 1)}`;
}

function seenBinary(data) {
  return `binary ${data.toString('latin1')}`;
}

/** `ws` says in later ticks what it refuses, and reads on in them where it had enough. */
async function settled(...readings) {
  await new Promise(setImmediate);
  while (readings.some(({ socket }) => socket.isPaused() && socket.readableLength > 0)) await new Promise(setImmediate);
}

function framesOf(input) {
  if ((input[1] ?? 0) !== 0x1e) return input.subarray(1);
  const frames = [];
  for (let start = 2; start <= input.length;) {
    const next = input.indexOf(0x1e, start);
    const end = next === -1 ? input.length : next;
    const [first = 0x81, flags = 0] = input.subarray(start, end);
    frames.push(clientFrame(first, input.subarray(Math.min(start + 2, end), end), flags & 1 ? MASK : undefined));
    start = end + 1;
  }
  return Buffer.concat(frames);
}

/** In one piece, byte by byte, or in pieces of a few sizes that take turns. */
function cut(stream, plan) {
  const sizes = CUTS[plan % CUTS.length];
  const chunks = [];
  for (let at = 0, i = 0; at < stream.length; i++) {
    const size = Math.max(sizes[i % sizes.length] + (plan >> 3), Math.ceil(stream.length / MOST_CHUNKS));
    chunks.push(stream.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

function script(plan, ...parts) {
  return Buffer.concat([Buffer.of(plan), ...parts]);
}

function part(first, text, flags = 0) {
  return Buffer.concat([Buffer.of(0x1e, first, flags), Buffer.from(text, 'latin1')]);
}

function bytes(plan, ...frames) {
  return Buffer.concat([Buffer.of(plan), ...frames]);
}

/** More frames, and more chunks, would take time that is theirs by right. */
const MOST_BYTES = 10_000;
const MOST_CHUNKS = 2_000;
const HEADER_SIZE = 14;
const MASK = Buffer.of(0x11, 0x9a, 0xff, 0x03);
const CUTS = [[Infinity], [1], [2, 3], [7], [1, 100], [5, 1, 1], [64], [6, 4]];
