import { HeartbeatDriver } from './heartbeat-driver.mjs';

/** What the first connections load and compile is not counted. */
const FIRST = 100;
/** Connections from one address: each has its own ports, some 28,000 of them. */
const PER_SOURCE = 20_000;

/**
 * Very many connections that answer pings and do nothing else. The first drive opens them, each later one lets whole ping
 * intervals pass and counts the seconds of all clients together.
 *
 * @implements {import('../scenarios/index.mjs').Driver}
 */
export class ScaleDriver {
  #heartbeat;
  #size;
  #pingInterval;
  #isFull = false;

  /**
   * @param {{ port: number }} target
   * @param {{ connections: number, pingInterval: number }} options
   */
  constructor(target, { connections, pingInterval }) {
    this.#heartbeat = new HeartbeatDriver(target, connections, pingInterval);
    this.#size = connections;
    this.#pingInterval = pingInterval;
  }

  open() {
    return this.#heartbeat.openMore(FIRST);
  }

  async drive(seconds) {
    if (this.#isFull) {
      await this.#heartbeat.drive(seconds);
      const intervals = Math.ceil((seconds * 1000) / this.#pingInterval);
      return { count: (this.#size + FIRST) * intervals * (this.#pingInterval / 1000) };
    }
    this.#isFull = true;
    for (let opened = 0; opened < this.#size; opened += PER_SOURCE) {
      const count = Math.min(PER_SOURCE, this.#size - opened);
      await this.#heartbeat.openMore(count, `127.0.0.${2 + opened / PER_SOURCE}`);
    }
    return { count: this.#size };
  }

  /** Lets all of them go. */
  async reset() {
    await this.close();
  }

  close() {
    return this.#heartbeat.close();
  }
}
