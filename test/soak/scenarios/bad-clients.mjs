import { fileURLToPath } from 'node:url';
import { Child } from '../../bench/lib/rpc.mjs';
import { heldBytes } from '../lib/holdings.mjs';
import { startServer } from '../lib/start-server.mjs';
import { printTable } from '../lib/table.mjs';

const LOAD = fileURLToPath(new URL('../load/bad-clients.mjs', import.meta.url));

const BOUNDS = {
  sendQueueBytes: 131_072,
  sendTimeout: 2_000,
  connectTimeout: 3_000,
  ackTimeout: 2_000,
  closeTimeout: 1_000,
};
/** A request without its end is Node's to bound. */
const HTTP_BOUNDS = { headersTimeout: 3_000, requestTimeout: 6_000, connectionsCheckingInterval: 500 };

const HANDSHAKE = 'never finishes its handshake';
const EMIT_EVERY_MS = 100;
const PACKET = 16_384;
/** What a connection, its session and its socket take without anything that waits for it; an ack that is pending. */
const PER_CLIENT = 20_000;
const PER_ACK = 600;
/** What the process takes for itself when it is busy. */
const FOR_ITSELF = 100_000_000;
/** Beyond the bounds of time that there are: for opening, and for a machine that is busy. */
const GRACE_MS = 10_000;

/**
 * A number of each kind of bad client against a server with small bounds: what they make it hold stays below what the
 * bounds add up to, and who leaves its part undone is gone in time, or its acks are.
 *
 * @param {{ Server: Function; clients: number; heartbeat?: number; print?: boolean }} setup `heartbeat`: both of its
 *   times; where they are long, it is its send queue that ends who never reads, once the kernels hold what they can
 * @returns {Promise<{ failures: string[] }>}
 */
export async function runBadClients({ Server, clients, heartbeat = 20_000, print = true }) {
  const bounds = { ...BOUNDS, pingInterval: heartbeat, pingTimeout: heartbeat };
  const server = await startServer(Server, bounds, HTTP_BOUNDS);
  const load = new Child(LOAD, [], []);
  const { io } = server;
  const emitting = setInterval(() => emitToEach(io), EMIT_EVERY_MS);
  const watch = new Watch(server);
  try {
    const before = { rss: process.memoryUsage().rss, held: await heldBytes() };
    for (const kind of await load.call('kinds')) {
      const ports = await load.call('open', { port: server.port, kind, count: clients });
      if (kind === HANDSHAKE) watch.follow(ports);
    }
    const opened = watch.seconds;
    await watch.untilGone(opened + (2 * heartbeat + GRACE_MS) / 1_000, clients);
    clearInterval(emitting);
    const acks = await watch.untilAcksAreGone(watch.seconds + (BOUNDS.ackTimeout + GRACE_MS) / 1_000);
    const most = mostHeld(clients);
    const failures = [...watch.failures];
    if (watch.peak.held - before.held > most)
      failures.push(`held ${megabytes(watch.peak.held - before.held)} at its peak`);
    if (acks > 0) failures.push(`${acks} acks are pending`);
    if (io.sockets.sockets.size < clients)
      failures.push(`${clients - io.sockets.sockets.size} of those that never ack were lost`);
    if (server.errors.length > 0)
      failures.push(`${server.errors.length} errors, the first: ${server.errors[0]?.stack}`);
    if (print) {
      console.log(
        `bad clients: ${clients} of each kind, opened within ${opened.toFixed(1)} s; bounds: ${JSON.stringify(bounds)}`,
      );
      printTable(['', 'most at once', 'gone after (s)'], watch.rows());
      console.log(`sessions closed: ${JSON.stringify(io.stats().closed)}`);
      console.log(
        `held beyond an idle server: ${megabytes(watch.peak.held - before.held)} at the peak, allowed ${megabytes(most)}; ` +
          `resident: ${megabytes(watch.peak.rss - before.rss)} at the peak`,
      );
    }
    return { failures };
  } finally {
    clearInterval(emitting);
    watch.stop();
    await load.call('close');
    await load.stop();
    await server.close();
  }
}

