import { EventEmitter } from 'node:events';
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { serialize } from 'cookie';
import { ConnectionLimits } from './handshake/connection-limits.js';
import { closeDetail, type CloseDetail } from './transport/close-reason.js';
import type { Dialect } from './codec/dialect.js';
import { Refusal, type EngineErrorCode, type RefusalContext, type RefusalName } from './http/refusal.js';
import type { ResolvedEngineOptions } from './engine-options.js';
import { parseEngineRequest, queryValue, type EngineRequest } from './http/engine-request.js';
import { EngineCounters, type EngineStats } from './engine-stats.js';
import { FlushQueue } from './transport/flush-queue.js';
import { CrossOrigin, type CrossOriginVerdict } from './http/cross-origin.js';
import { removeInvalidHeaders } from './http/header-fields.js';
import { HttpAttachment, type UpgradeRoute } from './http/http-attachment.js';
import type { AnswerPolicy, HttpExchange, HttpHeaders } from './http/http-exchange.js';
import { runMiddlewares, type HttpMiddleware } from './http/http-middleware.js';
import { NodeExchange } from './http/node-exchange.js';
import { ProxyTrust } from './http/proxy-trust.js';
import { refuseUpgrade } from './http/refusal-writer.js';
import { UpgradeRequest } from './http/upgrade-request.js';
import { RequestVerifier } from './handshake/request-verifier.js';
import { createSendLimits, type SendLimits } from './session/send-limits.js';
import { Session, type SessionContext } from './session/session.js';
import { randomId } from '../common/random-id.js';
import type { TimerWheel } from '../common/timer-wheel.js';
import { PollingTransport } from './transport/polling/polling-transport.js';
import type { Transport, TransportListener, TransportName } from './transport/transport.js';
import { WebsocketAcceptor } from './transport/websocket/websocket-acceptor.js';
import { WebtransportAcceptor } from './transport/webtransport/webtransport-acceptor.js';
import { closeSession, type WebTransportSession } from './transport/webtransport/webtransport-session.js';

/** What the layer above decides about all sessions of a server. */
export interface EngineSetup {
  readonly wheel: TimerWheel;
  /** Whether sessions keep the request that opened them, until somebody deletes it. */
  readonly keepsRequests: boolean;
  /** Answers requests below the engine's path that are not Engine.IO's, such as files; null for all others. */
  readonly answerOther: (request: EngineRequest) => OtherAnswer | null;
  /** Whether text frames may join packets with 0x1E: only where the protocol above never sends that character. */
  readonly splitsJoinedFrames: boolean;
  /** Says what an operator should know, in one line; called rarely. */
  readonly warn: (message: string) => void;
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

/** What `connection_error` listeners get. */
export interface ConnectionError {
  req: EngineRequest;
  code: EngineErrorCode;
  message: string;
  /** `name` says the cause. */
  context: RefusalContext;
}

/** A handshake that may become a session. */
interface AcceptedHandshake {
  readonly id: string;
  /** The client's address; its place is given back under it. */
  readonly address: string;
}

/** The peer of a request that is being decided about. */
interface PendingClient {
  /** Calls the listener once if the peer leaves before it was answered. */
  onAbort(listener: () => void): void;
}

/**
 * An Engine.IO server (engine.io-protocol, revision 4, and 3 where it is allowed): owns the table of sessions and routes each request to it.
 *
 * Events: `connection` (session), `connection_error` (refusal), `initial_headers` and `headers` (headers, request).
 */
export class EngineServer extends EventEmitter implements SessionContext, AnswerPolicy {
  readonly counters = new EngineCounters();
  readonly sendLimits: SendLimits;
  readonly #flushQueue: FlushQueue;
  readonly #sessions = new Map<string, Session>();
  readonly #middlewares: HttpMiddleware[] = [];
  readonly #attachments = new Set<HttpAttachment>();
  readonly #verifier: RequestVerifier;
  readonly #proxies: ProxyTrust;
  readonly #crossOrigin: CrossOrigin;
  /** Null where handshakes are not bounded. */
  readonly #admission: ConnectionLimits | null;
  readonly #acceptor: WebsocketAcceptor;
  readonly #webtransports: WebtransportAcceptor;
  readonly #openPacketTails: Record<TransportName, string>;
  #accepting = true;
  #warnedOfOrigin = false;
  #warnedOfWebtransport = false;

