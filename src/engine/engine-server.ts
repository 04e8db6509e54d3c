import { EventEmitter } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders, Server as HttpServer, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { serialize } from 'cookie';
import { ConnectionLimits } from './handshake/connection-limits.js';
import { HandshakeDecision, type AcceptedHandshake, type DecisionContext } from './handshake/handshake-decision.js';
import { closeDetail } from './transport/close-reason.js';
import type { Dialect } from './codec/dialect.js';
import { EngineEvents } from './engine-events.js';
import { Refusal } from './http/refusal.js';
import type { ResolvedEngineOptions } from './engine-options.js';
import { parseEngineRequest, type EngineRequest } from './http/engine-request.js';
import type { EngineStats } from './engine-stats.js';
import { FlushQueue } from './transport/flush-queue.js';
import { CrossOrigin, type CrossOriginVerdict } from './http/cross-origin.js';
import { mergeHeaders } from './http/header-fields.js';
import { HttpAttachment, type Attachment, type AttachmentHandler, type UpgradeRoute } from './http/http-attachment.js';
import type { HttpExchange, HttpHeaders } from './http/http-exchange.js';
import { runMiddlewares, type HttpMiddleware } from './http/http-middleware.js';
import { NodeExchange } from './http/node-exchange.js';
import type { OpenConnections } from './http/open-connections.js';
import { ProxyTrust } from './http/proxy-trust.js';
import { RefusalWriter } from './http/refusal-writer.js';
import { SessionHandover } from './http/session-handover.js';
import { UpgradeRequest } from './http/upgrade-request.js';
import { RequestVerifier } from './handshake/request-verifier.js';
import type { EngineSession } from './session/engine-session.js';
import type { Session } from './session/session.js';
import { SessionTable } from './session-table.js';
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
  /** Whether sessions keep the request that opened them, until it is deleted. */
  readonly keepsRequests: boolean;
  /** Answers requests below the engine's path that are not Engine.IO's, such as files; null for all others. */
  readonly answerOther: (request: EngineRequest) => OtherAnswer | null;
  /** Whether text frames may join packets with 0x1E: only if the protocol above never sends that character. */
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
  path?: string | undefined;
  /** False if a framework's route hands requests over. @default true */
  takesRequests?: boolean | undefined;
  /** Takes upgrades below the path on their way to `handleUpgrade`. @default straight there */
  upgradeRoute?: UpgradeRoute | undefined;
}

/**
 * An Engine.IO server (engine.io-protocol, revision 4, and 3 where it is allowed): owns the table of sessions and routes each request to it.
 *
 * Events: `connection` (session), `connection_error` (refusal), `initial_headers` and `headers` (headers, request).
 */
