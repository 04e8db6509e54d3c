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

export const ENGINE_ERROR_MESSAGES: Readonly<Record<EngineErrorCode, string>> = {
  0: 'Transport unknown',
  1: 'Session ID unknown',
  2: 'Bad handshake method',
  3: 'Bad request',
  4: 'Forbidden',
  5: 'Unsupported protocol version',
};

/** A refusal: the protocol's code, the HTTP status and what `connection_error` listeners are told beyond it. */
export class Refusal {
  constructor(
    readonly code: EngineErrorCode,
    /** `name` says the cause in one stable word; the rest is free. Never sent to the peer, except `message`. */
    readonly context: RefusalContext = {},
    readonly status = code === EngineErrorCode.FORBIDDEN ? 403 : 400,
  ) {}

  get message(): string {
    return this.context.message ?? ENGINE_ERROR_MESSAGES[this.code];
  }

  /** The JSON body of the HTTP answer. */
  get body(): string {
    return JSON.stringify({ code: this.code, message: this.message });
  }
}

export interface RefusalContext {
  name?: string;
  /** Replaces the protocol's sentence in the answer, as `allowRequest` may. */
  message?: string;
  [key: string]: unknown;
}
