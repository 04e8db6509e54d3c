import { insertAttachments } from '../codec/attachments.js';
import { decodePacket, type DecoderLimits, type PacketSink } from '../codec/packet-decoder.js';
import { encodeEvent } from '../codec/packet-encoder.js';
import type { EncodedParts } from '../codec/packet.js';

export interface GateLimits extends DecoderLimits {
  readonly maxPendingEvents: number;
  readonly maxPendingBytes: number;
}

/** What is done with an event that is let through. */
export type EventDispatch = (args: unknown[], id: number) => void;

/**
 * Events that wait until a socket's connect handler has settled. They are kept as they travel: what was decoded can hold
 * twenty times as much. Bounded in number and in bytes.
 */
export class InboundGate {
  readonly #waiting: EncodedParts[] = [];
  #bytes = 0;

  constructor(private readonly limits: GateLimits) {}

  /** Returns false if the gate is full. */
  hold(args: unknown[], id: number): boolean {
    if (this.#waiting.length >= this.limits.maxPendingEvents) return false;
    const encoded = encodeEvent('/', args, id === -1 ? undefined : id);
    const parts = typeof encoded === 'string' ? [encoded] : encoded;
    for (const part of parts) this.#bytes += typeof part === 'string' ? Buffer.byteLength(part) : part.length;
    if (this.#bytes > this.limits.maxPendingBytes) return false;
    this.#waiting.push(parts);
    return true;
  }

  /** Lets them through, in order. */
  release(dispatch: EventDispatch): void {
    for (const [text, ...attachments] of this.#waiting.splice(0)) {
      decodePacket(text as string, UNLIMITED, new HeldEvent(attachments as Buffer[], dispatch));
    }
  }
}

/** An event that was decoded once already: nothing else can come of it, and it keeps to the limits. */
class HeldEvent implements PacketSink {
  readonly screensEvents = false;

  constructor(
    private readonly attachments: readonly Buffer[],
    private readonly dispatch: EventDispatch,
  ) {}

  onEvent(_nsp: string, args: unknown[], id: number): void {
    this.dispatch(args, id);
  }

  onBinary(_type: 5 | 6, _nsp: string, args: unknown[], id: number): void {
    this.dispatch(insertAttachments(args, this.attachments) as unknown[], id);
  }

  takesEvent(): boolean {
    return true;
  }

  readsEvent(): boolean {
    return true;
  }

  onConnectPacket(): void {}
  onDisconnect(): void {}
  onAck(): void {}
  onNamelessEvent(): void {}
}

const UNLIMITED: DecoderLimits = {
  maxEventNameLength: Infinity,
  maxEventArgs: Infinity,
  maxNamespaceLength: Infinity,
  maxAttachments: Infinity,
  maxJsonDepth: Infinity,
  maxAuthPayload: Infinity,
};
