import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type PerMessageDeflateOptions, type WebSocket } from 'ws';
import type { Dialect } from '../../codec/dialect.js';
import type { FlushQueue } from '../flush-queue.js';
import { headerLines } from '../../http/header-fields.js';
import type { HttpHeaders } from '../../http/http-exchange.js';
import { DormantWebsocket } from './dormant-websocket.js';
import { acceptance, isPlain, type WebsocketHandshake } from './websocket-handshake.js';
import { WebsocketTransportBase64 } from './websocket-transport-base64.js';
import { WebsocketTransportV3 } from './websocket-transport-v3.js';
import { WebsocketTransport, type WebsocketRules } from './websocket-transport.js';
import { areWsInternalsKnown } from './ws-internals.js';

export interface AcceptorOptions extends Omit<WebsocketRules, 'compressionThreshold' | 'leavesAllToWs'> {
  /** With the threshold to which this package keeps by itself. */
  readonly perMessageDeflate: (PerMessageDeflateOptions & { readonly threshold: number }) | false;
  warn(message: string): void;
}

interface TransportRules {
  readonly v4: WebsocketRules;
  /** Joined frames came with v4; in v3 the character that joins them is data. */
  readonly v3: WebsocketRules;
}

/** Turns upgrade requests into WebSocket transports. Owns the `WebSocketServer`, which never sees an HTTP server. */
export class WebsocketAcceptor {
  readonly #server: WebSocketServer;
  /** Whether `ws` may have to negotiate compression. */
  readonly #compresses: boolean;
  readonly #flushQueue: FlushQueue;
  readonly #createRules: () => TransportRules;
  /** Null until the first WebSocket: `ws` is tried out for it, which takes up to 5 ms that no start has to wait for. */
  #rules: TransportRules | null = null;
  /** Headers of the request that is being accepted; `ws` asks for them within the same call. */
  #headers: HttpHeaders | null = null;
  #refuse: ((message: string) => void) | null = null;

  constructor(options: AcceptorOptions, flushQueue: FlushQueue, isWsKnown = areWsInternalsKnown) {
    this.#flushQueue = flushQueue;
    const { perMessageDeflate } = options;
    this.#compresses = perMessageDeflate !== false;
    const compressionThreshold = perMessageDeflate === false ? Infinity : perMessageDeflate.threshold;
    this.#createRules = () => {
      const v4 = { ...options, compressionThreshold, leavesAllToWs: leavesAllToWs(options, isWsKnown) };
      return { v4, v3: { ...v4, splitsJoinedFrames: false } };
    };
    const settings = {
      noServer: true,
      clientTracking: false,
      maxPayload: options.maxHttpBufferSize,
      perMessageDeflate,
      // A peer that does not answer the close frame is cut off after this time.
      closeTimeout: options.closeTimeout,
    };
    this.#server = new WebSocketServer(settings);
    this.#server.on('headers', (lines) => this.#addHeaders(lines));
    this.#server.on('wsClientError', (error) => this.#refuse?.(error.message));
  }

  /** Calls one of the two, before it returns: a request that is no valid WebSocket handshake is refused. */
  accept(
    handshake: WebsocketHandshake,
    accepted: (transport: WebsocketTransport) => void,
    refused: (message: string) => void,
  ): void {
    this.#rules ??= this.#createRules();
    if (this.#needsWs(handshake, this.#rules)) this.#acceptWithWs(handshake, accepted, refused);
    else accepted(this.#acceptDormant(handshake));
  }

  #needsWs(handshake: WebsocketHandshake, { v4 }: TransportRules): boolean {
    const { dialect, request } = handshake;
    if (v4.leavesAllToWs) return true;
    const negotiates = this.#compresses && request.headers['sec-websocket-extensions'] !== undefined;
    return negotiates || dialect.protocol !== 4 || !isPlain(handshake);
  }

  #acceptDormant({ request, socket, head, headers, dialect }: WebsocketHandshake): WebsocketTransport {
    const websocket = new DormantWebsocket(this.#server, socket, head);
    const transport = this.#createTransport(websocket, request, socket, dialect);
    transport.begin(acceptance(request, headers));
    return transport;
  }

  /** The 101 leaves by itself. Some clients of v3 need that: they listen for packets only once they have heard of it. */
  #acceptWithWs(
    { request, socket, head, headers, dialect }: WebsocketHandshake,
    accepted: (transport: WebsocketTransport) => void,
    refused: (message: string) => void,
  ): void {
    this.#headers = headers;
    this.#refuse = refused;
    this.#server.handleUpgrade(request, socket, head, (websocket) => {
      accepted(this.#createTransport(websocket, request, socket, dialect));
    });
    this.#headers = null;
    this.#refuse = null;
  }

  #createTransport(
    websocket: WebSocket | DormantWebsocket,
    request: IncomingMessage,
    socket: Duplex,
    dialect: Dialect,
  ): WebsocketTransport {
    const transport = this.#transportOf(websocket, socket, dialect);
    // It tells its owner, such as Socket.IO's client for Java, of a close frame only if that closes as well, which it does not:
    // the client would notice by the heartbeat, up to 45 s later.
    if (request.headers['user-agent']?.startsWith('okhttp/') === true) transport.ignoresCloseFrames = true;
    return transport;
  }

  #transportOf(
    websocket: WebSocket | DormantWebsocket,
    socket: Duplex,
    { protocol, encodeBinary }: Dialect,
  ): WebsocketTransport {
    const { v4, v3 } = this.#rules!;
    if (encodeBinary === null) return new WebsocketTransport(websocket, socket, this.#flushQueue, v4);
    if (protocol === 4) return new WebsocketTransportBase64(websocket, socket, this.#flushQueue, v4);
    return new WebsocketTransportV3(websocket, socket, this.#flushQueue, v3, encodeBinary);
  }

  #addHeaders(lines: string[]): void {
    lines.push(...headerLines(this.#headers ?? {}));
  }
}

/** Common frames go past `ws` only if it is as expected. */
function leavesAllToWs({ warn }: AcceptorOptions, isWsKnown: () => boolean): boolean {
  if (isWsKnown()) return false;
  warn(
    'nestjs-socketio does not know this version of the package ws, so ws reads and writes all frames and messages cost ' +
      'more. Install ws 8.23, or a newer nestjs-socketio.',
  );
  return true;
}
