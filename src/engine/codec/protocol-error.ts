/**
 * What a peer sent breaks the protocol or a bound. Decoders throw nothing else; one catch per layer turns it into a
 * close reason. The message is for the server's log and never goes to the peer. The layer above has codes of its own.
 */
export class ProtocolError<Code extends string = ProtocolErrorCode> extends Error {
  override readonly name = 'ProtocolError';

  constructor(
    readonly code: Code,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Stable; never reused for another cause. */
export const PROTOCOL_ERROR_CODES = [
  'BATCH_TOO_LARGE',
  'INVALID_BASE64',
  'INVALID_PACKET',
  'PAYLOAD_TOO_LARGE',
  'INVALID_CONTENT_TYPE',
] as const;

export type ProtocolErrorCode = (typeof PROTOCOL_ERROR_CODES)[number];
