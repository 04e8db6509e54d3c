import type { Server as HttpServer } from 'node:http';
import { SERVER_DEFAULTS, Server, type ServerOptions } from '../../socketio/index.js';
import { createSharedContext, type DispatchContext } from '../dispatch/dispatch-context.js';
import { ErrorLog } from '../outcome/error-log.js';
import { FailureHandler, type ErrorReporter } from '../outcome/failure-handler.js';
import { UnansweredAcks } from '../outcome/unanswered-acks.js';
import { reasonInUnboundGateway } from '../discovery/unbound-gateways.js';
import { BindingError } from '../errors/binding.error.js';
import { UnknownNames } from '../outcome/unknown-names.js';
import { createOwnServer } from '../platform/own-port.js';
import { planShutdown, shutdownServer } from '../dispatch/shutdown.js';
import type { ResolvedAdapterOptions } from './socket-io-adapter.options.js';

/** Servers of an adapter that knows an HTTP server and no application: as `IoAdapter`, it listens as soon as it is told. */
export class StandaloneServers {
  readonly isDriven = false;
  /** As with `IoAdapter`, servers may be added at any time. */
  readonly isOpen = false;
  readonly #contexts = new Map<Server, DispatchContext>();
  readonly #ownServers: HttpServer[] = [];
  readonly #log = new ErrorLog();
  #shutdown: Promise<void> | null = null;

  constructor(
    private readonly httpServer: HttpServer | undefined,
    private readonly options: Pick<ResolvedAdapterOptions, 'ownPort' | 'shutdown'>,
  ) {}

  /** Nest asks once for each port and path. */
  serverOf(): null {
    return null;
  }

  optionsOf(): ServerOptions {
    return {};
  }

  createServer(port: number, options: ServerOptions): Server {
    const onError = (error: unknown): void => this.#log.error(error);
    const onWarning = (message: string): void => this.#log.warn(message);
    const server = new Server({ onError, onWarning, ...options }, undefined, SERVER_DEFAULTS);
    server.createEngine();
    if (process.env.NODE_ENV !== 'production') {
      const nothing = new Set<Function>();
      server.unknownNames = new UnknownNames(
        server,
        (message) => this.#log.warn(message),
        (namespace, event) => reasonInUnboundGateway(nothing, namespace, event),
      );
    }
    const httpServer = port === 0 ? this.#applicationServer() : this.#listen(port, server);
    server.engine.attach(httpServer);
    server.httpServer = httpServer;
    return server;
  }

  adopt(_port: number, _path: string | undefined, server: Server): void {
    const report: ErrorReporter = (error, _socket, where) => this.#log.error(error, where);
    const shared = createSharedContext(new FailureHandler(null, report), report, this.#log);
    this.#contexts.set(server, { ...shared, unanswered: new UnansweredAcks(server) });
  }

  contextOf(server: Server): DispatchContext {
    return this.#contexts.get(server)!;
  }

  /** A second call gets the first one's result. */
  shutdown(): Promise<void> {
    for (const context of this.#contexts.values()) context.inFlight.excuseCaller();
    return (this.#shutdown ??= this.#end());
  }

  async #end(): Promise<void> {
    const plan = planShutdown({}, this.options.shutdown);
    await Promise.all([...this.#contexts].map(([server, context]) => shutdownServer(server, context, plan)));
    for (const own of this.#ownServers) {
      own.closeIdleConnections();
      await new Promise<void>((resolve) => own.close(() => resolve()));
    }
  }

  #applicationServer(): HttpServer {
    if (this.httpServer !== undefined) return this.httpServer;
    throw new BindingError(
      'SocketIoAdapter has no HTTP server for a gateway without a port. Use new SocketIoAdapter(app), or import SocketIoModule.',
    );
  }

  #listen(port: number, server: Server): HttpServer {
    const httpServer = createOwnServer(this.options.ownPort);
    this.#ownServers.push(httpServer);
    return httpServer.on('error', (error) => server.reportError(error)).listen(port, this.options.ownPort.host);
  }
}
