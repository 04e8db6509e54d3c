import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { answerPolling, pollerOf } from './floor-polling.mjs';
import { listen } from './listen.mjs';
import { Rooms } from './rooms.mjs';

const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const CLOSE = 0x88;
const BINARY = 0x82;

const [DIGIT_0, DIGIT_2, DIGIT_3, DIGIT_4, DIGIT_5, DIGIT_6] = Buffer.from('023456');
const [BRACKET, COMMA, DASH] = Buffer.from('[,-');
const [LETTER_B, LETTER_C, LETTER_E, LETTER_L, LETTER_N, LETTER_T] = Buffer.from('bcelnt');
const ROOM = 'room-000';

/**
 * What the bytes themselves cost on Node: upgrade, frame walk and replies cut from the request, nothing checked, nothing
 * parsed, nothing remembered. No server, only the measure of one.
 */
export function start({ pingInterval }) {
  const httpServer = createServer(answerPolling);
  const peers = new Set();
  const rooms = new Rooms();
  httpServer.on('upgrade', (request, socket) => {
    const poller = pollerOf(request.url);
    const peer = new Peer(socket, peers, rooms, poller);
    peers.add(peer);
    socket.setNoDelay(true);
    socket.on('data', (chunk) => peer.read(chunk));
    const heartbeat = setInterval(() => socket.write(PING), pingInterval);
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      clearInterval(heartbeat);
      peers.delete(peer);
    });
    socket.write(acceptance(request.headers['sec-websocket-key']));
    if (poller !== undefined) return;
    const open = { sid: newId(), upgrades: [], pingInterval, pingTimeout: 20_000, maxPayload: 1_000_000 };
    socket.write(textFrame(`0${JSON.stringify(open)}`));
  });
  return listen(httpServer);
}

class Peer {
  #socket;
  #peers;
  #rooms;
  /** Of a session that moves here. */
  #poller;
  #rest = null;
  #events = 0;
  /** Replies to one chunk, none of which is longer than its request, so they fit and are one write. */
  #out = null;
  #outLength = 0;

  constructor(socket, peers, rooms, poller) {
    this.#socket = socket;
    this.#poller = poller;
    this.#peers = peers;
    this.#rooms = rooms;
  }

  read(chunk) {
    const bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = null;
    this.#out = Buffer.allocUnsafe(bytes.length);
    this.#outLength = 0;
    for (let at = 0; at < bytes.length;) {
      const isLong = (bytes[at + 1] & 0x7f) === 126;
      const start = at + (isLong ? 8 : 6);
      const end = start + (isLong ? (bytes[at + 2] << 8) | bytes[at + 3] : bytes[at + 1] & 0x7f);
      // NaN when the header itself is cut off, for which the comparison is false as well.
      if (!(start <= bytes.length && end <= bytes.length)) {
        this.#rest = bytes.subarray(at);
        break;
      }
      unmask(bytes, start, end);
      this.#answer(bytes, bytes[at], start, end);
      at = end;
    }
    if (this.#outLength > 0) this.#socket.write(this.#out.subarray(0, this.#outLength));
  }

  #answer(bytes, firstByte, start, end) {
    if (firstByte === BINARY) this.#reply(BINARY, bytes, start, end);
    else if (firstByte === CLOSE) this.#socket.end();
    else if (bytes[start] === DIGIT_2) this.#answerProbe();
    else if (bytes[start] !== DIGIT_4) return;
    else if (bytes[start + 1] === DIGIT_2) this.#answerEvent(bytes, start, end);
    else if (bytes[start + 1] === DIGIT_5) this.#answerBinaryEvent(bytes, start, end);
    else if (bytes[start + 1] === DIGIT_0) this.#socket.write(textFrame(`40${JSON.stringify({ sid: newId() })}`));
  }

