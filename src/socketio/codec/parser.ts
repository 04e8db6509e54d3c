import { encodePacket } from './packet-encoder.js';
import type { EncodedParts, Packet } from './packet.js';

/** A replacement for the packet codec, in the form of Socket.IO's `parser` option, such as `socket.io-msgpack-parser`. */
export interface Parser {
  Encoder: new () => ParserEncoder;
  Decoder: new () => ParserDecoder;
}

export interface ParserEncoder {
  encode(packet: Packet): EncodedParts;
}

/** Emits `decoded` with a `Packet`; may throw for malformed input. */
export interface ParserDecoder {
  add(data: string | Buffer): void;
  on(event: 'decoded', listener: (packet: Packet) => void): unknown;
  destroy?(): void;
}

/** The default codec's encoder, which adapters use through `server.encoder`. */
export class PacketEncoder implements ParserEncoder {
  encode(packet: Packet): EncodedParts {
    return encodePacket(packet);
  }
}
