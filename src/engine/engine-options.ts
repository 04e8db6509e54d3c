import { serialize, type SerializeOptions } from 'cookie';
import proxyAddr from 'proxy-addr';
import type { CorsSetting } from './http/cors-options.js';
import type { EngineRequest } from './http/engine-request.js';
import type { TrustProxy } from './http/proxy-trust.js';
import { MAX_TIMER, OptionError, type OptionReader } from '../common/option-reader.js';
import type { TransportName } from './transport/transport.js';

/** What an Engine.IO server can be told. Every length is in bytes, every duration in milliseconds. */
export interface EngineOptions {
  /** @default '/engine.io' ('/socket.io' where a Socket.IO server made the engine) */
  path?: string;
  /** Whether the path ends with a slash. @default true */
  addTrailingSlash?: boolean;
  /** Time between two pings. @default 25_000 */
  pingInterval?: number;
  /** Time without any byte after a ping, until the session is closed. @default 20_000 */
  pingTimeout?: number;
  /** Time for a WebSocket probe to become the session's transport. @default 10_000 */
  upgradeTimeout?: number;
  /** Time for a closing session to hand over what is queued. @default 30_000 */
  closeTimeout?: number;
  /** Largest message or POST body. @default 1_000_000 */
  maxHttpBufferSize?: number;
  /** Another name of `maxHttpBufferSize`. */
  maxPayload?: number;
  /** Largest POST body and largest answer to one poll. @default as `maxHttpBufferSize` */
  pollingMaxBufferSize?: number;
  /** Longest wait of one poll, answered with a noop packet. @default 30_000 */
  maxPollWait?: number;
  /** Time for the body of one POST to arrive, until it is answered with 408 and the session closed. @default 60_000 */
  postTimeout?: number;
  /** Packets in one POST or joined frame. @default 65_536 */
  maxBatchPackets?: number;
  /** What may wait for a peer, in bytes, before `sendTimeout` counts. @default 16_777_216 */
  sendQueueBytes?: number;
  /**
   * How long the network may take nothing of a queue that is over a bound, until the session is closed; of a peer that
   * is slow and takes something nothing comes of it. @default 10_000
   */
  sendTimeout?: number;
  /** Another spelling: `sendTimeout` is `retrySendTimeout` × `maxSendRetry`. @default 20 where the other one is given */
  retrySendTimeout?: number;
  /** See `retrySendTimeout`. @default 5 where the other one is given */
  maxSendRetry?: number;
  /** What may wait for a peer on WebSocket or WebTransport, in packets; 0: any number. @default 0 */
  sendQueueSize?: number;
  /** What may wait for a peer on polling, in packets; 0: any number. @default 0 */
  pollQueueMaxFrames?: number;
  /** Whether messages beyond a bound of the queue are dropped, instead of the session being closed. @default false */
  dropFramesOnOverflow?: boolean;
  /**
   * `tick`: what is sent in one turn of the event loop leaves in one write per connection, at the end of the turn, or
   * earlier if the callbacks of the turn take longer than a millisecond. `immediate`: every packet is written at once.
   * @default 'tick'
   */
  flush?: FlushPolicy;
  /** @default ['polling', 'websocket'] */
  transports?: TransportName[];
  /** Whether a polling session may move to another transport. @default true */
  allowUpgrades?: boolean;
  /** Whether peers of Engine.IO v3 are served as well, those of Socket.IO 1 and 2. @default false */
  allowEIO3?: boolean;
  /** Compression of polling answers; `false` switches it off. @default { threshold: 1024 } */
  httpCompression?: boolean | HttpCompressionOptions;
  /** The options of the `ws` package; it then also frames and sends. @default false */
  perMessageDeflate?: boolean | PerMessageDeflateOptions;
  /** A cookie with the session id on the handshake's answer. @default false */
  cookie?: boolean | (SerializeOptions & { name?: string });
  /** Cross-origin access, as the options of the `cors` package. @default unset: same origin only */
  cors?: CorsSetting | boolean;
  /**
   * Whether a foreign `Origin` is refused with 403 on both transports. Where this is off, a WebSocket's origin is still
   * held against `cors.origin` if that is set. @default true in the Nest module, false in `./server`
   */
  checkOrigin?: boolean;
  /**
   * Which proxies may say by `X-Forwarded-For` who the client is, and by `X-Forwarded-Host` who this server is: all, so
   * many hops, addresses and subnets as in Express, or what a function says. @default false
   */
  trustProxy?: boolean | number | string | readonly string[] | TrustProxy;
  /** Sessions at a time, over which handshakes are refused. @default no limit */
  maxConnections?: number;
  /** Sessions at a time of one IPv4 address or one /64 of IPv6. @default no limit */
  maxConnectionsPerIp?: number;
  /**
   * Handshakes in a second, which may all come at once. Each IPv4 address or /64 of IPv6 gets an equal share of those
   * that ask within the same second. @default no limit
   */
  maxHandshakesPerSecond?: number;
  /** Decides about a handshake before a session exists. */
  allowRequest?: AllowRequest;
  /** Makes session ids; may be asynchronous. @default 20 random characters of `[A-Za-z0-9_-]` */
  generateId?: (request: EngineRequest) => string | PromiseLike<string>;
  /** Whether unknown upgrade requests end when nobody else listens for them. @default true */
  destroyUpgrade?: boolean;
}