  #answerProbe() {
    this.#socket.write(textFrame('3probe'));
    this.#poller.release();
  }

  /** The names of events are told apart by their first letter, `echo` and `enter` by their second. */
  #answerEvent(bytes, start, end) {
    const bracket = bytes.indexOf(BRACKET, start);
    const letter = bytes[bracket + 2];
    if (bracket === start + 2) {
      if (letter === LETTER_E) this.#events++;
      else if (letter === LETTER_B) this.#send(this.#peers, bytes, bracket, end);
      else if (letter === LETTER_T) this.#send(this.#rooms.members(ROOM), bytes, bracket, end);
    } else if (letter === LETTER_C) {
      this.#acknowledge(bytes, start, bracket, this.#events);
      this.#events = 0;
    } else if (letter === LETTER_L || bytes[bracket + 3] === LETTER_N) {
      const room = bytes.latin1Slice(bytes.indexOf(COMMA, bracket) + 2, end - 2);
      if (letter === LETTER_L) this.#rooms.leave(room, this);
      else this.#rooms.enter(room, this);
      this.#acknowledge(bytes, start, bracket, true);
    } else {
      bytes[start + 1] = DIGIT_3;
      this.#replyWithoutName(bytes, start, bracket, end);
    }
  }

  #acknowledge(bytes, start, bracket, value) {
    const reply = textFrame(`43${bytes.latin1Slice(start + 2, bracket)}[${value}]`);
    this.#outLength += reply.copy(this.#out, this.#outLength);
  }

  /** `451-<id>["binary",…]`: all but the attachment, which follows as it came. */
  #answerBinaryEvent(bytes, start, end) {
    bytes[start + 1] = DIGIT_6;
    this.#replyWithoutName(bytes, start, bytes.indexOf(BRACKET, bytes.indexOf(DASH, start)), end);
  }

  /** Moves what stands before the name up to what follows it. */
  #replyWithoutName(bytes, start, bracket, end) {
    const comma = bytes.indexOf(COMMA, bracket);
    bytes.copyWithin(comma - (bracket - start), start, bracket);
    bytes[comma] = BRACKET;
    this.#reply(0x81, bytes, comma - (bracket - start), end);
  }

  #reply(firstByte, bytes, start, end) {
    this.#outLength = writeHeader(this.#out, this.#outLength, firstByte, end - start);
    this.#outLength += bytes.copy(this.#out, this.#outLength, start, end);
  }

  #send(peers, bytes, bracket, end) {
    const frame = textFrame(`42["news"${bytes.latin1Slice(bytes.indexOf(COMMA, bracket), end)}`);
    for (const peer of peers) peer.#socket.write(frame);
  }
}

function unmask(bytes, start, end) {
  const first = bytes[start - 4];
  const second = bytes[start - 3];
  const third = bytes[start - 2];
  const fourth = bytes[start - 1];
  let at = start;
  for (; at + 3 < end; at += 4) {
    bytes[at] ^= first;
    bytes[at + 1] ^= second;
    bytes[at + 2] ^= third;
    bytes[at + 3] ^= fourth;
  }
  if (at < end) bytes[at] ^= first;
  if (at + 1 < end) bytes[at + 1] ^= second;
  if (at + 2 < end) bytes[at + 2] ^= third;
}

function writeHeader(out, at, firstByte, length) {
  out[at] = firstByte;
  if (length < 126) {
    out[at + 1] = length;
    return at + 2;
  }
  out[at + 1] = 126;
  out[at + 2] = length >> 8;
  out[at + 3] = length & 0xff;
  return at + 4;
}

function textFrame(text) {
  const frame = Buffer.allocUnsafe(text.length + (text.length < 126 ? 2 : 4));
  frame.latin1Write(text, writeHeader(frame, 0, 0x81, text.length));
  return frame;
}

const PING = textFrame('2');

function acceptance(key) {
  const accept = createHash('sha1').update(`${key}${ACCEPT_SUFFIX}`).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

function newId() {
  return randomBytes(15).toString('base64url');
}
