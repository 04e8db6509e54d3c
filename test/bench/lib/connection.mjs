import net from 'node:net';
import { InflatedFrames } from './inflated-frames.mjs';
import { openMany } from './open-many.mjs';
import {
  CLOSE_FRAME,
  COMPRESSED_CONNECT_FRAME,
  CONNECT_FRAME,
  PROBE_FRAME,
  WEBSOCKET_ACCEPT,
  upgradeRequest,
} from './wire.mjs';

const CLOSE_TIMEOUT = 5_000;

/** All connections read into it; what arrives is looked at before the next read. */
const readBuffer = Buffer.allocUnsafe(256 * 1024);

/** What is sent upon the 101, then each packet that the server must send, and what is sent upon it. */
const NEW_SESSION = {
  greeting: null,
  packets: [
    { expected: '0{', answer: CONNECT_FRAME },
    { expected: '40{"sid":"', answer: null },
  ],
};
const PROBE = { greeting: PROBE_FRAME, packets: [{ expected: '3probe', answer: null }] };

/**
 * One raw client: a TCP socket on which the WebSocket handshake and the first packets were exchanged. From then on bytes
 * go in and out as they are.
 */
export class Connection {
  #socket;
  #target;
  /** Bytes of an unfinished handshake step; null once connected. */
  #pending = Buffer.alloc(0);
  #isUpgraded = false;
  /** Null where nothing is compressed. */
  #inflated = null;
  #step = 0;
  #exchange;
  #settle;

  #onBytes = () => {};
  /** What arrived together with the end of the handshake. */
  #early = null;

  /** @type {(error: Error) => void} called once when the server drops the connection, or answers what it must not */
  onFailure = () => {};

  /**
   * Resolves when the server has answered the CONNECT.
   *
   * @param {{ port: number, deflates?: boolean, source?: string }} target `deflates`: permessage-deflate, which is always
   *   offered, must be accepted; else it must not; `source`: the address to come from
   * @returns {Promise<Connection>}
   */
  static open(target) {
    return new Promise((resolve, reject) => {
      new Connection(target, upgradeRequest(target.port), NEW_SESSION, { resolve, reject });
    });
  }

  /**
   * Resolves when the server has answered the probe that upgrades a session.
   *
   * @param {{ port: number }} target
   * @param {string} sid
   * @returns {Promise<Connection>}
   */
  static probe(target, sid) {
    return new Promise((resolve, reject) => {
      new Connection(target, upgradeRequest(target.port, sid), PROBE, { resolve, reject });
    });
  }

  /** Opens `count` connections, some at a time. */
  static openMany(target, count) {
    return openMany(() => Connection.open(target), count);
  }

  /** Closes all as a browser does, resolves when the server has let go of all of them. */
  static async closeMany(connections) {
    await Promise.all(connections.map((connection) => connection.close()));
  }

