import { ProtocolError, type ProtocolErrorCode } from '../../engine/index.js';

/** What a client sent breaks Socket.IO's protocol or a bound of this layer. */
export class PacketError extends ProtocolError<PacketErrorCode | ProtocolErrorCode> {}

/** Stable; never reused for another cause. */
export const PACKET_ERROR_CODES = [
  'INVALID_NAMESPACE',
  'INVALID_ACK_ID',
  'INVALID_EVENT',
  'EVENT_NAME_TOO_LONG',
  'TOO_MANY_ARGUMENTS',
  'JSON_TOO_DEEP',
  'TOO_MANY_ATTACHMENTS',
  'ATTACHMENTS_TOO_LARGE',
  'ATTACHMENT_TIMEOUT',
  'UNEXPECTED_ATTACHMENT',
  'INVALID_PLACEHOLDER',
  'NOT_CONNECTED',
] as const;

export type PacketErrorCode = (typeof PACKET_ERROR_CODES)[number];
