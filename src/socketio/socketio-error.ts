import { PACKET_ERROR_CODES } from './codec/packet-error.js';

/*
 * The codes of this layer, beside those of malformed packets (`PACKET_ERROR_CODES`). A code is stable and never reused
 * for another cause.
 */

/** Of acks: of error acks to clients, and of an `AckError`. */
export const ACK_CODES = [
  'ACK_TIMEOUT',
  'ACK_DISCONNECTED',
  'ACK_OVERFLOW',
  'UNKNOWN_EVENT',
  'SHUTTING_DOWN',
  'INTERNAL_ERROR',
] as const;
export type SocketIoErrorCode = (typeof ACK_CODES)[number] | 'RATE_LIMITED';

/** Of the details with which this layer disconnects a socket. */
export const DISCONNECT_CODES = [
  'SERVER_DISCONNECT',
  'CLIENT_DISCONNECT',
  'CONNECT_TIMEOUT',
  'TAKEN_OVER',
  'TOO_MANY_PENDING_EVENTS',
  'RATE_LIMITED',
] as const;

/** Of CONNECT_ERROR answers, in `stats()`; the client is told a message. */
export const CONNECT_REFUSAL_CODES = [
  'INVALID_AUTH_PAYLOAD',
  'TOO_MANY_NAMESPACES',
  'UNKNOWN_NAMESPACE',
  'REFUSED',
] as const;
export type ConnectRefusalCode = (typeof CONNECT_REFUSAL_CODES)[number] | 'INTERNAL_ERROR';

/** The catalogue of this layer: every code that it gives to a user and the layer below does not. */
export const SOCKETIO_CODES: readonly string[] = [
  ...ACK_CODES,
  ...DISCONNECT_CODES,
  ...CONNECT_REFUSAL_CODES,
  ...PACKET_ERROR_CODES,
];

/** An acknowledgement that will not come: it timed out, the socket was disconnected, or the event was dropped. */
export class AckError extends Error {
  override readonly name = 'AckError';
  /** The answers that did come, where several were asked for. */
  responses?: unknown[];

  constructor(
    readonly code: 'ACK_TIMEOUT' | 'ACK_DISCONNECTED' | 'ACK_OVERFLOW',
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

  static overflow(): AckError {
    return new AckError('ACK_OVERFLOW', 'the event was dropped: the client does not keep up');
  }
}

/**
 * Packets for a client that does not keep up were dropped (`dropFramesOnOverflow`). Reported at the first of them, and
 * with how many there were once the client has caught up or is gone: a flood of drops makes two reports.
 */
export class OverflowError extends Error {
  override readonly name = 'OverflowError';
  readonly code = 'SEND_QUEUE_OVERFLOW';

  constructor(
    /** Packets since the client fell behind; 1 in the first report. */
    readonly dropped: number,
    /** The client's sockets, by id. */
    readonly sockets: readonly string[],
  ) {
    super(`${dropped} packet(s) dropped: the client of ${sockets.join(', ') || 'no socket yet'} does not keep up`);
  }
}

/** What a middleware may refuse a connection with: `message` and `data` reach the client's `connect_error`. */
export interface ExtendedError extends Error {
  data?: unknown;
}

/** What a client is told of an event that came too early. */
export function rateLimited(wait: number): ErrorAck {
  return {
    status: 'error',
    message: 'Too many events',
    code: 'RATE_LIMITED',
    details: { retryAfter: Math.ceil(wait) },
  };
}

/** An ack that says that the event was not handled. */
export interface ErrorAck {
  readonly status: 'error';
  readonly message: string;
  readonly code?: string;
  readonly statusCode?: number;
  readonly details?: unknown;
}
