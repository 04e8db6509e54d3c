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
import type { FlushQueue } from './transport/flush-queue.js';
import type { Transport, TransportName } from './transport/transport.js';

/** What the sessions of a server share beyond its options. */
export interface SessionSetup extends ForeignErrorSink<string> {
  /** What `session.server` is. */
  readonly server: unknown;
  readonly wheel: TimerWheel;
  readonly keepsRequests: boolean;
  /** That of the transports. */
  readonly flushQueue: FlushQueue;
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
    this.counters.byTransport[transport.name]++;
    session.open();
    return session;
  }

  /** Walks over no sessions but those with a queue. */
  stats(): EngineStats {
    const { opened, byTransport, packetsIn, packetsOut, refused, closed, failedUpgrades, dropped } = this.counters;
    const { bytesIn, bytesOut } = this.setup.flushQueue.totals;
    return {
      sessions: { now: this.#byId.size, opened, byTransport: { ...byTransport } },
      queued: this.#queued(),
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

  onTransportChange(previous: Transport, next: Transport): void {
    this.#retire(previous);
    this.counters.byTransport[previous.name]--;
    this.counters.byTransport[next.name]++;
  }

  onUpgradeFailed(transport: Transport, { code }: CloseDetail): void {
    this.#retire(transport);
    this.counters.failedUpgrades.add(code);
  }

  onSessionClose(session: EndedSession, detail: CloseDetail): void {
    this.#byId.delete(session.id);
    this.setup.limits?.giveBack(session.remoteAddress);
    this.counters.byTransport[session.transport.name]--;
    this.#retire(session.transport);
    this.counters.closed.add(detail.code);
  }

  onForeignError(error: unknown, about: string): void {
    this.setup.onForeignError(error, about);
  }

  /** The connection may outlive its transport for a while. */
  #retire({ connection }: Transport): void {
    if (connection !== null) this.#closing.add(connection);
  }

  /** Of the sessions that have a queue: those that wait for the end of this turn, and those whose clients have yet to take it. */
  #queued(): EngineStats['queued'] {
    const queued = { bytes: 0, largest: 0, sessions: 0 };
    const { waiting, totals } = this.setup.flushQueue;
    for (const transport of new Set([...(waiting as readonly unknown[] as readonly Transport[]), ...totals.behind])) {
      const session = transport.handler;
      if (!(session instanceof Session) || session.transport !== transport) continue;
      const { queuedBytes } = session;
      if (queuedBytes === 0) continue;
      queued.bytes += queuedBytes;
      queued.sessions++;
      queued.largest = Math.max(queued.largest, queuedBytes);
    }
    return queued;
  }
}
