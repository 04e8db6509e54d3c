import type { EventEmitter } from 'node:events';
import { POINTS } from '../common/channels.js';
import { callListeners, type ForeignErrorSink } from '../common/call-foreign.js';
import { textOf } from '../common/values.js';
import type { EngineCounters } from './engine-stats.js';
import { queryValue, type EngineRequest } from './http/engine-request.js';
import { removeInvalidHeaders } from './http/header-fields.js';
import type { AnswerPolicy, HttpHeaders } from './http/http-exchange.js';
import type { RefusalName } from './http/refusal.js';
import type { ConnectionError, RefusalListener } from './http/refusal-writer.js';

/** What an engine is given to report with. */
interface Reports {
  readonly warn: (message: string) => void;
  readonly onError: (error: unknown) => void;
}

/** Tells an engine's listeners of sessions, of refusals and of the headers of every answer. */
export class EngineEvents implements AnswerPolicy, RefusalListener {
  readonly #warner: ForeignErrorSink<string> = {
    onForeignError: (error, about) => this.warn(`A listener of ${about} threw: ${textOf(error)}`),
  };

  endsConnections = false;

  constructor(
    private readonly emitter: EventEmitter,
    private readonly counters: EngineCounters,
    private readonly reports: Reports,
    readonly httpCompressionThreshold: number | null,
  ) {}

  tell(event: string, ...args: unknown[]): void {
    callListeners(this.emitter, event, args, this, event);
  }

  onHeaders(headers: HttpHeaders, request: EngineRequest): void {
    const { emitter } = this;
    if (emitter.listenerCount('initial_headers') === 0 && emitter.listenerCount('headers') === 0) return;
    const args = [headers, request];
    if (queryValue(request, 'sid') === undefined) {
      callListeners(emitter, 'initial_headers', args, this.#warner, 'headers');
    }
    callListeners(emitter, 'headers', args, this.#warner, 'headers');
    this.removeInvalid(headers);
  }

  /** Leaves out of an answer what no header may carry, and names it. */
  removeInvalid(headers: HttpHeaders): void {
    const invalid = removeInvalidHeaders(headers);
    if (invalid.length > 0) this.warn(`Left out headers that HTTP does not allow: ${JSON.stringify(invalid)}`);
  }

  onRefusal(error: ConnectionError, name: RefusalName): void {
    this.counters.refused.add(name);
    if (POINTS.refuse.hasSubscribers) POINTS.refuse.publish({ request: error.req, refusal: error });
    this.tell('connection_error', error);
  }

  warn(message: string): void {
    this.reports.warn(message);
  }

  onForeignError(error: unknown): void {
    this.reports.onError(error);
  }
}
