import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from './connection.mjs';
import { NoSample } from './no-sample.mjs';
import { PING_FRAME, PONG_FRAME } from './wire.mjs';

const OPENING_TIME = 1000;
const OPENING_STEP = 10;
const AT_A_TIME = 500;

/**
 * Answers pings. Whole intervals are measured, in which a correct server sends so many pings.
 *
 * @implements {import('../scenarios/index.mjs').Driver}
 */
export class HeartbeatDriver {
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
      await this.openMore(this.#size / steps);
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
    if (count === 0) throw new NoSample('no pings');
    return { count };
  }

  async close() {
    const connections = this.#connections;
    this.#connections = [];
    await Connection.closeMany(connections);
  }

  /**
   * Opens so many more, some at a time: those that are open answer pings meanwhile.
   *
   * @param {number} count
   * @param {string} [source] the address that they come from
   */
  async openMore(count, source) {
    for (let opened = 0; opened < count; opened += AT_A_TIME) {
      await this.#open(Math.min(AT_A_TIME, count - opened), source);
    }
  }

  async #open(count, source) {
    const opened = await Connection.openMany({ ...this.#target, source }, count);
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