export class EngineServer extends EventEmitter {
  readonly #flushQueue: FlushQueue;
  readonly #sessions: SessionTable;
  readonly #events: EngineEvents;
  readonly #middlewares: HttpMiddleware[] = [];
  readonly #attachments = new Set<HttpAttachment>();
  /** Those of servers that were left as well, until they have closed. */
  readonly #connections = new Set<OpenConnections>();
  readonly #verifier: RequestVerifier;
  readonly #proxies: ProxyTrust;
  readonly #crossOrigin: CrossOrigin;
  readonly #refusals: RefusalWriter;
  readonly #decisions: DecisionContext;
  readonly #acceptor: WebsocketAcceptor;
  readonly #webtransports: WebtransportEntry;
  readonly #attachmentHandler: AttachmentHandler = {
    handleRequest: (request, response) => this.handleRequest(request, response),
    handleUpgrade: (request, socket, head) => this.handleUpgrade(request, socket, head),
    onServerClose: (attachment) => this.#onServerClose(attachment),
  };
  /** Null if ids name no server. */
  readonly #handover: SessionHandover | null;
  #accepting = true;
  #isClosed = false;

  /** @internal */
  constructor(
    /** The options after all checks; frozen. */
    readonly opts: ResolvedEngineOptions,
    private readonly setup: EngineSetup,
  ) {
    super();
    this.#flushQueue = new FlushQueue(opts.flush === 'immediate');
    this.#proxies = new ProxyTrust(opts.trustProxy, setup.warn);
    this.#decisions = this.#createDecisionContext();
    this.#sessions = this.#createSessionTable();
    this.#events = new EngineEvents(this, this.#sessions.counters, setup, opts.httpCompressionThreshold);
    this.#refusals = new RefusalWriter(this.#events);
    this.#handover = this.#createHandover();
    this.#verifier = new RequestVerifier(opts, this.#sessions.byId);
    this.#crossOrigin = new CrossOrigin(opts, this.#proxies);
    this.#acceptor = new WebsocketAcceptor({ ...opts, ...setup }, this.#flushQueue);
    this.#webtransports = this.#createWebtransportEntry();
  }

  /** @internal */
  get wheel(): TimerWheel {
    return this.setup.wheel;
  }

  /** @internal Whether a hook sees requests, and may have left something on them for later. */
  get hasRequestHooks(): boolean {
    return this.#middlewares.length > 0 || this.opts.allowRequest !== null;
  }

  /** How many sessions are open. */
  get clientsCount(): number {
    return this.#sessions.byId.size;
  }

  /** The open sessions by id. */
  get sessions(): ReadonlyMap<string, EngineSession> {
    return this.#sessions.byId;
  }

  /** @internal The same with what this package alone calls. */
  get ownSessions(): ReadonlyMap<string, Session> {
    return this.#sessions.byId;
  }

  /** The same under the names of the package engine.io: an object that looks each id up in the map. */
  get clients(): Readonly<Record<string, EngineSession>> {
    return clientsOf(this.#sessions.byId);
  }

  /** The transports that a session on this one may move to. */
  upgrades(transport: TransportName): TransportName[] {
    return this.#sessions.upgradesFrom(transport);
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
  attach(server: HttpServer, options: AttachOptions = {}): Attachment {
    const attachment = new HttpAttachment(server, this.#attachmentHandler, {
      path: options.path ?? this.opts.path,
      takesRequests: options.takesRequests ?? true,
      takesUpgrades: this.opts.transports.includes('websocket'),
      upgradeRoute: options.upgradeRoute,
      destroyUpgrade: this.opts.destroyUpgrade,
    });
    this.#attachments.add(attachment);
    this.#connections.add(attachment.connections);
    return attachment;
  }

  /** Serves a request below the engine's path. */
  handleRequest(request: IncomingMessage, response: ServerResponse): void {
    this.handleExchange(new NodeExchange(request, response));
  }

  /** @internal `handleRequest` for a framework that answers in its own way. */
  handleExchange(http: HttpExchange): void {
    const decision = new HandshakeDecision(this.#decisions, http, (refusal, corsHeaders) =>
      this.#refusals.refuseExchange(http, corsHeaders, refusal),
    );
    this.#runMiddlewares(decision, http.request, http.response, () => this.#checkExchange(decision, http));
    decision.wait();
  }

  /**
   * Serves an upgrade request below the engine's path.
   *
   * @param headers what a framework in front has for the answer
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, headers?: OutgoingHttpHeaders): void {
    const upgrade = new UpgradeRequest(parseEngineRequest(request), socket, head);
    if (headers !== undefined) {
      upgrade.addHeaders(headers);
      this.#events.removeInvalid(upgrade.headers);
    }
    const decision = new HandshakeDecision(this.#decisions, upgrade, (refusal) =>
      this.#refusals.refuseUpgrade(upgrade, refusal),
    );
    decision.run(() => {
      const response = this.#middlewares.length === 0 ? null : upgrade.createResponse();
      this.#runMiddlewares(decision, upgrade.request, response, () => this.#checkUpgrade(decision, upgrade));
    });
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

  /** What happened so far, and who is there. Walks over the sessions that have a queue. */
  stats(): EngineStats {
    return this.#sessions.stats();
  }

  /** @internal Whether it has ended, for good. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @internal Refuses handshakes with 503 from now on; sessions go on. */
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
    this.#isClosed = true;
    this.#events.endsConnections = true;
    // Whatever they wait for, the HTTP server would wait for them.
    for (const decision of [...this.#decisions.waiting]) decision.refuse(new Refusal('SERVER_CLOSING'));
    this.#sessions.close();
    for (const attachment of this.#attachments) this.#leave(attachment, closing);
    this.#webtransports.close();
    this.#handover?.close();
    return this;
  }

  /** @internal Resolves once no connection is left of the sessions that have ended. */
  connectionsEnded(): Promise<void> {
    return this.#sessions.connectionsEnded();
  }

  /** @internal Cuts the connections of sessions that have ended, whatever they have yet to read or to answer. */
  cutOff(): void {
    this.#sessions.cutOff();
    for (const attachment of this.#attachments) attachment.cutSessions();
  }

  /**
   * @internal The HTTP servers are about to be closed by others. Those of their connections on which no answer is due may be
   * cut after so many milliseconds.
   */
  cutIdleAfter(patience: number): void {
    for (const connections of this.#connections) connections.cutIdleAfter(patience);
    this.#connections.clear();
  }

  #leave(attachment: HttpAttachment, closing: readonly HttpServer[]): void {
    attachment.closeSessions();
    if (closing.includes(attachment.server)) {
      attachment.stayUntilClosed(this.opts.closeTimeout);
      return;
    }
    attachment.detach();
    this.#attachments.delete(attachment);
  }

  /** An HTTP server closed: the engine goes with the last one that it was attached to. */
  #onServerClose(attachment: HttpAttachment): void {
    attachment.detach();
    this.#attachments.delete(attachment);
    if (this.#attachments.size === 0) this.close();
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
        (error) => this.#events.onForeignError(error),
      ),
    );
  }

  #checkExchange(decision: HandshakeDecision, http: HttpExchange): void {
    this.#crossOrigin.check(http.request, false, (verdict, error) =>
      decision.run(() => this.#onVerdict(decision, http, verdict, error)),
    );
  }

  #onVerdict(
    decision: HandshakeDecision,
    http: HttpExchange,
    verdict: CrossOriginVerdict | null,
    error: unknown,
  ): void {
    if (verdict === null) {
      decision.refuse(new Refusal('CORS_FAILURE', { error }));
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
      this.#handOn(decision, http.request, found, (handover, url) =>
        handover.exchange(http, url, () => this.#refusals.refuseExchange(http, headers, found)),
      );
    } else if (found === null) {
      decision.decide(request, (handshake) => this.#openPolling(decision, http, headers, handshake));
    } else if (found.transport.requestHandler === null) {
      decision.refuse(new Refusal('TRANSPORT_HANDSHAKE_ERROR'));
    } else {
      decision.conclude();
      found.transport.requestHandler.handleRequest(http, headers, this.#events);
    }
  }

  /** A session that is not here may be another server's; else the request is refused. */
  #handOn(
    decision: HandshakeDecision,
    request: EngineRequest,
    refusal: Refusal,
    hand: (handover: SessionHandover, url: URL) => void,
  ): void {
    const handover = this.#handover;
    if (handover === null || refusal.name !== 'UNKNOWN_SID') {
      decision.refuse(refusal);
      return;
    }
    handover.find(request, (url) =>
      decision.run(() => {
        if (url === null) {
          decision.refuse(refusal);
          return;
        }
        decision.conclude();
        hand(handover, url);
      }),
    );
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
    const session = this.#sessions.open(id, transport, http.request, address, dialect.protocol);
    decision.handOverPlace();
    this.#events.tell('connection', session);
    transport.handleRequest(http, { ...headers, ...cookie }, this.#events);
  }

  #checkUpgrade(decision: HandshakeDecision, upgrade: UpgradeRequest): void {
    this.#crossOrigin.check(upgrade.request, true, (verdict, error) =>
      decision.run(() => this.#onUpgradeVerdict(decision, upgrade, verdict, error)),
    );
  }

  #onUpgradeVerdict(
    decision: HandshakeDecision,
    upgrade: UpgradeRequest,
    verdict: CrossOriginVerdict | null,
    error: unknown,
  ): void {
    if (verdict === null) {
      decision.refuse(new Refusal('CORS_FAILURE', { error }));
      return;
    }
    if (!verdict.allowed) {
      decision.refuse(this.#refusals.foreignOrigin(upgrade.request));
      return;
    }
    if (verdict.headers !== null) upgrade.addHeaders(verdict.headers);
    const found = this.#verifier.verify(upgrade.request, true);
    if (found instanceof Refusal) {
      this.#handOn(decision, upgrade.request, found, (handover, url) =>
        handover.upgrade(
          upgrade,
          url,
          () => upgrade.accept(this.#events),
          () => this.#refusals.refuseUpgrade(upgrade, found),
        ),
      );
    } else if (found !== null) this.#accept(decision, upgrade, null, (transport) => this.#offer(found, transport));
    else decision.decide(upgrade.request, (handshake) => this.#openWebsocket(decision, upgrade, handshake));
  }

  #openWebsocket(decision: HandshakeDecision, upgrade: UpgradeRequest, { id, address }: AcceptedHandshake): void {
    this.#accept(decision, upgrade, id, (transport, { protocol }) => {
      const session = this.#sessions.open(id, transport, upgrade.request, address, protocol);
      decision.handOverPlace();
      this.#events.tell('connection', session);
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
    upgrade.accept(this.#events);
    const headers = mergeHeaders(upgrade.headers, (id === null ? null : this.#cookieHeader(id)) ?? {});
    this.#events.onHeaders(headers, request);
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
    this.#sessions.onUpgradeFailed(transport, detail);
  }

  #createDecisionContext(): DecisionContext {
    const { wheel, connectTimeout, warn, onError } = this.setup;
    return {
      wheel,
      waiting: new Set(),
      timeout: connectTimeout,
      limits: ConnectionLimits.create(this.opts),
      allowRequest: this.opts.allowRequest,
      isAccepting: () => this.#accepting,
      isOpen: (id) => this.#sessions.byId.has(id),
      addressOf: (request) => this.#proxies.addressOf(request),
      generateId: (request) => this.#handover?.nameId(this.generateId(request)) ?? this.generateId(request),
      warn,
      onForeignError: (error) => onError(error),
    };
  }

  #createHandover(): SessionHandover | null {
    const { nodes, maxPollWait, postTimeout, maxSendQueueBytes } = this.opts;
    if (nodes === null) return null;
    const timeout = Math.max(maxPollWait, postTimeout) + HANDOVER_MS;
    return new SessionHandover(nodes, { timeout, maxAnswer: maxSendQueueBytes }, this.#events);
  }

  #createSessionTable(): SessionTable {
    const { wheel, keepsRequests, onError } = this.setup;
    const { limits } = this.#decisions;
    return new SessionTable(this.opts, {
      server: this,
      wheel,
      keepsRequests,
      flushQueue: this.#flushQueue,
      limits,
      onForeignError: (error) => onError(error),
    });
  }

  #createWebtransportEntry(): WebtransportEntry {
    const { opts, setup } = this;
    const { counters } = this.#sessions;
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
      sessionOf: (id) => this.#sessions.byId.get(id),
      open: (id, transport) => this.#events.tell('connection', this.#sessions.open(id, transport, null, '', 4)),
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

/** How much longer than the longest poll another server may take, in milliseconds. */
const HANDOVER_MS = 5_000;
