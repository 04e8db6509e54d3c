import {
  ENGINE_DEFAULTS,
  OptionError,
  OptionReader,
  resolveEngineOptions,
  type EngineOptions,
  type ResolvedEngineOptions,
} from '../engine/index.js';
import type { AdapterConstructor } from './adapter/adapter.js';
import type { Parser } from './codec/parser.js';
import type { DecoderLimits } from './codec/packet-decoder.js';
import { resolveRateLimit, type RateLimitOptions, type RateLimitRules } from './inbound/rate-limit.js';

/** What a Socket.IO server can be told, beyond what its engine can. Lengths in bytes, durations in milliseconds. */
export interface ServerOptions extends EngineOptions {
  /** Whether the client bundles of the package `socket.io-client` are served. @default true in `./server`, false in Nest */
  serveClient?: boolean;
  /** Where rooms and broadcasts live. @default in memory */
  adapter?: AdapterConstructor;
  /** Replaces the packet codec on this side; clients need the same. */
  parser?: Parser;
  /** Time for a connection without a namespace, after the handshake or after the last one was left. @default 10_000 (45_000 in `./server`) */
  connectTimeout?: number;
  /** Whether a child of a dynamic namespace goes when its last socket does. @default true in Nest, false in `./server` */
  cleanupEmptyChildNamespaces?: boolean;
  /** Time for acks that were asked without one; 0: no limit. @default 30_000 in Nest, 0 in `./server` */
  ackTimeout?: number;
  /** Whether acks that nobody can give are settled: unknown events and refused ones. @default true in Nest, false in `./server` */
  settleAcks?: boolean;
  /** Largest `auth` of a CONNECT packet. @default 8_192 */
  maxAuthPayload?: number;
  /** @default 256 */
  maxEventNameLength?: number;
  /** Arguments of an event or an ack, the name not counted. @default 256 */
  maxEventArgs?: number;
  /** @default 256 */
  maxNamespaceLength?: number;
  /** Namespaces of one connection. @default 128 */
  maxNamespaces?: number;
  /** Attachments of one packet. @default 64 */
  maxAttachments?: number;
  /** All attachments of one packet together. @default 10 × maxHttpBufferSize */
  maxAttachmentBytes?: number;
  /** Time for a packet's attachments to arrive. @default 10_000 */
  attachmentTimeout?: number;
  /** Levels of arrays and objects in a payload. @default 256 */
  maxJsonDepth?: number;
  /** Events that wait while `@OnConnect` has not settled. @default 256 */
  maxPendingEvents?: number;
  /** How often a socket may emit; acks do not count. @default no limit */
  rateLimit?: RateLimitOptions;
  /** Whether `socket.request` is kept after the CONNECT reply. @default true in `./server`, in Nest only where a hook needs it */
  keepRequest?: boolean;
  /** Makes socket ids. @default 20 random characters */
  generateSocketId?: (socket: unknown) => string;
  /** Told of errors that handlers threw and nobody caught, and of dropped packets, with the socket where it is about one. @default console.error */
  onError?: (error: unknown, socket?: unknown) => void;
  /** Told in one line what an operator should know. @default process.emitWarning */
  onWarning?: (message: string) => void;
  /** How the contracts of namespaces are applied. */
  contract?: {
    /**
     * Whether emits, and the acks of handlers, are held against the schemas of their contract; what does not fit is an
     * error of the server. @default 'check', with NODE_ENV=production 'off'
     */
    outbound?: 'check' | 'off';
  };
  connectionStateRecovery?: {
    /** @default 120_000 */
    maxDisconnectionDuration?: number;
    /** @default true in `./server`, false in Nest */
    skipMiddlewares?: boolean;
  };
}

export interface ResolvedServerOptions extends DecoderLimits {
  readonly engine: ResolvedEngineOptions;
  readonly serveClient: boolean;
  readonly connectTimeout: number;
  readonly cleanupEmptyChildNamespaces: boolean;
  readonly ackTimeout: number;
  readonly settleAcks: boolean;
  readonly maxNamespaces: number;
  readonly maxAttachmentBytes: number;
  readonly attachmentTimeout: number;
  readonly maxPendingEvents: number;
  readonly rateLimit: RateLimitRules | null;
  readonly keepRequest: boolean | null;
  readonly generateSocketId: ((socket: unknown) => string) | null;
  /** Whether emits and the acks of handlers are held against contracts. */
  readonly checksOutbound: boolean;
  readonly onError: (error: unknown, socket?: unknown) => void;
  readonly onWarning: (message: string) => void;
}

/** Where the two ways to make a server differ. */
export interface ServerDefaults {
  readonly serveClient: boolean;
  readonly connectTimeout: number;
  readonly cleanupEmptyChildNamespaces: boolean;
  readonly ackTimeout: number;
  readonly settleAcks: boolean;
  readonly checkOrigin: boolean;
  readonly keepRequest: boolean | null;
  /** Of `connectionStateRecovery`. */
  readonly skipMiddlewares: boolean;
  /** Whether events wait for the end of the tick, and are ignored where their client has left by then. */
  readonly defersEvents: boolean;
  /** Whether an option that does not exist is an error; programs written for Socket.IO pass what they like. */
  readonly strict: boolean;
}

