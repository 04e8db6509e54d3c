import { Connection } from '../lib/connection.mjs';
import { Latencies } from '../lib/latencies.mjs';
import { ReplyCheck } from '../lib/reply-check.mjs';
import { Stall } from '../lib/stall.mjs';
import { broadcastRing } from '../lib/wire.mjs';

/** @type {import('./index.mjs').Scenario} */
export default {
  name: 'broadcast',
  title: 'Broadcast, per delivered message',
  unit: 'delivery',
  measures: 'cpu',
  variants: [{ label: '500 recipients, 64 B', quick: true, recipients: 500, bytes: 64 }],
  createDriver({ recipients, bytes }, target) {
    return new BroadcastDriver(target, broadcastRing(bytes), recipients);
  },
};

/**
 * One of the recipients asks for the broadcast. The next one is asked for when every copy of the last has arrived, so no
 * server gets to put two into one write. The latency is that of the last copy.
 *
 * @implements {import('./index.mjs').Driver}
 */
class BroadcastDriver {
  #target;
  #ring;
  #recipients;
  #connections = [];
  #latencies = new Latencies();
  #deadline = 0;
  #sent = 0;
  #sentAt = 0;
  #missing = 0;
  #delivered = 0;
  #finish = null;

  constructor(target, ring, recipients) {
    this.#target = target;
    this.#ring = ring;
    this.#recipients = recipients;
  }

  async open() {
    this.#connections = await Connection.openMany(this.#target, this.#recipients);
    for (const connection of this.#connections) {
      const check = new ReplyCheck(this.#ring);
      connection.onBytes = (bytes) => this.#receive(check.accept(bytes));
    }
  }

  async drive(seconds) {
    this.#latencies.clear();
    this.#delivered = 0;
    this.#deadline = performance.now() + seconds * 1000;
    const run = new Promise((resolve, reject) => {
      this.#finish = resolve;
      for (const connection of this.#connections) connection.onFailure = reject;
      this.#send();
    });
    await new Stall(seconds).guard(run);
    return { count: this.#delivered, ...this.#latencies.summary() };
  }

  async close() {
    await Connection.closeMany(this.#connections);
  }

  #send() {
    const { requests, requestLength, size } = this.#ring;
    const first = (this.#sent++ % size) * requestLength;
    this.#missing = this.#recipients;
    this.#sentAt = performance.now();
    this.#connections[0].write(requests.subarray(first, first + requestLength));
  }

  #receive(copies) {
    this.#missing -= copies;
    if (this.#missing > 0 || copies === 0) return;
    if (this.#missing < 0) throw new Error('more copies than recipients');
    const now = performance.now();
    this.#latencies.add(now - this.#sentAt);
    this.#delivered += this.#recipients;
    if (now < this.#deadline) this.#send();
    else this.#finish();
  }
}
