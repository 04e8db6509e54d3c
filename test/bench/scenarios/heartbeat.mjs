import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '../lib/connection.mjs';
import { PING_FRAME, PONG_FRAME } from '../lib/wire.mjs';

const PING_INTERVAL = 250;
const OPENING_INTERVALS = 4;
const OPENING_STEP = 10;

/** @type {import('./index.mjs').Scenario} */
export default {
  name: 'heartbeat',
  title: 'Heartbeat, per ping and pong',
  unit: 'ping',
  measures: 'cpu',
  pingInterval: PING_INTERVAL,
  variants: [{ label: `2000 idle connections, one ping each ${PING_INTERVAL} ms`, quick: true, connections: 2000 }],
  createDriver({ connections }, target) {
    return new HeartbeatDriver(target, connections);
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
  #connections = [];
  #pings = 0;
  #failure = null;

  constructor(target, size) {
    this.#target = target;
    this.#size = size;
  }

  /** Opens at a steady pace over some intervals, so that the pings of every server are spread alike. */
  async open() {
    const steps = OPENING_INTERVALS * (PING_INTERVAL / OPENING_STEP);
    const opening = Array.from({ length: steps }, async (_, step) => {
      await sleep(step * OPENING_STEP);
      await this.#openMore(this.#size / steps);
    });
    await Promise.all(opening);
  }

  async drive(seconds) {
    const intervals = Math.ceil((seconds * 1000) / PING_INTERVAL);
    const before = this.#pings;
    await sleep(intervals * PING_INTERVAL);
    if (this.#failure !== null) throw this.#failure;
    const count = this.#pings - before;
    const expected = intervals * this.#size;
    if (count < expected * 0.9 || count > expected * 1.1) throw new Error(`${count} pings instead of ${expected}`);
    return { count };
  }

  async close() {
    await Connection.closeMany(this.#connections);
  }

  async #openMore(count) {
    const opened = await Connection.openMany(this.#target, count);
    for (const connection of opened) {
      connection.onBytes = (bytes) => this.#answer(connection, bytes);
      connection.onFailure = (error) => (this.#failure ??= error);
    }
    this.#connections.push(...opened);
  }

  #answer(connection, bytes) {
    if (!bytes.equals(PING_FRAME)) throw new Error(`expected one ping, got ${bytes.toString('hex')}`);
    this.#pings++;
    connection.write(PONG_FRAME);
  }
}
