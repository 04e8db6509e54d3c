import {
  MODULE_DEFAULTS,
  OptionError,
  OptionReader,
  resolveServerOptions,
  type ServerOptions,
  type Socket,
} from '../socketio/index.js';
import type { FastifyMode } from './platform/http-mount.js';
import type { ErrorAckMapper } from './outcome/failure-handler.js';

/** The server's options, with the socket of an error as what it is. */
type TypedServerOptions = Omit<ServerOptions, 'onError'> &
  Partial<Record<'onError', (error: unknown, socket?: Socket) => void>>;

/** Everything that `SocketIoModule.forRoot` can be told: the server's options and a few of the module itself. */
export interface SocketIoModuleOptions extends TypedServerOptions {
  /** Gives the server a port of its own instead of the application's HTTP server. */
  port?: number;
  /**
   * How requests reach the server in an application on Fastify. `route`: through a route of Fastify, with its hooks and
   * plugins. `direct`: before Fastify, which saves about a quarter of what a request costs; no hook sees them. Requests
   * that are injected take the route in any case. @default 'route'
   */
  fastify?: FastifyMode;
  /** How long `app.close()` waits for handlers and deliveries, in milliseconds. @default 10_000 */
  shutdownTimeout?: number;
  /** In how many groups, spread over that time, `app.close()` closes the sessions. @default 1 */
  shutdownSlices?: number;
  /** Whether the start logs what was bound: a line per gateway, and one about the server. @default true */
  logBindings?: boolean;
  /**
   * Whether events and namespaces that clients name and the server does not have are logged: each name once, at most 20,
   * with the nearest one that is there. @default true, and false if NODE_ENV is production
   */
  warnUnknown?: boolean;
  /** Replaces what a client is told about an error; `undefined` keeps it. */
  errorAck?: ErrorAckMapper;
}

export interface ResolvedModuleOptions {
  readonly port: number | null;
  readonly fastify: FastifyMode;
  readonly shutdownTimeout: number;
  readonly shutdownSlices: number;
  readonly logBindings: boolean;
  readonly warnUnknown: boolean;
  readonly errorAck: ErrorAckMapper | null;
  /** For the server, as given. */
  readonly server: ServerOptions;
}

const MODULE_NAMES = [
  'port',
  'fastify',
  'shutdownTimeout',
  'shutdownSlices',
  'logBindings',
  'warnUnknown',
  'errorAck',
] as const;

/** @throws OptionError naming the option, what was given and what is allowed */
export function resolveModuleOptions(given: SocketIoModuleOptions | undefined): ResolvedModuleOptions {
  if (given !== undefined && (typeof given !== 'object' || given === null)) {
    throw new OptionError('forRoot', given, 'an object with options');
  }
  const { port, fastify, shutdownTimeout, shutdownSlices, logBindings, warnUnknown, errorAck, ...rest } = given ?? {};
  const server = rest as ServerOptions;
  const read = new OptionReader({ port, fastify, shutdownTimeout, shutdownSlices, logBindings, warnUnknown, errorAck });
  const resolved: ResolvedModuleOptions = {
    port: port === undefined ? null : read.integer('port', 0, { min: 0, max: 65_535 }),
    fastify: fastifyModeOf(fastify),
    shutdownTimeout: read.milliseconds('shutdownTimeout', 10_000, 0),
    shutdownSlices: read.integer('shutdownSlices', 1, { min: 1 }),
    logBindings: read.boolean('logBindings', true),
    warnUnknown: read.boolean('warnUnknown', process.env.NODE_ENV !== 'production'),
    errorAck: read.callback<ErrorAckMapper>('errorAck'),
    server,
  };
  // All options are checked here, before anything is made, and again by the server for itself.
  resolveServerOptions(server, MODULE_DEFAULTS, MODULE_NAMES);
  return Object.freeze(resolved);
}

function fastifyModeOf(value: unknown): FastifyMode {
  if (value === undefined || value === 'route') return 'route';
  if (value === 'direct') return 'direct';
  throw new OptionError('fastify', value, '"route" or "direct"');
}