  constructor(target, request, exchange, settle) {
    this.#target = target;
    this.#exchange = exchange;
    this.#settle = settle;
    this.#socket = net.connect({
      port: target.port,
      host: '127.0.0.1',
      localAddress: target.source,
      noDelay: true,
      onread: { buffer: readBuffer, callback: (length) => this.#read(length) },
    });
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the server closed the connection')));
    this.#socket.write(request);
  }

  /**
   * What to do with the bytes that arrive after the handshake. A view into a shared buffer: valid during the call.
   *
   * @param {(bytes: Buffer) => void} listener
   */
  set onBytes(listener) {
    this.#onBytes = listener;
    const early = this.#early;
    this.#early = null;
    if (early !== null) listener(early);
  }

  /** As they were on the wire. */
  get bytesReceived() {
    return this.#socket.bytesRead;
  }

  /** @param {Buffer} bytes whole frames */
  write(bytes) {
    this.#socket.write(bytes);
  }

  /**
   * Closes as a browser does: the server ends the connection. Whoever ends it first keeps its port for a minute, and some
   * ten thousand kept ports make each further connection of this process dear.
   *
   * @returns {Promise<void>}
   */
  close() {
    const closed = this.#whenClosed();
    if (!this.#socket.destroyed) this.#socket.write(CLOSE_FRAME);
    return closed;
  }

  /**
   * Resets the connection, which is over for both sides at once.
   *
   * @returns {Promise<void>}
   */
  drop() {
    const closed = this.#whenClosed();
    this.#socket.resetAndDestroy();
    return closed;
  }

  #whenClosed() {
    this.onFailure = () => {};
    this.onBytes = () => {};
    if (this.#socket.closed) return Promise.resolve();
    return new Promise((resolve) => {
      const timeout = setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT);
      this.#socket.once('close', () => {
        clearTimeout(timeout);
        resolve();
      });
    });
  }

  #read(length) {
    const bytes = readBuffer.subarray(0, length);
    try {
      if (this.#pending === null) this.#onBytes(this.#plain(bytes));
      else this.#handshake(bytes);
    } catch (error) {
      this.#fail(error);
      this.#socket.destroy();
    }
    return true;
  }

  /** GET -> 101, then packet by packet. */
  #handshake(bytes) {
    this.#pending = Buffer.concat([this.#pending, this.#isUpgraded ? this.#plain(bytes) : bytes]);
    if (!this.#isUpgraded && !this.#readHead()) return;
    const { packets } = this.#exchange;
    while (this.#step < packets.length) {
      const packet = this.#takePacket();
      if (packet === null) return;
      // A ping; the server waits long enough for a sign of life.
      if (packet === '2') continue;
      const { expected, answer } = packets[this.#step++];
      if (!packet.startsWith(expected)) throw unexpected(`a packet ${expected}`, packet);
      if (answer !== null)
        this.write(this.#inflated !== null && answer === CONNECT_FRAME ? COMPRESSED_CONNECT_FRAME : answer);
    }
    if (this.#pending.length > 0) this.#early = this.#pending;
    this.#pending = null;
    this.#settle.resolve(this);
    this.#settle = null;
  }

  #readHead() {
    const end = this.#pending.indexOf('\r\n\r\n');
    if (end === -1) return false;
    const head = this.#pending.toString('latin1', 0, end);
    if (!head.startsWith('HTTP/1.1 101') || !head.includes(WEBSOCKET_ACCEPT)) throw unexpected('a 101', head);
    const { deflates = false } = this.#target;
    if (/sec-websocket-extensions: *permessage-deflate/i.test(head) !== deflates) {
      throw unexpected(`a 101 ${deflates ? 'with' : 'without'} compression`, head);
    }
    if (deflates) this.#inflated = new InflatedFrames();
    this.#pending = this.#plain(this.#pending.subarray(end + 4));
    this.#isUpgraded = true;
    if (this.#exchange.greeting !== null) this.write(this.#exchange.greeting);
    return true;
  }

  /** @returns {Buffer} what would have been sent without compression */
  #plain(bytes) {
    return this.#inflated === null ? bytes : this.#inflated.accept(bytes);
  }

  /** Takes one short text frame off the pending bytes, or null when it has not arrived whole. */
  #takePacket() {
    if (this.#pending.length < 2) return null;
    const isLong = this.#pending[1] === 126;
    const start = isLong ? 4 : 2;
    if (this.#pending.length < start) return null;
    const end = start + (isLong ? this.#pending.readUInt16BE(2) : this.#pending[1]);
    if (this.#pending.length < end) return null;
    const packet = this.#pending.toString('utf8', start, end);
    this.#pending = this.#pending.subarray(end);
    return packet;
  }

  #fail(error) {
    if (this.#settle !== null) {
      this.#settle.reject(new Error(`handshake with port ${this.#target.port} failed: ${error.message}`));
      this.#settle = null;
      return;
    }
    const report = this.onFailure;
    this.onFailure = () => {};
    report(error);
  }
}

function unexpected(wanted, got) {
  return new Error(`expected ${wanted}, got ${JSON.stringify(got.slice(0, 200))}`);
}
