import { ServerResponse, type OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { callForeign, callListeners, type ForeignErrorSink } from '../../common/call-foreign.js';
import type { EngineRequest } from './engine-request.js';
import { mergeHeaders } from './header-fields.js';
import type { HttpHeaders } from './http-exchange.js';

/** An upgrade request until it is accepted or refused; an error of its socket meanwhile is dropped. */
export class UpgradeRequest {
  /** The response for middlewares, which have none for an upgrade; null until one asks for it. */
  response: ServerResponse | null = null;
  #headers: HttpHeaders | null = null;
  #onAbort: (() => void) | null = null;
  readonly #onAnswered = (): void => void this.socket.end();

  constructor(
    readonly request: EngineRequest,
    readonly socket: Duplex,
    readonly head: Buffer,
  ) {
    socket.on('error', ignoreSocketError);
  }

  /**
   * Makes a response on the upgrade's socket, so that middlewares find all that Node's own offers, and may answer. It is
   * the last answer on this connection.
   */
  createResponse(): ServerResponse {
    const response = new ServerResponse(this.request);
    response.shouldKeepAlive = false;
    response.assignSocket(this.socket as Socket);
    response.once('finish', this.#onAnswered);
    this.response = response;
    return response;
  }

  /** Headers of the answer. */
  get headers(): HttpHeaders {
    return this.#headers ?? {};
  }

  addHeaders(headers: Readonly<OutgoingHttpHeaders>): void {
    const more = ofUpgrade(headers);
    this.#headers = this.#headers === null ? more : mergeHeaders(this.#headers, more);
  }

  /** Calls the listener once if the peer leaves before it was accepted. */
  onAbort(listener: () => void): void {
    this.#onAbort = listener;
    if (this.socket.destroyed) process.nextTick(listener);
    else this.socket.once('close', listener);
  }

  /** It is accepted: who does so listens for errors from here on, and `headers` has what middlewares have set. */
  accept(sink: ForeignErrorSink<string>): void {
    this.socket.off('error', ignoreSocketError);
    if (this.#onAbort !== null) this.socket.off('close', this.#onAbort);
    const { response } = this;
    if (response === null) return;
    // Some middlewares add their headers only when the head is written.
    response.writeHead(101);
    this.#headers = mergeHeaders(headersOf(response), this.headers);
    response.detachSocket(this.socket as Socket);
    response.off('finish', this.#onAnswered);
    // Sessions are stored by the end of a response, and loggers wait for it. It leaves nothing on the socket, which it has no more.
    callForeign(response.end, response, [], sink, 'the end of a response');
    for (const event of ['finish', 'close']) callListeners(response, event, [], sink, `a listener of ${event}`);
  }
}

/** What a response was given, under the names as they were written. */
function headersOf(response: ServerResponse): HttpHeaders {
  // The typings of Node have this method on requests only.
  const names = (response as unknown as { getRawHeaderNames(): string[] }).getRawHeaderNames();
  return ofUpgrade(Object.fromEntries(names.map((name) => [name, response.getHeader(name)])));
}

/** Without what an upgrade has no use for. */
function ofUpgrade(given: Readonly<OutgoingHttpHeaders>): HttpHeaders {
  const headers: HttpHeaders = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || OF_A_BODY.has(name.toLowerCase())) continue;
    headers[name] = Array.isArray(value) ? value : String(value as string);
  }
  return headers;
}

const OF_A_BODY = new Set(['connection', 'content-encoding', 'content-length', 'transfer-encoding', 'upgrade']);

function ignoreSocketError(): void {}
