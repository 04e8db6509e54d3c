import { encodePayloadPacket } from '../../codec/payload-codec.js';
import type { EncodedPacket } from '../../codec/packet.js';
import type { SharedPacket } from '../../codec/shared-packet.js';
import { WebsocketTransport } from './websocket-transport.js';

/** A WebSocket whose peer asked for text frames only (`b64=1`): binary messages travel as `b` and base64. */
export class WebsocketTransportBase64 extends WebsocketTransport {
  override send(packet: EncodedPacket, compress: boolean): number {
    return super.send(encodePayloadPacket(packet), compress);
  }

  override sendShared(shared: SharedPacket, compress: boolean): number {
    if (typeof shared.packet === 'string') return super.sendShared(shared, compress);
    return this.send(shared.packet, compress);
  }
}
