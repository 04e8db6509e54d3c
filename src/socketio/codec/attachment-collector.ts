import { TimerEntry, type TimerWheel } from '../../engine/index.js';
import { insertAttachments } from './attachments.js';
import { binaryArgumentsOf } from './packet-decoder.js';
import { PacketError } from './packet-error.js';

/** Who waits for a packet with attachments. */
export interface AttachmentOwner {
  /** The attachments did not arrive in time; the collector holds nothing any more. */
  onAttachmentTimeout(): void;
}

export interface AttachmentLimits {
  readonly maxAttachmentBytes: number;
  readonly attachmentTimeout: number;
}

/** A binary packet that waits for its attachments: exists only between its text and its last attachment. */
export class AttachmentCollector extends TimerEntry {
  readonly #buffers: Buffer[] = [];
  /** The packet as it travelled; null if its arguments are kept. */
  #packed: Buffer | null = null;
  #bytes = 0;

  constructor(
    readonly type: 5 | 6,
    readonly nsp: string,
    private args: unknown[],
    readonly id: number,
    private readonly expected: number,
    private readonly owner: AttachmentOwner,
    private readonly wheel: TimerWheel,
    private readonly limits: AttachmentLimits,
  ) {
    super();
    wheel.schedule(this, limits.attachmentTimeout);
  }

  /** Keeps a large packet as it travelled: what it was parsed into can hold twenty times as much. */
  pack(text: string): void {
    if (text.length < LARGE) return;
    this.#packed = Buffer.from(text);
    this.args = [];
  }

  /**
   * Adds an attachment; the complete arguments after the last one, null before.
   *
   * @throws ProtocolError above `maxAttachmentBytes`, or where placeholders and attachments do not match
   */
  add(attachment: Buffer): unknown[] | null {
    this.#bytes += attachment.length;
    if (this.#bytes > this.limits.maxAttachmentBytes) {
      throw new PacketError(
        'ATTACHMENTS_TOO_LARGE',
        `the client sent attachments of more than ${this.limits.maxAttachmentBytes} bytes`,
      );
    }
    this.#buffers.push(attachment);
    if (this.#buffers.length < this.expected) return null;
    this.release();
    const args = this.#packed === null ? this.args : binaryArgumentsOf(this.#packed.toString());
    return insertAttachments(args, this.#buffers) as unknown[];
  }

  release(): void {
    this.wheel.cancel(this);
  }

  override onTimer(): void {
    this.owner.onAttachmentTimeout();
  }
}

/** Characters from which it pays to parse a packet twice. */
const LARGE = 4_096;
