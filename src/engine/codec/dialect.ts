import { encodeBase64V3, encodeBinaryV3 } from './packet-v3.js';
import type { EncodedPacket } from './packet.js';
import { PAYLOAD_V4, encodePayloadPacket, type PayloadCodec } from './payload-codec.js';
import { PayloadCodecV3 } from './payload-codec-v3.js';

/** How a peer speaks Engine.IO. Decided once, by its handshake: transports are made for a dialect. */
export interface Dialect {
  /** The revision of the protocol. */
  readonly protocol: 3 | 4;
  readonly payload: PayloadCodec;
  /** Makes a binary message the content of one WebSocket frame; null: it is that already. */
  readonly encodeBinary: ((message: Buffer) => EncodedPacket) | null;
}

export const V4: Dialect = { protocol: 4, payload: PAYLOAD_V4, encodeBinary: null };
export const V4_IN_BASE64: Dialect = { protocol: 4, payload: PAYLOAD_V4, encodeBinary: encodePayloadPacket };
export const V3: Dialect = { protocol: 3, payload: new PayloadCodecV3(true), encodeBinary: encodeBinaryV3 };
export const V3_IN_BASE64: Dialect = { protocol: 3, payload: new PayloadCodecV3(false), encodeBinary: encodeBase64V3 };
