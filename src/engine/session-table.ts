import type { ForeignErrorSink } from '../common/call-foreign.js';
import type { TimerWheel } from '../common/timer-wheel.js';
import type { Dialect } from './codec/dialect.js';
import { openPacketTail } from './codec/open-packet.js';
import type { ResolvedEngineOptions } from './engine-options.js';
import { EngineCounters, type EngineStats } from './engine-stats.js';
import type { ConnectionLimits } from './handshake/connection-limits.js';
import type { EngineRequest } from './http/engine-request.js';
import type { EndedSession, SessionContext } from './session/engine-session.js';
import { PingGroups } from './session/ping-groups.js';
import { createSendLimits, type SendLimits } from './session/send-limits.js';
import { Session } from './session/session.js';
import type { CloseDetail } from './transport/close-reason.js';
import { ClosingConnections } from './transport/closing-connections.js';
import type { Transport, TransportName } from './transport/transport.js';

/** What the sessions of a server share beyond its options. */
export interface SessionSetup extends ForeignErrorSink<string> {
  /** What `session.server` is. */
  readonly server: unknown;
  readonly wheel: TimerWheel;
  readonly keepsRequests: boolean;
  /** Null if connections are not limited. */
  readonly limits: ConnectionLimits | null;
}

/** The open sessions of one server, what they share, and what they have counted. */
export class SessionTable implements SessionContext {
  readonly counters = new EngineCounters();
  readonly server: unknown;
  readonly wheel: TimerWheel;
  readonly keepsRequests: boolean;
  readonly pingGroups: PingGroups;
  readonly pingTimeout: number;
  readonly upgradeTimeout: number;
  readonly sendLimits: SendLimits;
  readonly #byId = new Map<string, Session>();
  readonly #openPacketTails: Readonly<Record<TransportName, string>>;
  readonly #closing: ClosingConnections;

  constructor(
    private readonly opts: ResolvedEngineOptions,
    private readonly setup: SessionSetup,
  ) {
    this.server = setup.server;
    this.wheel = setup.wheel;
    this.keepsRequests = setup.keepsRequests;
    this.pingGroups = new PingGroups(opts.pingInterval);
    this.pingTimeout = opts.pingTimeout;
    this.upgradeTimeout = opts.upgradeTimeout;
    this.sendLimits = createSendLimits(opts);
    this.#closing = new ClosingConnections(setup.wheel, opts.sendTimeout);
    this.#openPacketTails = {
      polling: openPacketTail(opts, this.upgradesFrom('polling')),
      websocket: openPacketTail(opts, []),
      webtransport: openPacketTail(opts, []),
    };
  }

  get byId(): ReadonlyMap<string, Session> {
    return this.#byId;
  }

  /** The transports that a session on this one may move to. */
  upgradesFrom(transport: TransportName): TransportName[] {
    if (!this.opts.allowUpgrades || transport !== 'polling') return [];
    return this.opts.transports.filter((name) => name !== 'polling');
  }

  open(
    id: string,
    transport: Transport,
    request: EngineRequest | null,
    address: string,
    protocol: Dialect['protocol'],
  ): Session {
    const session = new Session(id, this, transport, request, address, protocol);
    this.#byId.set(id, session);
    this.counters.opened++;
    session.open();
    return session;
  }

  /** Walks over all sessions. */
  stats(): EngineStats {
    const byTransport = { polling: 0, websocket: 0, webtransport: 0 };
    const queued = { bytes: 0, largest: 0, sessions: 0 };
    let { bytesIn, bytesOut } = this.counters;
    for (const { transport } of this.#byId.values()) {
      byTransport[transport.name]++;
      bytesIn += transport.bytesReceived;
      bytesOut += transport.bytesSent;
      const { queuedBytes } = transport;
      if (queuedBytes === 0) continue;
      queued.bytes += queuedBytes;
      queued.sessions++;
      if (queuedBytes > queued.largest) queued.largest = queuedBytes;
    }
    const { opened, packetsIn, packetsOut, refused, closed, failedUpgrades, dropped } = this.counters;
    return {
      sessions: { now: this.#byId.size, opened, byTransport },
      queued,
      packets: { in: packetsIn, out: packetsOut },
      bytes: { in: bytesIn, out: bytesOut },
      refused: refused.toObject(),
      closed: closed.toObject() as Record<string, number>,
      failedUpgrades: failedUpgrades.toObject() as Record<string, number>,
      dropped,
    };
  }

  /** Ends every session, so that peers reconnect elsewhere. */
  close(): void {
    for (const session of [...this.#byId.values()]) session.closeWithServer();
    this.#closing.finish();
  }

  /** Resolves once no connection is left of the sessions that have ended. */
  connectionsEnded(): Promise<void> {
    return this.#closing.ended();
  }

  /** Cuts the connections of sessions that have ended. */
  cutOff(): void {
    this.#closing.cutOff();
  }

  openPacketTail(transport: TransportName): string {
    return this.#openPacketTails[transport];
  }

  onTransportRetired(transport: Transport): void {
    if (transport.connection !== null) this.#closing.add(transport.connection);
    this.counters.bytesIn += transport.bytesReceived;
    this.counters.bytesOut += transport.bytesSent;
  }

  onUpgradeFailed(transport: Transport, { code }: CloseDetail): void {
    this.onTransportRetired(transport);
    this.counters.failedUpgrades.add(code);
  }

  onSessionClose(session: EndedSession, detail: CloseDetail): void {
    this.#byId.delete(session.id);
    this.setup.limits?.giveBack(session.remoteAddress);
    this.onTransportRetired(session.transport);
    this.counters.closed.add(detail.code);
  }

  onForeignError(error: unknown, about: string): void {
    this.setup.onForeignError(error, about);
  }
}
