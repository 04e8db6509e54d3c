import { Latencies } from './latencies.mjs';
import { bytesReceivedBy } from './metered.mjs';
import { openMany } from './open-many.mjs';
import { PollingSession } from './polling-session.mjs';
import { Stall } from './stall.mjs';

/**
 * One event in flight per session: a POST that carries it, a poll that brings its ack, and the next one when both have
 * been answered.
 *
 * @implements {import('../scenarios/index.mjs').Driver}
 */
export class PollingDriver {
  #target;
  #packets;
  #connections;
  #lanes = [];
  #latencies = new Latencies();

  /**
   * @param {{ port: number }} target
   * @param {number} connections
   * @param {{ request: string, reply: string }[]} packets
   */
  constructor(target, connections, packets) {
    this.#target = target;
    this.#packets = packets;
    this.#connections = connections;
  }

  async open() {
    const sessions = await openMany(() => PollingSession.open(this.#target), this.#connections);
    this.#lanes = sessions.map((session) => new Lane(session, this.#packets, this.#latencies));
  }

  async drive(seconds) {
    this.#latencies.clear();
    const deadline = performance.now() + seconds * 1000;
    const runs = this.#lanes.map((lane) => lane.run(deadline));
    const answered = await new Stall(seconds).guard(Promise.all(runs));
    return { count: answered.reduce((sum, count) => sum + count, 0), ...this.#latencies.summary() };
  }

  get bytesReceived() {
    return bytesReceivedBy(this.#lanes.map(({ session }) => session));
  }

  async close() {
    await Promise.all(this.#lanes.map(({ session }) => session.close()));
  }
}

class Lane {
  #packets;
  #latencies;
  #next = 0;
  #waitingFor = 0;
  #sentAt = 0;
  #count = 0;
  #deadline = 0;
  #finish = null;
  #fail = null;

  constructor(session, packets, latencies) {
    this.session = session;
    this.#packets = packets;
    this.#latencies = latencies;
  }

  run(deadline) {
    this.#deadline = deadline;
    this.#count = 0;
    return new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = this.session.onFailure = reject;
      this.#exchange();
    });
  }

  #exchange() {
    const { request, reply } = this.#packets[this.#next++ % this.#packets.length];
    this.#waitingFor = 2;
    this.#sentAt = performance.now();
    this.session.poll((body) => {
      this.#latencies.add(performance.now() - this.#sentAt);
      this.#onAnswer(reply, body);
    });
    this.session.push(request, (body) => this.#onAnswer('ok', body));
  }

  #onAnswer(expected, body) {
    if (body !== expected) {
      this.#fail(new Error(`expected ${expected}, got ${body}`));
      return;
    }
    if (--this.#waitingFor > 0) return;
    this.#count++;
    if (performance.now() < this.#deadline) this.#exchange();
    else this.#finish(this.#count);
  }
}
