import { Connection } from './connection.mjs';
import { exchangeOnce } from './exchange-once.mjs';
import { Latencies } from './latencies.mjs';
import { bytesReceivedBy } from './metered.mjs';
import { ReplyCheck } from './reply-check.mjs';
import { Stall } from './stall.mjs';
import { broadcastRing, enterManyRing, enterRing } from './wire.mjs';

/**
 * One of the recipients asks for the broadcast. The next one is asked for when every copy of the last has arrived, so no
 * server gets to put two into one write; unless there are several senders, which ask at the same time, or a burst, which
 * is asked for by one write. The latency is that of the last copy.
 *
 * Where there are others, the recipients are in a room, and the others get nothing.
 *
 * @implements {import('../scenarios/index.mjs').Driver}
 */
export class BroadcastDriver {
  #target;
  #recipients;
  #others;
  #roomsEach;
  #senders;
  #burst;
  #ring;
  #connections = [];
  #latencies = new Latencies();
  #deadline = 0;
  #sent = 0;
  #sentAt = 0;
  #missing = 0;
  #delivered = 0;
  #finish = null;

  /**
   * @param {{ port: number }} target
   * @param {{ recipients: number, others?: number, roomsEach?: number, senders?: number, burst?: number, bytes: number,
   *   ring?: import('./wire.mjs').Ring }} options `roomsEach` further rooms are entered by each connection; `ring` where it
   *   is not the usual one
   */
  constructor(target, { recipients, others = 0, roomsEach = 0, senders = 1, burst = 1, bytes, ring }) {
    this.#target = target;
    this.#recipients = recipients;
    this.#others = others;
    this.#roomsEach = roomsEach;
    this.#senders = senders;
    this.#burst = burst;
    this.#ring = ring ?? broadcastRing(bytes, others > 0 ? 'tell' : 'broadcast', senders * burst);
  }

  async open() {
    this.#connections = await Connection.openMany(this.#target, this.#recipients + this.#others);
    await this.#enterRooms();
    for (const [index, connection] of this.#connections.entries()) {
      const check = new ReplyCheck(this.#ring);
      connection.onBytes = index < this.#recipients ? (bytes) => this.#receive(check.accept(bytes)) : refuseCopy;
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

  get bytesReceived() {
    return bytesReceivedBy(this.#connections);
  }

  async close() {
    await Connection.closeMany(this.#connections);
  }

  async #enterRooms() {
    if (this.#others > 0) {
      for (const member of this.#connections.slice(0, this.#recipients)) await exchangeOnce(member, enterRing());
    }
    if (this.#roomsEach === 0) return;
    for (const [index, connection] of this.#connections.entries()) {
      await exchangeOnce(connection, enterManyRing(`room-of-${String(index).padStart(5, '0')}`, this.#roomsEach));
    }
  }

  #send() {
    const { requests, requestLength, size } = this.#ring;
    const first = (this.#sent++ % size) * requestLength;
    this.#missing = this.#recipients;
    this.#sentAt = performance.now();
    const request = Buffer.concat(Array(this.#burst).fill(requests.subarray(first, first + requestLength)));
    for (const sender of this.#connections.slice(0, this.#senders)) sender.write(request);
  }

  #receive(copies) {
    this.#missing -= copies;
    if (this.#missing > 0 || copies === 0) return;
    if (this.#missing < 0) throw new Error('more copies than recipients');
    const now = performance.now();
    this.#latencies.add(now - this.#sentAt);
    this.#delivered += this.#recipients * this.#senders * this.#burst;
    if (now < this.#deadline) this.#send();
    else this.#finish();
  }
}

function refuseCopy() {
  throw new Error('a copy for somebody outside the room');
}
