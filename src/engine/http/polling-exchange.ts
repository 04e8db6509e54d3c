import type { Readable } from 'node:stream';
import { EngineErrorCode, Refusal } from '../engine-error.js';
import type { EngineRequest } from '../engine-request.js';
import { compress, negotiateEncoding } from './compression.js';
import type { HttpExchange, HttpHeaders } from './http-exchange.js';

/** What the server adds to every answer. */
export interface AnswerPolicy {
  /** Bytes from which an answer is compressed, or null. */
  readonly httpCompressionThreshold: number | null;
  /** Lets `headers` listeners see and change the headers before they go out. */
  onHeaders(headers: HttpHeaders, request: EngineRequest): void;
}

/** A GET or POST of a polling session, with the headers that every Engine.IO answer carries. */
export class PollingExchange {
  constructor(
    private readonly http: HttpExchange,
    private readonly corsHeaders: HttpHeaders | null,
    private readonly policy: AnswerPolicy,
  ) {}

  get request(): EngineRequest {
    return this.http.request;
  }

  get body(): Readable {
    return this.http.body;
  }

  get contentType(): string | undefined {
    return this.http.request.headers['content-type'];
  }

  get contentLength(): string | undefined {
    return this.http.request.headers['content-length'];
  }

  onAbort(listener: () => void): void {
    this.http.onAbort(listener);
  }

  respond(status: number, contentType: string, body: string | Buffer, compressible = false): void {
    const headers: HttpHeaders = { 'Content-Type': contentType, 'Cache-Control': 'no-store', ...this.corsHeaders };
    const threshold = this.policy.httpCompressionThreshold;
    if (compressible && threshold !== null && body.length >= threshold) {
      const encoding = negotiateEncoding(this.http.request.headers['accept-encoding']);
      if (encoding !== null) {
        compress(body, encoding, (compressed) => {
          if (compressed !== null) headers['Content-Encoding'] = encoding;
          this.#send(status, headers, compressed ?? body);
        });
        return;
      }
    }
    this.#send(status, headers, body);
  }

  /** Refuses a poll or POST that breaks the protocol: 413 for one that is too large, 400 for any other. */
  refuse(name: string): void {
    const refusal = new Refusal(EngineErrorCode.BAD_REQUEST, { name }, name === 'PAYLOAD_TOO_LARGE' ? 413 : 400);
    const headers: HttpHeaders = {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      ...this.corsHeaders,
    };
    // The rest of a body that is too large is not worth reading.
    if (refusal.status === 413) headers.Connection = 'close';
    this.#send(refusal.status, headers, refusal.body);
  }

  #send(status: number, headers: HttpHeaders, body: string | Buffer): void {
    this.policy.onHeaders(headers, this.http.request);
    headers['Content-Length'] = String(Buffer.byteLength(body));
    this.http.respond(status, headers, body);
  }
}
