import { Connection } from './connection.mjs';
import { exchangeOnce } from './exchange-once.mjs';

/**
 * Memory is compared with a server that already holds some connections: what the first ones load and compile is not
 * counted, and none has left a hole to be filled.
 *
 * @implements {import('../scenarios/index.mjs').Driver}
 */
export class IdleDriver {
  #target;
  #first;
  #more;
  #ring;
  #connections = [];
  #failure = null;

  /**
   * @param {{ port: number }} target
   * @param {{ first: number, more: number, ring?: import('./wire.mjs').Ring | null }} options `first` connections are
   *   there before those that are measured; each exchanges the ring once, where there is one
   */
  constructor(target, { first, more, ring = null }) {
    this.#target = target;
    this.#first = first;
    this.#more = more;
    this.#ring = ring;
  }

  async open() {
    await this.#openMore(this.#first);
  }

  async drive() {
    await this.#openMore(this.#more);
    if (this.#failure !== null) throw this.#failure;
    return { count: this.#more };
  }

  async close() {
    await Connection.closeMany(this.#connections);
  }

  async #openMore(count) {
    const opened = await Connection.openMany(this.#target, count);
    this.#connections.push(...opened);
    for (const connection of opened) {
      if (this.#ring !== null) await exchangeOnce(connection, this.#ring);
      connection.onFailure = (error) => (this.#failure ??= error);
    }
  }
}
