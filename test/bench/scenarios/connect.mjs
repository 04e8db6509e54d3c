import { Connection } from '../lib/connection.mjs';
import { Latencies } from '../lib/latencies.mjs';

/** @type {import('./index.mjs').Scenario} */
export default {
  name: 'connect',
  title: 'WebSocket handshake and CONNECT',
  unit: 'connection',
  measures: 'cpu',
  warmupFactor: 3,
  variants: [{ label: '32 at a time', quick: true, concurrency: 32, atMost: 8000 }],
  createDriver({ concurrency, atMost }, target) {
    return new ConnectDriver(target, concurrency, atMost);
  },
};

/**
 * Opens connections and keeps them: closing them is not part of the measurement.
 *
 * @implements {import('./index.mjs').Driver}
 */
class ConnectDriver {
  #target;
  #concurrency;
  #atMost;
  #connections = [];
  #latencies = new Latencies();

  constructor(target, concurrency, atMost) {
    this.#target = target;
    this.#concurrency = concurrency;
    this.#atMost = atMost;
  }

  async open() {}

  /** Lets go of the connections of the warm-up. */
  async reset() {
    await this.close();
  }

  async drive(seconds) {
    this.#latencies.clear();
    const deadline = performance.now() + seconds * 1000;
    const openers = Array.from({ length: this.#concurrency }, () => this.#openUntil(deadline));
    await Promise.all(openers);
    return { count: this.#connections.length, ...this.#latencies.summary() };
  }

  async close() {
    await Connection.closeMany(this.#connections);
    this.#connections = [];
  }

  async #openUntil(deadline) {
    for (let now = performance.now(); now < deadline && this.#connections.length < this.#atMost;) {
      const connection = await Connection.open(this.#target);
      const started = now;
      now = performance.now();
      this.#latencies.add(now - started);
      this.#connections.push(connection);
    }
  }
}
