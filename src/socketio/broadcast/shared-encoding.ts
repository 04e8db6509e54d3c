import { SharedPacket } from '../../engine/index.js';
import type { EncodedParts } from '../codec/packet.js';

/**
 * What the recipients of one broadcast share. Adapters hand the same array to one connection after the other, so that
 * remembering the last one is enough to frame a broadcast once. It is forgotten at the end of the tick.
 */
export class SharedEncoding {
  #encoded: EncodedParts | null = null;
  #shared: readonly SharedPacket[] = [];
  #isScheduled = false;
  readonly #onTickEnd = (): void => this.#forget();

  share(encoded: EncodedParts): readonly SharedPacket[] {
    if (this.#encoded !== encoded) {
      this.#encoded = encoded;
      this.#shared = encoded.map((part) => new SharedPacket(typeof part === 'string' ? `4${part}` : part));
      if (!this.#isScheduled) {
        this.#isScheduled = true;
        process.nextTick(this.#onTickEnd);
      }
    }
    return this.#shared;
  }

  #forget(): void {
    this.#isScheduled = false;
    this.#encoded = null;
    this.#shared = [];
  }
}
