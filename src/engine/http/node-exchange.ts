import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseEngineRequest, type EngineRequest } from '../engine-request.js';
import type { HttpExchange, HttpHeaders } from './http-exchange.js';

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
    this.response.writeHead(status, headers);
    this.response.end(body);
  }

  onAbort(listener: () => void): void {
    // The peer may have left while a hook decided about it; its 'close' event is over then.
    if (this.response.destroyed) process.nextTick(listener);
    this.response.once('close', () => {
      if (!this.response.writableFinished) listener();
    });
  }
}
