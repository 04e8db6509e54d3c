import { insertAttachments } from '../codec/attachments.js';
import { decodePacket, type DecoderLimits, type PacketSink } from '../codec/packet-decoder.js';
import { encodeEvent } from '../codec/packet-encoder.js';
import type { EncodedParts } from '../codec/packet.js';
import { heldBytes } from '../codec/value-bounds.js';
import { isFired, noteFired } from './fired-events.js';

/** What is done with an event that is let through. */
export type EventDispatch = (args: unknown[], id: number) => void;

/**
 * Events of one socket that wait for the application, in order. They are kept as they travel, since what was decoded can
 * hold twenty times as much; only values of a custom parser, which JSON may not have, are kept as they are.
 */
export class InboundGate {
  #waiting: (HeldText | HeldValues)[] = [];
  /** The first that still waits. */
  #next = 0;
  #bytes = 0;

  constructor(private readonly keepsValues: boolean) {}

  /** What waits, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Events that wait. */
  get count(): number {
    return this.#waiting.length - this.#next;
  }

  hold(args: unknown[], id: number): void {
    const event = this.keepsValues ? { args, id } : encodeEvent('/', args, id === -1 ? undefined : id);
    this.#bytes += sizeOf(event);
    this.#waiting.push(isFired(args) && !isHeldValues(event) ? noteFired([event].flat()) : event);
  }

  /** Lets the first one through. */
  releaseOne(dispatch: EventDispatch): void {
    const event = this.#waiting[this.#next];
    // Nothing of it is kept while others wait.
    this.#waiting[this.#next++] = '';
    this.#bytes -= sizeOf(event);
    if (this.count === 0 || this.#next >= CUT_AT) this.#cut();
    if (isHeldValues(event)) dispatch(event.args, event.id);
    else {
      const [text, ...attachments] = typeof event === 'string' ? [event] : event;
      const isOfServer = Array.isArray(event) && isFired(event);
      const pass: EventDispatch = isOfServer ? (args, id) => dispatch(noteFired(args), id) : dispatch;
      decodePacket(text as string, UNLIMITED, new HeldEvent(attachments as Buffer[], pass));
    }
  }

  /** Forgets what was let through: a client that keeps on sending never lets the list become empty. */
  #cut(): void {
    // No more is copied than was let through since.
    if (this.count > this.#next) return;
    this.#waiting = this.#waiting.slice(this.#next);
    this.#next = 0;
  }
}

/** Text alone has no list around it, which would hold more than a short event. */
type HeldText = string | EncodedParts;

interface HeldValues {
  readonly args: unknown[];
  readonly id: number;
}

function isHeldValues(event: HeldText | HeldValues): event is HeldValues {
  return typeof event === 'object' && !Array.isArray(event);
}

function sizeOf(event: HeldText | HeldValues): number {
  if (typeof event === 'string') return Buffer.byteLength(event);
  if (isHeldValues(event)) return heldBytes(event.args);
  let size = 0;
  for (const part of event) size += typeof part === 'string' ? Buffer.byteLength(part) : part.length;
  return size;
}

const CUT_AT = 1_024;

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
