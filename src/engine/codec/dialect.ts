import { encodeBase64V3, encodeBinaryV3 } from './packet-v3.js';
import type { EncodedPacket } from './packet.js';
import { PAYLOAD_V4, type PayloadCodec } from './payload-codec.js';
import { PayloadCodecV3 } from './payload-codec-v3.js';
import { queryValue, type EngineRequest } from '../http/engine-request.js';

/** How a peer speaks Engine.IO. Decided once, by its handshake: transports are made for a dialect. */
export interface Dialect {
  /** The revision of the protocol. */
  readonly protocol: 3 | 4;
  readonly payload: PayloadCodec;
  /** Makes a binary message the content of one WebSocket frame; null: it is that already. */
  readonly encodeBinary: ((message: Buffer) => EncodedPacket) | null;
}

/** The dialect of a request; null where it is none that this server speaks. */
export function dialectOf(request: EngineRequest, allowsV3: boolean): Dialect | null {
  const protocol = queryValue(request, 'EIO');
  if (protocol === '4') return V4;
  // Peers of that age may leave their revision out.
  if (!allowsV3 || (protocol !== '3' && protocol !== undefined)) return null;
  return queryValue(request, 'b64') ? V3_IN_BASE64 : V3;
}

const V4: Dialect = { protocol: 4, payload: PAYLOAD_V4, encodeBinary: null };
const V3: Dialect = { protocol: 3, payload: new PayloadCodecV3(true), encodeBinary: encodeBinaryV3 };
const V3_IN_BASE64: Dialect = { protocol: 3, payload: new PayloadCodecV3(false), encodeBinary: encodeBase64V3 };
