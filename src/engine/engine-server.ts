import { EventEmitter } from 'node:events';
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { serialize } from 'cookie';
import { POINTS } from '../common/channels.js';
import { callListeners, type ForeignErrorSink } from '../common/call-foreign.js';
import { ConnectionLimits } from './handshake/connection-limits.js';
import { HandshakeDecision, type AcceptedHandshake, type DecisionContext } from './handshake/handshake-decision.js';
import { closeDetail, type CloseDetail } from './transport/close-reason.js';
import type { Dialect } from './codec/dialect.js';
import { openPacketTail } from './codec/open-packet.js';
import { Refusal, type RefusalName } from './http/refusal.js';
import type { ResolvedEngineOptions } from './engine-options.js';
import { parseEngineRequest, queryValue, type EngineRequest } from './http/engine-request.js';
import { EngineCounters, type EngineStats } from './engine-stats.js';
import { ClosingConnections } from './transport/closing-connections.js';
import { FlushQueue } from './transport/flush-queue.js';
import { CrossOrigin, type CrossOriginVerdict } from './http/cross-origin.js';
import { mergeHeaders, removeInvalidHeaders } from './http/header-fields.js';
import { HttpAttachment, type UpgradeRoute } from './http/http-attachment.js';
import type { AnswerPolicy, HttpExchange, HttpHeaders } from './http/http-exchange.js';
import { runMiddlewares, type HttpMiddleware } from './http/http-middleware.js';
import { NodeExchange } from './http/node-exchange.js';
import { ProxyTrust } from './http/proxy-trust.js';
import { RefusalWriter, type ConnectionError, type RefusalListener } from './http/refusal-writer.js';
import { UpgradeRequest } from './http/upgrade-request.js';
import { RequestVerifier } from './handshake/request-verifier.js';
import { PingGroups } from './session/ping-groups.js';
import { createSendLimits, type SendLimits } from './session/send-limits.js';
import { Session, type SessionContext } from './session/session.js';
import { randomId } from '../common/random-id.js';
import type { TimerWheel } from '../common/timer-wheel.js';
import { PollingTransport } from './transport/polling/polling-transport.js';
import { closeUnclaimed, type Transport, type TransportName } from './transport/transport.js';
import { WebsocketAcceptor } from './transport/websocket/websocket-acceptor.js';
import { WebtransportAcceptor } from './transport/webtransport/webtransport-acceptor.js';
import type { WebTransportSession } from './transport/webtransport/webtransport-session.js';
import { WebtransportEntry } from './webtransport-entry.js';

/** What the layer above decides about all sessions of a server. */
export interface EngineSetup {
  readonly wheel: TimerWheel;
  /** Whether sessions keep the request that opened them, until somebody deletes it. */
  readonly keepsRequests: boolean;
  /** Answers requests below the engine's path that are not Engine.IO's, such as files; null for all others. */
  readonly answerOther: (request: EngineRequest) => OtherAnswer | null;
  /** Whether text frames may join packets with 0x1E: only where the protocol above never sends that character. */
  readonly splitsJoinedFrames: boolean;
  /** How long middlewares, `cors` and hooks may take to decide about a request, in milliseconds. */
  readonly connectTimeout: number;
  /** Says what an operator should know, in one line; called rarely. */
  readonly warn: (message: string) => void;
  /** Told what listeners threw, and what failed in a request. */
  readonly onError: (error: unknown) => void;
}

export interface OtherAnswer {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly body: string | Buffer;
}

/** How an engine is joined with an HTTP server. */
export interface AttachOptions {
  /** @default the engine's */
  path?: string;
  /** False if a framework's route hands requests over. @default true */
  takesRequests?: boolean;
  /** Takes upgrades below the path on their way to `handleUpgrade`. @default straight there */
  upgradeRoute?: UpgradeRoute;
}

/**
 * An Engine.IO server (engine.io-protocol, revision 4, and 3 where it is allowed): owns the table of sessions and routes each request to it.
 *
 * Events: `connection` (session), `connection_error` (refusal), `initial_headers` and `headers` (headers, request).
 */
