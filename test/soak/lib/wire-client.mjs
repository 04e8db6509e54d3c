import net from 'node:net';
import { clientFrame } from '../../fuzz/lib/frames.mjs';
import { ServerFrames } from './server-frames.mjs';

/** A text frame of a client. */
export function text(packet) {
  return clientFrame(0x81, Buffer.from(packet));
}

export const PATH = '/socket.io/?EIO=4&transport=';
const CONNECT = text('40');
const PONG = text('3');
const CLOSE = clientFrame(0x88, Buffer.of(3, 232));

/** The request of a WebSocket handshake, of a session's upgrade where there is one. */
export function upgradeRequest(sid = '') {
  return (
    `GET ${PATH}websocket${sid && `&sid=${sid}`} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQEBAQEBAQEBAQEBAQEBAQ==\r\n\r\n'
  );
}

/** A WebSocket client by hand: cheap enough for thousands, and able to do what no well-behaved one would. */
export class WireClient {
  /** Whether the server's pings are answered. */
  answers = true;
  /** @type {(packet: string) => void} */
  onPacket = () => {};
  onClose = () => {};
  #socket;
  #frames = new ServerFrames((opcode, packet) => this.#onFrame(opcode, packet));
  #head = '';
  #joined;

  /** @param {number} port */
  constructor(port) {
    this.#socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('error', () => {});
    this.#socket.on('data', (chunk) => this.#onData(chunk));
    this.joined = new Promise((resolve, reject) => (this.#joined = { resolve, reject }));
    this.joined.catch(() => {});
    this.closed = new Promise((resolve) => this.#socket.once('close', resolve)).then(() => {
      this.#joined.reject(new Error('the connection ended'));
      this.onClose();
    });
    this.connected = new Promise((resolve) => this.#socket.once('connect', resolve));
  }

  /** Of this side, once connected. */
  get port() {
    return this.#socket.localPort;
  }

  /** Resolves once the client is in the main namespace. */
  join() {
    this.#socket.write(upgradeRequest());
    this.onOpen = () => this.#socket.write(CONNECT);
    return this.joined;
  }

  onOpen() {}

  /** @param {string | Buffer} bytes @returns {boolean} whether there is room for more */
  write(bytes) {
    return this.#socket.write(bytes);
  }

  /** @param {string} packet */
  send(packet) {
    this.#socket.write(text(packet));
  }

  drained() {
    return new Promise((resolve) => this.#socket.once('drain', resolve));
  }

  /** Reads no more. */
  stall() {
    this.#socket.pause();
  }

  /** Leaves as a browser does. */
  leave() {
    this.#socket.end(CLOSE);
    return this.closed;
  }

  /** Is gone at once. */
  drop() {
    this.#socket.destroy();
  }

  reset() {
    // A reset while the socket shuts down leaves a handle that Node 20 waits for at its exit, for ever.
    if (this.#socket.writableEnded) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  #onData(chunk) {
    if (this.#head === null) {
      this.#frames.take(chunk);
      return;
    }
    this.#head += chunk.toString('latin1');
    const end = this.#head.indexOf('\r\n\r\n');
    if (end === -1) return;
    const rest = Buffer.from(this.#head.slice(end + 4), 'latin1');
    this.#head = null;
    if (rest.length > 0) this.#frames.take(rest);
  }

  #onFrame(opcode, packet) {
    if (opcode !== 1) return;
    if (packet === '2') {
      if (this.answers) this.#socket.write(PONG);
    } else if (packet.startsWith('0')) this.onOpen();
    else if (packet.startsWith('40')) this.#joined.resolve();
    this.onPacket(packet);
  }
}
