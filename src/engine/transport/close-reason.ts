import type { ProtocolErrorCode } from '../codec/protocol-error.js';

/** Why a session ended: Engine.IO's own words, which Socket.IO hands on to its users. */
export type CloseReason =
  | 'transport close'
  | 'transport error'
  | 'ping timeout'
  | 'parse error'
  | 'forced close'
  | 'server shutting down'
  // Socket.IO has no bound, and so no word for it.
  | 'send queue overflow';

/** Whether the peer has shown that it does not read: nothing is sent to it, and it is not waited for. */
export function isUnresponsive(reason: CloseReason): boolean {
  return reason === 'ping timeout' || reason === 'send queue overflow';
}

/** Every code with which this layer ends a session, beside those of malformed packets. Stable; never reused. */
export const SESSION_CODES = [
  'TRANSPORT_CLOSED',
  'PEER_CLOSED',
  'TRANSPORT_ERROR',
  'INVALID_UTF8',
  'POLL_OVERLAP',
  'PUSH_OVERLAP',
  'ANSWER_LOST',
  'POLL_ABORTED',
  'PUSH_ABORTED',
  'PUSH_TIMEOUT',
  'HEARTBEAT_DIRECTION',
  'PING_TIMEOUT',
  'SEND_QUEUE_OVERFLOW',
  'SERVER_CLOSED',
  'SERVER_SHUTDOWN',
] as const;

export type SessionCode = (typeof SESSION_CODES)[number];

/** Every code with which a session ends, malformed packets included. */
export type EndCode = SessionCode | ProtocolErrorCode;

/**
 * The second argument of a session's `close` event: a stable code and a sentence for the log. A layer above closes
 * sessions with codes of its own, so the code is `EndCode` or one of theirs.
 */
export interface CloseDetail<Code extends string = string> {
  /** One word of a catalogue, for programs. */
  readonly code: Code;
  /** What happened, for people. */
  readonly message: string;
  /** Where a lower layer reported one. */
  readonly cause?: unknown;
}

export function closeDetail<Code extends string>(code: Code, message: string, cause?: unknown): CloseDetail<Code> {
  return cause === undefined ? { code, message } : { code, message, cause };
}
