/**
 * The bytes a client sends and the bytes it must get back: RFC 6455 frames around Engine.IO v4 and Socket.IO v5 packets,
 * built once and before any measurement.
 */
import { constants, deflateRawSync } from 'node:zlib';
import { documentsOf } from './documents.mjs';
import { Random } from './random.mjs';

const TEXT = 0x1;
const BINARY = 0x2;
const CLOSE = 0x8;
/** A bit of the first byte, RFC 7692. */
const COMPRESSED = 0x40;

/** Every run and every server sees the same bytes. */
const random = new Random(0x9e3779b9);

/** Any key will do; it is constant so that the handshake costs the generator nothing. */
const WEBSOCKET_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
export const WEBSOCKET_ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36';

/** Every id of a ring has three digits, so all its frames are of one length. */
const FIRST_ACK_ID = 100;

/** The room of those who get what is told. Whoever joins says so with `enter`, which is as long as `leave`. */
const ROOM = 'room-000';

/**
 * The upgrade request of a browser: header for header, since some servers keep them for the life of the connection.
 *
 * @param {number} port
 * @param {string} [sid] of the session that is to be upgraded; without it a new one begins
 */
export function upgradeRequest(port, sid) {
  return [
    `GET /socket.io/?EIO=4&transport=websocket${sid === undefined ? '' : `&sid=${sid}`} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Pragma: no-cache',
    'Cache-Control: no-cache',
    `User-Agent: ${USER_AGENT}`,
    'Upgrade: websocket',
    `Origin: http://127.0.0.1:${port}`,
    'Sec-WebSocket-Version: 13',
    'Accept-Encoding: gzip, deflate, br, zstd',
    'Accept-Language: en-GB,en-US;q=0.9,en;q=0.8',
    `Sec-WebSocket-Key: ${WEBSOCKET_KEY}`,
    'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
    '\r\n',
  ].join('\r\n');
}

/**
 * The head of a long-polling request of a browser.
 *
 * @param {number} port
 * @param {'GET' | 'POST'} method
 * @param {string} query behind `EIO=4&transport=polling`
 * @param {number} [length] of the body
 */
export function pollingHead(port, method, query, length) {
  return [
    `${method} /socket.io/?EIO=4&transport=polling${query} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Connection: keep-alive',
    ...(length === undefined ? [] : [`Content-Length: ${length}`, 'Content-type: text/plain;charset=UTF-8']),
    `User-Agent: ${USER_AGENT}`,
    'Accept: */*',
    `Origin: http://127.0.0.1:${port}`,
    `Referer: http://127.0.0.1:${port}/`,
    'Accept-Encoding: gzip, deflate, br, zstd',
    'Accept-Language: en-GB,en-US;q=0.9,en;q=0.8',
    '\r\n',
  ].join('\r\n');
}

export const CONNECT_FRAME = clientFrame(TEXT, '40');
/** As browsers send it where compression was accepted: a server needs what decompresses from here on. */
export const COMPRESSED_CONNECT_FRAME = clientFrame(TEXT | COMPRESSED, deflate('40'));
export const PING_FRAME = serverFrame(TEXT, '2');
export const PONG_FRAME = clientFrame(TEXT, '3');
export const PROBE_FRAME = clientFrame(TEXT, '2probe');
export const UPGRADE_FRAME = clientFrame(TEXT, '5');
/** Asked and answered behind an upgrade, which itself is answered by nothing. */
export const COUNT_FRAME = clientFrame(TEXT, '42100["count"]');
export const COUNT_REPLY_FRAME = serverFrame(TEXT, '43100[0]');
export const CLOSE_FRAME = clientFrame(CLOSE, Buffer.from([0x03, 0xe8]));

/**
 * A cycle of exchanges whose requests are all of one length, and so are their replies. Any run of requests is then one
 * slice of `requests`, and any run of replies is checked by one comparison with `replies`.
 *
 * @typedef {object} Ring
 * @property {number} size how many exchanges until the cycle repeats
 * @property {Buffer} requests masked frames, one exchange after the other
 * @property {Buffer} replies the exact bytes of a correct server, one reply after the other
 * @property {number} requestLength bytes of one request
 * @property {number} replyLength bytes of one reply
 */

