import type { CloseReason, EndCode } from '../../engine/index.js';
import type { PacketErrorCode } from '../codec/packet-error.js';

/** Why a socket was disconnected, in the words of Socket.IO; `details.code` says the cause exactly. */
export type DisconnectReason =
  CloseReason | 'forced server close' | 'client namespace disconnect' | 'server namespace disconnect';

/** Of the details with which this layer disconnects a socket. */
export const DISCONNECT_CODES = [
  'SERVER_DISCONNECT',
  'CLIENT_DISCONNECT',
  'CONNECT_TIMEOUT',
  'TOO_MANY_REFUSALS',
  'TAKEN_OVER',
  'LEDGER_GAP',
  'CREDENTIALS_EXPIRED',
  'TOO_MANY_PENDING_EVENTS',
  'RATE_LIMITED',
] as const;

/** Every code with which a socket ends; `REFUSED` for one that was never let in, and so is told of no `disconnect`. */
export type DisconnectCode = EndCode | PacketErrorCode | (typeof DISCONNECT_CODES)[number] | 'REFUSED';

/** The second argument of `disconnect`: a stable code and a sentence. */
export interface DisconnectDetails {
  /** One word of a catalogue, for programs. */
  readonly code: DisconnectCode;
  /** What happened, for people. */
  readonly message: string;
  /** The error behind it, if there is one. */
  readonly cause?: unknown;
}

/** After these the peer may come back and go on where it was: it did not mean to leave. */
export const RECOVERABLE_REASONS: ReadonlySet<DisconnectReason> = new Set([
  'transport error',
  'transport close',
  'forced close',
  'ping timeout',
  'send queue overflow',
  'server shutting down',
  'forced server close',
]);

/** Of a socket or connection that the application has ended, without a word of its own. */
export const DISCONNECTED_BY_SERVER: DisconnectDetails = Object.freeze({
  code: 'SERVER_DISCONNECT',
  message: 'the server disconnected the client',
});
