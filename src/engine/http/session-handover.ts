import { request as httpRequest, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { askForeign, type ForeignErrorSink } from '../../common/call-foreign.js';
import { isThenable } from '../../common/values.js';
import { hostOf, queryValue, type EngineRequest } from './engine-request.js';
import type { HttpExchange, HttpHeaders } from './http-exchange.js';
import { readBytes } from './request-body.js';
import type { UpgradeRequest } from './upgrade-request.js';

/** The servers behind one address, by names. */
export interface NodeOptions {
  /** This server's name, in front of the ids of its sessions: 1 to 32 letters, digits, `_` and `-`. */
  self: string;
  /**
   * Where the server of a name can be reached, such as `http://10.0.0.2:3000`; undefined for a name that there is not. A
   * request for a session of another server is handed on to it. Names come from clients. @default requests are not handed on
   */
  urlOf?: ((name: string) => string | undefined | PromiseLike<string | undefined>) | undefined;
}

export interface HandoverLimits {
  /** How long the other server may say nothing, in milliseconds. */
  readonly timeout: number;
  /** The largest answer, in bytes. */
  readonly maxAnswer: number;
}

/**
 * Requests for sessions of other servers. A balancer without sticky sessions deals them out to any; the id of a session
 * names the server that has it, which is asked in the client's place. A name is looked up, never dialled, and what was handed
 * on once is not handed on again.
 */
export class SessionHandover {
  /** Connections that end with this server. */
  readonly #open = new Set<{ destroy(): unknown }>();
  #isClosed = false;

  constructor(
    private readonly nodes: NodeOptions,
    private readonly limits: HandoverLimits,
    private readonly sink: ForeignErrorSink<string>,
  ) {}

  /** An id that names this server. */
  nameId(id: string | PromiseLike<string>): string | PromiseLike<string> {
    if (isThenable(id)) return id.then((given) => this.#named(given));
    return this.#named(id);
  }

  /** Calls `found` once with the server that has the session of a request; null if there is none to hand it to. */
  find(request: EngineRequest, found: (url: URL | null) => void): void {
    const name = NAMED_ID.exec(queryValue(request, 'sid') ?? '')?.[1];
    const { self, urlOf } = this.nodes;
    const isOwn = name === undefined || name === self || urlOf === undefined;
    // A server that closes would wait for what the other one takes its time to answer.
    if (this.#isClosed || isOwn || request.headers[MARK] !== undefined || !request.url?.startsWith('/')) {
      found(null);
      return;
    }
    askForeign(urlOf, undefined, [name], (error, url) => {
      if (error !== null) this.sink.onForeignError(error, 'nodes.urlOf');
      found(error === null && url !== undefined ? this.#parse(url) : null);
    });
  }

  /** Answers a request with the other server's answer; calls `failed` once if there is none. */
  exchange(http: HttpExchange, url: URL, failed: () => void): void {
    const { request, body } = http;
    const upstream = this.#request(request, url, framingOf(http));
    const end = (): boolean => {
      // What no one takes any more would keep the next request of the connection waiting.
      body.unpipe(upstream).resume();
      return this.#end(upstream);
    };
    const fail = (): void => {
      if (end()) failed();
    };
    http.onAbort(end);
    upstream.once('response', (answer) => {
      readBytes(answer, answer.headers['content-length'], this.limits.maxAnswer, ignore, (bytes) => {
        if (!Buffer.isBuffer(bytes) || answer.statusCode! < 200) fail();
        else if (end()) http.respond(answer.statusCode!, toOtherHop(answer.headers), bytes);
      });
    });
    upstream.once('upgrade', fail);
    upstream.on('error', fail);
    body.on('error', fail);
    body.pipe(upstream);
  }

  /** Joins an upgrade with the other server; calls `failed` once if that does not accept it. */
  upgrade(upgrade: UpgradeRequest, url: URL, accepted: () => void, failed: () => void): void {
    const { request, socket, head } = upgrade;
    const upstream = this.#request(request, url, { connection: 'Upgrade', upgrade: 'websocket' });
    const fail = (): void => {
      if (this.#end(upstream)) failed();
    };
    upgrade.onAbort(() => this.#end(upstream));
    upstream.on('error', fail);
    upstream.once('response', fail);
    upstream.once('upgrade', (answer, other, first) => {
      this.#open.delete(upstream);
      other.setTimeout(0);
      accepted();
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${rawHeaders(answer)}\r\n`);
      socket.write(first);
      other.write(head);
      this.#join(socket, other);
    });
    upstream.end();
  }

  /** What still waits for another server learns by this that there is no answer. */
  close(): void {
    this.#isClosed = true;
    for (const connection of this.#open) connection.destroy();
  }

  #named(id: string): string {
    return `${this.nodes.self}.${id}`;
  }

  /** Null, and a report, for what is no address of a server. */
  #parse(given: unknown): URL | null {
    const url = typeof given === 'string' && URL.canParse(given) ? new URL(given) : null;
    if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
    this.sink.onForeignError(
      new TypeError('nodes.urlOf must return an http or https URL, or undefined'),
      'nodes.urlOf',
    );
    return null;
  }

  /** @param more headers of the connection to the other server */
  #request(request: EngineRequest, url: URL, more: HttpHeaders): ClientRequest {
    const { method, url: path } = request;
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    // The origin is held against it there as well.
    const host = hostOf(request);
    const named: HttpHeaders = host === undefined ? {} : { host };
    const headers = { ...toOtherHop(request.headers), ...named, ...more, [MARK]: this.nodes.self };
    // A connection for each request: one that is kept may be closed by the other end just when it is used.
    const options = { method, path, headers, agent: false as const };
    const { hostname, port } = url;
    const upstream = send({ ...options, hostname: hostname.replace(/^\[|\]$/g, ''), port: port || undefined });
    upstream.setTimeout(this.limits.timeout, () => upstream.destroy(new Error('the other server did not answer')));
    this.#open.add(upstream);
    return upstream;
  }

  /** Lets a request to another server go. False if it had gone already: what it was for is answered, or has left. */
  #end(upstream: ClientRequest): boolean {
    upstream.destroy();
    return this.#open.delete(upstream);
  }

  #join(one: Duplex, other: Duplex): void {
    for (const [from, to] of [
      [one, other],
      [other, one],
    ]) {
      from.on('error', ignore);
      from.once('close', () => {
        this.#open.delete(from);
        to.destroy();
      });
      this.#open.add(from);
      from.pipe(to);
    }
  }
}

/**
 * Without those that are about one connection and its messages: the other one has its own (RFC 9110, 7.6.1). Nor those of
 * HTTP/2 that are no headers.
 */
function toOtherHop(headers: IncomingHttpHeaders): HttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => value !== undefined && !OF_ONE_HOP.has(name) && name[0] !== ':'),
  ) as HttpHeaders;
}

/**
 * How the other server learns where a body ends: by its length if it is as the client has sent it. A framework may have
 * decoded it; what is beyond a length that is not its own would be taken for the next request.
 */
function framingOf({ request, body }: HttpExchange): HttpHeaders {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (body === request && length !== undefined) return { 'content-length': length };
  const hasBody = length !== undefined || encoding !== undefined || request.httpVersionMajor > 1;
  return hasBody ? { 'transfer-encoding': 'chunked' } : {};
}

function rawHeaders({ rawHeaders: lines }: IncomingMessage): string {
  let text = '';
  for (let i = 0; i < lines.length; i += 2) text += `${lines[i]}: ${lines[i + 1]}\r\n`;
  return text;
}

function ignore(): void {}

/** Tells a server that a request was handed on already. A client that sets it is only refused. */
const MARK = 'x-socketio-node';
/** The name of a server and an id; names as `nodes.self` has them. */
const NAMED_ID = /^([\w-]{1,32})\.[\w.-]{1,128}$/;
const OF_ONE_HOP: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
