import type { Complete } from '../../common/values.js';
import { OptionReader } from '../../socketio/index.js';
import { SERVE_UNTIL, SHUTDOWN_DEFAULTS, type ServeUntil, type ShutdownDefaults } from '../dispatch/shutdown.js';
import { resolveOwnPort, type OwnPort, type OwnPortOptions } from '../platform/own-port.js';

/** Where a `SocketIoAdapter` leaves the rules of Nest's `IoAdapter` for those of this package. */
export interface SocketIoAdapterOptions extends OwnPortOptions {
  /** Whether every ack that a client asks for is settled, failures with an error ack. @default false */
  settleAcks?: boolean | undefined;
  /** Whether global guards, pipes, interceptors and filters reach gateways, on Nest 11 and 12. @default false */
  globalEnhancers?: boolean | undefined;
  /**
   * Whether guards on a gateway's class or its `handleConnection` decide before the CONNECT reply, and events wait until
   * `handleConnection` has settled. @default false
   */
  connectGuards?: boolean | undefined;
  /**
   * Until when `app.close()` lets the servers serve, if the module is not imported: until the hooks
   * `beforeApplicationShutdown` of the application have ended, as with `IoAdapter`, or until its hooks `onModuleDestroy` begin,
   * so that no handler finds closed what it needs. @default 'beforeApplicationShutdown'
   */
  serveUntil?: ServeUntil | undefined;
  /**
   * How long the end of the servers may take if the module is not imported, in milliseconds; what is not over by then is cut.
   * @default 15_000
   */
  shutdownTimeout?: number | undefined;
}

export interface ResolvedAdapterOptions extends Complete<
  Omit<SocketIoAdapterOptions, keyof OwnPortOptions | 'shutdownTimeout'>
> {
  /** How ports of gateways listen, if the module is not imported. */
  readonly ownPort: OwnPort;
  /** How the servers end, if the module is not imported. */
  readonly shutdown: ShutdownDefaults;
}

/** @throws OptionError naming the option, what was given and what is allowed */
export function resolveAdapterOptions(given: SocketIoAdapterOptions): ResolvedAdapterOptions {
  const read = new OptionReader(given as Readonly<Record<string, unknown>>);
  const resolved = {
    settleAcks: read.boolean('settleAcks', false),
    globalEnhancers: read.boolean('globalEnhancers', false),
    connectGuards: read.boolean('connectGuards', false),
    serveUntil: read.choice('serveUntil', 'beforeApplicationShutdown', SERVE_UNTIL),
    ownPort: resolveOwnPort(read),
    shutdown: Object.freeze({
      ...SHUTDOWN_DEFAULTS,
      timeout: read.milliseconds('shutdownTimeout', SHUTDOWN_DEFAULTS.timeout, 0),
    }),
  };
  read.rejectUnknown();
  return Object.freeze(resolved);
}
