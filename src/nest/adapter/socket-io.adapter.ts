import type { Server as HttpServer } from 'node:http';
import type { INestApplicationContext, WebSocketAdapter, WsMessageHandler } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Observable } from 'rxjs';
import {
  Server,
  type Namespace,
  type NamespaceMatcher,
  type ServerOptions,
  type Socket,
} from '../../socketio/index.js';
import { withSlash } from '../discovery/gateway-descriptor.js';
import { BindingError } from '../errors/binding.error.js';
import { ErrorLog } from '../outcome/error-log.js';
import { HttpMount } from '../platform/http-mount.js';
import { isInitialized } from '../platform/nest-internals.js';
import {
  resolveAdapterOptions,
  type ResolvedAdapterOptions,
  type SocketIoAdapterOptions,
} from './socket-io-adapter.options.js';
import { createApplicationRunner, watchIdleAdapter } from './application-runner.js';
import { ClientHandlers } from './client-handlers.js';
import type { GatewayRunner } from './gateway-runner.js';
import type { GatewayServers } from './gateway-servers.js';
import { StandaloneServers } from './standalone-servers.js';
import { refuseStrayClasses, refuseStrayDecorators, strayClasses } from './stray-decorators.js';

/** What Nest asks an adapter to make: a server, or a namespace of one that it has. */
export interface AdapterServerOptions extends ServerOptions {
  /** The namespace that Nest asks for. */
  namespace?: string | RegExp | NamespaceMatcher | undefined;
  /** The server that it belongs to. */
  server?: unknown;
}

/**
 * Runs `@WebSocketGateway` classes of `@nestjs/websockets` on a server of this package, as Nest's `IoAdapter` does on that
 * of `socket.io`. Where `SocketIoModule` is imported it is there by itself.
 *
 * @example
 * app.useWebSocketAdapter(new SocketIoAdapter(app));
 */
export class SocketIoAdapter implements WebSocketAdapter<Server | Namespace, Socket, AdapterServerOptions> {
  /** Assigned by Nest. Clients are closed either way, so that nothing waits for them. */
  forceCloseConnections?: boolean;
  /** The application's, where it is known. */
  protected readonly httpServer: HttpServer | undefined;
  readonly #options: ResolvedAdapterOptions;
  readonly #app: INestApplicationContext | null;
  readonly #http: HttpMount | null;
  readonly #clients = new ClientHandlers((server) => this.#servers().contextOf(server));
  #module: GatewayRunner | null = null;
  #started: GatewayServers | StandaloneServers | null = null;

