import type { EncodedPacket } from '../codec/packet.js';
import { frameBinary, frameText } from './websocket-frame.js';

/** A packet for many recipients: encoded once by whoever made it, framed once by the first WebSocket that sends it. */
export class SharedPacket {
  #frame: string | Buffer | null = null;

  constructor(readonly packet: EncodedPacket) {}

  get frame(): string | Buffer {
    return (this.#frame ??= typeof this.packet === 'string' ? frameText(this.packet) : frameBinary(this.packet));
  }
}