/** As Socket.IO starts. */
export const SERVER_DEFAULTS: ServerDefaults = Object.freeze({
  serveClient: true,
  connectTimeout: 45_000,
  cleanupEmptyChildNamespaces: false,
  ackTimeout: 0,
  settleAcks: false,
  checkOrigin: false,
  keepRequest: true,
  skipMiddlewares: true,
  defersEvents: true,
  strict: false,
});

/** As the Nest module starts: what Socket.IO leaves open for compatibility is closed. */
export const MODULE_DEFAULTS: ServerDefaults = Object.freeze({
  serveClient: false,
  connectTimeout: 10_000,
  cleanupEmptyChildNamespaces: true,
  ackTimeout: 30_000,
  settleAcks: true,
  checkOrigin: true,
  keepRequest: null,
  skipMiddlewares: false,
  defersEvents: false,
  strict: true,
});

/** @throws OptionError naming the option, what was given and what is allowed */
export function resolveServerOptions(
  options: Readonly<ServerOptions>,
  defaults: ServerDefaults,
  otherNames: readonly string[] = [],
): ResolvedServerOptions {
  const read = new OptionReader(options as Readonly<Record<string, unknown>>);
  for (const name of otherNames) read.raw(name);
  const engine = resolveEngineOptions(read, {
    ...ENGINE_DEFAULTS,
    path: '/socket.io',
    checkOrigin: defaults.checkOrigin,
  });
  const resolved: ResolvedServerOptions = {
    engine,
    serveClient: read.boolean('serveClient', defaults.serveClient),
    connectTimeout: read.milliseconds('connectTimeout', defaults.connectTimeout, 1, 'handshakeTimeout'),
    cleanupEmptyChildNamespaces: read.boolean('cleanupEmptyChildNamespaces', defaults.cleanupEmptyChildNamespaces),
    ackTimeout: read.milliseconds('ackTimeout', defaults.ackTimeout, 0, 'outboundAckTimeout'),
    settleAcks: read.boolean('settleAcks', defaults.settleAcks),
    maxAuthPayload: read.integer('maxAuthPayload', 8_192, { min: 0 }),
    maxEventNameLength: read.integer('maxEventNameLength', 256, { min: 1 }),
    maxEventArgs: read.integer('maxEventArgs', 256, { min: 0 }),
    maxNamespaceLength: read.integer('maxNamespaceLength', 256, { min: 1 }),
    maxNamespaces: read.integer('maxNamespaces', 128, { min: 1 }),
    maxAttachments: read.integer('maxAttachments', 64, { min: 0 }),
    maxAttachmentBytes: read.integer('maxAttachmentBytes', engine.maxHttpBufferSize * 10, { min: 0 }),
    attachmentTimeout: read.milliseconds('attachmentTimeout', 10_000, 1),
    maxJsonDepth: read.integer('maxJsonDepth', 256, { min: 1, max: 5_000 }),
    maxPendingEvents: read.integer('maxPendingEvents', 256, { min: 0 }),
    rateLimit: resolveRateLimit(read.raw('rateLimit')),
    keepRequest: read.raw('keepRequest') === undefined ? defaults.keepRequest : read.boolean('keepRequest', true),
    generateSocketId: read.callback<(socket: unknown) => string>('generateSocketId'),
    checksOutbound: readOutbound(read.raw('contract')) === 'check',
    onError: read.callback<(error: unknown, socket?: unknown) => void>('onError') ?? logError,
    onWarning: read.callback<(message: string) => void>('onWarning') ?? emitWarning,
  };
  checkShapes(read);
  if (defaults.strict) read.rejectUnknown();
  return Object.freeze(resolved);
}

function checkShapes(read: OptionReader): void {
  read.callback('adapter');
  const parser = read.raw('parser') as Partial<Parser> | undefined;
  if (parser !== undefined && (typeof parser?.Encoder !== 'function' || typeof parser.Decoder !== 'function')) {
    throw new OptionError('parser', parser, '{ Encoder, Decoder }, both classes');
  }
  const recovery = read.raw('connectionStateRecovery');
  if (recovery !== undefined && (typeof recovery !== 'object' || recovery === null)) {
    throw new OptionError('connectionStateRecovery', recovery, '{ maxDisconnectionDuration, skipMiddlewares }');
  }
}

function readOutbound(contract: unknown): 'check' | 'off' {
  if (contract !== undefined && (typeof contract !== 'object' || contract === null)) {
    throw new OptionError('contract', contract, "{ outbound: 'check' | 'off' }");
  }
  for (const [name, value] of Object.entries(contract ?? {})) {
    if (name !== 'outbound') throw new OptionError(`contract.${name}`, value, 'outbound, the only option of contract');
  }
  const { outbound = process.env.NODE_ENV === 'production' ? 'off' : 'check' } = (contract ?? {}) as {
    outbound?: unknown;
  };
  if (outbound === 'check' || outbound === 'off') return outbound;
  throw new OptionError('contract.outbound', outbound, "'check' or 'off'");
}

function logError(error: unknown): void {
  console.error(error);
}

function emitWarning(message: string): void {
  process.emitWarning(message, { code: 'SOCKETIO_WARNING' });
}
