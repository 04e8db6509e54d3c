/** An official client that counts what it got twice, too late, in another order, or not at all. */
import { io } from 'socket.io-client';

export class Watcher {
  doubled = 0;
  late = 0;
  disordered = 0;
  received = 0;
  /** Came back and was told that something may be missing. */
  told = 0;
  recovered = 0;
  /** The first times that something went wrong, for a report. */
  incidents = [];
  /** How long it took to come back, in milliseconds. */
  absences = [];
  /** Of events that say when they were emitted: how long they took, in milliseconds. */
  latencies = [];
  /** By stream: the last number, and numbers that are missing. */
  #streams = new Map();
  #lastOffset = null;
  #connectedAt = 0;
  #lostAt = null;
  rooms = [];

  constructor(url) {
    const options = {
      transports: ['websocket'],
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 300,
      timeout: 3_000,
    };
    this.client = io(url, options);
    this.client.on('connect', () => this.#onConnect());
    this.client.on('disconnect', () => (this.#lostAt = performance.now()));
    this.client.on('rooms', (rooms) => (this.rooms = rooms));
    this.client.on('event', (stream, number, padding, offset) => {
      if (typeof padding === 'number') this.latencies.push(performance.timeOrigin + performance.now() - padding);
      this.#onEvent(stream, number, offset);
    });
  }

  get isConnected() {
    return this.client.connected;
  }

  /** Numbers that are missing now. */
  get lost() {
    let lost = 0;
    for (const { missing } of this.#streams.values()) lost += missing.size;
    return lost;
  }

  /** What is missing, by stream, for a report. */
  get gaps() {
    const some = [...this.#streams].filter(([, { missing }]) => missing.size > 0);
    return some.map(([stream, { missing, last }]) => {
      const numbers = [...missing];
      return `${this.client.id}: ${numbers.length} of ${stream}, ${Math.min(...numbers)} to ${Math.max(...numbers)}, has ${last}`;
    });
  }

  get streams() {
    return [...this.#streams.keys()];
  }

  lastOf(stream) {
    return this.#streams.get(stream)?.last;
  }

  /** Whether it should have got all of a stream up to this number; what it lacks counts as lost. */
  expect(stream, number) {
    const known = this.#streams.get(stream);
    if (known === undefined) return;
    for (let i = known.last + 1; i <= number; i++) known.missing.add(i);
  }

  close() {
    this.client.disconnect();
  }

  #onConnect() {
    if (this.#lostAt !== null) this.absences.push(performance.now() - this.#lostAt);
    if (this.client.recovered) {
      this.recovered++;
      return;
    }
    if (this.#connectedAt > 0) {
      this.told++;
      this.#note(`told to start anew, as ${this.client.id}`);
    }
    this.#connectedAt = Date.now();
    this.#streams.clear();
    this.#lastOffset = null;
  }

  #onEvent(stream, number, offset) {
    this.received++;
    this.#checkOrder(offset);
    const known = this.#streams.get(stream);
    if (known === undefined) {
      // A node that was started after this session began has to be heard from its first event on; events to this socket too.
      const isNew = Number(stream.split('.')[0]) > this.#connectedAt || stream.endsWith(`/${this.client.id}`);
      const missing = new Set();
      if (isNew && !stream.includes('/room-')) for (let i = 1; i < number; i++) missing.add(i);
      this.#streams.set(stream, { last: number, missing });
    } else if (number > known.last) {
      for (let i = known.last + 1; i < number; i++) known.missing.add(i);
      known.last = number;
    } else if (known.missing.delete(number)) {
      this.late++;
      this.#note(`late: ${number} of ${stream} at ${offset}, has ${known.last}`);
    } else {
      this.doubled++;
      this.#note(`doubled: ${number} of ${stream} at ${offset}, has ${known.last}`);
    }
  }

  #note(what) {
    const away =
      this.#lostAt === null ? 'never away' : `${Math.round(performance.now() - this.#lostAt)} ms after it was cut`;
    if (this.incidents.length < 5)
      this.incidents.push(`${this.client.id}: ${what} (${away}, at ${new Date().toISOString()})`);
  }

  /** Of one order for all: a ledger's offsets grow. Those of other adapters are not comparable. */
  #checkOrder(offset) {
    const match = /^(\d+)-(\d+)(?:-(\d+))?$/.exec(String(offset));
    if (match === null) return;
    const place = match.slice(1).map((part) => Number(part ?? 0));
    if (this.#lastOffset !== null && isBefore(place, this.#lastOffset)) this.disordered++;
    this.#lastOffset = place;
  }
}

function isBefore(a, b) {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i] < b[i];
  return false;
}
