import { serialize, type SerializeOptions } from 'cookie';
import type { CorsOptions, CorsSetting } from './http/cors-options.js';
import type { AllowRequest } from './handshake/handshake-decision.js';
import type { EngineRequest } from './http/engine-request.js';
import type { NodeOptions } from './http/session-handover.js';
import { trustIn, type TrustProxy } from './http/proxy-trust.js';
import { askForeign } from '../common/call-foreign.js';
import type { OptionReader } from '../common/option-reader.js';
import { MAX_TIMER, type Complete } from '../common/values.js';
import type { TransportName } from './transport/transport.js';

/** What an Engine.IO server can be told. Every length is in bytes, every duration in milliseconds. */
export interface EngineOptions {
  /** @default '/engine.io' ('/socket.io' where a Socket.IO server made the engine) */
  path?: string | undefined;
  /** Whether the path ends with a slash. @default true */
  addTrailingSlash?: boolean | undefined;
  /** Time between two pings. @default 25_000 */
  pingInterval?: number | undefined;
  /** Time without any byte after a ping, until the session is closed. @default 20_000 */
  pingTimeout?: number | undefined;
  /** Time for a WebSocket probe to become the session's transport. @default 10_000 */
  upgradeTimeout?: number | undefined;
  /** Time for a closing session to hand over what is queued. @default 30_000 */
  closeTimeout?: number | undefined;
  /** Largest message or POST body. @default 1_000_000 */
  maxHttpBufferSize?: number | undefined;
  /** Another name of `maxHttpBufferSize`. */
  maxPayload?: number | undefined;
  /** Largest POST body and largest answer to one poll. @default as `maxHttpBufferSize` */
  pollingMaxBufferSize?: number | undefined;
  /** Longest wait of one poll, answered with a noop packet. @default 30_000 */
  maxPollWait?: number | undefined;
  /** Time for the body of one POST to arrive, until it is answered with 408 and the session closed. @default 60_000 */
  postTimeout?: number | undefined;
  /** Packets in one POST or joined frame. @default 65_536 */
  maxBatchPackets?: number | undefined;
  /** What may wait for a peer, in bytes, before `sendTimeout` counts. @default 16_777_216 */
  sendQueueBytes?: number | undefined;
  /** What may wait for a peer at most, in bytes: above it the session ends at once. @default four times `sendQueueBytes`, at least 65_536 */
  maxSendQueueBytes?: number | undefined;
  /**
   * How long the network may take nothing of a queue that is over a bound, until the session is closed; of a peer that
   * is slow and takes something nothing comes of it. @default 10_000
   */
  sendTimeout?: number | undefined;
  /** Another spelling: `sendTimeout` is `retrySendTimeout` × `maxSendRetry`. @default 20 where the other one is given */
  retrySendTimeout?: number | undefined;
  /** See `retrySendTimeout`. @default 5 where the other one is given */
  maxSendRetry?: number | undefined;
  /** What may wait for a peer on WebSocket or WebTransport, in packets; 0: any number. @default 0 */
  sendQueueSize?: number | undefined;
  /** What may wait for a peer on polling, in packets; 0: any number. @default 0 */
  pollQueueMaxFrames?: number | undefined;
  /** Whether messages beyond a bound of the queue are dropped, instead of the session being closed. @default false */
  dropFramesOnOverflow?: boolean | undefined;
  /**
   * `tick`: what is sent in one turn of the event loop leaves in one write per connection, at the end of the turn, or
   * earlier if the callbacks of the turn take longer than a millisecond. `immediate`: every packet is written at once.
   * @default 'tick'
   */
  flush?: FlushPolicy | undefined;
  /** @default ['polling', 'websocket'] */
  transports?: TransportName[] | undefined;
  /** Whether a polling session may move to another transport. @default true */
  allowUpgrades?: boolean | undefined;
  /** Whether peers of Engine.IO v3 are served as well, those of Socket.IO 1 and 2. @default false */
  allowEIO3?: boolean | undefined;
  /** Compression of polling answers; `false` switches it off. @default { threshold: 1024 } */
  httpCompression?: boolean | HttpCompressionOptions | undefined;
  /** The options of the `ws` package; it then also frames and sends. @default false */
  perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
  /** A cookie with the session id on the handshake's answer. @default false */
  cookie?: boolean | (SerializeOptions & { name?: string | undefined }) | undefined;
  /** Cross-origin access, as the options of the `cors` package. @default unset: same origin only */
  cors?: CorsSetting | boolean | undefined;
  /**
   * Whether a foreign `Origin` is refused with 403 on both transports. Where this is off, a WebSocket's origin is still
   * held against `cors.origin` if that is set. @default true in the Nest module, false in `./server`
   */
  checkOrigin?: boolean | undefined;
  /**
   * Which proxies may say by `X-Forwarded-For` who the client is, and by `X-Forwarded-Host` who this server is: all, so
   * many hops, addresses and subnets as in Express, or what a function says. @default false
   */
  trustProxy?: boolean | number | string | readonly string[] | TrustProxy | undefined;
  /**
   * Values for the limits that are off by default, for a server that strangers can reach: `maxConnections` 20,000,
   * `maxConnectionsPerIp` 500, `maxHandshakesPerSecond` 500, and a `rateLimit` of 100 events per second and socket, of which
   * 200 may come at once. Each may still be given by itself. @default off
   */
  limits?: 'public' | undefined;
  /** Sessions at a time, over which handshakes are refused. @default no limit */
  maxConnections?: number | undefined;
  /** Sessions at a time of one IPv4 address or one /64 of IPv6. @default no limit */
  maxConnectionsPerIp?: number | undefined;
  /**
   * Handshakes in a second, which may all come at once. Each IPv4 address or /64 of IPv6 gets an equal share of those
   * that ask within the same second. @default no limit
   */
  maxHandshakesPerSecond?: number | undefined;
  /**
   * Decides about a handshake before a session exists: by its callback, or by returning true or false, or a promise of it.
   */
  allowRequest?: AllowRequest | undefined;
  /**
   * Puts this server's name in front of the ids of its sessions, so that a balancer, or another server that gets a request for
   * one of them, knows where it is. @default ids name no server
   */
  nodes?: NodeOptions | undefined;
  /** Makes session ids; may be asynchronous. @default 20 random characters of `[A-Za-z0-9_-]` */
  generateId?: ((request: EngineRequest) => string | PromiseLike<string>) | undefined;
  /** Whether unknown upgrade requests end if no other listener takes them. @default true */
  destroyUpgrade?: boolean | undefined;
}

