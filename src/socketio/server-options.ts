import {
  ENGINE_DEFAULTS,
  OptionReader,
  Rate,
  resolveEngineOptions,
  type EngineDefaults,
  type EngineOptions,
  type ResolvedEngineOptions,
} from '../engine/index.js';
import { CONSOLE, callForeign } from '../common/call-foreign.js';
import { hideCommands } from '../common/hide-commands.js';
import type { Complete } from '../common/values.js';
import type { Socket } from './socket.js';
import type { AdapterConstructor } from './adapter/adapter.js';
import type { Parser, ParserInput } from './codec/parser.js';
import type { DecoderLimits } from './codec/packet-decoder.js';
import { resolveRateLimit, type RateLimitOptions, type RateLimitRules } from './inbound/rate-limit.js';
import { resolvePresence, type PresenceOptions, type PresenceRules } from './presence/presence-options.js';

/** What a Socket.IO server can be told, beyond what its engine can. Lengths in bytes, durations in milliseconds. */
export interface ServerOptions extends EngineOptions {
  /** Whether the client bundles of the package `socket.io-client` are served. @default true in `./server`, false in Nest */
  serveClient?: boolean | undefined;
  /** Where rooms and broadcasts live. @default in memory */
  adapter?: AdapterConstructor | undefined;
  /** Replaces the packet codec of the server; clients need the same. */
  parser?: ParserInput | undefined;
  /** Time for a connection without a namespace, after the handshake or after the last one was left. @default 10_000 (45_000 in `./server`) */
  connectTimeout?: number | undefined;
  /** Whether a child of a dynamic namespace goes when its last socket does. @default true in Nest, false in `./server` */
  cleanupEmptyChildNamespaces?: boolean | undefined;
  /** Time for acks that were asked without one; 0: no limit. @default 30_000 in Nest, 0 in `./server` */
  ackTimeout?: number | undefined;
  /** Whether acks without a handler are settled: those of unknown and of refused events. @default true in Nest, false in `./server` */
  settleAcks?: boolean | undefined;
  /** Largest `auth` of a CONNECT packet. @default 8_192 */
  maxAuthPayload?: number | undefined;
  /** @default 256 */
  maxEventNameLength?: number | undefined;
  /** Arguments of an event or an ack, the name not counted. @default 256 */
  maxEventArgs?: number | undefined;
  /** @default 256 */
  maxNamespaceLength?: number | undefined;
  /** Namespaces of one connection. @default 128 */
  maxNamespaces?: number | undefined;
  /** How many namespaces a connection may ask for per second, the first apart; `maxNamespaces` at once. @default 20 */
  maxConnectsPerSecond?: number | undefined;
  /** How often a connection may be refused by namespaces before it is closed; one refusal is forgotten per minute. @default 10 */
  maxConnectRefusals?: number | undefined;
  /** Attachments of one packet. @default 64 */
  maxAttachments?: number | undefined;
  /** All attachments of one packet together. @default 10 × maxHttpBufferSize */
  maxAttachmentBytes?: number | undefined;
  /** Time for a packet's attachments to arrive. @default 10_000 */
  attachmentTimeout?: number | undefined;
  /** Whether clients may connect to `/`; false for a server whose namespaces all have a name. @default true */
  rootNamespace?: boolean | undefined;
  /** Levels of arrays and objects in a payload. @default 256 */
  maxJsonDepth?: number | undefined;
  /** Events that wait while `@OnConnect` has not settled. @default 256 */
  maxPendingEvents?: number | undefined;
  /** What these events hold together, for each socket. @default 1_048_576 */
  maxPendingBytes?: number | undefined;
  /** What events hold that wait behind others which wait for guards, pipes and the like, for each socket. @default 10 × maxHttpBufferSize */
  maxUndecidedBytes?: number | undefined;
  /** How often a socket may emit; acks do not count. @default no limit */
  rateLimit?: RateLimitOptions | undefined;
  /** Whether `socket.request` is kept after the CONNECT reply. @default true in `./server`, in Nest only if a hook needs it */
  keepRequest?: boolean | undefined;
  /** Makes socket ids. @default 20 random characters */
  generateSocketId?: ((socket: Socket) => string) | undefined;
  /** Told of uncaught errors of handlers, and of dropped packets, with the socket where it is about one. @default console.error */
  onError?: ((error: unknown, socket?: Socket) => void) | undefined;
  /** Told in one line what an operator should know. @default process.emitWarning */
  onWarning?: ((message: string) => void) | undefined;
  /** How the contracts of namespaces are applied. */
  contract?:
    | {
        /**
         * Whether emits, and the acks of handlers, are held against the schemas of their contract; what does not fit is an
         * error of the server. @default 'check', with NODE_ENV=production 'off'
         */
        outbound?: 'check' | 'off' | undefined;
      }
    | undefined;
  /** Whether it is known who is online, on all servers: true, or how. @default false */
  presence?: boolean | PresenceOptions | undefined;
  /** Lets clients that were cut off come back to their rooms, their data and the packets they missed. @default off */
  connectionStateRecovery?:
    | {
        /** @default 120_000 */
        maxDisconnectionDuration?: number | undefined;
        /** @default true in `./server`, false in Nest */
        skipMiddlewares?: boolean | undefined;
        /** What the adapter in memory keeps for clients that are away: packets and sessions, of all namespaces. The oldest go first. @default 67_108_864 */
        maxLogBytes?: number | undefined;
      }
    | undefined;
}

