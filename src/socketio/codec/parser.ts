import { askForeign } from '../../common/call-foreign.js';
import { checkMessagePack, isMessagePackMap } from './message-pack.js';
import { encodePacket } from './packet-encoder.js';
import { PacketType, type EncodedParts, type Packet } from './packet.js';

/** A replacement for the packet codec, in the form of Socket.IO's `parser` option, such as `socket.io-msgpack-parser`. */
export interface Parser {
  /** The class of encoders; a server has one. */
  Encoder: new () => ParserEncoder;
  /** The class of decoders; a connection has one. */
  Decoder: new () => ParserDecoder;
  /**
   * Called with each message before it is decoded; throws for one that would cost more than its length, such as a header
   * that declares more elements than there are bytes. Parsers that write MessagePack are checked without it.
   */
  check?(message: string | Buffer, limits: { readonly maxJsonDepth: number }): void;
}

/** The option `parser`. The typings of `socket.io-msgpack-parser` say that it encodes to one `ArrayBuffer`; it returns a list. */
export interface ParserInput extends Omit<Parser, 'Encoder'> {
  /** The class of encoders; a server has one. */
  Encoder: new () => { encode(packet: Packet): EncodedParts | ArrayBuffer };
}

export interface ParserEncoder {
  /** Returns the parts of a packet, each of which becomes a message. */
  encode(packet: Packet): EncodedParts;
}

/** Emits `decoded` with a `Packet`; may throw for malformed input. */
export interface ParserDecoder {
  /** Takes a message of the client. */
  add(data: string | Buffer): void;
  /** Adds a listener for `decoded`, which gets a packet. */
  on(event: 'decoded', listener: (packet: Packet) => void): unknown;
  /** Called when the connection ends. */
  destroy?(): void;
}

/** The default codec's encoder, which adapters use through `server.encoder`. */
export class PacketEncoder implements ParserEncoder {
  encode(packet: Packet): EncodedParts {
    return encodePacket(packet);
  }
}

/** Looks at a message before a custom parser decodes it. Throws for one that would cost more than its length. */
export type MessageCheck = NonNullable<Parser['check']>;

/** The check of a parser; null if it has none and does not write MessagePack. */
export function messageCheckOf(parser: Parser): MessageCheck | null {
  if (typeof parser.check === 'function') return (message, limits) => parser.check!(message, limits);
  return writesMessagePack(parser) ? checkMessagePackMessage : null;
}

/** As `socket.io-msgpack-parser` does: a packet becomes one map. */
function writesMessagePack({ Encoder }: Parser): boolean {
  let writes = false;
  const encode = (): EncodedParts => new Encoder().encode({ type: PacketType.EVENT, nsp: '/', data: ['sample'] });
  askForeign(encode, undefined, [], (error, parts) => {
    writes = error === null && parts?.length === 1 && Buffer.isBuffer(parts[0]) && isMessagePackMap(parts[0]);
  });
  return writes;
}

function checkMessagePackMessage(message: string | Buffer, { maxJsonDepth }: { readonly maxJsonDepth: number }): void {
  // The packet is a level of its own.
  if (typeof message !== 'string') checkMessagePack(message, maxJsonDepth + 1);
}