/** Bytes of its own for each client: a broadcast would be held once for all. */
function emitToEach({ sockets }) {
  for (const socket of sockets.adapter.rooms.get('never acks') ?? [])
    sockets.sockets.get(socket)?.emit('question', () => {});
  for (const room of ['never reads', 'never polls']) {
    for (const socket of sockets.adapter.rooms.get(room) ?? [])
      sockets.sockets.get(socket)?.emit('news', Buffer.alloc(PACKET, 1));
  }
}

/** What the bounds of a run allow. */
function mostHeld(clients) {
  // Over its bound a queue may be for its timeout, and for the quarter of it after which one looks.
  const overdue = (BOUNDS.sendTimeout * 1.25 * PACKET) / EMIT_EVERY_MS;
  const queues = 2 * clients * (BOUNDS.sendQueueBytes + overdue);
  const acks = clients * (BOUNDS.ackTimeout / EMIT_EVERY_MS) * PER_ACK;
  return queues + acks + 4 * clients * PER_CLIENT + FOR_ITSELF;
}

const LOOK_MS = 100;

/** Looks at a server again and again: how many there are of each kind, and what it holds. */
class Watch {
  peak = { rss: 0, held: 0 };
  failures = [];
  #server;
  #started = performance.now();
  #timer = setInterval(() => this.#look(), LOOK_MS);
  #most = new Map();
  #gone = new Map();
  /** The ports of clients whose connections are open. */
  #open = new Set();
  #handshakes = [];

  constructor(server) {
    this.#server = server;
    server.http.on('connection', (socket) => {
      const { remotePort } = socket;
      this.#open.add(remotePort);
      socket.once('close', () => this.#open.delete(remotePort));
    });
  }

  /** Clients that are nowhere but on these ports. */
  follow(ports) {
    this.#handshakes = ports;
  }

  get seconds() {
    return (performance.now() - this.#started) / 1_000;
  }

  stop() {
    clearInterval(this.#timer);
  }

  async untilGone(deadline, clients) {
    const kinds = ['never reads', 'never polls', HANDSHAKE];
    while (kinds.some((kind) => !this.#gone.has(kind)) && this.seconds < deadline) await this.#pause();
    for (const kind of kinds) {
      if (!this.#gone.has(kind))
        this.failures.push(`${this.#counts().get(kind)} clients of the kind "${kind}" are there still`);
      else if ((this.#most.get(kind) ?? 0) < clients / 10) this.failures.push(`"${kind}" was never there in numbers`);
    }
  }

  async untilAcksAreGone(deadline) {
    while (this.#acks() > 0 && this.seconds < deadline) await this.#pause();
    return this.#acks();
  }

  rows() {
    return [...this.#most].map(([kind, most]) => [kind, most, this.#gone.get(kind)?.toFixed(1) ?? '']);
  }

  #look() {
    const { rss, heapUsed, external } = process.memoryUsage();
    this.peak.rss = Math.max(this.peak.rss, rss);
    this.peak.held = Math.max(this.peak.held, heapUsed + external);
    for (const [kind, count] of this.#counts()) {
      if (count > (this.#most.get(kind) ?? 0)) this.#most.set(kind, count);
      if (count > 0) this.#gone.delete(kind);
      else if (this.#most.get(kind) > 0 && !this.#gone.has(kind)) this.#gone.set(kind, this.seconds);
    }
  }

  #counts() {
    const { rooms } = this.#server.io.sockets.adapter;
    const kinds = ['never reads', 'never polls', 'never acks'];
    const counts = new Map(kinds.map((room) => [room, rooms.get(room)?.size ?? 0]));
    counts.set(HANDSHAKE, this.#handshakes.filter((port) => this.#open.has(port)).length);
    counts.set('pending acks', this.#acks());
    return counts;
  }

  #acks() {
    return [...this.#server.io.sockets.sockets.values()].reduce((total, { acks }) => total + acks.size, 0);
  }

  #pause() {
    return new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
