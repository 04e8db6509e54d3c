/**
 * What a peer sent breaks the protocol or a bound. Decoders throw nothing else; one catch per layer turns it into a
 * close reason. The message is for this side's log and never goes to the peer.
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';

  constructor(
    readonly code: ProtocolErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/** Stable; never reused for another cause. */
export type ProtocolErrorCode =
  | 'BATCH_TOO_LARGE'
  | 'INVALID_BASE64'
  | 'INVALID_PACKET'
  | 'PAYLOAD_TOO_LARGE'
  | 'INVALID_CONTENT_TYPE'
  | 'INVALID_NAMESPACE'
  | 'INVALID_ACK_ID'
  | 'INVALID_EVENT'
  | 'EVENT_NAME_TOO_LONG'
  | 'TOO_MANY_ARGUMENTS'
  | 'JSON_TOO_DEEP'
  | 'TOO_MANY_ATTACHMENTS'
  | 'ATTACHMENTS_TOO_LARGE'
  | 'ATTACHMENT_TIMEOUT'
  | 'UNEXPECTED_ATTACHMENT'
  | 'INVALID_PLACEHOLDER'
  | 'NOT_CONNECTED'
  | 'ALREADY_CONNECTED';