export type FlushPolicy = 'tick' | 'immediate';

export interface HttpCompressionOptions {
  /** Answers below this many bytes go as they are. @default 1024 */
  threshold?: number | undefined;
}

/** As in the `ws` package, but for the threshold. */
export interface PerMessageDeflateOptions {
  /**
   * Packets below this many bytes go as they are; `ws` keeps to it with `serverNoContextTakeover` only.
   *
   * @default 1024
   */
  threshold?: number | undefined;
  /** Whether the server forgets its window after each message: less memory, larger messages. */
  serverNoContextTakeover?: boolean | undefined;
  /** Whether clients are asked to forget theirs. */
  clientNoContextTakeover?: boolean | undefined;
  /** The window of the server, as a power of two. */
  serverMaxWindowBits?: number | undefined;
  /** The window that clients are asked to use, as a power of two. */
  clientMaxWindowBits?: number | undefined;
  /** How many messages zlib compresses at a time. */
  concurrencyLimit?: number | undefined;
  /** Options of zlib for messages that are sent. */
  zlibDeflateOptions?: object;
  /** Options of zlib for messages that are received. */
  zlibInflateOptions?: object;
}

/** With its threshold, to which this package keeps by itself. */
export type ResolvedPerMessageDeflate = PerMessageDeflateOptions & { readonly threshold: number };

/** Options that are resolved as they are given. */
type PlainOptions = Pick<
  EngineOptions,
  | 'path'
  | 'pingInterval'
  | 'pingTimeout'
  | 'upgradeTimeout'
  | 'closeTimeout'
  | 'maxHttpBufferSize'
  | 'maxPollWait'
  | 'postTimeout'
  | 'maxBatchPackets'
  | 'sendQueueBytes'
  | 'sendTimeout'
  | 'sendQueueSize'
  | 'pollQueueMaxFrames'
  | 'dropFramesOnOverflow'
  | 'flush'
  | 'allowUpgrades'
  | 'allowEIO3'
  | 'checkOrigin'
  | 'destroyUpgrade'