  constructor(
    readonly opts: ResolvedEngineOptions,
    private readonly setup: EngineSetup,
  ) {
    super();
    this.sendLimits = createSendLimits(opts);
    this.#flushQueue = new FlushQueue(opts.flush === 'immediate');
    this.#verifier = new RequestVerifier(opts, this.#sessions);
    this.#proxies = new ProxyTrust(opts.trustProxy, setup.warn);
    this.#crossOrigin = new CrossOrigin(opts, this.#proxies);
    this.#admission = ConnectionLimits.create(opts);
    this.#acceptor = new WebsocketAcceptor({ ...opts, ...setup }, this.#flushQueue);
    this.#webtransports = new WebtransportAcceptor(setup.wheel, this.#flushQueue, opts);
    this.#openPacketTails = {
      polling: this.#makeOpenPacketTail(this.upgrades('polling')),
      websocket: this.#makeOpenPacketTail([]),
      webtransport: this.#makeOpenPacketTail([]),
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

  get pingInterval(): number {
    return this.opts.pingInterval;
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
    const { request } = http;
    runMiddlewares(this.#middlewares, request, http.response, (error) => {
      if (error) this.#refuseExchange(http, null, new Refusal('MIDDLEWARE_FAILURE', { error }));
      else this.#crossOrigin.check(request, false, (verdict) => this.#onVerdict(http, verdict));
    });
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const upgrade = new UpgradeRequest(parseEngineRequest(request), socket, head);
    runMiddlewares(this.#middlewares, request, upgrade.headers as never, (error) => {
      // Some middlewares add their headers only when the head is written.
      upgrade.headers.writeHead();
      if (error) this.#refuseUpgrade(upgrade, new Refusal('MIDDLEWARE_FAILURE', { error }));
      else this.#crossOrigin.check(upgrade.request, true, (verdict) => this.#onUpgradeVerdict(upgrade, verdict));
    });
  }

  /**
   * Serves a WebTransport session, from whichever library speaks HTTP/3; `transports` must have `webtransport`. It has no
   * HTTP request: where there are middlewares it is closed, since they could not see it, and where there is an
   * `allowRequest` it may only be the upgrade of a session that was let in.
   */
  onWebTransportSession(session: WebTransportSession): void {
    if (this.opts.transports.includes('webtransport') && this.#middlewares.length === 0) {
      this.#webtransports.accept(
        session,
        (transport, sid) => this.#onWebtransport(transport, sid),
        ({ code }) => this.counters.failedUpgrades.add(code),
      );
      return;
    }
    closeSession(session);
    if (this.#warnedOfWebtransport) return;
    this.#warnedOfWebtransport = true;
    this.setup.warn(
      'Closed a WebTransport session: the option transports must have "webtransport", and middlewares of the engine ' +
        'could not see it. Further ones are not logged.',
    );
  }

