import net from 'node:net';
import { CLOSE_FRAME, CONNECT_FRAME, WEBSOCKET_ACCEPT, upgradeRequest } from './wire.mjs';

const CLOSE_TIMEOUT = 5_000;

/** All connections read into it; what arrives is looked at before the next read. */
const readBuffer = Buffer.allocUnsafe(256 * 1024);

/**
 * One raw client: a TCP socket on which the WebSocket handshake, the Engine.IO open packet and the Socket.IO CONNECT were
 * exchanged. From then on bytes go in and out as they are.
 */
export class Connection {
  #socket;
  #target;
  /** Bytes of an unfinished handshake step; null once connected. */
  #pending = Buffer.alloc(0);
  #step = 'upgrade';
  #settle;

  /**
   * What to do with the bytes that arrive after the handshake. A view into a shared buffer: valid during the call.
   *
   * @type {(bytes: Buffer) => void}
   */
  onBytes = () => {};

  /** @type {(error: Error) => void} called once when the server drops the connection, or answers what it must not */
  onFailure = () => {};

  /**
   * Resolves when the server has answered the CONNECT.
   *
   * @param {{ port: number }} target
   * @returns {Promise<Connection>}
   */
  static open(target) {
    return new Promise((resolve, reject) => new Connection(target, { resolve, reject }));
  }

  /** Opens `count` connections, at most `concurrency` at a time. */
  static async openMany(target, count, concurrency = 32) {
    const connections = [];
    let started = 0;
    const opener = async () => {
      while (started++ < count) connections.push(await Connection.open(target));
    };
    await Promise.all(Array.from({ length: concurrency }, opener));
    return connections;
  }

  /** Closes all as a browser does, resolves when the server has let go of all of them. */
  static async closeMany(connections) {
    await Promise.all(connections.map((connection) => connection.close()));
  }

  constructor(target, settle) {
    this.#target = target;
    this.#settle = settle;
    this.#socket = net.connect({
      port: target.port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: readBuffer, callback: (length) => this.#read(length) },
    });
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the server closed the connection')));
    this.#socket.write(upgradeRequest(target.port));
  }

  /** @param {Buffer} bytes whole frames */
  write(bytes) {
    this.#socket.write(bytes);
  }

  /** @returns {Promise<void>} */
  close() {
    this.onFailure = () => {};
    return new Promise((resolve) => {
      if (this.#socket.destroyed) return resolve();
      const timeout = setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT);
      this.#socket.once('close', () => {
        clearTimeout(timeout);
        resolve();
      });
      this.onBytes = () => {};
      this.#socket.end(CLOSE_FRAME);
    });
  }

  #read(length) {
    const bytes = readBuffer.subarray(0, length);
    try {
      if (this.#pending === null) this.onBytes(bytes);
      else this.#handshake(bytes);
    } catch (error) {
      this.#fail(error);
      this.#socket.destroy();
    }
    return true;
  }

  /** GET -> 101 and `0{"sid":…}`, `40` -> `40{"sid":…}`. */
  #handshake(bytes) {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    if (this.#step === 'upgrade') {
      const end = this.#pending.indexOf('\r\n\r\n');
      if (end === -1) return;
      const head = this.#pending.toString('latin1', 0, end);
      if (!head.startsWith('HTTP/1.1 101') || !head.includes(WEBSOCKET_ACCEPT)) throw unexpected('a 101', head);
      if (/sec-websocket-extensions/i.test(head)) throw unexpected('a 101 without compression', head);
      this.#pending = this.#pending.subarray(end + 4);
      this.#step = 'open';
    }
    if (this.#step === 'open') {
      const packet = this.#takePacket();
      if (packet === null) return;
      if (!packet.startsWith('0{"sid":"')) throw unexpected('an open packet', packet);
      this.write(CONNECT_FRAME);
      this.#step = 'connect';
    }
    const packet = this.#takePacket();
    if (packet === null) return;
    if (!packet.startsWith('40{"sid":"')) throw unexpected('a CONNECT reply', packet);
    if (this.#pending.length > 0) throw unexpected('nothing after the CONNECT reply', this.#pending.toString('latin1'));
    this.#pending = null;
    this.#settle.resolve(this);
    this.#settle = null;
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