>;

/** The options after `resolveEngineOptions`: complete and frozen. */
export interface ResolvedEngineOptions
  extends
    Complete<PlainOptions>,
    Complete<
      Pick<
        EngineOptions,
        | 'pollingMaxBufferSize'
        | 'maxSendQueueBytes'
        | 'maxConnections'
        | 'maxConnectionsPerIp'
        | 'maxHandshakesPerSecond'
      >
    > {
  /** The transports that are served. */
  readonly transports: readonly TransportName[];
  /** Bytes from which a polling answer is compressed, or null. */
  readonly httpCompressionThreshold: number | null;
  /** The options of `ws`; false: nothing is compressed. */
  readonly perMessageDeflate: ResolvedPerMessageDeflate | false;
  /** The cookie of the handshake's answer; null: none. */
  readonly cookie: (SerializeOptions & { name: string }) | null;
  /** Null: same origin only. */
  readonly cors: CorsSetting | null;
  /** Null: no proxy is trusted. */
  readonly trustProxy: TrustProxy | null;
  /** Null: every handshake is allowed. */
  readonly allowRequest: AllowRequest | null;
  /** Null: ids name no server. */
  readonly nodes: NodeOptions | null;
  /** Null: random ids. */
  readonly generateId: EngineOptions['generateId'] | null;
}

/** What counts for options that are not given. */
export interface EngineDefaults
  extends
    Complete<PlainOptions>,
    Complete<Pick<EngineOptions, 'addTrailingSlash' | 'retrySendTimeout' | 'maxSendRetry'>> {
  /** The transports that are served. */
  readonly transports: readonly TransportName[];
}

export const ENGINE_DEFAULTS: EngineDefaults = Object.freeze({
  path: '/engine.io',
  addTrailingSlash: true,
  pingInterval: 25_000,
  pingTimeout: 20_000,
  upgradeTimeout: 10_000,
  closeTimeout: 30_000,
  maxHttpBufferSize: 1_000_000,
  maxPollWait: 30_000,
  postTimeout: 60_000,
  maxBatchPackets: 65_536,
  sendQueueBytes: 16_777_216,
  sendTimeout: 10_000,
  retrySendTimeout: 20,
  maxSendRetry: 5,
  sendQueueSize: 0,
  pollQueueMaxFrames: 0,
  dropFramesOnOverflow: false,
  flush: 'tick',
  transports: Object.freeze(['polling', 'websocket'] as const),
  allowUpgrades: true,
  allowEIO3: false,
  checkOrigin: false,
  destroyUpgrade: true,
});

/** What `limits: 'public'` stands for. */
const PUBLIC_LIMITS = { maxConnections: 20_000, maxConnectionsPerIp: 500, maxHandshakesPerSecond: 500 } as const;

const COMPRESSION_THRESHOLD = 1024;
/** Of zlib, with the least and the most that it takes. */
const ZLIB_NUMBERS: readonly [name: string, min: number, max?: number][] = [
  ['flush', 0, 5],
  ['finishFlush', 0, 5],
  ['chunkSize', 64],
  ['windowBits', 8, 15],
  ['level', -1, 9],
  ['memLevel', 1, 9],
  ['strategy', 0, 4],
  ['maxOutputLength', 1],
];
const ZLIB_OPTIONS = [...ZLIB_NUMBERS.map(([name]) => name), 'dictionary', 'info', 'threshold'];
const COOKIE_FLAGS = ['httpOnly', 'secure', 'partitioned'];
/** What each further attribute of a cookie may be. */
const COOKIE_ATTRIBUTES: Readonly<Record<string, readonly [expected: string, fits: (value: unknown) => boolean]>> = {
  domain: ['a string', (value) => typeof value === 'string'],
  path: ['a string, or false for none', (value) => typeof value === 'string' || value === false],
  maxAge: ['a whole number of seconds', Number.isInteger],
  expires: ['a date', (value) => value instanceof Date && !Number.isNaN(value.getTime())],
  sameSite: ['"strict", "lax", "none", true or false', isOneOf('strict', 'lax', 'none', true, false)],
  priority: ['"low", "medium" or "high"', isOneOf('low', 'medium', 'high')],
  encode: ['a function', (value) => typeof value === 'function'],
};
const TRANSPORTS: readonly TransportName[] = ['polling', 'websocket', 'webtransport'];

