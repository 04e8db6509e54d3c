import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import {
  matchesPath,
  onResponseAbort,
  parseEngineRequest,
  type EngineRequest,
  type HttpExchange,
  type HttpHeaders,
} from '../../socketio/index.js';

/** The part of Fastify that is used; its package is the application's affair. */
export interface FastifyInstance {
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
  headers(headers: HttpHeaders): FastifyReply;
  send(body: string | Buffer): unknown;
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
    this.reply.code(status).headers(headers).send(body);
  }

  onAbort(listener: () => void): void {
    onResponseAbort(this.reply.raw, listener);
  }
}

/** Registers the routes of an engine: everything below its path, with bodies left as they arrive. */
export function registerFastifyRoutes(
  instance: FastifyInstance,
  path: string,
  handle: (exchange: HttpExchange) => void,
): void {
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
          if (matchesPath(request.raw.url ?? '', path)) handle(new FastifyExchange(request, reply));
          else reply.callNotFound();
        },
      });
    }
    done();
  });
}

/** Those that clients send, which Fastify finds sooner than by the rule for all others (bench: polling). */
const CONTENT_TYPES = ['text/plain', 'application/octet-stream', '*'];

function isReadable(body: unknown): body is Readable {
  return typeof body === 'object' && body !== null && typeof (body as Partial<Readable>).pipe === 'function';
}