export type FlushPolicy = 'tick' | 'immediate';

export type AllowRequest = (
  request: EngineRequest,
  decide: (message: string | null | undefined, allowed: boolean) => void,
) => void;

export interface HttpCompressionOptions {
  /** Answers below this many bytes go as they are. @default 1024 */
  threshold?: number;
}

/** As in the `ws` package, but for the threshold. */
export interface PerMessageDeflateOptions {
  /**
   * Packets below this many bytes go as they are; `ws` keeps to it with `serverNoContextTakeover` only.
   *
   * @default 1024
   */
  threshold?: number;
  serverNoContextTakeover?: boolean;
  clientNoContextTakeover?: boolean;
  serverMaxWindowBits?: number;
  clientMaxWindowBits?: number;
  concurrencyLimit?: number;
  zlibDeflateOptions?: object;
  zlibInflateOptions?: object;
}

/** With its threshold, to which this package keeps by itself. */
export type ResolvedPerMessageDeflate = PerMessageDeflateOptions & { readonly threshold: number };

/** The options after `resolveEngineOptions`: complete and frozen. */
export interface ResolvedEngineOptions {
  readonly path: string;
  readonly pingInterval: number;
  readonly pingTimeout: number;
  readonly upgradeTimeout: number;
  readonly closeTimeout: number;
  readonly maxHttpBufferSize: number;
  readonly pollingMaxBufferSize: number;
  readonly maxPollWait: number;
  readonly postTimeout: number;
  readonly maxBatchPackets: number;
  readonly sendQueueBytes: number;
  readonly sendTimeout: number;
  /** 0: any number, here and below. */
  readonly sendQueueSize: number;
  readonly pollQueueMaxFrames: number;
  readonly dropFramesOnOverflow: boolean;
  readonly flush: FlushPolicy;
  readonly transports: readonly TransportName[];
  readonly allowUpgrades: boolean;
  readonly allowEIO3: boolean;
  /** Bytes from which a polling answer is compressed, or null. */
  readonly httpCompressionThreshold: number | null;
  readonly perMessageDeflate: ResolvedPerMessageDeflate | false;
  readonly cookie: (SerializeOptions & { name: string }) | null;
  readonly cors: CorsSetting | null;
  readonly checkOrigin: boolean;
  /** Null: nobody. */
  readonly trustProxy: TrustProxy | null;
  /** `Infinity`: no limit. */
  readonly maxConnections: number;
  readonly maxConnectionsPerIp: number;
  readonly maxHandshakesPerSecond: number;
  readonly allowRequest: AllowRequest | null;
  readonly generateId: EngineOptions['generateId'] | null;
  readonly destroyUpgrade: boolean;
}

