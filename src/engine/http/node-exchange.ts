import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseEngineRequest, type EngineRequest } from './engine-request.js';
import type { HttpExchange, HttpHeaders } from './http-exchange.js';
import { keepHeadersOf } from './header-fields.js';
import { onResponseAbort } from './response-abort.js';

/** An exchange on Node's own request and response. */
export class NodeExchange implements HttpExchange {
  readonly request: EngineRequest;
  readonly body: IncomingMessage;

  constructor(
    request: IncomingMessage,
    readonly response: ServerResponse,
  ) {
    this.request = parseEngineRequest(request);
    this.body = request;
  }

  respond(status: number, headers: HttpHeaders, body: string | Buffer): void {
    if (this.response.headersSent) return;
    keepHeadersOf(this.response, headers);
    this.response.writeHead(status, headers);
    this.response.end(body);
  }

  onAbort(listener: () => void): void {
    onResponseAbort(this.response, listener);
  }
}
