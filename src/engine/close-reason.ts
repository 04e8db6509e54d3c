/** Why a session ended: Engine.IO's own words, which Socket.IO hands on to its users. */
export type CloseReason =
  'transport close' | 'transport error' | 'ping timeout' | 'parse error' | 'forced close' | 'server shutting down';

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
