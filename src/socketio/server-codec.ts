import { askForeign, type ForeignErrorSink } from '../common/call-foreign.js';
import type { Session } from '../engine/index.js';
import type { RestoredSession } from './adapter/adapter.js';
import { limitsWithQuery } from './client/connect-query.js';
import type { DecoderLimits } from './codec/packet-decoder.js';
import { PacketType, type EncodedParts, type Packet } from './codec/packet.js';
import {
  PacketEncoder,
  messageCheckOf,
  type MessageCheck,
  type Parser,
  type ParserDecoder,
  type ParserEncoder,
} from './codec/parser.js';
import type { ServerSettings } from './server-settings.js';

/** How packets of one server are written and read: by the codec of this package, or by a custom parser. */
export class ServerCodec {
  /** Encodes packets; adapters use it. */
  encoder: ParserEncoder;
  #legacyLimits: DecoderLimits | null = null;
  #checkedParser: Parser | null = null;
  #messageCheck: MessageCheck | null = null;

  constructor(
    private readonly options: ServerSettings,
    private readonly sink: ForeignErrorSink<undefined>,
  ) {
    this.encoder = this.#createEncoder();
  }

  /** The option `parser` was set later. */
  replaceEncoder(): void {
    this.encoder = this.#createEncoder();
  }

  #createEncoder(): ParserEncoder {
    const { parser } = this.options.resolved;
    return parser === null ? new PacketEncoder() : new parser.Encoder();
  }

  /** A packet of the server's own; null, and a report, if a custom parser or what a user gave cannot be encoded. */
  encode(packet: Packet): EncodedParts | null {
    let parts: EncodedParts | null = null;
    askForeign(this.encoder.encode, this.encoder, [packet], (error, encoded) => {
      if (error === null) parts = encoded ?? null;
      else this.sink.onForeignError(error, undefined);
    });
    return parts;
  }

  /** The answer to a CONNECT that is refused. What a middleware gave may not be sendable, be it the message. */
  encodeRefusal(nsp: string, error: { message: string; data?: unknown }, isLegacy: boolean): EncodedParts | null {
    for (const each of [error, { message: error.message }, UNSENDABLE]) {
      const data: unknown = isLegacy ? ((each as typeof error).data ?? each.message) : each;
      const encoded = this.encode({ type: PacketType.CONNECT_ERROR, nsp, data });
      if (encoded !== null) return encoded;
    }
    return null;
  }

  /**
   * The packets that a restored session missed. There may be a custom parser beside an adapter that encodes with the codec of
   * this package.
   */
  encodeMissed(nsp: string, { encodedPackets, missedPackets }: RestoredSession): readonly EncodedParts[] {
    const hasParser = this.options.resolved.parser !== null;
    if (encodedPackets !== undefined && !(hasParser && missedPackets.length > 0)) {
      return encodedPackets as readonly EncodedParts[];
    }
    const encoded = missedPackets.map((data) => this.encode({ type: PacketType.EVENT, nsp, data }));
    return encoded.filter((parts) => parts !== null);
  }

  /** Bounds of the packets of a connection that speaks this revision of Engine.IO. */
  limitsOf(protocol: Session['protocol']): DecoderLimits {
    if (protocol === 4) return this.options.resolved;
    return (this.#legacyLimits ??= limitsWithQuery(this.options.resolved));
  }

  /** A decoder for one connection; null without a custom parser. */
  createDecoder(): ParserDecoder | null {
    const { parser } = this.options.resolved;
    return parser === null ? null : new parser.Decoder();
  }

  /** Looks at messages before a custom parser decodes them; null if there is nothing to look for. */
  get messageCheck(): MessageCheck | null {
    const { parser } = this.options.resolved;
    if (parser !== this.#checkedParser) {
      this.#checkedParser = parser;
      this.#messageCheck = parser === null ? null : messageCheckOf(parser);
    }
    return this.#messageCheck;
  }
}

const UNSENDABLE: { readonly message: string; readonly data?: unknown } = Object.freeze({
  message: 'Internal server error',
});
