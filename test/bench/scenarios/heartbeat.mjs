import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '../lib/connection.mjs';
import { PING_FRAME, PONG_FRAME } from '../lib/wire.mjs';

const OPENING_TIME = 1000;
const OPENING_STEP = 10;

/** @type {import('./index.mjs').Scenario} */
export default {
  name: 'heartbeat',
  title: 'Heartbeat, per ping and pong',
  unit: 'ping',
  measures: 'cpu',
  variants: [
    {
      label: '3000 idle connections, one ping each 100 ms',
      quick: true,
      goals: [{ server: 'ours-nest', peer: 'socket.io', atMost: 0.5 }],
      // Two servers that ping so often at once leave each other too little.
      checked: false,
      server: { pingInterval: 100 },
      connections: 3000,
    },
    {
      // Mostly what it costs to be woken: far fewer than in life, still far from a busy server.
      label: '3000 idle connections, one ping each 500 ms',
      checked: true,
      server: { pingInterval: 500 },
      connections: 3000,
    },
  ],
  createDriver({ connections, server }, target) {
    return new HeartbeatDriver(target, connections, server.pingInterval);
  },
};

/**
 * Answers pings. Whole intervals are measured, in which a correct server sends so many pings.
 *
 * @implements {import('./index.mjs').Driver}
 */
class HeartbeatDriver {
  #target;
  #size;
  #pingInterval;
  #connections = [];
  #pings = 0;
  #failure = null;

  constructor(target, size, pingInterval) {
    this.#target = target;
    this.#size = size;
    this.#pingInterval = pingInterval;
  }

  /** Opens at a steady pace over some intervals, so that the pings of a server are spread unless it groups them. */
  async open() {
    const steps = OPENING_TIME / OPENING_STEP;
    const opening = Array.from({ length: steps }, async (_, step) => {
      await sleep(step * OPENING_STEP);
      await this.#openMore(this.#size / steps);
    });
    await Promise.all(opening);
  }

  async drive(seconds) {
    const intervals = Math.ceil((seconds * 1000) / this.#pingInterval);
    const before = this.#pings;
    await sleep(intervals * this.#pingInterval);
    if (this.#failure !== null) throw this.#failure;
    const count = this.#pings - before;
    // No more can be asked here: on a busy machine either process may be held up for more than an interval.
    if (count === 0) throw new Error('no pings');
    return { count };
  }

  async close() {
    await Connection.closeMany(this.#connections);
  }

  async #openMore(count) {
    const opened = await Connection.openMany(this.#target, count);
    for (const connection of opened) {
      connection.onFailure = (error) => (this.#failure ??= error);
      connection.onBytes = (bytes) => this.#answer(connection, bytes);
    }
    this.#connections.push(...opened);
  }

  /** Several pings at once where this process was held up. */
  #answer(connection, bytes) {
    for (let at = 0; at < bytes.length; at += PING_FRAME.length) {
      const frame = bytes.subarray(at, at + PING_FRAME.length);
      if (!frame.equals(PING_FRAME)) throw new Error(`expected pings, got ${bytes.toString('hex')}`);
      this.#pings++;
      connection.write(PONG_FRAME);
    }
  }
}