/**
 * `42100["echo","…"]` answered by `43100["…"]`.
 *
 * @param {number} bytes length of the payload
 */
export function echoRing(bytes) {
  return ring(256, (index) => {
    const id = FIRST_ACK_ID + index;
    const payload = randomText(bytes);
    return {
      request: [clientFrame(TEXT, `42${id}["echo","${payload}"]`)],
      reply: [serverFrame(TEXT, `43${id}["${payload}"]`)],
    };
  });
}

/**
 * `burst` events without an ack, then one that asks how many of them arrived since it last asked.
 *
 * @param {number} burst
 * @param {number} bytes length of each payload
 */
export function eventsRing(burst, bytes) {
  return ring(64, (index) => {
    const id = FIRST_ACK_ID + index;
    const events = Array.from({ length: burst }, () => clientFrame(TEXT, `42["event","${randomText(bytes)}"]`));
    return {
      request: [...events, clientFrame(TEXT, `42${id}["count"]`)],
      reply: [serverFrame(TEXT, `43${id}[${burst}]`)],
    };
  });
}

/**
 * `42["broadcast","…"]`, upon which every connection gets `42["news","…"]`; or `42["tell","…"]`, upon which those in the
 * room do.
 *
 * @param {number} bytes length of the payload
 * @param {'broadcast' | 'tell'} [event]
 * @param {number} [times] how often each is sent at once: all are the same, so that their order does not matter
 */
export function broadcastRing(bytes, event = 'broadcast', times = 1) {
  return ring(256, () => {
    const payload = randomText(bytes);
    return {
      request: [clientFrame(TEXT, `42["${event}","${payload}"]`)],
      reply: Array(times).fill(serverFrame(TEXT, `42["news","${payload}"]`)),
    };
  });
}

/**
 * `451-100["binary",{…}]` and its attachment, answered by `461-100[{…}]` and the same attachment.
 *
 * @param {number} bytes length of the attachment
 */
export function binaryRing(bytes) {
  return ring(256, (index) => {
    const id = FIRST_ACK_ID + index;
    const attachment = randomBytes(bytes);
    const placeholder = '{"_placeholder":true,"num":0}';
    return {
      request: [clientFrame(TEXT, `451-${id}["binary",${placeholder}]`), clientFrame(BINARY, attachment)],
      reply: [serverFrame(TEXT, `461-${id}[${placeholder}]`), serverFrame(BINARY, attachment)],
    };
  });
}

/** Enters the room of those who get what is told. */
export function enterRing() {
  return ring(1, () => membership(0, 'enter', ROOM));
}

/**
 * Enters rooms of a name of its own.
 *
 * @param {string} owner whose rooms they are
 * @param {number} rooms how many
 */
export function enterManyRing(owner, rooms) {
  return ring(rooms, (index) => membership(index % 900, 'enter', `${owner}-${String(index).padStart(6, '0')}`));
}

/** In turn enters one more of 128 rooms and leaves the one that was entered `held` rooms ago. */
export function roomsRing(held) {
  return ring(256, (index) => {
    const isEntering = index % 2 === 0;
    const room = ((index >> 1) + (isEntering ? 0 : 128 - held)) % 128;
    return membership(index, isEntering ? 'enter' : 'leave', `room-${FIRST_ACK_ID + room}`);
  });
}

function membership(index, event, room) {
  const id = FIRST_ACK_ID + index;
  return {
    request: [clientFrame(TEXT, `42${id}["${event}","${room}"]`)],
    reply: [serverFrame(TEXT, `43${id}[true]`)],
  };
}

/**
 * The same exchanges as an echo ring, as the bodies of a POST and of the answer to a poll.
 *
 * @param {number} bytes length of the payload
 * @returns {{ request: string, reply: string }[]}
 */
export function echoPackets(bytes) {
  return Array.from({ length: 256 }, (_, index) => {
    const id = FIRST_ACK_ID + index;
    const payload = randomText(bytes);
    return { request: `42${id}["echo","${payload}"]`, reply: `43${id}["${payload}"]` };
  });
}

