import type { Duplex } from 'node:stream';
import { TimerEntry, TimerWheel } from '../../common/timer-wheel.js';
import { bytesTaken, hasWaiting } from './kernel-progress.js';

interface ClosingConnection {
  taken: number;
  /** When it took something last. */
  since: number;
}

/**
 * Connections whose session has ended, and whose peers have yet to read what they were sent, or to answer the close frame.
 *
 * While the server runs each has its own time limit. Once it ends, there is no waiting for a peer that owes only an answer: the
 * HTTP server closes no sooner than the last of them.
 */
export class ClosingConnections extends TimerEntry {
  readonly #connections = new Map<Duplex, ClosingConnection>();
  #isFinishing = false;
  #onEnded: (() => void)[] = [];

  /** @param patience how long a connection may take nothing of what waits for it, in milliseconds */
  constructor(
    private readonly wheel: TimerWheel,
    private readonly patience: number,
  ) {
    super();
  }

  add(connection: Duplex): void {
    if (connection.destroyed || this.#connections.has(connection)) return;
    this.#connections.set(connection, { taken: bytesTaken(connection), since: TimerWheel.now() });
    connection.once('close', () => this.#remove(connection));
    if (this.#isFinishing && this.#connections.size === 1) this.wheel.schedule(this, LOOK);
  }

  /** The server ends. */
  finish(): void {
    this.#isFinishing = true;
    // A connection emits 'close' later than its server does.
    for (const connection of [...this.#connections.keys()]) if (connection.destroyed) this.#remove(connection);
    if (this.#connections.size > 0) this.wheel.schedule(this, LOOK);
  }

  /** Resolves once there is none left. */
  ended(): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onEnded.push(resolve));
  }

  /** Ends all of them at once. */
  cutOff(): void {
    for (const connection of [...this.#connections.keys()]) connection.destroy();
  }

  override onTimer(): void {
    const now = TimerWheel.now();
    for (const [connection, state] of [...this.#connections]) {
      const taken = bytesTaken(connection);
      if (taken > state.taken) {
        state.taken = taken;
        state.since = now;
      }
      const patience = hasWaiting(connection) ? this.patience : LOOK;
      if (now - state.since >= patience) connection.destroy();
    }
    if (this.#connections.size > 0) this.wheel.schedule(this, LOOK);
  }

  #remove(connection: Duplex): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    this.wheel.cancel(this);
    const listeners = this.#onEnded;
    this.#onEnded = [];
    for (const onEnded of listeners) onEnded();
  }
}

/** How often connections are looked at, and how long an answer to the close frame may take, in milliseconds. */
const LOOK = 500;
