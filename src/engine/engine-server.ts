import { EventEmitter } from 'node:events';
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { serialize } from 'cookie';
import { closeDetail } from './close-reason.js';
import { dialectOf, type Dialect } from './dialect.js';
import { EngineErrorCode, Refusal } from './engine-error.js';
import type { ResolvedEngineOptions } from './engine-options.js';
import { isFieldValue, parseEngineRequest, queryValue, type EngineRequest } from './engine-request.js';
import { FlushQueue } from './flush-queue.js';
import { CollectedHeaders } from './http/collected-headers.js';
import { CrossOrigin, type CrossOriginVerdict } from './http/cross-origin.js';
import { HttpAttachment } from './http/http-attachment.js';
import type { HttpExchange, HttpHeaders } from './http/http-exchange.js';
import { runMiddlewares, type HttpMiddleware } from './http/middleware.js';
import { NodeExchange } from './http/node-exchange.js';
import { PollingExchange, type AnswerPolicy } from './http/polling-exchange.js';
import { refuseUpgrade } from './http/refuse-upgrade.js';
import { Session, type SessionHost } from './session.js';
import { generateSessionId } from './session-id.js';
import type { TimerWheel } from './timer-wheel.js';
import { PollingTransport } from './transport/polling-transport.js';
import type { Transport, TransportHandler, TransportName } from './transport/transport.js';
import { WebsocketAcceptor } from './transport/websocket-acceptor.js';
import { WebtransportAcceptor } from './transport/webtransport-acceptor.js';
import { closeSession, type WebTransportSession } from './transport/webtransport-session.js';

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

/** What `connection_error` listeners get. */
export interface ConnectionError {
  req: EngineRequest;
  code: EngineErrorCode;
  message: string;
  context: Record<string, unknown>;
}

/**
 * An Engine.IO server (engine.io-protocol, revision 4, and 3 where it is allowed): owns the table of sessions and routes each request to it.
 *
 * Events: `connection` (session), `connection_error` (refusal), `initial_headers` and `headers` (headers, request).
 */
