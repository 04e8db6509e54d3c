import { LazyEmitter } from '../../common/lazy-emitter.js';
import { isCostly, summarizeRequest, type EngineRequest, type RequestSummary } from '../http/engine-request.js';

/**
 * The part of a session that has the request which opened it, and may release it once the session is set up. A base class: an
 * object of its own would cost every session some of the memory that releasing the request saves.
 */
export abstract class ReleasedRequest extends LazyEmitter {
  /**
   * The request that opened the session, or a stand-in with its basics once it was released. An own property: deleting
   * it releases the request for good.
   */
  declare request: EngineRequest;
  /** The request if it may be released; null if it may not, or was. */
  #request: EngineRequest | null = null;
  #wasRead = false;
  #summary: RequestSummary | null = null;

  /** @param isKept whether the request stays for as long as the session does */
  constructor(request: EngineRequest | null, isKept: boolean) {
    super();
    if (isKept) {
      if (request === null) return;
      this.request = request;
      if (isCostly(request)) this.#summary = summarizeRequest(request);
    } else {
      this.#summary = summarizeRequest(request);
      this.#request = request;
      Object.defineProperty(this, 'request', ReleasedRequest.#property);
    }
  }

  /** One descriptor for all sessions, so that they share a shape. */
  static readonly #property: PropertyDescriptor & ThisType<ReleasedRequest> = {
    configurable: true,
    enumerable: false,
    get() {
      this.#wasRead = true;
      return this.#request ?? this.#summary;
    },
    set(request: EngineRequest | null) {
      this.#request = request;
    },
  };

  get requestSummary(): RequestSummary {
    return (this.#summary ??= summarizeRequest(this.request));
  }

  /** Lets the request go, unless it was read and may be relied on. @param evenIfRead whatever was looked at */
  releaseRequest(evenIfRead = false): void {
    if (evenIfRead || !this.#wasRead) this.#request = null;
  }
}
