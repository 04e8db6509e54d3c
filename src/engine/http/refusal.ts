/** Engine.IO's error table (protocol, "Error codes"): what a refused request is answered with. */
export const EngineErrorCode = {
  UNKNOWN_TRANSPORT: 0,
  UNKNOWN_SID: 1,
  BAD_HANDSHAKE_METHOD: 2,
  BAD_REQUEST: 3,
  FORBIDDEN: 4,
  UNSUPPORTED_PROTOCOL_VERSION: 5,
} as const;

export type EngineErrorCode = (typeof EngineErrorCode)[keyof typeof EngineErrorCode];

const ENGINE_ERROR_MESSAGES: Readonly<Record<EngineErrorCode, string>> = {
  0: 'Transport unknown',
  1: 'Session ID unknown',
  2: 'Bad handshake method',
  3: 'Bad request',
  4: 'Forbidden',
  5: 'Unsupported protocol version',
};

/** How a cause is answered. */
interface RefusalRule {
  readonly code: EngineErrorCode;
  readonly status: number;
  /** Instead of the protocol's sentence. */
  readonly message?: string;
  /** Seconds after which another try makes sense. */
  readonly retryAfter?: number;
}

/** Every cause for which a request is refused, under the name that `connection_error` and `stats()` give it. Stable; never reused. */
export const REFUSALS = {
  UNKNOWN_TRANSPORT: { code: 0, status: 400 },
  UNKNOWN_SID: { code: 1, status: 400 },
  BAD_HANDSHAKE_METHOD: { code: 2, status: 400 },
  MIDDLEWARE_FAILURE: { code: 3, status: 400 },
  CORS_FAILURE: { code: 3, status: 400 },
  JSONP: { code: 3, status: 400 },
  INVALID_ORIGIN: { code: 3, status: 400 },
  TRANSPORT_HANDSHAKE_ERROR: { code: 3, status: 400 },
  TRANSPORT_MISMATCH: { code: 3, status: 400 },
  PROTOCOL_MISMATCH: { code: 3, status: 400 },
  INVALID_WEBSOCKET_HANDSHAKE: { code: 3, status: 400 },
  ID_GENERATION_ERROR: { code: 3, status: 400 },
  NOT_ALLOWED: { code: 4, status: 403 },
  ORIGIN_NOT_ALLOWED: { code: 4, status: 403 },
  SERVER_CLOSING: { code: 4, status: 503, message: 'Server is shutting down' },
  TOO_MANY_CONNECTIONS: { code: 4, status: 503, message: 'Too many connections', retryAfter: 10 },
  TOO_MANY_HANDSHAKES: { code: 4, status: 503, message: 'Too many handshakes', retryAfter: 1 },
  TOO_MANY_CONNECTIONS_PER_IP: { code: 4, status: 429, message: 'Too many connections from this address' },
  TOO_MANY_HANDSHAKES_PER_IP: { code: 4, status: 429, message: 'Too many handshakes from this address', retryAfter: 1 },
  DECISION_TIMEOUT: { code: 4, status: 503, message: 'The server did not decide in time' },
  REQUEST_FAILED: { code: 3, status: 500, message: 'Internal error' },
  UNSUPPORTED_PROTOCOL_VERSION: { code: 5, status: 400 },
} as const satisfies Readonly<Record<string, RefusalRule>>;

export type RefusalName = keyof typeof REFUSALS;

/** A refusal: how the peer is answered, and what `connection_error` listeners are told beyond it. */
export class Refusal {
  readonly context: RefusalContext;

  constructor(
    readonly name: RefusalName,
    /** Never sent to the peer, except `message`. */
    context: Readonly<Record<string, unknown>> = {},
  ) {
    this.context = { name, ...context };
  }

  get code(): EngineErrorCode {
    return this.#rule.code;
  }

  get status(): number {
    return this.#rule.status;
  }

  get message(): string {
    return this.context.message ?? this.#rule.message ?? ENGINE_ERROR_MESSAGES[this.code];
  }

  /** The JSON body of the HTTP answer. */
  get body(): string {
    return refusalBody(this.code, this.message);
  }

  /** Headers of the answer, beyond those that every one has. */
  get headers(): Record<string, string> {
    const { retryAfter } = this.#rule;
    return retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) };
  }

  get #rule(): RefusalRule {
    return REFUSALS[this.name];
  }
}

/** The protocol's form of an error: `{"code":3,"message":"Bad request"}`. */
export function refusalBody(code: EngineErrorCode, message = ENGINE_ERROR_MESSAGES[code]): string {
  return JSON.stringify({ code, message });
}

export interface RefusalContext {
  /** The cause. */
  readonly name: RefusalName;
  /** Replaces the protocol's sentence in the answer, as `allowRequest` may. */
  readonly message?: string;
  readonly [key: string]: unknown;
}
