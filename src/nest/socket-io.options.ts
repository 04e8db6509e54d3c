import type { CanActivate } from '@nestjs/common';
import {
  MODULE_DEFAULTS,
  OptionError,
  OptionReader,
  resolveServerOptions,
  type ServerOptions,
} from '../socketio/index.js';
import { copyOptions } from '../common/option-reader.js';
import type { Complete } from '../common/values.js';
import type { ConnectGuard } from './dispatch/global-connect-guards.js';
import { SERVE_UNTIL, SHUTDOWN_DEFAULTS, type ServeUntil, type ShutdownDefaults } from './dispatch/shutdown.js';
import type { FastifyMode } from './platform/http-mount.js';
import { OWN_PORT_NAMES, resolveOwnPort, type OwnPort, type OwnPortOptions } from './platform/own-port.js';
import type { ErrorAckMapper } from './outcome/failure-handler.js';

/** Everything that `SocketIoModule.forRoot` can be told: the server's options and a few of the module itself. */
export interface SocketIoModuleOptions extends ServerOptions, OwnPortOptions {
  /** Gives the server a port of its own instead of the application's HTTP server. */
  port?: number | undefined;
  /**
   * How requests reach the server in an application on Fastify. `route`: through a route of Fastify, with its hooks and
   * plugins. `direct`: before Fastify, which saves about a quarter of what a request costs; no hook sees them. Requests
   * that are injected take the route in any case. @default 'route'
   */
  fastify?: FastifyMode | undefined;
  /**
   * How long `app.close()` goes on serving, in milliseconds, with `websocket.state` at `draining`: until the balancer has seen
   * that readiness is down. @default 0
   */
  shutdownDelay?: number | undefined;
  /** How long `app.close()` then waits for handlers and deliveries at most, in milliseconds. @default 15_000 */
  shutdownTimeout?: number | undefined;
  /**
   * In how many groups, spread over that time, `app.close()` closes the sessions.
   * @default as many as let 50 sessions go a second, within 12 seconds
   */
  shutdownSlices?: number | undefined;
  /** Whether the start logs what was bound: a line per gateway, and one about the server. @default true */
  logBindings?: boolean | undefined;
  /**
   * Whether events and namespaces that clients name and the server does not have are logged: each name once, at most 20,
   * with the nearest one that is there. @default true, and false if NODE_ENV is production
   */
  warnUnknown?: boolean | undefined;
  /**
   * Until when `app.close()` lets the server serve: until the hooks `onModuleDestroy` of the application begin, so that none of
   * them takes away what a handler needs, or until its hooks `beforeApplicationShutdown` have ended, as Nest keeps its HTTP
   * server. In the latter case handlers may find closed what `onModuleDestroy` closes. @default 'onModuleDestroy'
   */
  serveUntil?: ServeUntil | undefined;
  /**
   * Guards, as classes or instances, that are asked about every connection to any namespace, before all others. A class is taken
   * from the module that provides it. What says no refuses the client. @default none
   */
  connectGuards?: readonly ConnectGuard[] | undefined;
  /**
   * Makes this server one of a fleet: `redisLedger(client)`, `postgresLedger(pool)` or `memoryLedger()` of
   * `nestjs-socketio/ledger`. Sets `adapter` and `connectionStateRecovery`, which must not be given beside it.
   */
  ledger?: LedgerOption | undefined;
  /** Replaces what a client is told about an error; `undefined` keeps it. */
  errorAck?: ErrorAckMapper | undefined;
}

/** What a ledger sets. */
export type LedgerOption = Complete<Pick<ServerOptions, 'adapter' | 'connectionStateRecovery'>>;

