/** Of acks: of error acks to clients, and of an `AckError`. */
export const ACK_CODES = [
  'ACK_TIMEOUT',
  'ACK_DISCONNECTED',
  'ACK_OVERFLOW',
  'ACK_INVALID',
  'UNKNOWN_EVENT',
  'SHUTTING_DOWN',
  'INTERNAL_ERROR',
  'MIDDLEWARE_TIMEOUT',
] as const;
export type SocketIoErrorCode = (typeof ACK_CODES)[number] | 'RATE_LIMITED';

/** An acknowledgement that will not come: it timed out, the socket was disconnected, or the event was dropped. */
export class AckError extends Error {
  override readonly name = 'AckError';
  /** The answers that did come, where several were asked for. Not enumerable: a log of the error does not print them. */
  declare responses?: unknown[];

  constructor(
    /** The cause: see `docs/errors.md`. */
    readonly code: 'ACK_TIMEOUT' | 'ACK_DISCONNECTED' | 'ACK_OVERFLOW' | 'ACK_INVALID',
    message: string,
  ) {
    super(message);
  }

  /** No answer came in time. */
  static timeout(): AckError {
    return new AckError('ACK_TIMEOUT', 'operation has timed out');
  }

  /** The client has left. */
  static disconnected(): AckError {
    return new AckError('ACK_DISCONNECTED', 'socket has been disconnected');
  }

  /** The answer does not fit the contract. */
  static invalid(reason: string): AckError {
    return new AckError('ACK_INVALID', `the ack of the client does not match its contract: ${reason}`);
  }

  /** The event was dropped, since the client does not keep up. */
  static overflow(): AckError {
    return new AckError('ACK_OVERFLOW', 'the event was dropped: the client does not keep up');
  }
}

/** Gives an error the answers that did come. They are what clients sent, and logs print the enumerable fields of errors. */
export function withResponses<E extends Error>(error: E, responses: unknown): E {
  return Object.defineProperty(error, 'responses', { value: responses, writable: true, configurable: true });
}

/** An ack that says that the event was not handled. */
export interface ErrorAck {
  /** Marks the ack as an error. */
  readonly status: 'error';
  /** What happened, for people. */
  readonly message: string;
  /** One word of a catalogue, for programs. */
  readonly code?: string | undefined;
  /** An HTTP status. */
  readonly statusCode?: number | undefined;
  /** More about the error. */
  readonly details?: unknown;
}
