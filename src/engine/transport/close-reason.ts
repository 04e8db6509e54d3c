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

/** Whether the peer has shown that it does not read: nothing is said to it, and nobody waits for it. */
export function isUnresponsive(reason: CloseReason): boolean {
  return reason === 'ping timeout' || reason === 'send queue overflow';
}

/** The second argument of a session's `close` event: a stable code and a sentence for the log. */
export interface CloseDetail {
  readonly code: string;
  readonly message: string;
  /** Where a lower layer reported one. */
  readonly cause?: unknown;
}

export function closeDetail(code: string, message: string, cause?: unknown): CloseDetail {
  return cause === undefined ? { code, message } : { code, message, cause };
}
