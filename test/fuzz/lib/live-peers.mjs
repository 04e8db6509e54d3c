import assert from 'node:assert/strict';
import { clientFrame, serverFrames } from './frames.mjs';
import { MemoryExchange, UPGRADE_HEADERS, memoryRequest } from './memory-exchange.mjs';
import { MemorySocket } from './memory-socket.mjs';

const HARMS = 4;
const LEAVES = 4;
const MOST_CHUNKS = 2_000;
const PATH = '/socket.io/?';

/** A client on a WebSocket, which sends packets in frames and may harm their bytes. */
export class WebSocketPeer {
  #socket = new MemorySocket();
  #session;
  #protocol;
  #end = null;

  /**
   * @param {import('./live-server.mjs').LiveServer} live
   * @param {3 | 4} protocol
   * @param {string} sid of the session to upgrade
   */
  constructor({ io }, protocol, sid = '') {
    this.#protocol = protocol;
    if (sid === '') io.engine.once('connection', (session) => this.#watch(session));
    const url = `${PATH}EIO=${protocol}&transport=websocket${sid === '' ? '' : `&sid=${sid}`}`;
    io.engine.handleUpgrade(memoryRequest('GET', url, UPGRADE_HEADERS, this.#socket), this.#socket, Buffer.alloc(0));
    this.#session ??= io.engine.sessions.get(sid);
  }

  /** Gives the number of chunks. */
  async send(packets, cuts, harm) {
    // Behind the 101, whose tick is over.
    await new Promise(setImmediate);
    const frames = packets.map((packet) => {
      const isBinary = packet.startsWith('b');
      const bytes = isBinary ? Buffer.from(packet.slice(1), 'base64') : Buffer.from(packet);
      return clientFrame(
        isBinary ? 0x82 : 0x81,
        isBinary && this.#protocol === 3 ? Buffer.concat([Buffer.of(4), bytes]) : bytes,
      );
    });
    const pieces = cut(harmed(Buffer.concat(frames), harm), cuts);
    for (const piece of pieces) this.#socket.arrive(Buffer.from(piece));
    return pieces.length;
  }

  received() {
    const bytes = Buffer.concat(this.#socket.sent);
    return serverFrames(bytes.subarray(bytes.indexOf('\r\n\r\n') + 4));
  }

  forget() {
    this.#socket.sent = [Buffer.from('\r\n\r\n')];
  }

  outcome() {
    // Whatever was sent, what came back are whole frames.
    this.received();
    return this.#end ?? this.#session?.readyState ?? 'refused';
  }

  async leave(how) {
    if (how % LEAVES === 0) this.#socket.push(null);
    else if (how % LEAVES === 1) this.#socket.arrive(clientFrame(0x88, Buffer.of(3, 232)));
    else if (how % LEAVES === 2) this.#socket.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    await new Promise(setImmediate);
    this.#socket.destroy();
  }

  #watch(session) {
    this.#session = session;
    session.once('close', (reason, { code }) => (this.#end = `${reason} ${code}`));
  }
}

/** A client that polls; it sends its packets as bodies of POSTs. */
export class PollingPeer {
  #io;
  #url;
  #protocol;
  #session;
  #end = null;
  #polls = [];
  #upgrade = null;
  #statuses = new Set();

  constructor({ io }, protocol) {
    this.#io = io;
    this.#protocol = protocol;
    io.engine.once('connection', (session) => {
      this.#session = session;
      session.once('close', (reason, { code }) => (this.#end = `${reason} ${code}`));
    });
    const url = `${PATH}EIO=${protocol}&transport=polling`;
    const opened = this.#exchange(new MemoryExchange(memoryRequest('GET', url)));
    assert.equal(opened.answer.status, 200);
    this.#url = `${url}&sid=${this.#session.id}`;
  }

  /** Moves to a WebSocket in the middle of what is sent. */
  upgrading() {
    this.#upgrade = new WebSocketPeer({ io: this.#io }, this.#protocol, this.#session.id);
    return this;
  }

  async send(packets, cuts, harm) {
    if (this.#upgrade === null) return this.#post(packets, cuts, harm);
    const half = packets.length >> 1;
    const chunks = await this.#post(packets.slice(0, half), cuts, 0);
    this.#poll();
    return chunks + (await this.#upgrade.send(['2probe', '5', ...packets.slice(half)], cuts, harm));
  }

  outcome() {
    this.#upgrade?.outcome();
    for (const { answer } of this.#polls) if (answer !== null) this.#statuses.add(answer.status);
    return `${this.#end ?? this.#session.readyState}${this.#session.upgraded ? ', upgraded' : ''} ${[...this.#statuses].sort()}`;
  }

  async leave(how) {
    if (how % LEAVES === 0) this.#poll().abort();
    else if (how % LEAVES === 1) await this.#post(['1'], 0, 0);
    else if (how % LEAVES === 2) this.#poll();
    await this.#upgrade?.leave(how);
    // A session that closes waits for one more poll; one that is open for a second one beside the first, or for the end.
    this.#poll();
    await new Promise(setImmediate);
    if (this.#session.readyState !== 'closed') await this.#post(['1'], 0, 0);
  }

  async #post(packets, cuts, harm) {
    const payload =
      this.#protocol === 4 ? packets.join('\x1e') : packets.map((each) => `${each.length}:${each}`).join('');
    const body = cut(harmed(Buffer.from(payload), harm), cuts);
    const exchange = this.#exchange(new MemoryExchange(memoryRequest('POST', this.#url), body));
    for (let turn = 0; exchange.answer === null; turn++) {
      assert.ok(turn < 1_000, 'a POST without an answer');
      await new Promise(setImmediate);
    }
    this.#statuses.add(exchange.answer.status);
    return body.length;
  }

  #poll() {
    const exchange = this.#exchange(new MemoryExchange(memoryRequest('GET', this.#url)));
    this.#polls.push(exchange);
    return exchange;
  }

  #exchange(exchange) {
    this.#io.engine.handleExchange(exchange);
    return exchange;
  }
}

/** Whole, byte by byte, cut once, or in pieces of one size. */
function cut(bytes, plan) {
  if (bytes.length === 0) return [];
  if (plan % 4 === 0) return [bytes];
  if (plan % 4 === 2) return [bytes.subarray(0, plan), bytes.subarray(plan)].filter(({ length }) => length > 0);
  // So many chunks that the time they take is theirs would hide what an input costs.
  const size = Math.max(plan % 4 === 1 ? 1 : (plan >> 2) + 1, Math.ceil(bytes.length / MOST_CHUNKS));
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

/** The bytes of frames or of a body, one of them changed or left out, or cut off behind it. */
function harmed(bytes, harm) {
  const at = bytes.length === 0 ? 0 : (harm * 2_654_435_761) % bytes.length;
  switch (harm % HARMS) {
    case 1:
      bytes[at] ^= 1 << (harm >> 5);
      return bytes;
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    case 3:
      return bytes.subarray(0, at);
    default:
      return bytes;
  }
}
