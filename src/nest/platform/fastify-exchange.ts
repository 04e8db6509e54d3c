import { ServerResponse, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { Socket as NetSocket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import {
  KEPT_HEADERS,
  keepHeadersOf,
  keepPresent,
  matchesPath,
  onResponseAbort,
  parseEngineRequest,
  type EngineRequest,
  type HttpExchange,
  type HttpHeaders,
} from '../../socketio/index.js';

/** The part of Fastify that is used; its package is the application's affair. */
export interface FastifyInstance {
  /** Routes a request through hooks to its handler. */
  routing(request: IncomingMessage, response: ServerResponse): void;
  register(plugin: (scope: FastifyScope, options: object, done: () => void) => void): unknown;
}

export interface FastifyScope {
  removeAllContentTypeParsers(): void;
  addContentTypeParser(
    type: string,
    parser: (request: unknown, payload: Readable, done: (error: null, body: Readable) => void) => void,
  ): void;
  route(options: {
    method: string[];
    url: string;
    handler: (request: FastifyRequest, reply: FastifyReply) => void;
  }): unknown;
}

export interface FastifyRequest {
  readonly raw: IncomingMessage;
  readonly body: unknown;
}

export interface FastifyReply {
  readonly raw: ServerResponse;
  readonly sent: boolean;
  code(status: number): FastifyReply;
  header(name: string, value: number | string | readonly string[]): FastifyReply;
  headers(headers: HttpHeaders): FastifyReply;
  getHeader(name: string): number | string | string[] | undefined;
  send(body: string | Buffer): unknown;
  getHeaders(): Record<string, number | string | string[] | undefined>;
  /** From here on the answer is not Fastify's affair. */
  hijack(): FastifyReply;
  callNotFound(): unknown;
}

/** An exchange that is answered through Fastify's reply, so that its hooks and plugins see it. */
export class FastifyExchange implements HttpExchange {
  readonly request: EngineRequest;
  readonly body: Readable;

  constructor(
    request: FastifyRequest,
    private readonly reply: FastifyReply,
  ) {
    this.request = parseEngineRequest(request.raw);
    // A hook may have put another stream in front, such as one that decompresses.
    this.body = isReadable(request.body) ? request.body : request.raw;
  }

  get response(): ServerResponse {
    return this.reply.raw;
  }

  respond(status: number, headers: HttpHeaders, body: string | Buffer): void {
    if (this.reply.sent || this.reply.raw.headersSent) return;
    adoptHeaders(this.reply);
    // Cookies are added to those that are there by Fastify itself.
    keepHeadersOf(this.reply, headers, ['vary']);
    this.reply.code(status).headers(headers).send(body);
  }

  onAbort(listener: () => void): void {
    onResponseAbort(this.reply.raw, listener);
  }
}

/** Fastify writes its own headers over those that a middleware has set on Node's response, so they become Fastify's. */
function adoptHeaders(reply: FastifyReply): void {
  for (const key of KEPT_HEADERS) {
    const present = reply.raw.getHeader(key);
    if (present === undefined) continue;
    reply.raw.removeHeader(key);
    const own = reply.getHeader(key);
    const isAdded = own !== undefined && key !== 'set-cookie';
    reply.header(key, isAdded ? keepPresent(key, own, [present].flat().map(String)) : present);
  }
}

/** What an engine does with what came through Fastify. */
export interface FastifyHandler {
  handleExchange(exchange: HttpExchange): void;
  /** @param headers what the answer has already */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, headers: OutgoingHttpHeaders): void;
}

interface PendingUpgrade {
  readonly socket: NetSocket;
  readonly head: Buffer;
  readonly response: ServerResponse;
  /** Cuts the peer off. */
  readonly deadline: NodeJS.Timeout;
}

/**
 * Upgrades on their way through Fastify: each is routed as the GET that it is, so that whatever refuses a request (hooks,
 * plugins, middlewares) refuses a WebSocket as well, with an answer before the 101.
 */
export class FastifyUpgrades {
  /** @param timeout of hooks, in milliseconds, after which the peer is cut off */
  constructor(
    private readonly instance: FastifyInstance,
    private readonly timeout: number,
  ) {}

  route(request: IncomingMessage, socket: NetSocket, head: Buffer): void {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    // Not the timeout of the socket, which would keep its timer for as long as the client stays (bench: idle).
    const deadline = setTimeout(() => socket.destroy(), this.timeout);
    (request as RoutedMessage)[UPGRADE] = { socket, head, response, deadline };
    // Node leaves an upgraded socket without a listener.
    socket.on('error', ignoreSocketError);
    response.assignSocket(socket);
    response.once('close', () => clearTimeout(deadline));
    response.once('finish', () => {
      clearTimeout(deadline);
      response.detachSocket(socket);
      socket.end(() => socket.destroy());
    });
    try {
      this.instance.routing(request, response);
    } catch {
      socket.destroy();
    }
  }

  /** Hands over an upgrade that no hook has refused; false for a request that is none. */
  release(request: FastifyRequest, reply: FastifyReply, handler: FastifyHandler): boolean {
    const raw: RoutedMessage = request.raw;
    const pending = raw[UPGRADE];
    if (pending === undefined) return false;
    raw[UPGRADE] = undefined;
    const { socket, head, response, deadline } = pending;
    adoptHeaders(reply);
    const headers = reply.getHeaders();
    reply.hijack();
    clearTimeout(deadline);
    response.removeAllListeners('finish');
    response.detachSocket(socket);
    // Before the engine listens: a socket without any listener begins anew, and is smaller (bench: idle).
    socket.off('error', ignoreSocketError);
    handler.handleUpgrade(raw, socket, head, headers);
    return true;
  }
}

function ignoreSocketError(): void {}

/**
 * What is known of a request stands on it: a WeakMap would cost a third of a request in collections, since its keys are
 * young (bench: polling).
 */
interface RoutedMessage extends IncomingMessage {
  [FASTIFY_REQUEST]?: FastifyRequest;
  [UPGRADE]?: PendingUpgrade | undefined;
}

const FASTIFY_REQUEST = Symbol('FastifyRequest');
const UPGRADE = Symbol('PendingUpgrade');

/**
 * Fastify's own request behind the handshake of a client, with what hooks and plugins put on it (a session, a user), over
 * every transport. Undefined on another platform, with `fastify: 'direct'`, and once the request was released: from then on
 * only if it was read before the end of the handshake, or with `keepRequest`.
 */
export function fastifyRequestOf<Request = unknown>(socket: {
  readonly request: IncomingMessage;
}): Request | undefined {
  return (socket.request as RoutedMessage)[FASTIFY_REQUEST] as Request | undefined;
}

/** Registers the routes of an engine: everything below its path, with bodies left as they arrive. */
export function registerFastifyRoutes(
  instance: FastifyInstance,
  path: string,
  handler: FastifyHandler,
  upgradeTimeout: number,
): FastifyUpgrades {
  const upgrades = new FastifyUpgrades(instance, upgradeTimeout);
  instance.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    for (const type of CONTENT_TYPES) {
      scope.addContentTypeParser(type, (_request, payload, parsed) => parsed(null, payload));
    }
    for (const url of path.endsWith('/') ? [path, `${path}*`] : [path, `${path}/*`]) {
      scope.route({
        method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
        url,
        handler: (request, reply) => {
          // Fastify decodes a path before it looks for its route; a middleware that compares the path as it stands has
          // not seen such a request.
          if (!matchesPath(request.raw.url ?? '', path)) {
            reply.callNotFound();
            return;
          }
          (request.raw as RoutedMessage)[FASTIFY_REQUEST] = request;
          if (!upgrades.release(request, reply, handler)) handler.handleExchange(new FastifyExchange(request, reply));
        },
      });
    }
    done();
  });
  return upgrades;
}

/** Those that clients send, which Fastify finds sooner than by the rule for all others (bench: polling). */
const CONTENT_TYPES = ['text/plain', 'application/octet-stream', '*'];

function isReadable(body: unknown): body is Readable {
  return typeof body === 'object' && body !== null && typeof (body as Partial<Readable>).pipe === 'function';
}
