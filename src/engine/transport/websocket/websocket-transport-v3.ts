import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { closeDetail } from '../close-reason.js';
import { BASE64_MARK, decodeBase64V3, decodeBinaryV3, encodeBinaryV3 } from '../../codec/packet-v3.js';
import type { EncodedPacket } from '../../codec/packet.js';
import type { DormantWebsocket } from './dormant-websocket.js';
import type { Dialect } from '../../codec/dialect.js';
import type { FlushQueue } from '../flush-queue.js';
import { ProtocolError } from '../../codec/protocol-error.js';
import type { SharedPacket } from '../../codec/shared-packet.js';
import { WebsocketTransport, type WebsocketRules } from './websocket-transport.js';

/** Engine.IO v3 over a WebSocket: binary messages carry their type, or travel as base64 text. */
export class WebsocketTransportV3 extends WebsocketTransport {
  constructor(
    websocket: WebSocket | DormantWebsocket,
    socket: Duplex,
    flushQueue: FlushQueue,
    rules: WebsocketRules,
    private readonly encodeBinary: NonNullable<Dialect['encodeBinary']>,
  ) {
    super(websocket, socket, flushQueue, rules);
  }

  override send(packet: EncodedPacket, compress: boolean): number {
    return super.send(typeof packet === 'string' ? packet : this.encodeBinary(packet), compress);
  }

  override sendShared(shared: SharedPacket, compress: boolean): number {
    if (this.encodeBinary === encodeBinaryV3) return super.sendShared(shared.typed, compress);
    return this.send(shared.packet, compress);
  }

  override receiveBinary(bytes: Buffer): void {
    this.#receiveDecoded(decodeBinaryV3, bytes);
  }

  override receiveText(type: number, text: string): void {
    if (type === BASE64_BYTE) this.#receiveDecoded(decodeBase64V3, BASE64_MARK + text);
    else super.receiveText(type, text);
  }

  #receiveDecoded<T>(decode: (packet: T) => Buffer, packet: T): void {
    if (!this.isOpen) return;
    let message: Buffer;
    try {
      message = decode(packet);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.close('now', 'parse error', closeDetail(error.code, error.message));
      return;
    }
    super.receiveBinary(message);
  }
}

const BASE64_BYTE = BASE64_MARK.charCodeAt(0);
