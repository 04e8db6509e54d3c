import type { Readable } from 'node:stream';
import { callForeign } from '../../../common/call-foreign.js';
import { EngineErrorCode, refusalBody } from '../../http/refusal.js';
import type { EngineRequest } from '../../http/engine-request.js';
import { bytesTaken } from '../kernel-progress.js';
import { compress, negotiateEncoding } from '../../http/content-encoding.js';
import type { AnswerPolicy, HttpExchange, HttpHeaders } from '../../http/http-exchange.js';

/** A GET or POST of a polling session, with the headers that every Engine.IO answer carries. */
export class PollingExchange {
  #size = 0;
  /** What the connection had taken before this answer. */
  #takenBefore = 0;

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

  /** What the kernel has not taken of the answer, in bytes; all of it while a hook or the compression holds it. */
  get unsentBytes(): number {
    const { response } = this.http;
    if (response.destroyed) return 0;
    if (!response.writableEnded) return this.#size;
    // HTTP/2 has no such property; what its streams hold back is theirs to bound.
    return response.writableFinished === false ? response.writableLength : 0;
  }

  /** Whether the connection is gone. Asked of an answer that has not left, or at the moment at which it is said to. */
  get isCut(): boolean {
    const { request, response } = this.http;
    // HTTP/2 may end a stream in the turn in which all of it has left.
    return response.destroyed || (request.httpVersionMajor === 1 && request.socket?.destroyed);
  }

  /** Grows from 0 to 1 as the kernel takes the answer; for comparison with an earlier value. */
  get sentFraction(): number {
    if (this.unsentBytes === 0) return 1;
    const { socket } = this.http.response;
    const taken = socket ? bytesTaken(socket) - this.#takenBefore : 0;
    return taken / (taken + this.#size);
  }

  /** Calls the listener once the kernel has taken the whole answer; also, by Node 20, if the connection ended before. */
  onSent(listener: () => void): void {
    this.http.response.once('finish', listener);
  }

  /** Gives up an answer that is not read. */
  abandon(): void {
    this.http.response.destroy();
  }

  respond(status: number, contentType: string, body: string | Buffer, compressible = false): void {
    this.#size = body.length;
    const { socket } = this.http.response;
    if (socket) this.#takenBefore = bytesTaken(socket);
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

  /** Refuses a poll or POST that breaks the protocol or a limit. */
  refuse(name: string): void {
    const status = STATUS[name] ?? 400;
    const headers: HttpHeaders = {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      ...this.corsHeaders,
    };
    // The rest of a body is not worth reading.
    if (LEAVES_BODY.has(name)) this.#endConnection(headers);
    this.#send(status, headers, refusalBody(EngineErrorCode.BAD_REQUEST));
  }

  #send(status: number, headers: HttpHeaders, body: string | Buffer): void {
    if (this.policy.endsConnections) this.#endConnection(headers);
    this.policy.onHeaders(headers, this.http.request);
    headers['Content-Length'] = String(Buffer.byteLength(body));
    callForeign(this.http.respond, this.http, [status, headers, body], this, 'an answer');
  }

  /** Over HTTP/2, other requests share the connection. */
  #endConnection(headers: HttpHeaders): void {
    if (this.http.request.httpVersionMajor === 1) headers.Connection = 'close';
  }

  /** The application may have changed the response: one that throws is not answered otherwise. */
  onForeignError(error: unknown, about: string): void {
    this.policy.onForeignError(error, about);
    this.http.response.destroy();
  }
}

/** Causes for which a body is not read to its end. */
const LEAVES_BODY: ReadonlySet<string> = new Set(['PAYLOAD_TOO_LARGE', 'PUSH_TIMEOUT']);
const STATUS: Readonly<Record<string, number>> = { PAYLOAD_TOO_LARGE: 413, PUSH_TIMEOUT: 408 };
