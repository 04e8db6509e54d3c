import type { CloseReason } from '../../engine/index.js';

/** Why a socket was disconnected, in the words of Socket.IO; `details.code` says the cause exactly. */
export type DisconnectReason =
  CloseReason | 'forced server close' | 'client namespace disconnect' | 'server namespace disconnect';

/** The second argument of `disconnect`: a stable code and a sentence. */
export interface DisconnectDetails {
  readonly code: string;
  readonly message: string;
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