export interface ResolvedServerOptions extends DecoderLimits {
  readonly engine: ResolvedEngineOptions;
  readonly serveClient: boolean;
  readonly connectTimeout: number;
  readonly cleanupEmptyChildNamespaces: boolean;
  readonly ackTimeout: number;
  readonly settleAcks: boolean;
  readonly rootNamespace: boolean;
  readonly maxNamespaces: number;
  readonly connectRate: Rate;
  readonly connectRefusals: Rate;
  readonly maxAttachmentBytes: number;
  readonly attachmentTimeout: number;
  readonly maxPendingEvents: number;
  readonly maxPendingBytes: number;
  readonly maxUndecidedBytes: number;
  readonly rateLimit: RateLimitRules | null;
  readonly keepRequest: boolean | null;
  readonly generateSocketId: ((socket: Socket) => string) | null;
  /** Whether emits and the acks of handlers are held against contracts. */
  readonly checksOutbound: boolean;
  readonly onError: (error: unknown, socket?: Socket) => void;
  readonly onWarning: (message: string) => void;
  /** Null: in memory. */
  readonly adapter: AdapterConstructor | null;
  /** Null: this package's own. */
  readonly parser: Parser | null;
  /** Null: it is not known who is online. */
  readonly presence: PresenceRules | null;
  /** Null: sessions are not recovered. */
  readonly connectionStateRecovery: ResolvedRecovery | null;
}

export interface ResolvedRecovery {
  readonly maxDisconnectionDuration: number;
  readonly skipMiddlewares: boolean;
  readonly maxLogBytes: number;
}

/** What counts for options that are not given, and how the two ways to make a server differ beyond options. */
export interface ServerDefaults
  extends
    EngineDefaults,
    Complete<
      Pick<
        ServerOptions,
        | 'serveClient'
        | 'connectTimeout'
        | 'cleanupEmptyChildNamespaces'
        | 'ackTimeout'
        | 'settleAcks'
        | 'rootNamespace'
        | 'maxAuthPayload'
        | 'maxEventNameLength'
        | 'maxEventArgs'
        | 'maxNamespaceLength'
        | 'maxNamespaces'
        | 'maxConnectsPerSecond'
        | 'maxConnectRefusals'
        | 'maxAttachments'
        | 'attachmentTimeout'
        | 'maxJsonDepth'
        | 'maxPendingEvents'
        | 'maxPendingBytes'
      >
    >,
    Complete<NonNullable<ServerOptions['connectionStateRecovery']>> {
  /** Null: as long as something needs the request. */
  readonly keepRequest: boolean | null;
  /** Whether events wait for the end of the tick, and are ignored if their client has left by then. */
  readonly defersEvents: boolean;
  /** Whether an option that does not exist is an error; programs written for Socket.IO pass what they like. */
  readonly strict: boolean;
}

/** As Socket.IO starts. */
export const SERVER_DEFAULTS: ServerDefaults = Object.freeze({
  ...ENGINE_DEFAULTS,
  path: '/socket.io',
  serveClient: true,
  connectTimeout: 45_000,
  cleanupEmptyChildNamespaces: false,
  ackTimeout: 0,
  settleAcks: false,
  rootNamespace: true,
  maxAuthPayload: 8_192,
  maxEventNameLength: 256,
  maxEventArgs: 256,
  maxNamespaceLength: 256,
  maxNamespaces: 128,
  maxConnectsPerSecond: 20,
  maxConnectRefusals: 10,
  maxAttachments: 64,
  attachmentTimeout: 10_000,
  maxJsonDepth: 256,
  maxPendingEvents: 256,
  maxPendingBytes: 1_048_576,
  keepRequest: true,
  maxDisconnectionDuration: 120_000,
  skipMiddlewares: true,
  maxLogBytes: 67_108_864,
  defersEvents: true,
  strict: false,
});

