import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { FlushQueue } from '../flush-queue.js';
import type { PerMessageDeflateOptions } from '../engine-options.js';
import type { HttpHeaders } from '../http/http-exchange.js';
import { WebsocketTransport, type WebsocketRules } from './websocket-transport.js';

export interface AcceptorOptions extends WebsocketRules {
  readonly closeTimeout: number;
  readonly perMessageDeflate: PerMessageDeflateOptions | false;
}

/** Turns upgrade requests into WebSocket transports. Owns the `WebSocketServer`, which never sees an HTTP server. */
export class WebsocketAcceptor {
  readonly #server: WebSocketServer;
  readonly #flushQueue: FlushQueue;
  readonly #rules: WebsocketRules;
  /** Headers of the request that is being accepted; `ws` asks for them within the same call. */
  #headers: HttpHeaders | null = null;
  #refuse: ((message: string) => void) | null = null;

  constructor(options: AcceptorOptions, flushQueue: FlushQueue) {
    this.#flushQueue = flushQueue;
    this.#rules = options;
    const settings = {
      noServer: true,
      clientTracking: false,
      maxPayload: options.maxHttpBufferSize,
      perMessageDeflate: options.perMessageDeflate,
      // A peer that does not answer the close frame is cut off after this time.
      closeTimeout: options.closeTimeout,
    };
    this.#server = new WebSocketServer(settings);
    this.#server.on('headers', (lines) => this.#addHeaders(lines));
    this.#server.on('wsClientError', (error) => this.#refuse?.(error.message));
  }

  /** Calls one of the two, before it returns: a request that is no valid WebSocket handshake is refused. */
  accept(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    headers: HttpHeaders,
    accepted: (transport: WebsocketTransport) => void,
    refused: (message: string) => void,
  ): void {
    this.#headers = headers;
    this.#refuse = refused;
    this.#server.handleUpgrade(request, socket, head, (websocket) => {
      accepted(new WebsocketTransport(websocket, socket, this.#flushQueue, this.#rules));
    });
    this.#headers = null;
    this.#refuse = null;
  }

  close(): void {
    this.#server.close();
  }

  #addHeaders(lines: string[]): void {
    for (const [name, value] of Object.entries(this.#headers ?? {})) {
      for (const one of Array.isArray(value) ? value : [value]) lines.push(`${name}: ${one}`);
    }
  }
}
