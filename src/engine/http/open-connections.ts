import type { Server as HttpServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server as TlsServer, TLSSocket } from 'node:tls';
import { MAX_TIMER } from '../../common/values.js';
import { awaitsRequest, connectionBelow, speaksHttp } from './pending-answer.js';

/**
 * The connections of an HTTP server, from now on. A server that is being closed waits for each: also for one that has never
 * sent anything, or stands still within a request, for which Node has no time limit any more, or within its TLS handshake, for
 * which it has two minutes.
 */
export class OpenConnections {
  /** Weakly, so that none needs a listener for its end. */
  readonly #sockets = new Set<WeakRef<Duplex>>();
  /** Connections whose TLS handshake is over; null without TLS. */
  readonly #secured: WeakSet<Duplex> | null;
  #sweepAt = SWEEP_AT;
  #isCutting = false;

  constructor(private readonly server: HttpServer) {
    this.#secured = server instanceof TlsServer ? new WeakSet() : null;
  }

  /** A connection, and once more what speaks on it behind its TLS handshake. */
  add(socket: Duplex): void {
    const below = this.#secured === null ? null : connectionBelow(socket);
    if (below !== null) this.#secured!.add(below);
    if (this.#sockets.size >= this.#sweepAt) this.#sweep();
    this.#sockets.add(new WeakRef(socket));
  }

  /**
   * Cuts those on which no answer is due: first in so many milliseconds, then until the server has closed. Nothing happens
   * while it listens. What another protocol has taken over is not touched.
   */
  cutIdleAfter(patience: number): void {
    if (this.#isCutting) return;
    this.#isCutting = true;
    const timer = setInterval(() => this.#cutIdle(), Math.min(Math.max(patience, MIN_PATIENCE), MAX_TIMER)).unref();
    this.server.once('close', () => clearInterval(timer));
  }

  #cutIdle(): void {
    if (this.server.listening) return;
    for (const ref of this.#sockets) {
      const socket = ref.deref();
      if (socket !== undefined && (awaitsRequest(socket) || this.#isHandshaking(socket))) socket.destroy();
    }
  }

  #isHandshaking(socket: Duplex): boolean {
    return this.#secured !== null && !(socket instanceof TLSSocket) && !this.#secured.has(socket);
  }

  /** Drops those that have ended, or speak another protocol by now. Runs each time that the table has doubled. */
  #sweep(): void {
    for (const ref of this.#sockets) {
      const socket = ref.deref();
      const isKept = socket !== undefined && !socket.destroyed && (speaksHttp(socket) || this.#isHandshaking(socket));
      if (!isKept) this.#sockets.delete(ref);
    }
    this.#sweepAt = Math.max(SWEEP_AT, this.#sockets.size * 2);
  }
}

const SWEEP_AT = 1_024;

/** In milliseconds. */
const MIN_PATIENCE = 500;