/** As the Nest module starts: what Socket.IO leaves open for compatibility is closed. */
export const MODULE_DEFAULTS: ServerDefaults = Object.freeze({
  ...SERVER_DEFAULTS,
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
  read.pass(otherNames);
  const engine = resolveEngineOptions(read, defaults);
  const resolved: ResolvedServerOptions = {
    engine,
    serveClient: read.boolean('serveClient', defaults.serveClient),
    connectTimeout: read.milliseconds('connectTimeout', defaults.connectTimeout, 1, 'handshakeTimeout'),
    cleanupEmptyChildNamespaces: read.boolean('cleanupEmptyChildNamespaces', defaults.cleanupEmptyChildNamespaces),
    ackTimeout: read.milliseconds('ackTimeout', defaults.ackTimeout, 0, 'outboundAckTimeout'),
    settleAcks: read.boolean('settleAcks', defaults.settleAcks),
    rootNamespace: read.boolean('rootNamespace', defaults.rootNamespace),
    maxAuthPayload: read.integer('maxAuthPayload', defaults.maxAuthPayload, { min: 0 }),
    maxEventNameLength: read.integer('maxEventNameLength', defaults.maxEventNameLength, { min: 1 }),
    maxEventArgs: read.integer('maxEventArgs', defaults.maxEventArgs, { min: 0 }),
    maxNamespaceLength: read.integer('maxNamespaceLength', defaults.maxNamespaceLength, { min: 1 }),
    maxNamespaces: read.integer('maxNamespaces', defaults.maxNamespaces, { min: 1 }),
    connectRate: connectRate(read, defaults),
    connectRefusals: connectRefusals(read, defaults),
    maxAttachments: read.integer('maxAttachments', defaults.maxAttachments, { min: 0 }),
    maxAttachmentBytes: read.integer('maxAttachmentBytes', engine.maxHttpBufferSize * 10, { min: 0 }),
    maxUndecidedBytes: read.integer('maxUndecidedBytes', engine.maxHttpBufferSize * 10, { min: 0 }),
    attachmentTimeout: read.milliseconds('attachmentTimeout', defaults.attachmentTimeout, 1),
    maxJsonDepth: read.integer('maxJsonDepth', defaults.maxJsonDepth, { min: 1, max: 5_000 }),
    maxPendingEvents: read.integer('maxPendingEvents', defaults.maxPendingEvents, { min: 0 }),
    maxPendingBytes: read.integer('maxPendingBytes', defaults.maxPendingBytes, { min: 0 }),
    rateLimit: resolveRateLimit(read),
    keepRequest: read.raw('keepRequest') === undefined ? defaults.keepRequest : read.boolean('keepRequest', true),
    generateSocketId: read.callback<(socket: Socket) => string>('generateSocketId'),
    checksOutbound: resolveOutbound(read),
    onError: read.callback<(error: unknown, socket?: Socket) => void>('onError') ?? logError,
    onWarning: guarded(read.callback<(message: string) => void>('onWarning') ?? emitWarning),
    adapter: read.callback<never>('adapter'),
    parser: resolveParser(read),
    presence: resolvePresence(read),
    connectionStateRecovery: resolveRecovery(read, defaults),
  };
  if (defaults.strict) read.rejectUnknown();
  return Object.freeze(resolved);
}

/** A client that has many namespaces asks for all of them at once. */
function connectRate(read: OptionReader, defaults: ServerDefaults): Rate {
  const limit = read.integer('maxConnectsPerSecond', defaults.maxConnectsPerSecond, { min: 1 });
  const maxNamespaces = read.integer('maxNamespaces', defaults.maxNamespaces, { min: 1 });
  return new Rate(limit, 1_000, Math.max(limit, maxNamespaces));
}

/** One refusal is forgotten per minute. */
function connectRefusals(read: OptionReader, defaults: ServerDefaults): Rate {
  const max = read.integer('maxConnectRefusals', defaults.maxConnectRefusals, { min: 1 });
  return new Rate(1, 60_000, max);
}

function resolveParser(read: OptionReader): Parser | null {
  const parser = read.raw('parser') as Partial<Parser> | null | undefined;
  if (parser === undefined) return null;
  if (typeof parser?.Encoder === 'function' && typeof parser.Decoder === 'function') return parser as Parser;
  throw read.error('parser', parser, '{ Encoder, Decoder }, both classes');
}

function resolveRecovery(read: OptionReader, defaults: ServerDefaults): ResolvedRecovery | null {
  const value = read.raw('connectionStateRecovery');
  if (value === undefined || value === false) return null;
  const group = read.group('connectionStateRecovery', '{ maxDisconnectionDuration, skipMiddlewares }')!;
  const recovery: ResolvedRecovery = {
    maxDisconnectionDuration: group.milliseconds('maxDisconnectionDuration', defaults.maxDisconnectionDuration, 0),
    skipMiddlewares: group.boolean('skipMiddlewares', defaults.skipMiddlewares),
    maxLogBytes: group.integer('maxLogBytes', defaults.maxLogBytes, { min: 0 }),
  };
  group.rejectUnknown();
  return Object.freeze(recovery);
}

/** Whether what the server emits and acks is held against a contract. */
function resolveOutbound(read: OptionReader): boolean {
  const group = read.group('contract', "{ outbound: 'check' | 'off' }");
  const outbound = group?.raw('outbound') ?? (process.env.NODE_ENV === 'production' ? 'off' : 'check');
  group?.rejectUnknown();
  if (outbound === 'check' || outbound === 'off') return outbound === 'check';
  throw read.error('contract.outbound', outbound, "'check' or 'off'");
}

/** Warnings come from the middle of other work, which must go on. */
function guarded(onWarning: (message: string) => void): (message: string) => void {
  return (message) => callForeign(onWarning, undefined, [message], CONSOLE, undefined);
}

function logError(error: unknown): void {
  hideCommands(error);
  console.error(error);
}

function emitWarning(message: string): void {
  process.emitWarning(message, { code: 'SOCKETIO_WARNING' });
}