/** Values that differ between the ways an engine is made. */
export interface EngineDefaults {
  readonly path: string;
  readonly checkOrigin: boolean;
}

export const ENGINE_DEFAULTS: EngineDefaults = Object.freeze({ path: '/engine.io', checkOrigin: false });

const COMPRESSION_THRESHOLD = 1024;
const TRANSPORTS: readonly TransportName[] = ['polling', 'websocket', 'webtransport'];

/** @throws OptionError naming the option, what was given and what is allowed */
export function resolveEngineOptions(read: OptionReader, defaults: EngineDefaults): ResolvedEngineOptions {
  const maxHttpBufferSize = read.integer('maxHttpBufferSize', 1_000_000, { min: 1 }, 'maxPayload');
  return Object.freeze({
    path: resolvePath(read, defaults),
    pingInterval: read.milliseconds('pingInterval', 25_000, 1),
    pingTimeout: read.milliseconds('pingTimeout', 20_000, 1),
    upgradeTimeout: read.milliseconds('upgradeTimeout', 10_000, 1),
    closeTimeout: read.milliseconds('closeTimeout', 30_000, 1),
    maxHttpBufferSize,
    pollingMaxBufferSize: read.integer('pollingMaxBufferSize', maxHttpBufferSize, { min: 1 }),
    maxPollWait: read.milliseconds('maxPollWait', 30_000, 1),
    postTimeout: read.milliseconds('postTimeout', 60_000, 1),
    maxBatchPackets: read.integer('maxBatchPackets', 65_536, { min: 1 }),
    sendQueueBytes: read.integer('sendQueueBytes', 16_777_216, { min: 1 }),
    sendTimeout: resolveSendTimeout(read),
    sendQueueSize: read.integer('sendQueueSize', 0, { min: 0 }),
    pollQueueMaxFrames: read.integer('pollQueueMaxFrames', 0, { min: 0 }),
    dropFramesOnOverflow: read.boolean('dropFramesOnOverflow', false),
    flush: resolveFlush(read),
    transports: resolveTransports(read),
    allowUpgrades: read.boolean('allowUpgrades', true),
    allowEIO3: read.boolean('allowEIO3', false),
    httpCompressionThreshold: resolveHttpCompression(read),
    perMessageDeflate: resolvePerMessageDeflate(read),
    cookie: resolveCookie(read),
    cors: resolveCors(read),
    checkOrigin: read.boolean('checkOrigin', defaults.checkOrigin),
    trustProxy: resolveTrustProxy(read),
    maxConnections: resolveCap(read, 'maxConnections'),
    maxConnectionsPerIp: resolveCap(read, 'maxConnectionsPerIp'),
    maxHandshakesPerSecond: resolveCap(read, 'maxHandshakesPerSecond'),
    allowRequest: read.callback<AllowRequest>('allowRequest'),
    generateId: read.callback<NonNullable<EngineOptions['generateId']>>('generateId'),
    destroyUpgrade: read.boolean('destroyUpgrade', true),
  });
}

