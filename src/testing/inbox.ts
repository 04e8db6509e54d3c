import { PATIENCE, within } from './wait-limit.js';

/** The part of a client that is recorded. */
export interface Recorded {
  on(event: 'disconnect' | 'connect_error', listener: (...args: unknown[]) => void): unknown;
  onAny(listener: (event: string, ...args: unknown[]) => void): unknown;
}

/**
 * Keeps what a client was told until a test asks for it: a server may speak in the moment of the connect, long before a
 * test that awaits the client can listen.
 */
export class Inbox {
  readonly #messages: { event: string; args: unknown[] }[] = [];
  readonly #waiting = new Set<{ event: string; resolve: (args: unknown[]) => void }>();

  constructor(client: Recorded) {
    client.onAny((event, ...args) => this.#add(event, args));
    for (const event of ['disconnect', 'connect_error'] as const) {
      client.on(event, (...args) => this.#add(event, args));
    }
  }

  /** The arguments of the oldest such event that was not taken before; waits for it if there is none. */
  async take(event: string, timeout = PATIENCE): Promise<unknown[]> {
    const index = this.#messages.findIndex((message) => message.event === event);
    if (index !== -1) return this.#messages.splice(index, 1)[0].args;
    const waiter = { event, resolve: (_args: unknown[]): void => {} };
    const arrived = new Promise<unknown[]>((resolve) => (waiter.resolve = resolve));
    this.#waiting.add(waiter);
    try {
      return await within(arrived, timeout, () => `waited ${timeout} ms for "${event}"; ${this.#summary()}`);
    } finally {
      this.#waiting.delete(waiter);
    }
  }

  #add(event: string, args: unknown[]): void {
    for (const waiter of this.#waiting) {
      if (waiter.event !== event) continue;
      this.#waiting.delete(waiter);
      waiter.resolve(args);
      return;
    }
    this.#messages.push({ event, args });
  }

  #summary(): string {
    if (this.#messages.length === 0) return 'nothing else arrived';
    return `what arrived instead: ${this.#messages.map(({ event }) => `"${event}"`).join(', ')}`;
  }
}
