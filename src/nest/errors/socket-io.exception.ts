/** What a client is told of an error beside its message; `cause` stays on the server. */
export interface SocketIoExceptionOptions {
  /** A stable word for programs. */
  code?: string | undefined;
  /** An HTTP status, for those who think in them. */
  statusCode?: number | undefined;
  /** More about the error, for the client. */
  details?: unknown;
  /** The error behind this one; the client is not told of it. */
  cause?: unknown;
}

/**
 * An error that is meant for the client: its ack, its `exception` event or its `connect_error` carries it. Given an
 * object instead of a message, that object is sent as it is.
 *
 * @example
 * throw new SocketIoException('Room is full', { code: 'ROOM_FULL' });
 */
export class SocketIoException extends Error {
  override readonly name = 'SocketIoException';
  /** A stable word for programs. */
  readonly code: string | undefined;
  /** An HTTP status. */
  readonly statusCode: number | undefined;
  /** More about the error, for the client. */
  readonly details: unknown;

  constructor(
    private readonly error: string | object,
    options: SocketIoExceptionOptions = {},
  ) {
    super(typeof error === 'string' ? error : messageOf(error), { cause: options.cause });
    this.code = options.code;
    this.statusCode = options.statusCode;
    this.details = options.details;
  }

  /** Sets the message, as `initMessage` of Nest's exceptions does; error trackers know expected errors by this method. */
  initMessage(): void {
    this.message = typeof this.error === 'string' ? this.error : messageOf(this.error);
  }

  /** What was given, as in `WsException`. */
  getError(): string | object {
    return this.error;
  }
}

function messageOf(error: object): string {
  const { message } = error as { message?: unknown };
  return typeof message === 'string' ? message : 'Socket.IO exception';
}
