import { Connection } from '../lib/connection.mjs';

/** @type {import('./index.mjs').Scenario} */
export default {
  name: 'idle',
  title: 'Memory per idle connection',
  unit: 'connection',
  measures: 'memory',
  variants: [{ label: '2000 connections', quick: true, first: 100, more: 2000 }],
  createDriver({ first, more }, target) {
    return new IdleDriver(target, first, more);
  },
};

/**
 * Memory is compared with a server that already holds some connections: what the first ones load and compile is not
 * counted, and none has left a hole to be filled.
 *
 * @implements {import('./index.mjs').Driver}
 */
class IdleDriver {
  #target;
  #first;
  #more;
  #connections = [];
  #failure = null;

  constructor(target, first, more) {
    this.#target = target;
    this.#first = first;
    this.#more = more;
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
    for (const connection of opened) connection.onFailure = (error) => (this.#failure ??= error);
    this.#connections.push(...opened);
  }
}