/**
 * `42["ask",100]`, answered by `42["news",{…}]` so many times, and by `43100[true]` where it is `acked`.
 *
 * @param {number} bytes length of a document
 * @param {{ times?: number, acked?: boolean, size?: number }} [options] `size` of the ring
 *   where it is not that of all documents
 */
export function documentRing(bytes, { times = 1, acked = false, size } = {}) {
  const documents = documentsOf(bytes);
  return ring(size ?? documents.length, (index) => {
    const number = FIRST_ACK_ID + index;
    const news = serverFrame(TEXT, newsOf(documents, number));
    return {
      request: [clientFrame(TEXT, `42${acked ? number : ''}["ask",${number}]`)],
      reply: [...Array(times).fill(news), ...(acked ? [serverFrame(TEXT, `43${number}[true]`)] : [])],
    };
  });
}

/**
 * The same exchanges, sent once each and not acked, as the bodies of a POST and of the answer to a poll.
 *
 * @param {number} bytes length of a document
 * @returns {{ request: string, reply: string }[]}
 */
export function documentPackets(bytes) {
  const documents = documentsOf(bytes);
  return documents.map((_, index) => {
    const number = FIRST_ACK_ID + index;
    return { request: `42["ask",${number}]`, reply: newsOf(documents, number) };
  });
}

/**
 * One document that the client sends, `42100["take",{…}]`, answered by `43100[true]`.
 *
 * @param {number} bytes length of a document
 * @param {boolean} compressed whether it is sent as permessage-deflate has it
 */
export function takeRing(bytes, compressed) {
  const [document] = documentsOf(bytes);
  const packet = `42${FIRST_ACK_ID}["take",${JSON.stringify(document)}]`;
  return ring(1, () => ({
    request: [compressed ? clientFrame(TEXT | COMPRESSED, deflate(packet)) : clientFrame(TEXT, packet)],
    reply: [serverFrame(TEXT, `43${FIRST_ACK_ID}[true]`)],
  }));
}

function newsOf(documents, number) {
  return `42["news",${JSON.stringify(documents[number % documents.length])}]`;
}

/** Without a reference to messages before it, so that it may be sent again and again. */
function deflate(text) {
  return deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

/**
 * @param {number} size
 * @param {(index: number) => { request: Buffer[]; reply: Buffer[] }} exchange
 * @returns {Ring}
 */
function ring(size, exchange) {
  const exchanges = Array.from({ length: size }, (_, index) => exchange(index));
  const requests = Buffer.concat(exchanges.flatMap(({ request }) => request));
  const replies = Buffer.concat(exchanges.flatMap(({ reply }) => reply));
  return { size, requests, replies, requestLength: requests.length / size, replyLength: replies.length / size };
}

/**
 * A frame as a client sends it: final, masked.
 *
 * @param {number} opcode
 * @param {string | Buffer} payload
 */
function clientFrame(opcode, payload) {
  const body = Buffer.from(payload);
  const mask = randomBytes(4);
  for (let at = 0; at < body.length; at++) body[at] ^= mask[at & 3];
  return Buffer.concat([frameHeader(opcode, body.length, 0x80), mask, body]);
}

/**
 * A frame as a server sends it: final, not masked, its length in the fewest bytes.
 *
 * @param {number} opcode
 * @param {string | Buffer} payload
 */
export function serverFrame(opcode, payload) {
  const body = Buffer.from(payload);
  return Buffer.concat([frameHeader(opcode, body.length, 0), body]);
}

function frameHeader(opcode, length, maskBit) {
  const first = 0x80 | opcode;
  if (length < 126) return Buffer.from([first, maskBit | length]);
  if (length < 65536) return Buffer.from([first, maskBit | 126, length >> 8, length & 0xff]);
  const header = Buffer.alloc(10);
  header[0] = first;
  header[1] = maskBit | 127;
  header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}

function randomBytes(length) {
  return Buffer.from(Array.from({ length }, () => random.below(256)));
}

function randomText(length) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ';
  return Array.from({ length }, () => random.pick(letters)).join('');
}
