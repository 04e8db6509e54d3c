import type { EncodedPacket } from '../codec/packet.js';
import type { SendLimits } from './send-limits.js';
import { TimerEntry, type TimerWheel } from '../../common/timer-wheel.js';
import type { Transport } from '../transport/transport.js';

/** The session, as its backlog sees it. */
export interface QueueContext {
  readonly transport: Transport;
  /** The bounds do not hold any more: the session has to end, at once. */
  onOverflow(): void;
  /** A message was dropped. */
  onDrop(): void;
  /** How many were dropped: 1 at the first, and the whole number once the peer has caught up or the session ends. */
  onDropReport(dropped: number): void;
}

/**
 * What a session has sent and its peer has not taken. Made when a peer falls behind for the first time: one that keeps up
 * costs a comparison per send.
 *
 * Over a bound the session is closed once the network has taken nothing for the timeout, which is looked at four times
 * in that time; a slow peer that takes something is never cut. Or else what does not fit is dropped.
 */
export class SendQueueGuard extends TimerEntry {
  /** Whether the queue is over its high-water mark, half of a bound; stays so until `onTaken`. */
  isHigh = false;
  #isWatched = false;
  #progress = 0;
  /** How many looks in a row have found that nothing was taken. */
  #idleLooks = 0;
  #dropped = 0;
  /** Size of the one message that may be larger than the bound: it met an empty queue. */
  #oversize = 0;

  constructor(
    private readonly owner: QueueContext,
    private readonly limits: SendLimits,
    private readonly wheel: TimerWheel,
  ) {
    super();
  }

  /** Looks at the queue after a packet was sent. */
  measure(sent: EncodedPacket | null): void {
    if (this.#isOver(2)) this.isHigh = true;
    else return;
    if (this.limits.drops) {
      this.#checkCeiling();
      return;
    }
    if (!this.#isOver(1)) return;
    if (!this.#isWatched) this.#watch();
    if (sent !== null) this.#checkHardLimit(sent);
  }

  /** Returns whether a message fits in the queue and counts it as dropped if not. Only used with `dropFramesOnOverflow`. */
  fits(bytes: number, packets: number): boolean {
    if (this.#fits(bytes, packets)) return true;
    // The network may take what this tick has collected, and make room.
    this.owner.transport.writeNow();
    if (this.#fits(bytes, packets)) return true;
    this.isHigh = true;
    this.#dropped++;
    this.owner.onDrop();
    if (this.#dropped === 1) this.owner.onDropReport(1);
    return false;
  }

  /** The network, or a poll, took something. True if the queue has fallen to the high-water mark by that. */
  onProgress(): boolean {
    if (!this.isHigh || this.#isOver(2)) return false;
    this.isHigh = false;
    this.#oversize = 0;
    this.#reportDrops();
    return true;
  }

  /** The session goes on over another transport, which took over what had not left. True as `onTaken`. */
  onTransportChange(): boolean {
    this.#noteProgress();
    this.measure(null);
    return this.onProgress();
  }

  /** The session is closed. */
  release(): void {
    this.wheel.cancel(this);
    this.#reportDrops();
  }

  override onTimer(): void {
    if (!this.#isOver(1)) {
      this.#isWatched = false;
      return;
    }
    if (this.owner.transport.progress > this.#progress) this.#noteProgress();
    else this.#idleLooks++;
    if (this.#idleLooks === LOOKS) this.owner.onOverflow();
    else this.wheel.schedule(this, this.limits.timeout / LOOKS);
  }

  #watch(): void {
    this.#isWatched = true;
    this.#noteProgress();
    this.wheel.schedule(this, this.limits.timeout / LOOKS);
  }

  #noteProgress(): void {
    this.#progress = this.owner.transport.progress;
    this.#idleLooks = 0;
  }

  /** Whether the queue is over a bound, or over the given part of one. */
  #isOver(divisor: number): boolean {
    const { bytes, packets } = this.limits;
    const { transport } = this.owner;
    return transport.queuedBytes > bytes / divisor || transport.queuedPackets > packets[transport.name] / divisor;
  }

  #fits(bytes: number, packets: number): boolean {
    const { limits } = this;
    const { name, queuedBytes, queuedPackets } = this.owner.transport;
    if (queuedBytes === 0) {
      this.#oversize = bytes > limits.bytes ? bytes : 0;
      return true;
    }
    return queuedBytes + bytes <= limits.bytes && queuedPackets + packets <= limits.packets[name];
  }

  /** A packet that meets an empty queue may be of any size. */
  #checkHardLimit(sent: EncodedPacket): void {
    const { transport } = this.owner;
    const { hardBytes } = this.limits;
    if (transport.queuedBytes <= hardBytes + this.#oversize) return;
    // The network may take what was collected, and make room.
    transport.writeNow();
    const queued = transport.queuedBytes;
    const size = Buffer.byteLength(sent);
    if (queued - size <= FRAMING) this.#oversize = size;
    if (queued > hardBytes + this.#oversize + FRAMING) this.owner.onOverflow();
  }

  /** What is never dropped, such as heartbeats and CONNECT replies, cannot be asked for without end. */
  #checkCeiling(): void {
    const { bytes } = this.limits;
    const ceiling = bytes + this.#oversize + Math.max(bytes, CONTROL_ROOM);
    if (this.owner.transport.queuedBytes > ceiling) this.owner.onOverflow();
  }

  #reportDrops(): void {
    const dropped = this.#dropped;
    this.#dropped = 0;
    if (dropped > 1) this.owner.onDropReport(dropped);
  }
}

/** For packets that are never dropped, if the bound itself is very small; in bytes. */
const CONTROL_ROOM = 65_536;

/** What a frame, or the head of an answer, adds to a packet. */
const FRAMING = 4_096;

/** How often the network is looked at within the timeout. */
const LOOKS = 4;
