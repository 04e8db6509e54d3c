import type { Duplex } from 'node:stream';
import type { CloseDetail, CloseReason } from './close-reason.js';
import type { ControlType, EncodedPacket } from '../codec/packet.js';
import type { AnswerPolicy, HttpExchange, HttpHeaders } from '../http/http-exchange.js';
import type { SharedPacket } from '../codec/shared-packet.js';

export type TransportName = 'polling' | 'websocket' | 'webtransport';

/** What a transport tells its owner: a session, or an upgrade that is still probing. */
export interface TransportListener {
  onMessage(data: string | Buffer): void;
  /** A packet that is not a message; `data` is what follows its type. */
  onControl(type: ControlType, data: string): void;
  /** Everything that was sent has been handed to the network, or has answered a poll. */
  onFlush(): void;
  /** A part of what was sent has been handed over; the rest waits, after an upgrade in another transport. */
  onProgress(): void;
  /** The transport is gone or has to go; it has released everything that it held. Called once. */
  onTransportClose(reason: CloseReason, detail: CloseDetail): void;
}

/**
 * How a transport ends. `drain`: what is queued is delivered first, within the close timeout. `now`: without waiting.
 * `shutdown`: the session ends at once as well, but its peer still gets everything, and may come back elsewhere.
 */
export type CloseMode = 'drain' | 'now' | 'shutdown';

/** Closes a transport that no session takes. */
export function closeUnclaimed(transport: Transport, detail: CloseDetail): void {
  transport.handler = UNCLAIMED;
  transport.close('now', 'transport error', detail);
}

const UNCLAIMED: TransportListener = {
  onMessage() {},
  onControl() {},
  onFlush() {},
  onProgress() {},
  onTransportClose() {},
};

/** Answers the HTTP requests of a session. */
export interface RequestHandler {
  /** `corsHeaders` go out with every answer. */
  handleRequest(http: HttpExchange, corsHeaders: HttpHeaders | null, policy: AnswerPolicy): void;
}

/** One way to move packets. The owner sets `handler`, and is the only one to close it. */
export interface Transport {
  readonly name: TransportName;
  /** Answers HTTP requests that name the session; null for a transport that has none, whatever a request claims. */
  readonly requestHandler: RequestHandler | null;
  /** Gets what arrives; changed once, when an upgrade succeeds. */
  handler: TransportListener;
  /**
   * Whether the peer has kept up; a volatile packet is dropped otherwise. False while the kernel, or a poll, has yet to take
   * what was sent, and behind a packet of the same tick. What earlier ticks of this turn have sent does not count: it only
   * waits for the turn's one write.
   */
  readonly writable: boolean;
  /** Whether packets wait for the peer to ask for them. */
  readonly isDirty: boolean;
  /** Bytes received so far, partial frames included and control frames of WebSocket not: the heartbeat's sign of life. */
  readonly bytesReceived: number;
  /** Bytes sent so far, for statistics. */
  readonly bytesSent: number;
  /** What was sent and neither the kernel nor a poll has taken, in bytes. */
  readonly queuedBytes: number;
  /** The same in packets. Over WebSocket only if a bound asks for it. */
  readonly queuedPackets: number;
  /** The connection that is this transport's alone, which may outlive it for a while; null if there is none. */
  readonly connection: Duplex | null;
  /** Grows with what the network takes; for comparison with an earlier value. */
  readonly progress: number;
  /** Sends in order; `compress` is a wish that counts where compression is negotiated. Returns `queuedBytes`. */
  send(packet: EncodedPacket, compress: boolean): number;
  /** As `send`, for a packet that goes to many: it is framed once for all of them. */
  sendShared(packet: SharedPacket, compress: boolean): number;
  /** Hands what was collected to the network before the end of the turn, at which the handler hears of it. */
  writeNow(): void;
  /** Whether what waits for the peer's next request is to end at once, while an upgrade probes. */
  endPollsAtOnce(hurried: boolean): void;
  /** Takes what is queued and not yet on its way, for the transport that takes over. */
  takeQueue(): EncodedPacket[];
  /**
   * Ends the transport, idempotent. Afterwards `onTransportClose` is called with `reason` and `detail`, at once unless
   * `drain` had to wait.
   */
  close(mode: CloseMode, reason: CloseReason, detail: CloseDetail): void;
}