function resolvePath(read: OptionReader, defaults: EngineDefaults): string {
  const path = read.string('path', defaults.path, /^\/?[^?#\s]*$/, 'a URL path without query, such as "/socket.io"');
  const bare = (path.startsWith('/') ? path : `/${path}`).replace(/\/$/, '');
  return read.boolean('addTrailingSlash', true) ? `${bare}/` : bare;
}

/** Either by its name or as a product. */
function resolveSendTimeout(read: OptionReader): number {
  const given = read.raw('sendTimeout');
  const isProduct = read.raw('retrySendTimeout') !== undefined || read.raw('maxSendRetry') !== undefined;
  if (!isProduct) return read.milliseconds('sendTimeout', 10_000, 1);
  const product = read.milliseconds('retrySendTimeout', 20, 1) * read.integer('maxSendRetry', 5, { min: 1 });
  if (product > MAX_TIMER) {
    throw new OptionError('retrySendTimeout', product, `a product with maxSendRetry of at most ${MAX_TIMER}`);
  }
  if (given === undefined || given === product) return product;
  throw new OptionError('sendTimeout', given, `retrySendTimeout × maxSendRetry (${product}), or only one of the two`);
}

function resolveFlush(read: OptionReader): FlushPolicy {
  const value = read.raw('flush') ?? 'tick';
  if (value === 'tick' || value === 'immediate') return value;
  throw new OptionError('flush', value, '"tick" or "immediate"');
}

function resolveTransports(read: OptionReader): readonly TransportName[] {
  const value = read.raw('transports') ?? ['polling', 'websocket'];
  const known = (name: unknown): boolean => TRANSPORTS.includes(name as TransportName);
  if (Array.isArray(value) && value.length > 0 && value.every(known)) return Object.freeze([...value]);
  throw new OptionError('transports', value, 'a list of one or more of "polling", "websocket", "webtransport"');
}

function resolveHttpCompression(read: OptionReader): number | null {
  const value = read.raw('httpCompression') ?? true;
  if (value === false) return null;
  const threshold = thresholdOf(value);
  if (threshold !== null) return threshold;
  throw new OptionError('httpCompression', value, 'true, false or { threshold: bytes }');
}

function resolvePerMessageDeflate(read: OptionReader): ResolvedPerMessageDeflate | false {
  const value = read.raw('perMessageDeflate') ?? false;
  if (value === false) return false;
  const threshold = thresholdOf(value);
  if (threshold !== null) return { ...(isObject(value) ? value : null), threshold };
  throw new OptionError('perMessageDeflate', value, 'true, false or the options of the ws package');
}

/** Of what switches a compression on: `true`, or an object that may have one. Null for anything else. */
function thresholdOf(value: unknown): number | null {
  if (value === true) return COMPRESSION_THRESHOLD;
  const threshold = isObject(value) ? (value.threshold ?? COMPRESSION_THRESHOLD) : null;
  return typeof threshold === 'number' && threshold >= 0 ? threshold : null;
}

function resolveCookie(read: OptionReader): ResolvedEngineOptions['cookie'] {
  const value = read.raw('cookie') ?? false;
  if (value === false) return null;
  const base = { name: 'io', path: '/', httpOnly: true, sameSite: 'lax' as const };
  if (value === true) return base;
  if (isObject(value) && (value.name === undefined || typeof value.name === 'string')) {
    const cookie = { ...base, ...value };
    if (isSerializable(cookie)) return cookie;
  }
  throw new OptionError('cookie', value, 'true, false or { name, ...cookie attributes }');
}

/** Tried now, since a wrong name or attribute would otherwise be found at the first handshake. */
function isSerializable(cookie: SerializeOptions & { name: string }): boolean {
  try {
    serialize(cookie.name, '', cookie);
    return true;
  } catch {
    return false;
  }
}

function resolveCors(read: OptionReader): CorsSetting | null {
  const value = read.raw('cors') ?? false;
  if (value === false) return null;
  if (value === true) return {};
  if (isObject(value) || typeof value === 'function') return value as CorsSetting;
  throw new OptionError('cors', value, 'the options of the cors package, or a function (request, callback)');
}

function resolveTrustProxy(read: OptionReader): TrustProxy | null {
  const value = read.raw('trustProxy') ?? false;
  if (value === false || value === 0) return null;
  if (value === true) return () => true;
  if (typeof value === 'function') return value as TrustProxy;
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return (_address, hop) => hop < value;
  const addresses = typeof value === 'string' ? value.split(',') : value;
  if (Array.isArray(addresses) && addresses.every((address) => typeof address === 'string')) {
    try {
      return proxyAddr.compile(addresses.map((address) => address.trim()));
    } catch {
      // Said below, with what is allowed.
    }
  }
  throw new OptionError('trustProxy', value, 'true, false, a number of hops, addresses or subnets, or a function');
}

function resolveCap(read: OptionReader, name: string): number {
  return (read.raw(name) ?? null) === null ? Infinity : read.integer(name, 1, { min: 1 });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
