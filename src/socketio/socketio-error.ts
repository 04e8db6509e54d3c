/** This layer's errors for its users; a code is stable and never reused for another cause. */
export type SocketIoErrorCode =
  'ACK_TIMEOUT' | 'ACK_DISCONNECTED' | 'UNKNOWN_EVENT' | 'SHUTTING_DOWN' | 'INTERNAL_ERROR';

/** An acknowledgement that will not come: it timed out, or the socket was disconnected. */
export class AckError extends Error {
  override readonly name = 'AckError';
  /** The answers that did come, where several were asked for. */
  responses?: unknown[];

  constructor(
    readonly code: 'ACK_TIMEOUT' | 'ACK_DISCONNECTED',
    message: string,
  ) {
    super(message);
  }

  static timeout(): AckError {
    return new AckError('ACK_TIMEOUT', 'operation has timed out');
  }

  static disconnected(): AckError {
    return new AckError('ACK_DISCONNECTED', 'socket has been disconnected');
  }
}

/** What a middleware may refuse a connection with: `message` and `data` reach the client's `connect_error`. */
export interface ExtendedError extends Error {
  data?: unknown;
}

/** An ack that says that the event was not handled. */
export interface ErrorAck {
  readonly status: 'error';
  readonly message: string;
  readonly code?: string;
  readonly statusCode?: number;
  readonly details?: unknown;
}