  /**
   * @param appOrHttpServer the application; given only its HTTP server, gateways are left to Nest with all its faults
   * @throws OptionError for a wrong option
   * @throws BindingError for an application that has been initialized
   */
  constructor(appOrHttpServer?: INestApplicationContext | object, options: SocketIoAdapterOptions = {}) {
    this.#options = resolveAdapterOptions(options);
    this.#app = isApplication(appOrHttpServer) ? appOrHttpServer : null;
    if (this.#app !== null && isInitialized(this.#app)) throw adapterTooLate(this.constructor.name);
    this.#http = this.#app === null ? null : new HttpMount(this.#app.get(HttpAdapterHost));
    if (this.#app !== null) watchIdleAdapter(this.#app, (present) => present === this && this.#isIdle);
    this.httpServer = this.#app === null ? (appOrHttpServer as HttpServer | undefined) : this.#http!.httpServer;
    if (this.#app === null) this.#watchStrayClasses();
  }

  /** @internal The module is imported: gateways run beside its handlers, on its server where they share port and path. */
  join(host: GatewayRunner): void {
    if (this.#module === host) return;
    if (this.#module !== null || this.#started !== null) throw servesAnother(this);
    const { host: address, https } = this.#options.ownPort;
    if (address !== undefined || https !== null) {
      throw new BindingError(
        `${this.constructor.name} was given ${address === undefined ? '"https"' : '"host"'}, and SocketIoModule is imported: ` +
          'pass it to forRoot(), whose value applies to all ports of the application.',
      );
    }
    this.#module = host;
  }

  /** @internal Whether a subclass overrides `createIOServer()`. */
  get setsUpServers(): boolean {
    return this.createIOServer !== SocketIoAdapter.prototype.createIOServer;
  }

  /**
   * Called by Nest for each port and path, then for each gateway with a namespace.
   *
   * @throws BindingError if the adapter serves another application already
   */
  create(port: number, options: AdapterServerOptions = {}): Server | Namespace {
    if (this.#started?.isOpen) throw servesAnother(this);
    const { namespace, server, ...given } = options;
    if (this.#isBlind) {
      const place = { port, path: given.path, namespace: withSlash(namespace || '/') };
      refuseStrayDecorators(place, this.constructor.name);
    }
    const io = server instanceof Server ? server : this.#provide(port, given);
    return namespace ? io.of(namespace) : io;
  }

  /**
   * Makes a server for a port, which is 0 for the application's own. May be overridden, as Nest's recipes do to set an
   * adapter, a middleware or options.
   *
   * @throws BindingError if the server is the module's and its `forRoot` was given another value for an option
   */
  // oxlint-disable-next-line typescript/no-explicit-any -- as in IoAdapter: recipes say that they are the options of socket.io
  createIOServer(port: number, options?: any): Server {
    return this.#servers().createServer(port, (options ?? {}) as ServerOptions);
  }

  /** Called by Nest for each gateway that hears of connections. */
  bindClientConnect(server: Server | Namespace, callback: Function): void {
    if (this.#isBlind) this.#refuseClassesBeside(server);
    if (!this.#servers().isDriven) this.#clients.onConnect(server, callback as () => void);
  }

  /** Called by Nest for each gateway that hears of disconnections. */
  bindClientDisconnect(client: Socket, callback: Function): void {
    this.#clients.onDisconnect(client, callback as () => void);
  }

  /** Called by Nest for each client and gateway. */
  bindMessageHandlers(
    client: Socket,
    handlers: WsMessageHandler[],
    transform: (data: unknown) => Observable<unknown>,
  ): void {
    this.#clients.bind(client, handlers, transform);
  }

  /** Turns a client away, for good. */
  closeClient(client: Socket): void {
    client.disconnect(true);
  }

  /** Ends the servers so that clients reconnect elsewhere, once handlers in flight have ended. Idempotent. */
  async close(_server?: Server | Namespace): Promise<void> {
    await this.#started?.shutdown();
  }

  /** Called by Nest at the end. Does not call `close`, which a subclass may have made one that wants a server. */
  async dispose(): Promise<void> {
    await this.#started?.shutdown();
  }

  /** Whether it knows nothing of the application but its HTTP server. */
  get #isBlind(): boolean {
    return this.#app === null && this.#module === null;
  }

  /** What Nest binds here is a gateway of this namespace; a port of its own is no place for classes with `@Gateway`. */
  #refuseClassesBeside(target: Server | Namespace): void {
    const [server, namespace] = target instanceof Server ? [target, '/'] : [target.server, target.route];
    refuseStrayClasses(server.httpServer === this.httpServer ? namespace : null, this.constructor.name);
  }

  /** Once the application listens it is known whether the module has joined. */
  #watchStrayClasses(): void {
    const { httpServer } = this;
    if (typeof httpServer?.once !== 'function') return;
    httpServer.once('listening', () => {
      const warning = this.#module === null ? strayClasses(this.constructor.name) : null;
      if (warning !== null) new ErrorLog().warn(warning);
    });
  }

  get #isIdle(): boolean {
    return this.#module === null && this.#started === null;
  }

  #provide(port: number, given: ServerOptions): Server {
    const servers = this.#servers();
    const present = servers.serverOf(port, given.path);
    if (present !== null) return present;
    const server: unknown = this.createIOServer(port, { ...given, ...servers.optionsOf(port, given.path) });
    if (!(server instanceof Server)) {
      throw new BindingError(`${this.constructor.name}.createIOServer() must return the server of its super class`);
    }
    servers.adopt(port, given.path, server);
    return server;
  }

  /** Made when Nest asks for the first server: no other moment is late enough to know and early enough to tell. */
  #servers(): GatewayServers | StandaloneServers {
    return (this.#started ??= this.#start());
  }

  #start(): GatewayServers | StandaloneServers {
    const isDriven = DRIVING.every((method) => this[method] === SocketIoAdapter.prototype[method]);
    const host = this.#module ?? (this.#app === null ? null : createApplicationRunner(this.#app, this.#http!));
    if (host === null || !isDriven) this.#forbidOptions(host === null);
    return host === null ? new StandaloneServers(this.httpServer, this.#options) : host.start(this.#options, isDriven);
  }

  #forbidOptions(isStandalone: boolean): void {
    const on = Object.entries(this.#options).find(([, value]) => value === true);
    if (on === undefined) return;
    throw new BindingError(
      isStandalone
        ? `The option "${on[0]}" needs the application: use new SocketIoAdapter(app, …), or import SocketIoModule.`
        : `The option "${on[0]}" has no effect if ${this.constructor.name} overrides any of ${DRIVING.join(', ')}. Remove the option, or the override.`,
    );
  }
}

/** Who overrides one of them wants to be asked by Nest for every client, as `IoAdapter` is. */
const DRIVING = ['bindClientConnect', 'bindClientDisconnect', 'bindMessageHandlers'] as const;

/** Of an application that has been initialized; Nest takes what comes later, and never asks it for anything. */
export function adapterTooLate(what: string): BindingError {
  return new BindingError(
    `${what} comes too late: the application keeps the adapter that it had when it was initialized. Call it before ` +
      'init() and listen().',
  );
}

function servesAnother(adapter: SocketIoAdapter): BindingError {
  return new BindingError(
    `This ${adapter.constructor.name} already serves an application. Create one for each application.`,
  );
}

function isApplication(value: unknown): value is INestApplicationContext {
  const { get, select } = (value ?? {}) as Partial<INestApplicationContext>;
  return typeof get === 'function' && typeof select === 'function';
}