  /** What happened so far, and who is there. Walks over all sessions. */
  stats(): EngineStats {
    const byTransport = { polling: 0, websocket: 0, webtransport: 0 };
    let { bytesIn, bytesOut } = this.counters;
    for (const { transport } of this.#sessions.values()) {
      byTransport[transport.name]++;
      bytesIn += transport.bytesReceived;
      bytesOut += transport.bytesSent;
    }
    const { opened, packetsIn, packetsOut, refused, closed, failedUpgrades, dropped } = this.counters;
    return {
      sessions: { now: this.#sessions.size, opened, byTransport },
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

  /** Ends every session, so that peers reconnect elsewhere, and leaves the HTTP servers as they were found. */
  close(): this {
    this.#accepting = false;
    for (const session of [...this.#sessions.values()]) session.close(true);
    for (const attachment of this.#attachments) attachment.detach();
    this.#attachments.clear();
    this.#webtransports.close();
    return this;
  }

  openPacketTail(transport: TransportName): string {
    return this.#openPacketTails[transport];
  }

  onTransportRetired(transport: Transport): void {
    this.counters.bytesIn += transport.bytesReceived;
    this.counters.bytesOut += transport.bytesSent;
  }

  onUpgradeFailed(transport: Transport, { code }: CloseDetail): void {
    this.onTransportRetired(transport);
    this.counters.failedUpgrades.add(code);
  }

  onSessionClose(session: Session, detail: CloseDetail): void {
    this.#sessions.delete(session.id);
    this.#admission?.giveBack(session.remoteAddress);
    this.onTransportRetired(session.transport);
    this.counters.closed.add(detail.code);
  }

  onHeaders(headers: HttpHeaders, request: EngineRequest): void {
    if (this.listenerCount('initial_headers') === 0 && this.listenerCount('headers') === 0) return;
    try {
      if (queryValue(request, 'sid') === undefined) this.emit('initial_headers', headers, request);
      this.emit('headers', headers, request);
    } catch (error) {
      this.setup.warn(`A listener of headers threw: ${String(error)}`);
    }
    const invalid = removeInvalidHeaders(headers);
    if (invalid.length > 0) this.setup.warn(`Left out headers that HTTP does not allow: ${JSON.stringify(invalid)}`);
  }

  #onVerdict(http: HttpExchange, verdict: CrossOriginVerdict | null): void {
    if (verdict === null) {
      this.#refuseExchange(http, null, new Refusal('CORS_FAILURE'));
      return;
    }
    const other = http.request.method === 'GET' ? this.setup.answerOther(http.request) : null;
    if (other !== null) {
      http.respond(other.status, { ...other.headers, ...verdict.headers }, other.body);
    } else if (!verdict.allowed) {
      this.#refuseExchange(http, verdict.headers, this.#foreignOrigin(http.request));
    } else if (http.request.method === 'OPTIONS') {
      http.respond(verdict.preflightStatus ?? 204, { 'Cache-Control': 'no-store', ...verdict.headers }, '');
    } else {
      this.#route(http, verdict.headers);
    }
  }

  #route(http: HttpExchange, headers: HttpHeaders | null): void {
    const { request } = http;
    const found = this.#verifier.verify(request, false);
    if (found instanceof Refusal) {
      this.#refuseExchange(http, headers, found);
    } else if (found === null) {
      this.#admit(request, http, (result) => {
        if (result instanceof Refusal) this.#refuseExchange(http, headers, result);
        else this.#openPolling(http, headers, result);
      });
    } else {
      const { requestHandler } = found.transport;
      if (requestHandler === null) {
        this.#refuseExchange(http, headers, new Refusal('TRANSPORT_HANDSHAKE_ERROR'));
        return;
      }
      requestHandler.handleRequest(http, headers, this);
    }
  }

  #openPolling(http: HttpExchange, headers: HttpHeaders | null, { id, address }: AcceptedHandshake): void {
    const dialect = this.#verifier.dialectOf(http.request)!;
    const transport = new PollingTransport(this.wheel, this.#flushQueue, this.opts, dialect.payload);
    const cookie = this.#cookieHeader(id);
    this.#openSession(id, transport, http.request, address, dialect.protocol);
    transport.handleRequest(http, { ...headers, ...cookie }, this);
  }

  #onUpgradeVerdict(upgrade: UpgradeRequest, verdict: CrossOriginVerdict | null): void {
    if (verdict === null) {
      this.#refuseUpgrade(upgrade, new Refusal('CORS_FAILURE'));
      return;
    }
    if (!verdict.allowed) {
      this.#refuseUpgrade(upgrade, this.#foreignOrigin(upgrade.request));
      return;
    }
    for (const [name, value] of Object.entries(verdict.headers ?? {})) upgrade.headers.setHeader(name, value);
    const found = this.#verifier.verify(upgrade.request, true);
    if (found instanceof Refusal) this.#refuseUpgrade(upgrade, found);
    else if (found !== null) this.#accept(upgrade, null, (transport) => this.#offer(found, transport));
    else {
      this.#admit(upgrade.request, upgrade, (result) => {
        if (result instanceof Refusal) this.#refuseUpgrade(upgrade, result);
        else this.#openWebsocket(upgrade, result);
      });
    }
  }

  #openWebsocket(upgrade: UpgradeRequest, { id, address }: AcceptedHandshake): void {
    let opened = false;
    this.#accept(upgrade, id, (transport, { protocol }) => {
      opened = true;
      this.#openSession(id, transport, upgrade.request, address, protocol);
    });
    // A request that is no WebSocket handshake, or whose peer has left.
    if (!opened) this.#admission?.giveBack(address);
  }

  #accept(
    upgrade: UpgradeRequest,
    id: string | null,
    accepted: (transport: Transport, dialect: Dialect) => void,
  ): void {
    const { request, socket, head } = upgrade;
    const dialect = this.#verifier.dialectOf(request)!;
    const headers = { ...upgrade.headers.getHeaders(), ...(id === null ? null : this.#cookieHeader(id)) };
    this.onHeaders(headers, upgrade.request);
    upgrade.release();
    this.#acceptor.accept(
      { request, socket, head, headers, dialect },
      (transport) => accepted(transport, dialect),
      (message) => this.#refuseUpgrade(upgrade, new Refusal('INVALID_WEBSOCKET_HANDSHAKE', { message })),
    );
  }

  #onWebtransport(transport: Transport, sid: string | null): void {
    if (sid === null) {
      const refusal = this.#admitWebtransport();
      if (refusal === null) this.#openSession(randomId(), transport, null, '', 4);
      else this.#refuseWebtransport(transport, refusal);
      return;
    }
    const session = this.#sessions.get(sid);
    if (session?.protocol === 4 && this.opts.allowUpgrades) this.#offer(session, transport);
    else this.#refuseWebtransport(transport, session === undefined ? 'UNKNOWN_SID' : 'TRANSPORT_HANDSHAKE_ERROR');
  }

  /** Without a request there is no address to count by, and nothing to ask `allowRequest` about. */
  #admitWebtransport(): RefusalName | null {
    if (!this.#accepting) return 'SERVER_CLOSING';
    if (this.opts.allowRequest !== null) return 'NOT_ALLOWED';
    return this.#admission === null ? null : this.#admission.take('');
  }

  /** It has no request that `connection_error` could tell of. */
  #refuseWebtransport(transport: Transport, name: RefusalName): void {
    this.counters.refused.add(name);
    reject(transport, closeDetail(name, 'refused over WebTransport'));
  }

  /** A session takes one other transport, once; a further one is closed, which the session does not notice. */
  #offer(session: Session, transport: Transport): void {
    if (session.isUpgradable) {
      session.beginUpgrade(transport);
      return;
    }
    const detail = closeDetail('ALREADY_UPGRADED', 'the session has another transport');
    reject(transport, detail);
    this.onUpgradeFailed(transport, detail);
  }

  #openSession(
    id: string,
    transport: Transport,
    request: EngineRequest | null,
    address: string,
    protocol: Dialect['protocol'],
  ): void {
    const session = new Session(id, this, transport, request, address, protocol);
    this.#sessions.set(id, session);
    this.counters.opened++;
    session.open();
    this.emit('connection', session);
  }

  /**
   * Decides about a handshake, the cheap bounds before the hooks. A place is held from here on, so that those which are
   * decided about at the same time count as well. `done` is called once; never, where the peer has left meanwhile.
   */
  #admit(request: EngineRequest, peer: PendingClient, done: (result: AcceptedHandshake | Refusal) => void): void {
    if (!this.#accepting) {
      done(new Refusal('SERVER_CLOSING'));
      return;
    }
    const address = this.#proxies.addressOf(request);
    const over = this.#admission === null ? null : this.#admission.take(address);
    if (over !== null) {
      done(new Refusal(over));
      return;
    }
    let pending = true;
    const leave = (): void => {
      if (pending) this.#admission?.giveBack(address);
      pending = false;
    };
    this.#askHooks(request, (result) => {
      if (!pending) return;
      if (result instanceof Refusal) leave();
      pending = false;
      done(result instanceof Refusal ? result : { id: result, address });
    });
    if (pending) peer.onAbort(leave);
  }

  /** Asks the hooks about a handshake; `done` gets the id of the session to be, or a refusal. Called once. */
  #askHooks(request: EngineRequest, done: (result: string | Refusal) => void): void {
    const { allowRequest } = this.opts;
    if (allowRequest === null) {
      this.#makeId(request, done);
      return;
    }
    let decided = false;
    const decide = (message: string | null | undefined, allowed: boolean): void => {
      if (decided) return;
      decided = true;
      if (allowed) this.#makeId(request, done);
      else done(new Refusal('NOT_ALLOWED', message ? { message: String(message) } : {}));
    };
    const fail = (error: unknown): void => {
      this.setup.warn(
        `allowRequest threw ${decided ? 'after its decision' : 'and refused a request'}: ${String(error)}`,
      );
      decide(null, false);
    };
    try {
      const answer: unknown = allowRequest(request, decide);
      if (answer instanceof Promise) answer.catch(fail);
    } catch (error) {
      fail(error);
    }
  }

  #makeId(request: EngineRequest, done: (result: string | Refusal) => void): void {
    const fail = (error: unknown): void => done(new Refusal('ID_GENERATION_ERROR', { error }));
    const check = (id: unknown): void => {
      if (typeof id !== 'string' || id === '') fail(new TypeError('generateId gave no id'));
      else if (this.#sessions.has(id)) fail(new Error('generateId gave an id that is in use'));
      // The hooks may have taken their time.
      else if (!this.#accepting) done(new Refusal('SERVER_CLOSING'));
      else done(id);
    };
    let id: string | PromiseLike<string>;
    try {
      id = this.generateId(request);
    } catch (error) {
      fail(error);
      return;
    }
    if (typeof id === 'object' && id !== null) id.then(check, fail);
    else check(id);
  }

  #foreignOrigin(request: EngineRequest): Refusal {
    const { origin } = request.headers;
    if (!this.#warnedOfOrigin) {
      this.#warnedOfOrigin = true;
      this.setup.warn(
        `Refused a request from origin ${JSON.stringify(origin)} with 403: it is not the server's own. ` +
          'Name it in the option cors.origin, or behind a proxy set trustProxy. Further ones are not logged.',
      );
    }
    return new Refusal('ORIGIN_NOT_ALLOWED', { origin });
  }

  #refuseExchange(http: HttpExchange, corsHeaders: HttpHeaders | null, refusal: Refusal): void {
    this.#report(http.request, refusal);
    const headers: HttpHeaders = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...corsHeaders };
    http.respond(refusal.status, { ...headers, ...refusal.headers }, refusal.body);
  }

  #refuseUpgrade(upgrade: UpgradeRequest, refusal: Refusal): void {
    this.#report(upgrade.request, refusal);
    refuseUpgrade(upgrade.socket, refusal.status, refusal.body, undefined, refusal.headers);
  }

  #report(req: EngineRequest, refusal: Refusal): void {
    this.counters.refused.add(refusal.name);
    if (this.listenerCount('connection_error') === 0) return;
    const error: ConnectionError = { req, code: refusal.code, message: refusal.message, context: refusal.context };
    this.emit('connection_error', error);
  }

  #cookieHeader(id: string): HttpHeaders | null {
    const { cookie } = this.opts;
    return cookie === null ? null : { 'Set-Cookie': [serialize(cookie.name, id, cookie)] };
  }

  #makeOpenPacketTail(upgrades: readonly string[]): string {
    const { pingInterval, pingTimeout, maxHttpBufferSize: maxPayload } = this.opts;
    return JSON.stringify({ upgrades, pingInterval, pingTimeout, maxPayload }).slice(1);
  }
}

/** For a transport that belongs to no session. */
const UNCLAIMED: TransportListener = {
  onMessage() {},
  onControl() {},
  onFlush() {},
  onProgress() {},
  onTransportClose() {},
};

function reject(transport: Transport, detail: CloseDetail): void {
  transport.handler = UNCLAIMED;
  transport.close(false, 'transport error', detail);
}
