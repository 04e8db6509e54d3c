import { Connection } from './connection.mjs';
import { Latencies } from './latencies.mjs';
import { PollingSession } from './polling-session.mjs';

const OPEN = {
  websocket: (target) => Connection.open(target),
  polling: (target) => PollingSession.open(target),
  upgrade: (target) => PollingSession.openAndUpgrade(target),
};

/**
 * Opens connections, and keeps them unless it is told to close each.
 *
 * @implements {import('../scenarios/index.mjs').Driver}
 */
export class ConnectDriver {
  #open;
  #target;
  #concurrency;
  #atMost;
  #closes;
  #count = 0;
  #connections = [];
  #latencies = new Latencies();

  /**
   * @param {{ port: number }} target
   * @param {{ over: 'websocket' | 'polling' | 'upgrade', concurrency: number, atMost?: number, closes?: boolean }} options
   */
  constructor(target, { over, concurrency, atMost = Infinity, closes = false }) {
    this.#open = OPEN[over];
    this.#target = target;
    this.#concurrency = concurrency;
    this.#atMost = atMost;
    this.#closes = closes;
  }

  async open() {}

  /** Lets go of the connections so far. */
  async reset() {
    await this.close();
  }

  async drive(seconds) {
    this.#latencies.clear();
    this.#count = 0;
    const deadline = performance.now() + seconds * 1000;
    const openers = Array.from({ length: this.#concurrency }, () => this.#openUntil(deadline));
    await Promise.all(openers);
    return { count: this.#count, ...this.#latencies.summary() };
  }

  async close() {
    const connections = this.#connections;
    this.#connections = [];
    await Promise.all(connections.map((connection) => connection.drop()));
  }

  async #openUntil(deadline) {
    for (let now = performance.now(); now < deadline && this.#count < this.#atMost;) {
      this.#count++;
      const connection = await this.#open(this.#target);
      this.#latencies.add(performance.now() - now);
      if (this.#closes) await connection.close();
      else this.#connections.push(connection);
      now = performance.now();
    }
  }
}