export class EngineServer extends EventEmitter implements SessionContext, AnswerPolicy, RefusalListener {
  readonly counters = new EngineCounters();
  readonly sendLimits: SendLimits;
  readonly pingGroups: PingGroups;
  readonly #flushQueue: FlushQueue;
  readonly #sessions = new Map<string, Session>();
  readonly #middlewares: HttpMiddleware[] = [];
  readonly #attachments = new Set<HttpAttachment>();
  readonly #verifier: RequestVerifier;
  readonly #proxies: ProxyTrust;
  readonly #crossOrigin: CrossOrigin;
  readonly #refusals = new RefusalWriter(this);
  readonly #decisions: DecisionContext;
  readonly #acceptor: WebsocketAcceptor;
  readonly #closing: ClosingConnections;
  readonly #webtransports: WebtransportEntry;
  readonly #openPacketTails: Record<TransportName, string>;
  readonly #warner: ForeignErrorSink<string> = {
    onForeignError: (error, about) => this.warn(`A listener of ${about} threw: ${String(error)}`),
  };
  #accepting = true;

  constructor(
    readonly opts: ResolvedEngineOptions,
    private readonly setup: EngineSetup,
  ) {
    super();
    this.sendLimits = createSendLimits(opts);
    this.pingGroups = new PingGroups(opts.pingInterval);
    this.#flushQueue = new FlushQueue(opts.flush === 'immediate');
    this.#verifier = new RequestVerifier(opts, this.#sessions);
    this.#proxies = new ProxyTrust(opts.trustProxy, setup.warn);
    this.#crossOrigin = new CrossOrigin(opts, this.#proxies);
    this.#decisions = this.#createDecisionContext();
    this.#acceptor = new WebsocketAcceptor({ ...opts, ...setup }, this.#flushQueue);
    this.#webtransports = this.#createWebtransportEntry();
    this.#closing = new ClosingConnections(setup.wheel, opts.sendTimeout);
    this.#openPacketTails = {
      polling: openPacketTail(opts, this.upgrades('polling')),
      websocket: openPacketTail(opts, []),
      webtransport: openPacketTail(opts, []),
    };
  }

  get wheel(): TimerWheel {
    return this.setup.wheel;
  }

  get keepsRequests(): boolean {
    return this.setup.keepsRequests;
  }

  /** Whether a hook sees requests, and may have left something on them for later. */
  get hasRequestHooks(): boolean {
    return this.#middlewares.length > 0 || this.opts.allowRequest !== null;
  }

  get clientsCount(): number {
    return this.#sessions.size;
  }

  /** The open sessions by id. */
  get sessions(): ReadonlyMap<string, Session> {
    return this.#sessions;
  }

  /** The same under the names of the package engine.io: an object that looks each id up in the map. */
  get clients(): Readonly<Record<string, Session>> {
    return clientsOf(this.#sessions);
  }

  get pingTimeout(): number {
    return this.opts.pingTimeout;
  }

  get upgradeTimeout(): number {
    return this.opts.upgradeTimeout;
  }

  get httpCompressionThreshold(): number | null {
    return this.opts.httpCompressionThreshold;
  }

  /** The transports that a session on this one may move to. */
  upgrades(transport: TransportName): TransportName[] {
    if (!this.opts.allowUpgrades || transport !== 'polling') return [];
    return this.opts.transports.filter((name) => name !== 'polling');
  }

  /** Runs an Express-style middleware for every request and upgrade, before anything is checked. */
  use(middleware: HttpMiddleware): this {
    this.#middlewares.push(middleware);
    return this;
  }

  /** Makes the id of a new session; may be overwritten. */
  generateId(request: EngineRequest): string | PromiseLike<string> {
    return this.opts.generateId?.(request) ?? randomId();
  }

  /** Serves an HTTP server's requests and upgrades under this engine's path; returns the way back. */
  attach(server: HttpServer, options: AttachOptions = {}): HttpAttachment {
    const attachment = new HttpAttachment(server, this, {
      path: options.path ?? this.opts.path,
      takesRequests: options.takesRequests ?? true,
      takesUpgrades: this.opts.transports.includes('websocket'),
      upgradeRoute: options.upgradeRoute,
      destroyUpgrade: this.opts.destroyUpgrade,
    });
    this.#attachments.add(attachment);
    return attachment;
  }

  handleRequest(request: IncomingMessage, response: ServerResponse): void {
    this.handleExchange(new NodeExchange(request, response));
  }

  /** `handleRequest` for a framework that answers in its own way. */
  handleExchange(http: HttpExchange): void {
    const decision = new HandshakeDecision(this.#decisions, http, (refusal, corsHeaders) =>
      this.#refusals.refuseExchange(http, corsHeaders, refusal),
    );
    this.#runMiddlewares(decision, http.request, http.response, () => this.#checkExchange(decision, http));
    decision.wait();
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const upgrade = new UpgradeRequest(parseEngineRequest(request), socket, head);
    const decision = new HandshakeDecision(this.#decisions, upgrade, (refusal) =>
      this.#refusals.refuseUpgrade(upgrade, refusal),
    );
    const response = this.#middlewares.length === 0 ? null : upgrade.createResponse();
    this.#runMiddlewares(decision, upgrade.request, response, () => this.#checkUpgrade(decision, upgrade));
    decision.wait();
  }

  /**
   * Serves a WebTransport session, from whichever library speaks HTTP/3; `transports` must have `webtransport`. It has no
   * HTTP request: if there are middlewares it is closed, since they could not see it, and if there is an `allowRequest` it
   * may only be the upgrade of an existing session.
   */
  onWebTransportSession(session: WebTransportSession): void {
    this.#webtransports.take(session);
  }

  /** What happened so far, and who is there. Walks over all sessions. */
  stats(): EngineStats {
    const byTransport = { polling: 0, websocket: 0, webtransport: 0 };
    const queued = { bytes: 0, largest: 0, sessions: 0 };
    let { bytesIn, bytesOut } = this.counters;
    for (const { transport } of this.#sessions.values()) {
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
      sessions: { now: this.#sessions.size, opened, byTransport },
      queued,
      packets: { in: packetsIn, out: packetsOut },
      bytes: { in: bytesIn, out: bytesOut },
      refused: refused.toObject(),
      closed: closed.toObject() as Record<string, number>,
      failedUpgrades: failedUpgrades.toObject() as Record<string, number>,
      dropped,
    };
  }

  /** Refuses handshakes with 503 from now on; sessions go on. */
  stopAccepting(): void {
    this.#accepting = false;
  }

  /**
   * Ends every session, so that peers reconnect elsewhere, and leaves the HTTP servers as they were found.
   *
   * @param closing HTTP servers that are about to be closed: the engine answers there until they are
   */
  close(...closing: readonly HttpServer[]): this {
    this.#accepting = false;
    for (const session of [...this.#sessions.values()]) session.closeWithServer();
    this.#closing.finish();
    for (const attachment of this.#attachments) this.#leave(attachment, closing);
    this.#webtransports.close();
    return this;
  }

  /** Resolves once no connection is left of the sessions that have ended. */
  connectionsEnded(): Promise<void> {
    return this.#closing.ended();
  }

  /** Cuts the connections of sessions that have ended: nobody waits any longer for what they have yet to read or to answer. */
  cutOff(): void {
    this.#closing.cutOff();
  }

  #leave(attachment: HttpAttachment, closing: readonly HttpServer[]): void {
    attachment.closeSessions();
    if (closing.includes(attachment.server)) {
      attachment.stayUntilClosed();
      return;
    }
    attachment.detach();
    this.#attachments.delete(attachment);
  }

  /** An HTTP server closed: the engine goes with the last one that it was attached to. */
  onServerClose(attachment: HttpAttachment): void {
    attachment.detach();
    this.#attachments.delete(attachment);
    if (this.#attachments.size === 0) this.close();
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

  onSessionClose(session: Session, detail: CloseDetail): void {
    this.#sessions.delete(session.id);
    this.#decisions.limits?.giveBack(session.remoteAddress);
    this.onTransportRetired(session.transport);
    this.counters.closed.add(detail.code);
  }

  onHeaders(headers: HttpHeaders, request: EngineRequest): void {
    if (this.listenerCount('initial_headers') === 0 && this.listenerCount('headers') === 0) return;
    const args = [headers, request];
    if (queryValue(request, 'sid') === undefined) callListeners(this, 'initial_headers', args, this.#warner, 'headers');
    callListeners(this, 'headers', args, this.#warner, 'headers');
    const invalid = removeInvalidHeaders(headers);
    if (invalid.length > 0) this.setup.warn(`Left out headers that HTTP does not allow: ${JSON.stringify(invalid)}`);
  }

  onRefusal(error: ConnectionError, name: RefusalName): void {
    this.counters.refused.add(name);
    if (POINTS.refuse.hasSubscribers) POINTS.refuse.publish({ request: error.req, refusal: error });
    this.#tell('connection_error', error);
  }

  warn(message: string): void {
    this.setup.warn(message);
  }

  onForeignError(error: unknown): void {
    this.setup.onError(error);
  }

  #tell(event: string, ...args: unknown[]): void {
    callListeners(this, event, args, this, event);
  }

  #runMiddlewares(
    decision: HandshakeDecision,
    request: EngineRequest,
    response: ServerResponse | null,
    done: () => void,
  ): void {
    if (response === null || this.#middlewares.length === 0) {
      decision.run(done);
      return;
    }
    decision.run(() =>
      runMiddlewares(
        this.#middlewares,
        request,
        response,
        (error) => {
          if (error) decision.refuse(new Refusal('MIDDLEWARE_FAILURE', { error }));
          else decision.run(done);
        },
        (error) => this.onForeignError(error),
      ),
    );
  }

  #checkExchange(decision: HandshakeDecision, http: HttpExchange): void {
    this.#crossOrigin.check(http.request, false, (verdict) =>
      decision.run(() => this.#onVerdict(decision, http, verdict)),
    );
  }

  #onVerdict(decision: HandshakeDecision, http: HttpExchange, verdict: CrossOriginVerdict | null): void {
    if (verdict === null) {
      decision.refuse(new Refusal('CORS_FAILURE'));
      return;
    }
    decision.corsHeaders = verdict.headers;
    const { method } = http.request;
    const other = method === 'GET' || method === 'HEAD' ? this.setup.answerOther(http.request) : null;
    if (other !== null) {
      decision.conclude();
      http.respond(other.status, mergeHeaders(other.headers, verdict.headers ?? {}), other.body);
    } else if (!verdict.allowed) {
      decision.refuse(this.#refusals.foreignOrigin(http.request));
    } else if (method === 'OPTIONS') {
      decision.conclude();
      http.respond(verdict.preflightStatus ?? 204, { 'Cache-Control': 'no-store', ...verdict.headers }, '');
    } else {
      this.#route(decision, http, verdict.headers);
    }
  }

  #route(decision: HandshakeDecision, http: HttpExchange, headers: HttpHeaders | null): void {
    const { request } = http;
    const found = this.#verifier.verify(request, false);
    if (found instanceof Refusal) {
      decision.refuse(found);
    } else if (found === null) {
      decision.decide(request, (handshake) => this.#openPolling(decision, http, headers, handshake));
    } else if (found.transport.requestHandler === null) {
      decision.refuse(new Refusal('TRANSPORT_HANDSHAKE_ERROR'));
    } else {
      decision.conclude();
      found.transport.requestHandler.handleRequest(http, headers, this);
    }
  }

  #openPolling(
    decision: HandshakeDecision,
    http: HttpExchange,
    headers: HttpHeaders | null,
    { id, address }: AcceptedHandshake,
  ): void {
    decision.conclude();
    const dialect = this.#verifier.dialectOf(http.request)!;
    const transport = new PollingTransport(this.wheel, this.#flushQueue, this.opts, dialect.payload);
    const cookie = this.#cookieHeader(id);
    const session = this.#openSession(id, transport, http.request, address, dialect.protocol);
    decision.handOverPlace();
    this.#tell('connection', session);
    transport.handleRequest(http, { ...headers, ...cookie }, this);
  }

  #checkUpgrade(decision: HandshakeDecision, upgrade: UpgradeRequest): void {
    this.#crossOrigin.check(upgrade.request, true, (verdict) =>
      decision.run(() => this.#onUpgradeVerdict(decision, upgrade, verdict)),
    );
  }

  #onUpgradeVerdict(decision: HandshakeDecision, upgrade: UpgradeRequest, verdict: CrossOriginVerdict | null): void {
    if (verdict === null) {
      decision.refuse(new Refusal('CORS_FAILURE'));
      return;
    }
    if (!verdict.allowed) {
      decision.refuse(this.#refusals.foreignOrigin(upgrade.request));
      return;
    }
    upgrade.headers = verdict.headers ?? {};
    const found = this.#verifier.verify(upgrade.request, true);
    if (found instanceof Refusal) decision.refuse(found);
    else if (found !== null) this.#accept(decision, upgrade, null, (transport) => this.#offer(found, transport));
    else decision.decide(upgrade.request, (handshake) => this.#openWebsocket(decision, upgrade, handshake));
  }

  #openWebsocket(decision: HandshakeDecision, upgrade: UpgradeRequest, { id, address }: AcceptedHandshake): void {
    this.#accept(decision, upgrade, id, (transport, { protocol }) => {
      const session = this.#openSession(id, transport, upgrade.request, address, protocol);
      decision.handOverPlace();
      this.#tell('connection', session);
    });
    // Of a request that is no WebSocket handshake, or whose peer has left, the place is free again.
    decision.dispose();
  }

  #accept(
    decision: HandshakeDecision,
    upgrade: UpgradeRequest,
    id: string | null,
    accepted: (transport: Transport, dialect: Dialect) => void,
  ): void {
    const { request, socket, head } = upgrade;
    const dialect = this.#verifier.dialectOf(request)!;
    upgrade.accept(this);
    const headers = mergeHeaders(upgrade.headers, (id === null ? null : this.#cookieHeader(id)) ?? {});
    this.onHeaders(headers, request);
    decision.conclude();
    this.#acceptor.accept(
      { request, socket, head, headers, dialect },
      (transport) => accepted(transport, dialect),
      (message) => this.#refusals.refuseUpgrade(upgrade, new Refusal('INVALID_WEBSOCKET_HANDSHAKE', { message })),
    );
  }

  /** A session takes one other transport, once; a further one is closed, which the session does not notice. */
  #offer(session: Session, transport: Transport): void {
    if (session.isUpgradable) {
      session.beginUpgrade(transport);
      return;
    }
    const detail = closeDetail('ALREADY_UPGRADED', 'the session has another transport');
    closeUnclaimed(transport, detail);
    this.onUpgradeFailed(transport, detail);
  }

  #openSession(
    id: string,
    transport: Transport,
    request: EngineRequest | null,
    address: string,
    protocol: Dialect['protocol'],
  ): Session {
    const session = new Session(id, this, transport, request, address, protocol);
    this.#sessions.set(id, session);
    this.counters.opened++;
    session.open();
    return session;
  }

  #createDecisionContext(): DecisionContext {
    const { wheel, connectTimeout, warn } = this.setup;
    return {
      wheel,
      timeout: connectTimeout,
      limits: ConnectionLimits.create(this.opts),
      allowRequest: this.opts.allowRequest,
      isAccepting: () => this.#accepting,
      isOpen: (id) => this.#sessions.has(id),
      addressOf: (request) => this.#proxies.addressOf(request),
      generateId: (request) => this.generateId(request),
      warn,
      onForeignError: (error) => this.onForeignError(error),
    };
  }

  #createWebtransportEntry(): WebtransportEntry {
    const { opts, counters, setup } = this;
    const server = (): this => this;
    const { limits } = this.#decisions;
    return new WebtransportEntry(new WebtransportAcceptor(setup.wheel, this.#flushQueue, opts), {
      counters,
      limits,
      get isServed() {
        return opts.transports.includes('webtransport') && server().#middlewares.length === 0;
      },
      get isAccepting() {
        return server().#accepting;
      },
      asksHooks: opts.allowRequest !== null,
      allowsUpgrades: opts.allowUpgrades,
      sessionOf: (id) => this.#sessions.get(id),
      open: (id, transport) => this.#tell('connection', this.#openSession(id, transport, null, '', 4)),
      offer: (session, transport) => this.#offer(session, transport),
      warn: setup.warn,
    });
  }

  #cookieHeader(id: string): HttpHeaders | null {
    const { cookie } = this.opts;
    return cookie === null ? null : { 'Set-Cookie': [serialize(cookie.name, id, cookie)] };
  }
}

/** No copy: a server may have many sessions, and callers look up one. */
function clientsOf(sessions: ReadonlyMap<string, Session>): Readonly<Record<string, Session>> {
  const sessionOf = (id: string | symbol): Session | undefined =>
    typeof id === 'string' ? sessions.get(id) : undefined;
  return new Proxy<Record<string, Session>>(Object.create(null) as Record<string, Session>, {
    get: (_target, id) => sessionOf(id),
    has: (_target, id) => sessionOf(id) !== undefined,
    ownKeys: () => [...sessions.keys()],
    getOwnPropertyDescriptor: (_target, id) => {
      const value = sessionOf(id);
      return value && { value, enumerable: true, configurable: true, writable: false };
    },
    set: () => false,
    deleteProperty: () => false,
    defineProperty: () => false,
  });
}