/** @throws OptionError naming the option, what was given and what is allowed */
export function resolveEngineOptions(read: OptionReader, defaults: EngineDefaults): ResolvedEngineOptions {
  const maxHttpBufferSize = read.integer('maxHttpBufferSize', defaults.maxHttpBufferSize, { min: 1 }, 'maxPayload');
  const sendQueueBytes = read.integer('sendQueueBytes', defaults.sendQueueBytes, { min: 1 });
  return Object.freeze({
    path: resolvePath(read, defaults),
    pingInterval: read.milliseconds('pingInterval', defaults.pingInterval, 1),
    pingTimeout: read.milliseconds('pingTimeout', defaults.pingTimeout, 1),
    upgradeTimeout: read.milliseconds('upgradeTimeout', defaults.upgradeTimeout, 1),
    closeTimeout: read.milliseconds('closeTimeout', defaults.closeTimeout, 1),
    maxHttpBufferSize,
    pollingMaxBufferSize: read.integer('pollingMaxBufferSize', maxHttpBufferSize, { min: 1 }),
    maxPollWait: read.milliseconds('maxPollWait', defaults.maxPollWait, 1),
    postTimeout: read.milliseconds('postTimeout', defaults.postTimeout, 1),
    maxBatchPackets: read.integer('maxBatchPackets', defaults.maxBatchPackets, { min: 1 }),
    sendQueueBytes,
    maxSendQueueBytes: read.integer('maxSendQueueBytes', hardLimit(sendQueueBytes), { min: sendQueueBytes }),
    sendTimeout: resolveSendTimeout(read, defaults),
    sendQueueSize: read.integer('sendQueueSize', defaults.sendQueueSize, { min: 0 }),
    pollQueueMaxFrames: read.integer('pollQueueMaxFrames', defaults.pollQueueMaxFrames, { min: 0 }),
    dropFramesOnOverflow: read.boolean('dropFramesOnOverflow', defaults.dropFramesOnOverflow),
    flush: resolveFlush(read, defaults),
    transports: resolveTransports(read, defaults),
    allowUpgrades: read.boolean('allowUpgrades', defaults.allowUpgrades),
    allowEIO3: read.boolean('allowEIO3', defaults.allowEIO3),
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
    nodes: resolveNodes(read),
    generateId: read.callback<NonNullable<EngineOptions['generateId']>>('generateId'),
    destroyUpgrade: read.boolean('destroyUpgrade', defaults.destroyUpgrade),
  });
}

/** So that a very small queue holds a burst of small packets. */
const MIN_HARD_LIMIT = 65_536;

function hardLimit(sendQueueBytes: number): number {
  return Math.max(4 * sendQueueBytes, MIN_HARD_LIMIT);
}