export class EngineServer extends EventEmitter implements SessionHost, AnswerPolicy {
  readonly #flushQueue = new FlushQueue();
  readonly #sessions = new Map<string, Session>();
  readonly #middlewares: HttpMiddleware[] = [];
  readonly #attachments = new Set<HttpAttachment>();
  readonly #crossOrigin: CrossOrigin;
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
    this.#crossOrigin = new CrossOrigin(opts);
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
    return this.opts.generateId?.(request) ?? generateSessionId();
  }

  /** Serves an HTTP server's requests and upgrades under this engine's path; returns the way back. */
  attach(server: HttpServer, options: { path?: string; takesRequests?: boolean } = {}): HttpAttachment {
    const attachment = new HttpAttachment(server, this, {
      path: options.path ?? this.opts.path,
      takesRequests: options.takesRequests ?? true,
      takesUpgrades: this.opts.transports.includes('websocket'),
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
      if (error) this.#refuseExchange(http, null, badRequest('MIDDLEWARE_FAILURE', { error }));
      else this.#crossOrigin.check(request, false, (verdict) => this.#onVerdict(http, verdict));
    });
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const upgrade = new UpgradeRequest(parseEngineRequest(request), socket, head);
    runMiddlewares(this.#middlewares, request, upgrade.headers as never, (error) => {
      // Some middlewares add their headers only when the head is written.
      upgrade.headers.writeHead();
      if (error) this.#refuseUpgrade(upgrade, badRequest('MIDDLEWARE_FAILURE', { error }));
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
      this.#webtransports.accept(session, (transport, sid) => this.#onWebtransport(transport, sid));
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

  onSessionClose(session: Session): void {
    this.#sessions.delete(session.id);
  }

  onHeaders(headers: HttpHeaders, request: EngineRequest): void {
    if (queryValue(request, 'sid') === undefined) this.emit('initial_headers', headers, request);
    this.emit('headers', headers, request);
  }

  #onVerdict(http: HttpExchange, verdict: CrossOriginVerdict | null): void {
    if (verdict === null) {
      this.#refuseExchange(http, null, badRequest('CORS_FAILURE'));
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
    const found = this.#verify(request, false);
    if (found instanceof Refusal) {
      this.#refuseExchange(http, headers, found);
    } else if (found === null) {
      this.#admit(request, (result) => {
        if (result instanceof Refusal) this.#refuseExchange(http, headers, result);
        else this.#openPolling(http, headers, result);
      });
    } else {
      const exchange = new PollingExchange(http, headers, this);
      const transport = found.transport as PollingTransport;
      if (request.method === 'GET') transport.handlePoll(exchange);
      else transport.handlePush(exchange);
    }
  }

  #openPolling(http: HttpExchange, headers: HttpHeaders | null, id: string): void {
    const dialect = this.#dialectOf(http.request)!;
    const transport = new PollingTransport(this.wheel, this.#flushQueue, this.opts, dialect.payload);
    const cookie = this.#cookieHeader(id);
    this.#openSession(id, transport, http.request, dialect.protocol);
    transport.handlePoll(new PollingExchange(http, { ...headers, ...cookie }, this));
  }

  #onUpgradeVerdict(upgrade: UpgradeRequest, verdict: CrossOriginVerdict | null): void {
    if (verdict === null) {
      this.#refuseUpgrade(upgrade, badRequest('CORS_FAILURE'));
      return;
    }
    if (!verdict.allowed) {
      this.#refuseUpgrade(upgrade, this.#foreignOrigin(upgrade.request));
      return;
    }
    for (const [name, value] of Object.entries(verdict.headers ?? {})) upgrade.headers.setHeader(name, value);
    const found = this.#verify(upgrade.request, true);
    if (found instanceof Refusal) this.#refuseUpgrade(upgrade, found);
    else if (found !== null) this.#accept(upgrade, null, (transport) => this.#offer(found, transport));
    else {
      this.#admit(upgrade.request, (result) => {
        if (result instanceof Refusal) this.#refuseUpgrade(upgrade, result);
        else
          this.#accept(upgrade, result, (transport, { protocol }) =>
            this.#openSession(result, transport, upgrade.request, protocol),
          );
      });
    }
  }

  #accept(
    upgrade: UpgradeRequest,
    id: string | null,
    accepted: (transport: Transport, dialect: Dialect) => void,
  ): void {
    const { request, socket, head } = upgrade;
    const dialect = this.#dialectOf(request)!;
    const headers = { ...upgrade.headers.getHeaders(), ...(id === null ? null : this.#cookieHeader(id)) };
    this.onHeaders(headers, upgrade.request);
    upgrade.release();
    this.#acceptor.accept(
      { request, socket, head, headers, dialect },
      (transport) => accepted(transport, dialect),
      (message) => this.#refuseUpgrade(upgrade, badRequest('INVALID_WEBSOCKET_HANDSHAKE', { message })),
    );
  }

  #onWebtransport(transport: Transport, sid: string | null): void {
    if (sid === null) {
      if (this.#accepting && this.opts.allowRequest === null)
        this.#openSession(generateSessionId(), transport, null, 4);
      else reject(transport, 'REFUSED', 'no new session over WebTransport');
      return;
    }
    const session = this.#sessions.get(sid);
    if (session?.protocol === 4 && this.opts.allowUpgrades) this.#offer(session, transport);
    else reject(transport, 'REFUSED', 'no session to upgrade');
  }

  /** A session takes one other transport, once; a further one is closed, which the session does not notice. */
  #offer(session: Session, transport: Transport): void {
    if (session.isUpgradable) session.beginUpgrade(transport);
    else reject(transport, 'ALREADY_UPGRADED', 'the session has another transport');
  }

  #openSession(id: string, transport: Transport, request: EngineRequest | null, protocol: Dialect['protocol']): void {
    const session = new Session(id, this, transport, request, request?.socket.remoteAddress ?? '', protocol);
    this.#sessions.set(id, session);
    session.open();
    this.emit('connection', session);
  }

  /** The session that a request belongs to, null for a handshake, or why it is refused (protocol, "Error codes"). */
  #verify(request: EngineRequest, isUpgrade: boolean): Session | null | Refusal {
    const dialect = this.#dialectOf(request);
    if (dialect === null) {
      const protocol = queryValue(request, 'EIO');
      return new Refusal(EngineErrorCode.UNSUPPORTED_PROTOCOL_VERSION, { protocol });
    }
    if (queryValue(request, 'j') !== undefined) return badRequest('JSONP');
    const transport = queryValue(request, 'transport') as TransportName | undefined;
    if (transport === undefined || transport === 'webtransport' || !this.opts.transports.includes(transport)) {
      return new Refusal(EngineErrorCode.UNKNOWN_TRANSPORT, { transport });
    }
    if (!isFieldValue(request.headers.origin ?? '')) return badRequest('INVALID_ORIGIN');
    const sid = queryValue(request, 'sid');
    return sid === undefined || sid === ''
      ? this.#verifyHandshake(request, transport, isUpgrade)
      : this.#verifySession(request, sid, transport, dialect.protocol, isUpgrade);
  }

  #dialectOf(request: EngineRequest): Dialect | null {
    return dialectOf(request, this.opts.allowEIO3);
  }

  #verifyHandshake(request: EngineRequest, transport: TransportName, isUpgrade: boolean): null | Refusal {
    const { method } = request;
    if (method !== 'GET') return new Refusal(EngineErrorCode.BAD_HANDSHAKE_METHOD, { method });
    if ((transport === 'websocket') !== isUpgrade) return badRequest('TRANSPORT_HANDSHAKE_ERROR');
    return this.#accepting ? null : serverClosing();
  }

  #verifySession(
    request: EngineRequest,
    sid: string,
    transport: TransportName,
    protocol: Dialect['protocol'],
    isUpgrade: boolean,
  ): Session | Refusal {
    const session = this.#sessions.get(sid);
    if (session === undefined) return new Refusal(EngineErrorCode.UNKNOWN_SID, { sid });
    if (session.protocol !== protocol) return badRequest('PROTOCOL_MISMATCH', { protocol });
    if (isUpgrade) return this.#verifyUpgrade(session, transport);
    const previousTransport = session.transport.name;
    if (previousTransport !== transport) return badRequest('TRANSPORT_MISMATCH', { transport, previousTransport });
    const { method } = request;
    if (method === 'GET' || method === 'POST') return session;
    return new Refusal(EngineErrorCode.BAD_HANDSHAKE_METHOD, { method });
  }

  #verifyUpgrade(session: Session, transport: TransportName): Session | Refusal {
    if (transport !== 'websocket' || !this.opts.allowUpgrades) return badRequest('TRANSPORT_HANDSHAKE_ERROR');
    return session;
  }

  /** Asks the hooks about a handshake; `done` gets the id of the session to be, or a refusal. Called once. */
  #admit(request: EngineRequest, done: (result: string | Refusal) => void): void {
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
      else done(new Refusal(EngineErrorCode.FORBIDDEN, message ? { message: String(message) } : {}));
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
    const fail = (error: unknown): void => done(badRequest('ID_GENERATION_ERROR', { error }));
    const check = (id: unknown): void => {
      if (typeof id !== 'string' || id === '') fail(new TypeError('generateId gave no id'));
      else if (this.#sessions.has(id)) fail(new Error('generateId gave an id that is in use'));
      // The hooks may have taken their time.
      else if (!this.#accepting) done(serverClosing());
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
    return new Refusal(EngineErrorCode.FORBIDDEN, { name: 'ORIGIN_NOT_ALLOWED', origin });
  }

  #refuseExchange(http: HttpExchange, corsHeaders: HttpHeaders | null, refusal: Refusal): void {
    this.#report(http.request, refusal);
    const headers: HttpHeaders = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...corsHeaders };
    http.respond(refusal.status, headers, refusal.body);
  }

  #refuseUpgrade(upgrade: UpgradeRequest, refusal: Refusal): void {
    this.#report(upgrade.request, refusal);
    refuseUpgrade(upgrade.socket, refusal.status, refusal.body);
  }

  #report(req: EngineRequest, refusal: Refusal): void {
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
const UNCLAIMED: TransportHandler = { onMessage() {}, onControl() {}, onFlush() {}, onTransportClose() {} };

function reject(transport: Transport, code: string, message: string): void {
  transport.handler = UNCLAIMED;
  transport.close(false, 'transport error', closeDetail(code, message));
}

/** An upgrade request until it is accepted or refused; an error of its socket meanwhile concerns nobody. */
class UpgradeRequest {
  readonly headers = new CollectedHeaders();

  constructor(
    readonly request: EngineRequest,
    readonly socket: Duplex,
    readonly head: Buffer,
  ) {
    socket.on('error', ignoreSocketError);
    this.headers.onEnd = () => socket.destroy();
  }

  /** From here on `ws` listens for errors. */
  release(): void {
    this.socket.off('error', ignoreSocketError);
  }
}

function ignoreSocketError(): void {}

function serverClosing(): Refusal {
  return new Refusal(EngineErrorCode.FORBIDDEN, { name: 'SERVER_CLOSING', message: 'Server is shutting down' }, 503);
}

function badRequest(name: string, context?: Record<string, unknown>): Refusal {
  return new Refusal(EngineErrorCode.BAD_REQUEST, { name, ...context });
}
