import type { EventEmitter } from 'node:events';
import type { ForeignErrorSink } from '../../common/call-foreign.js';
import type { TimerWheel } from '../../common/timer-wheel.js';
import type { EngineRequest, RequestSummary } from '../http/engine-request.js';
import type { CloseDetail, CloseReason } from '../transport/close-reason.js';
import type { Transport, TransportName } from '../transport/transport.js';
import type { PingGroups } from './ping-groups.js';
import type { SendLimits } from './send-limits.js';

/** A session is `closing` while it delivers its queue, within `closeTimeout`. */
export type SessionState = 'open' | 'closing' | 'closed';

/** How one message is sent. */
export interface SendOptions {
  /** Whether the packet may be compressed if compression is negotiated. @default true */
  compress?: boolean | undefined;
}

/** What a session is sent over at the moment. */
export interface SessionTransport {
  /** `polling`, `websocket` or `webtransport`. */
  readonly name: TransportName;
  /** Whether the client has kept up. A volatile packet is dropped otherwise. */
  readonly writable: boolean;
  /** Bytes that wait for the kernel or for the next poll. */
  readonly queuedBytes: number;
  /** Bytes received so far. */
  readonly bytesReceived: number;
  /** Bytes sent so far. */
  readonly bytesSent: number;
}

/** Arguments of the listeners of an Engine.IO session, by event. */
export interface EngineSessionEvents {
  /** A message of the client, without its packet type. */
  message: [data: string | Buffer];
  /** Another name of `message`. */
  data: [data: string | Buffer];
  /** Any packet of the client. */
  packet: [packet: { type: string; data?: string | Buffer }];
  /** Any packet to the client. */
  packetCreate: [packet: { type: string; data?: string | Buffer; options?: SendOptions }];
  /** The client answered a ping, or sent one if it speaks revision 3 of the protocol. */
  heartbeat: [];
  /** A ping was sent. */
  ping: [];
  /** The client tries another transport. */
  upgrading: [transport: SessionTransport];
  /** The session has moved to another transport. */
  upgrade: [transport: SessionTransport];
  /** The network, or a poll, has taken everything. */
  flush: [];
  /** As `flush`; also when a long queue has fallen to its high-water mark. */
  drain: [];
  /** Messages were dropped: 1 at the first, then their number once the client has caught up or is gone. */
  overflow: [dropped: number];
  /** The session has ended. */
  close: [reason: CloseReason, detail: CloseDetail];
}

/** Adds a listener. */
type Listening<This> = <Event extends keyof EngineSessionEvents>(
  event: Event,
  listener: (...args: EngineSessionEvents[Event]) => void,
) => This;

/**
 * One Engine.IO session: a client over whichever transport it uses at the moment. All sockets of the client share it.
 *
 * It emits the events of `EngineSessionEvents`.
 */
export interface EngineSession extends Omit<EventEmitter, 'on' | 'once' | 'addListener'> {
  /** Known to this client alone: whoever has it can act as the session. */
  readonly id: string;
  /** `open` until it begins to close. */
  readonly readyState: SessionState;
  /** The revision of Engine.IO that the client speaks. */
  readonly protocol: 3 | 4;
  /** The address of the client, as `trustProxy` has it. */
  readonly remoteAddress: string;
  /** The transport of the moment. */
  readonly transport: SessionTransport;
  /** Whether the client tries another transport right now. */
  readonly upgrading: boolean;
  /** Whether the session has moved to another transport since it was opened. */
  readonly upgraded: boolean;
  /**
   * The request that opened the session, or an object with its URL, headers and address once it was released. Deleting the
   * property releases it.
   */
  request: EngineRequest;
  /** The basics of the request, for the life of the session. Reading it does not keep the request from being released. */
  readonly requestSummary: RequestSummary;
  /** The Engine.IO server of the session. */
  readonly server: unknown;
  /** Bytes that wait for the kernel or for the next poll. */
  readonly queuedBytes: number;
  /**
   * Whether the queue is above its high-water mark. `drain` is emitted when it has fallen below it. False once the session
   * closes: there is nothing to wait for then.
   */
  readonly needsDrain: boolean;
  /**
   * Sends a message; `callback` is called once the network has taken it and all before it. Does nothing on a closed session,
   * or if the message is dropped.
   */
  send(data: string | Buffer, options?: SendOptions | (() => void), callback?: () => void): this;
  /** Alias of `send`. */
  write(data: string | Buffer, options?: SendOptions | (() => void), callback?: () => void): this;
  /**
   * Ends the session. The `close` event follows once the queue was delivered, or after `closeTimeout`.
   *
   * @param discard ends it at once; only a waiting poll still gets the queue
   */
  close(discard?: boolean): this;
  /** Adds a listener for one of `EngineSessionEvents`. */
  on: Listening<this>;
  /** Adds a listener that is called once. */
  once: Listening<this>;
  /** Alias of `on`. */
  addListener: Listening<this>;
}

/** The layer above a session, told what happens; without one the session only emits events. */
export interface SessionListener {
  /** A message: text without its packet type, or bytes. May throw nothing. */
  onMessage(data: string | Buffer): void;
  /** A heartbeat was sent. */
  onPing(): void;
  /** A heartbeat was answered. */
  onPong(): void;
  /** Messages were dropped: called with 1 at the first, and with their number once the peer has caught up or is gone. */
  onDropReport(dropped: number): void;
  /** The session ended; called once. */
  onClose(reason: CloseReason, detail: CloseDetail): void;
}

/** What sessions count for their server; per message one of them is counted up. */
export interface SessionCounters {
  packetsIn: number;
  packetsOut: number;
  /** Messages that were dropped because their peer did not keep up. */
  dropped: number;
}

/** The end of a session, as its server needs it. */
export interface EndedSession {
  readonly id: string;
  readonly remoteAddress: string;
  readonly transport: Transport;
}

/** The server, as a session sees it. */
export interface SessionContext extends ForeignErrorSink<string> {
  /** What `session.server` is. */
  readonly server: unknown;
  readonly wheel: TimerWheel;
  /** When to ping, and how often. */
  readonly pingGroups: PingGroups;
  readonly pingTimeout: number;
  readonly upgradeTimeout: number;
  readonly sendLimits: SendLimits;
  /** Whether `request` is a plain property, or one that notices who reads it and can be released. */
  readonly keepsRequests: boolean;
  readonly counters: SessionCounters;
  /** The body of the open packet behind the session's id, for a session that starts on this transport. */
  openPacketTail(transport: TransportName): string;
  /** The session has left a transport for another. */
  onTransportChange(previous: Transport, next: Transport): void;
  /** A transport was to be the session's, and ended before. */
  onUpgradeFailed(transport: Transport, detail: CloseDetail): void;
  /** Removes the session from the table. */
  onSessionClose(session: EndedSession, detail: CloseDetail): void;
}
