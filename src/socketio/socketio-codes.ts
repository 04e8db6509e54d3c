import { ACK_CODES } from './acks/ack-error.js';
import { DISCONNECT_CODES } from './client/disconnect-reason.js';
import { PACKET_ERROR_CODES } from './codec/packet-error.js';

/** Of CONNECT_ERROR answers, in `stats()`; the client is told a message. */
export const CONNECT_REFUSAL_CODES = [
  'INVALID_AUTH_PAYLOAD',
  'TOO_MANY_NAMESPACES',
  'TOO_MANY_CONNECTS',
  'UNKNOWN_NAMESPACE',
  'REFUSED',
] as const;
export type ConnectRefusalCode = (typeof CONNECT_REFUSAL_CODES)[number] | 'INTERNAL_ERROR' | 'CONNECT_TIMEOUT';

/** The catalogue of this layer: every code that it gives to a user and the layer below does not. */
export const SOCKETIO_CODES: readonly string[] = [
  ...ACK_CODES,
  ...DISCONNECT_CODES,
  ...CONNECT_REFUSAL_CODES,
  ...PACKET_ERROR_CODES,
];
