import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { EngineRequest } from './engine-request.js';
import { headerLines, keepHeadersOf, mergeHeaders } from './header-fields.js';
import type { HttpExchange, HttpHeaders } from './http-exchange.js';
import { Refusal, type EngineErrorCode, type RefusalContext, type RefusalName } from './refusal.js';
import type { UpgradeRequest } from './upgrade-request.js';

/** What `connection_error` listeners get. */
export interface ConnectionError {
  /** The request. */
  req: EngineRequest;
  /** The number that the protocol gives the cause. */
  code: EngineErrorCode;
  /** What the client is told. */
  message: string;
  /** `name` says the cause. */
  context: RefusalContext;
}

/** Who counts refusals, and tells of them. */
export interface RefusalListener {
  onRefusal(error: ConnectionError, name: RefusalName): void;
  warn(message: string): void;
}

/** Answers refused requests and upgrades, and reports each. */
export class RefusalWriter {
  #warnedOfOrigin = false;

  constructor(private readonly listener: RefusalListener) {}

  refuseExchange(http: HttpExchange, corsHeaders: HttpHeaders | null, refusal: Refusal): void {
    this.#report(http.request, refusal);
    const headers: HttpHeaders = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...corsHeaders };
    http.respond(refusal.status, { ...headers, ...refusal.headers }, refusal.body);
  }

  refuseUpgrade(upgrade: UpgradeRequest, refusal: Refusal): void {
    const { request, response, socket } = upgrade;
    this.#report(request, refusal);
    const headers = mergeHeaders(upgrade.headers, refusal.headers);
    if (response === null) {
      refuseUpgrade(socket, refusal.status, refusal.body, undefined, headers);
    } else if (!response.headersSent) {
      // Middlewares have seen it: what they set goes out, and the response ends.
      keepHeadersOf(response, headers);
      const own = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers };
      response.writeHead(refusal.status, { ...own, 'Content-Length': Buffer.byteLength(refusal.body) });
      response.end(refusal.body);
    }
  }

  /** The refusal of a foreign origin, with one line for the operator at the first. */
  foreignOrigin({ headers: { origin } }: EngineRequest): Refusal {
    if (!this.#warnedOfOrigin) {
      this.#warnedOfOrigin = true;
      this.listener.warn(
        `Refused a request from origin ${JSON.stringify(origin)} with 403: this is not the server's origin. ` +
          'Add it to cors.origin, or set trustProxy if there is a proxy. Further refusals are not logged.',
      );
    }
    return new Refusal('ORIGIN_NOT_ALLOWED', { origin });
  }

  #report(req: EngineRequest, { code, message, context, name }: Refusal): void {
    this.listener.onRefusal({ req, code, message, context }, name);
  }
}

/** Answers an upgrade request with an HTTP error instead of the 101 and ends its socket. */
export function refuseUpgrade(
  socket: Duplex,
  status: number,
  body: string,
  contentType = 'application/json',
  headers: Readonly<HttpHeaders> = {},
): void {
  if (socket.writable) {
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n` +
        'Connection: close\r\n' +
        'Cache-Control: no-store\r\n' +
        headerLines(headers)
          .map((line) => `${line}\r\n`)
          .join('') +
        `Content-Type: ${contentType}\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }
  socket.once('finish', () => socket.destroy());
  if (!socket.writable && socket.writableFinished) socket.destroy();
}
