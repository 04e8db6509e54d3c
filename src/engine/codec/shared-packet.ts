import { encodeBinaryV3 } from './packet-v3.js';
import type { EncodedPacket } from './packet.js';
import { frameBinary, frameText } from './websocket-frame.js';

/** A packet for many recipients: encoded once where it is made, framed once by the first WebSocket that sends it. */
export class SharedPacket {
  #frame: string | Buffer | null = null;
  #typed: SharedPacket | null = null;

  constructor(readonly packet: EncodedPacket) {}

  get frame(): string | Buffer {
    return (this.#frame ??= typeof this.packet === 'string' ? frameText(this.packet) : frameBinary(this.packet));
  }

  /** The packet for peers of v3 that read bytes: a binary one with its type in front, made once as well. */
  get typed(): SharedPacket {
    if (typeof this.packet === 'string') return this;
    return (this.#typed ??= new SharedPacket(encodeBinaryV3(this.packet)));
  }
}
