import { Connection } from '../lib/connection.mjs';

/** Connections that are there before those that are measured. */
const FIRST = 100;
const SOCKET_IO_SERVERS = ['ours-nest', 'ours', 'socket.io', 'platform-socket.io'];
const GOALS = [{ server: 'ours-nest', peer: 'socket.io', atMost: 0.6 }];

/** @type {import('./index.mjs').Scenario} */
export default {
  name: 'idle',
  title: 'Memory per idle connection',
  unit: 'connection',
  measures: 'memory',
  variants: [
    { label: '1000 connections, 1 handler', goals: GOALS, server: { handlers: 1 }, more: 1000 },
    {
      label: '1000 connections, 50 handlers',
      quick: true,
      goals: GOALS,
      server: { handlers: 50 },
      servers: SOCKET_IO_SERVERS,
      more: 1000,
    },
    { label: '10000 connections, 1 handler', goals: GOALS, server: { handlers: 1 }, more: 10_000 },
    {
      label: '10000 connections, 50 handlers',
      goals: GOALS,
      server: { handlers: 50 },
      servers: SOCKET_IO_SERVERS,
      more: 10_000,
    },
  ],
  createDriver({ more }, target) {
    return new IdleDriver(target, FIRST, more);
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
