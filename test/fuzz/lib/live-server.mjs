import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { Server } from '../../../dist/esm/server.js';
import { WebSocketPeer } from './live-peers.mjs';

/** Turns of the loop that whatever a peer began may take to end. */
const PATIENCE = 200;
const TURNS = 3;
const DAY = 86_400_000;

/** A Socket.IO server without a port, its application, and one client that behaves. */
export class LiveServer {
  errors = [];
  #bystander;
  #baseline;
  #echoes = 0;

  constructor() {
    const io = new Server(createServer(), {
      serveClient: false,
      allowEIO3: true,
      cleanupEmptyChildNamespaces: true,
      onError: (error) => this.errors.push(error),
      // Nothing may end by time: what is left over must show.
      pingInterval: DAY,
      connectTimeout: DAY,
      attachmentTimeout: DAY,
      closeTimeout: DAY,
      upgradeTimeout: DAY,
      maxHttpBufferSize: 50_000,
      maxBatchPackets: 1_000,
      maxNamespaces: 3,
      maxAttachments: 4,
    });
    this.io = io;
    for (const name of ['/', '/chat']) io.of(name).on('connection', onConnection);
    io.of(/^\/room-\d+$/).on('connection', onConnection);
  }

  static async start() {
    const live = new LiveServer();
    live.#bystander = new WebSocketPeer(live, 4);
    await live.#bystander.send(['40'], 0, 0);
    await live.settle();
    live.#baseline = live.counts();
    return live;
  }

  /** What the server holds. */
  counts() {
    const { io } = this;
    const { adapter, sockets } = io.sockets;
    return {
      sessions: io.engine.clientsCount,
      timers: io.wheel.size + io.idleWheel.size,
      namespaces: io._nsps.size,
      rooms: [...io._nsps.values()].reduce((sum, { adapter }) => sum + adapter.rooms.size, 0),
      sids: adapter.sids.size,
      sockets: sockets.size,
    };
  }

  async settle() {
    for (let i = 0; i < TURNS; i++) await new Promise(setImmediate);
  }

  /** All that a peer made is gone again. */
  async checkBaseline() {
    for (let turn = 0; turn < PATIENCE && !this.#isAtBaseline(); turn++) await new Promise(setImmediate);
    assert.deepEqual(this.counts(), this.#baseline);
    assert.deepEqual(this.errors, [], 'reported as an error of the application');
    assert.deepEqual(Object.keys(Object.prototype), []);
  }

  /** The other client gets an answer. */
  async checkBystander() {
    const echo = `42["echo",${this.#echoes++}]`;
    await this.#bystander.send([echo], 0, 0);
    // The answer leaves at the end of a turn.
    for (let turn = 0; turn < TURNS && this.#bystander.received().at(-1) !== echo; turn++)
      await new Promise(setImmediate);
    assert.deepEqual(this.#bystander.received().slice(-1), [echo]);
    this.#bystander.forget();
  }

  #isAtBaseline() {
    const counts = this.counts();
    return Object.keys(counts).every((name) => counts[name] === this.#baseline[name]);
  }
}

function onConnection(socket) {
  socket.on('echo', (...args) => {
    const last = args.at(-1);
    if (typeof last === 'function') last(...args.slice(0, -1));
    else socket.emit('echo', ...args);
  });
  socket.on('join', (...rooms) => void socket.join(rooms.filter((room) => typeof room === 'string')));
  socket.on('ask', () => {
    socket.emit('question', () => {});
    socket.timeout(DAY).emit('question', () => {});
    socket.to('a').emit('news', Buffer.alloc(3));
  });
}
