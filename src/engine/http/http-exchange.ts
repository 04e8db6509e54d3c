import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { ForeignErrorSink } from '../../common/call-foreign.js';
import type { EngineRequest } from './engine-request.js';

/**
 * One HTTP request and the way to answer it. The engine answers through this instead of a `ServerResponse`, so that a
 * framework's own reply, with its hooks, can stand behind it.
 */
export interface HttpExchange {
  readonly request: EngineRequest;
  /** Node's response, for Express-style middlewares; the engine itself does not write to it. */
  readonly response: ServerResponse;
  /** The request's body; a framework may have decoded it. */
  readonly body: Readable;
  /** Answers; called once. */
  respond(status: number, headers: HttpHeaders, body: string | Buffer): void;
  /** Calls the listener once if the peer leaves before it was answered. */
  onAbort(listener: () => void): void;
}

export type HttpHeaders = Record<string, string | string[]>;

/** What the server adds to every answer; hears of what a response of the application throws. */
export interface AnswerPolicy extends ForeignErrorSink<string> {
  /** Bytes from which an answer is compressed, or null. */
  readonly httpCompressionThreshold: number | null;
  /** Whether the server ends: a connection that goes on after its answer would keep the HTTP server open. */
  readonly endsConnections: boolean;
  /** Lets `headers` listeners see and change the headers before they go out. */
  onHeaders(headers: HttpHeaders, request: EngineRequest): void;
}
