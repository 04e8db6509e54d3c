import type { EncodedPacket } from '../../codec/packet.js';
import type { PayloadCodec } from '../../codec/payload-codec.js';

/** Packets that wait for a poll, and how many bytes they are. */
export class PollQueue {
  #packets: EncodedPacket[] = [];
  readonly #sizes: number[] = [];
  #bytes = 0;

  get length(): number {
    return this.#packets.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(packet: EncodedPacket): void {
    const size = Buffer.byteLength(packet);
    this.#packets.push(packet);
    this.#sizes.push(size);
    this.#bytes += size;
  }

  /** Packets for one answer: as many as fit, at least one; the rest waits for the next poll. */
  take(codec: PayloadCodec, maxBytes: number): string | Buffer {
    const payload = codec.take(this.#packets, maxBytes);
    for (const size of this.#sizes.splice(0, this.#sizes.length - this.#packets.length)) this.#bytes -= size;
    return payload;
  }

  takeAll(): EncodedPacket[] {
    const packets = this.#packets;
    this.#packets = [];
    this.#sizes.length = 0;
    this.#bytes = 0;
    return packets;
  }
}
