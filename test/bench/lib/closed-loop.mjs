import { Connection } from './connection.mjs';
import { Latencies } from './latencies.mjs';
import { bytesReceivedBy } from './metered.mjs';
import { ReplyCheck } from './reply-check.mjs';
import { Stall } from './stall.mjs';

/**
 * A driver that keeps so many requests in flight on each connection: each answer is replaced by the next request. Each
 * request is a write of its own, as it is with real clients, unless `joinWrites` puts those that fall together into one;
 * it follows the answer at once, unless there is a `pause` in milliseconds.
 *
 * @implements {import('../scenarios/index.mjs').Driver}
 */
export class ClosedLoop {
  #target;
  #options;
  /** @type {Lane[]} */
  #lanes = [];
  #latencies = new Latencies();

  /**
   * @param {{ port: number }} target
   * @param {{ ring: import('./wire.mjs').Ring, connections: number, inFlight: number, countPerRequest?: number,
   *   joinWrites?: boolean, pause?: number }} options
   */
  constructor(target, options) {
    this.#target = target;
    this.#options = {
      ...options,
      countPerRequest: options.countPerRequest ?? 1,
      joinWrites: options.joinWrites ?? false,
      pause: options.pause ?? 0,
    };
  }

  async open() {
    const opened = await Connection.openMany(this.#target, this.#options.connections);
    this.#lanes = opened.map((connection) => new Lane(connection, this.#options, this.#latencies));
  }

  async drive(seconds) {
    this.#latencies.clear();
    const deadline = performance.now() + seconds * 1000;
    const stall = new Stall(seconds);
    const runs = this.#lanes.map((lane) => lane.run(deadline));
    const answered = await stall.guard(Promise.all(runs));
    const requests = answered.reduce((sum, count) => sum + count, 0);
    return { count: requests * this.#options.countPerRequest, ...this.#latencies.summary() };
  }

  get bytesReceived() {
    return bytesReceivedBy(this.#lanes.map(({ connection }) => connection));
  }

  async close() {
    await Connection.closeMany(this.#lanes.map(({ connection }) => connection));
  }
}

/** One connection and its requests in flight. */
class Lane {
  #ring;
  #inFlight;
  #joinWrites;
  #pause;
  #latencies;
  #check;
  /** When each request in flight was sent, by its number modulo their number. */
  #sentAt;
  #sent = 0;
  #answered = 0;
  #answeredBefore = 0;
  #deadline = 0;
  #finish = null;

  constructor(connection, { ring, inFlight, joinWrites, pause }, latencies) {
    this.connection = connection;
    this.#ring = ring;
    this.#inFlight = inFlight;
    this.#joinWrites = joinWrites;
    this.#pause = pause;
    this.#latencies = latencies;
    this.#check = new ReplyCheck(ring);
    this.#sentAt = new Float64Array(inFlight);
    connection.onBytes = (bytes) => this.#receive(bytes);
  }

  /** @returns {Promise<number>} how many requests were answered */
  run(deadline) {
    this.#deadline = deadline;
    this.#answeredBefore = this.#answered;
    return new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.connection.onFailure = reject;
      this.#send(this.#inFlight, performance.now());
    });
  }

  #receive(bytes) {
    const replies = this.#check.accept(bytes);
    if (replies === 0) return;
    if (this.#answered + replies > this.#sent) throw new Error('more replies than requests');
    const now = performance.now();
    for (let reply = 0; reply < replies; reply++) {
      this.#latencies.add(now - this.#sentAt[this.#answered++ % this.#inFlight]);
    }
    if (now < this.#deadline) this.#sendLater(replies, now);
    else if (this.#answered === this.#sent) this.#finish(this.#answered - this.#answeredBefore);
  }

  #sendLater(count, now) {
    if (this.#pause === 0) this.#send(count, now);
    else setTimeout(() => this.#send(count, performance.now()), this.#pause);
  }

  /** Cuts the next requests from the ring. */
  #send(count, now) {
    const { requests, requestLength, size } = this.#ring;
    for (let left = count; left > 0;) {
      const first = this.#sent % size;
      const length = this.#joinWrites ? Math.min(left, size - first) : 1;
      this.connection.write(requests.subarray(first * requestLength, (first + length) * requestLength));
      for (let request = 0; request < length; request++) this.#sentAt[this.#sent++ % this.#inFlight] = now;
      left -= length;
    }
  }
}