function resolvePath(read: OptionReader, defaults: EngineDefaults): string {
  const path = read.string('path', defaults.path, /^\/?[^?#\s]*$/, 'a URL path without query, such as "/socket.io"');
  const bare = (path.startsWith('/') ? path : `/${path}`).replace(/\/$/, '');
  return read.boolean('addTrailingSlash', defaults.addTrailingSlash) ? `${bare}/` : bare;
}

/** Either by its name or as a product. */
function resolveSendTimeout(read: OptionReader, defaults: EngineDefaults): number {
  const given = read.raw('sendTimeout');
  const isProduct = read.raw('retrySendTimeout') !== undefined || read.raw('maxSendRetry') !== undefined;
  if (!isProduct) return read.milliseconds('sendTimeout', defaults.sendTimeout, 1);
  const product =
    read.milliseconds('retrySendTimeout', defaults.retrySendTimeout, 1) *
    read.integer('maxSendRetry', defaults.maxSendRetry, { min: 1 });
  if (product > MAX_TIMER) {
    throw read.error('retrySendTimeout', product, `a product with maxSendRetry of at most ${MAX_TIMER}`);
  }
  if (given === undefined || given === product) return product;
  throw read.error('sendTimeout', given, `retrySendTimeout × maxSendRetry (${product}), or only one of the two`);
}

function resolveFlush(read: OptionReader, defaults: EngineDefaults): FlushPolicy {
  const value = read.raw('flush') ?? defaults.flush;
  if (value === 'tick' || value === 'immediate') return value;
  throw read.error('flush', value, '"tick" or "immediate"');
}

function resolveTransports(read: OptionReader, defaults: EngineDefaults): readonly TransportName[] {
  const value = read.raw('transports') ?? defaults.transports;
  const known = (name: unknown): boolean => TRANSPORTS.includes(name as TransportName);
  if (Array.isArray(value) && value.length > 0 && value.every(known)) return Object.freeze([...value]);
  throw read.error('transports', value, 'a list of one or more of "polling", "websocket", "webtransport"');
}

function resolveHttpCompression(read: OptionReader): number | null {
  const value = read.raw('httpCompression') ?? true;
  if (value === false) return null;
  if (value === true) return COMPRESSION_THRESHOLD;
  const group = read.group('httpCompression', 'true, false or { threshold: bytes }')!;
  // Socket.IO hands them to zlib; here answers are compressed as they are fastest.
  group.pass(ZLIB_OPTIONS);
  const threshold = readThreshold(group);
  group.rejectUnknown();
  return threshold;
}

function resolvePerMessageDeflate(read: OptionReader): ResolvedPerMessageDeflate | false {
  const value = read.raw('perMessageDeflate') ?? false;
  if (value === false) return false;
  if (value === true) return { threshold: COMPRESSION_THRESHOLD };
  const group = read.group('perMessageDeflate', 'true, false or the options of the ws package')!;
  const threshold = readThreshold(group);
  group.boolean('serverNoContextTakeover', false);
  group.boolean('clientNoContextTakeover', false);
  // `clientMaxWindowBits` may be true: the client chooses.
  const bits = { min: 8, max: 15 };
  for (const name of ['serverMaxWindowBits', 'clientMaxWindowBits']) {
    if (typeof group.raw(name) !== 'boolean') group.integer(name, 15, bits);
  }
  group.integer('concurrencyLimit', 10, { min: 1 });
  for (const name of ['zlibDeflateOptions', 'zlibInflateOptions']) checkZlibOptions(group.group(name));
  group.pass(['maxPayload', 'isServer']);
  group.rejectUnknown();
  return { ...(group.values as PerMessageDeflateOptions), threshold };
}

/** Node would refuse them at the first message that is compressed. */
function checkZlibOptions(group: OptionReader | null): void {
  if (group === null) return;
  group.pass(ZLIB_OPTIONS);
  for (const [name, min, max] of ZLIB_NUMBERS) {
    const value = group.raw(name);
    // It would not take null for a number that is not given.
    if (value === null) throw group.error(name, value, 'a whole number');
    if (value !== undefined) group.integer(name, min, max === undefined ? { min } : { min, max });
  }
  group.boolean('info', false);
  const dictionary = group.raw('dictionary');
  if (dictionary !== undefined && !ArrayBuffer.isView(dictionary) && !(dictionary instanceof ArrayBuffer)) {
    throw group.error('dictionary', dictionary, 'bytes');
  }
}

function readThreshold(group: OptionReader): number {
  return group.integer('threshold', COMPRESSION_THRESHOLD, { min: 0 });
}

function resolveCookie(read: OptionReader): ResolvedEngineOptions['cookie'] {
  const value = read.raw('cookie') ?? false;
  if (value === false) return null;
  const base = { name: 'io', path: '/', httpOnly: true, sameSite: 'lax' as const };
  if (value === true) return base;
  const expected = 'true, false or { name, ...cookie attributes }';
  const group = read.group('cookie', expected)!;
  for (const flag of COOKIE_FLAGS) group.boolean(flag, false);
  for (const [attribute, [allowed, fits]] of Object.entries(COOKIE_ATTRIBUTES)) {
    const given = group.raw(attribute);
    if (given !== undefined && !fits(given)) throw group.error(attribute, given, allowed);
  }
  const name = group.string('name', base.name);
  group.rejectUnknown();
  const cookie = { ...base, ...withStringsOnly(group.values as SerializeOptions), name };
  if (isSerializable(cookie)) return cookie;
  throw read.error('cookie', value, expected);
}

function isOneOf(...choices: readonly unknown[]): (value: unknown) => boolean {
  return (value) => choices.includes(typeof value === 'string' ? value.toLowerCase() : value);
}

/** The `cookie` package writes whatever `encode` gives, such as a promise, which then has to be watched. */
function withStringsOnly(options: SerializeOptions): SerializeOptions {
  const { encode } = options;
  if (typeof encode !== 'function') return options;
  return {
    ...options,
    encode: (value) => {
      let failure: unknown = new TypeError('cookie.encode must return a string');
      let encoded: unknown;
      askForeign(encode, undefined, [value], (error, given) => {
        failure = error ?? failure;
        encoded = given;
      });
      if (typeof encoded === 'string') return encoded;
      throw failure;
    },
  };
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
  if (typeof value === 'function') return value as CorsSetting;
  return readCorsOptions(read.group('cors', 'the options of the cors package, or a function (request, callback)')!);
}

/** A misspelt `origin` would let every origin in, as an unset one does. */
function readCorsOptions(group: OptionReader): CorsOptions {
  const origin = group.raw('origin');
  if (origin !== undefined && !isOrigin(origin)) {
    throw group.error('origin', origin, 'true, false, an origin, a RegExp, a list of both, or a function');
  }
  for (const name of ['methods', 'allowedHeaders', 'exposedHeaders']) {
    const list = group.raw(name) ?? [];
    if (typeof list === 'string' || (Array.isArray(list) && list.every((each) => typeof each === 'string'))) continue;
    throw group.error(name, list, 'a string or a list of strings');
  }
  // The cors package knows two names for it.
  group.pass(['headers']);
  for (const name of ['credentials', 'preflightContinue']) group.boolean(name, false);
  group.integer('maxAge', 0, { min: 0 });
  group.integer('optionsSuccessStatus', 204, { min: 200, max: 299 });
  group.rejectUnknown();
  return Object.freeze(group.values) as CorsOptions;
}

function isOrigin(value: unknown): boolean {
  if (typeof value === 'boolean' || typeof value === 'function') return true;
  if (Array.isArray(value)) return value.every((each) => typeof each === 'string' || each instanceof RegExp);
  return typeof value === 'string' || value instanceof RegExp;
}

function resolveTrustProxy(read: OptionReader): TrustProxy | null {
  const value = read.raw('trustProxy') ?? false;
  if (value === false || value === 0) return null;
  if (value === true) return () => true;
  if (typeof value === 'function') return value as TrustProxy;
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return (_address, hop) => hop < value;
  const addresses: unknown = typeof value === 'string' ? value.split(',') : value;
  if (Array.isArray(addresses) && addresses.every(isProxyAddress)) {
    const trust = trustIn(addresses);
    if (trust !== null) return trust;
  }
  throw read.error('trustProxy', value, 'true, false, a number of hops, addresses or subnets, or a function');
}

/** An address, a subnet or a name for some. "1", as the environment has a number of hops, would be the address 0.0.0.1. */
function isProxyAddress(value: unknown): value is string {
  return typeof value === 'string' && !/^\d*$/.test(value.trim());
}

function resolveCap(read: OptionReader, name: keyof typeof PUBLIC_LIMITS): number {
  const value = read.raw(name);
  if (value === undefined && resolvesToPublic(read)) return PUBLIC_LIMITS[name];
  return (value ?? null) === null ? Infinity : read.integer(name, 1, { min: 1 });
}

/** Whether the limits that are off by default are to have values. @throws OptionError */
export function resolvesToPublic(read: OptionReader): boolean {
  const value = read.raw('limits') ?? null;
  if (value === null || value === 'public') return value !== null;
  throw read.error('limits', value, '"public"');
}

function resolveNodes(read: OptionReader): NodeOptions | null {
  const group = read.group('nodes', '{ self, urlOf }');
  if (group === null) return null;
  const self = group.raw('self');
  if (typeof self !== 'string' || !/^[\w-]{1,32}$/.test(self)) {
    throw group.error('self', self, 'a name of 1 to 32 letters, digits, "_" and "-"');
  }
  const nodes = { self, urlOf: group.callback<NonNullable<NodeOptions['urlOf']>>('urlOf') ?? undefined };
  group.rejectUnknown();
  return Object.freeze(nodes);
}
