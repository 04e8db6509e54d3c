import { Connection } from './connection.mjs';
import { Latencies } from './latencies.mjs';
import { ReplyCheck } from './reply-check.mjs';
import { Stall } from './stall.mjs';

/**
 * A driver that keeps so many requests in flight over all connections together: each answer is replaced by a request on
 * the next connection in turn. However many connections there are, the server has as much to do, each time for another.
 *
 * @implements {import('../scenarios/index.mjs').Driver}
 */
export class RoamingLoop {
  #target;
  #options;
  /** @type {Lane[]} */
  #lanes = [];
  #next = 0;
  #inFlight = 0;
  #answered = 0;
  #deadline = 0;
  #finish = null;
  #latencies = new Latencies();

  /**
   * @param {{ port: number }} target
   * @param {{ ring: import('./wire.mjs').Ring, connections: number, inFlight: number }} options
   */
  constructor(target, options) {
    this.#target = target;
    this.#options = options;
  }

  async open() {
    const opened = await Connection.openMany(this.#target, this.#options.connections);
    this.#lanes = opened.map((connection) => {
      const lane = new Lane(connection, this.#options.ring);
      connection.onBytes = (bytes) => this.#receive(lane, bytes);
      return lane;
    });
  }

  async drive(seconds) {
    this.#latencies.clear();
    this.#answered = 0;
    this.#deadline = performance.now() + seconds * 1000;
    const run = new Promise((resolve, reject) => {
      this.#finish = resolve;
      for (const { connection } of this.#lanes) connection.onFailure = reject;
      for (let request = 0; request < this.#options.inFlight; request++) this.#sendNext();
    });
    await new Stall(seconds).guard(run);
    return { count: this.#answered, ...this.#latencies.summary() };
  }

  async close() {
    await Connection.closeMany(this.#lanes.map(({ connection }) => connection));
  }

  #sendNext() {
    const lane = this.#lanes[this.#next];
    this.#next = (this.#next + 1) % this.#lanes.length;
    this.#inFlight++;
    lane.send(performance.now());
  }

  #receive(lane, bytes) {
    const now = performance.now();
    for (let reply = lane.check.accept(bytes); reply > 0; reply--) {
      this.#latencies.add(now - lane.takeSentAt());
      this.#answered++;
      this.#inFlight--;
      if (now < this.#deadline) this.#sendNext();
      else if (this.#inFlight === 0) this.#finish();
    }
  }
}

/** One connection and when each of its requests in flight was sent. */
class Lane {
  #ring;
  #sent = 0;
  #sentAt = [];

  constructor(connection, ring) {
    this.connection = connection;
    this.check = new ReplyCheck(ring);
    this.#ring = ring;
  }

  send(now) {
    const { requests, requestLength, size } = this.#ring;
    const first = (this.#sent++ % size) * requestLength;
    this.#sentAt.push(now);
    this.connection.write(requests.subarray(first, first + requestLength));
  }

  takeSentAt() {
    if (this.#sentAt.length === 0) throw new Error('more replies than requests');
    return this.#sentAt.shift();
  }
}