export interface ResolvedModuleOptions {
  readonly port: number | null;
  /** How that port listens, and those of gateways that have one. */
  readonly ownPort: OwnPort;
  readonly fastify: FastifyMode;
  readonly logBindings: boolean;
  readonly warnUnknown: boolean;
  readonly shutdown: ShutdownDefaults;
  readonly serveUntil: ServeUntil;
  readonly connectGuards: readonly ConnectGuard[];
  readonly errorAck: ErrorAckMapper | null;
  /** For the server, as given. */
  readonly server: ServerOptions;
}

const MODULE_NAMES = [
  'port',
  ...OWN_PORT_NAMES,
  'fastify',
  'logBindings',
  'warnUnknown',
  'shutdownDelay',
  'shutdownTimeout',
  'shutdownSlices',
  'serveUntil',
  'connectGuards',
  'errorAck',
  'ledger',
] as const;

/** @throws OptionError naming the option, what was given and what is allowed */
export function resolveModuleOptions(given: SocketIoModuleOptions | undefined): ResolvedModuleOptions {
  if (given !== undefined && (typeof given !== 'object' || given === null)) {
    throw new OptionError('forRoot', given, 'an object with options');
  }
  const options = copyOptions<SocketIoModuleOptions>(given ?? {});
  const read = new OptionReader(options as Record<string, unknown>);
  const own: ReadonlySet<string> = new Set(MODULE_NAMES);
  const rest = Object.fromEntries(Object.entries(options).filter(([name]) => !own.has(name))) as ServerOptions;
  const server = options.ledger === undefined ? rest : withLedger(rest, options.ledger);
  const resolved: ResolvedModuleOptions = {
    port: options.port === undefined ? null : read.integer('port', 0, { min: 0, max: 65_535 }),
    ownPort: resolveOwnPort(read),
    fastify: read.choice('fastify', 'route', ['route', 'direct']),
    shutdown: Object.freeze({
      delay: read.milliseconds('shutdownDelay', SHUTDOWN_DEFAULTS.delay, 0),
      timeout: read.milliseconds('shutdownTimeout', SHUTDOWN_DEFAULTS.timeout, 0),
      slices: options.shutdownSlices === undefined ? null : read.integer('shutdownSlices', 1, { min: 1 }),
    }),
    logBindings: read.boolean('logBindings', true),
    warnUnknown: read.boolean('warnUnknown', process.env.NODE_ENV !== 'production'),
    serveUntil: read.choice('serveUntil', 'onModuleDestroy', SERVE_UNTIL),
    connectGuards: resolveConnectGuards(read),
    errorAck: read.callback<ErrorAckMapper>('errorAck'),
    server,
  };
  // All options are checked here, before anything is made, and again by the server for itself.
  resolveServerOptions(server, MODULE_DEFAULTS, MODULE_NAMES);
  return Object.freeze(resolved);
}

function resolveConnectGuards(read: OptionReader): readonly ConnectGuard[] {
  const guards = read.raw('connectGuards') ?? [];
  if (!Array.isArray(guards)) throw read.error('connectGuards', guards, 'a list of guards');
  guards.forEach((guard: unknown, i) => {
    const target: unknown = typeof guard === 'function' ? guard.prototype : guard;
    if (typeof (target as Partial<CanActivate> | null | undefined)?.canActivate === 'function') return;
    throw read.error(`connectGuards[${i}]`, guard, 'a class or an object with canActivate()');
  });
  return Object.freeze([...guards]) as readonly ConnectGuard[];
}

/** @throws OptionError for what is no ledger, and for options that it sets */
function withLedger(options: ServerOptions, ledger: LedgerOption): ServerOptions {
  if (typeof ledger?.adapter !== 'function') {
    throw new OptionError('ledger', ledger, 'a ledger of "nestjs-socketio/ledger", such as redisLedger(client)');
  }
  for (const name of ['adapter', 'connectionStateRecovery'] as const) {
    if (options[name] !== undefined) throw new OptionError(name, options[name], 'no value, since "ledger" sets it');
  }
  const { adapter, connectionStateRecovery } = ledger;
  return { ...options, adapter, connectionStateRecovery };
}
