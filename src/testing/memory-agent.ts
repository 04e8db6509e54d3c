import { Agent, type Server as HttpServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server as TlsServer } from 'node:tls';
import { MemorySocket } from './memory-socket.js';

/** Connects the HTTP requests and WebSockets of one client with an HTTP server in memory, whether that listens or not. */
export class MemoryAgent extends Agent {
  /** Both ends of all connections that are not closed. */
  readonly #open = new Set<MemorySocket>();
  #waiting: (() => void)[] = [];
  readonly #event: 'connection' | 'secureConnection';

  constructor(private readonly server: HttpServer) {
    super();
    // Behind the handshake of TLS, which protects nothing in memory.
    this.#event = server instanceof TlsServer ? 'secureConnection' : 'connection';
  }

  override createConnection(): Duplex {
    const ends = MemorySocket.pair(this.#event === 'secureConnection');
    for (const end of ends) {
      this.#open.add(end);
      end.once('close', () => this.#onClose(end));
    }
    const [near, far] = ends;
    far.server = this.server;
    this.server.emit(this.#event, far);
    return near;
  }

  /** Resolves once every connection is closed at both ends. */
  idle(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #onClose(end: MemorySocket): void {
    this.#open.delete(end);
    if (this.#open.size > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
