import {
  MODULE_DEFAULTS,
  SERVER_DEFAULTS,
  Server,
  type ServerDefaults,
  type ServerOptions,
  type Socket,
} from '../../socketio/index.js';
import type { HandlerFactory } from '../pipeline/handler-factory.js';
import type { DispatchContext, SharedContext } from '../dispatch/dispatch-context.js';
import { GatewayBinder } from '../dispatch/gateway-binder.js';
import { UnansweredAcks } from '../outcome/unanswered-acks.js';
import type { HttpMount } from '../platform/http-mount.js';
import type { OwnPort } from '../platform/own-port.js';
import { planShutdown, shutdownServer, within, type ShutdownPlan, type ShutdownResult } from '../dispatch/shutdown.js';
import { listed } from '../discovery/gateway-descriptor.js';
import { BindingError } from '../errors/binding.error.js';
import { GatheredOptions } from './gathered-options.js';
import type { ResolvedAdapterOptions } from './socket-io-adapter.options.js';
import type { WebSocketGateway } from './websocket-gateway.js';

/** The server of the module, which gateways without a port or path of their own share. */
export interface MainServer {
  readonly server: Server;
  readonly binder: GatewayBinder;
  readonly context: DispatchContext;
  readonly port: number | null;
  /** How ports of gateways listen. */
  readonly ownPort: OwnPort;
  /** What `forRoot` was given. */
  readonly given: ServerOptions;
  /** Makes the engine, if that has not happened yet. */
  prepare(): void;
}

/** What servers of gateways take of their application. */
export interface ServerSurroundings {
  readonly http: HttpMount;
  /** What all servers share of the dispatch. */
  readonly context: SharedContext;
  /** Hands an error on: handlers, an option, the log. */
  readonly report: (error: unknown, socket?: Socket) => void;
  readonly warn: (message: string) => void;
  /** Adds what every server has: guards of all connections and, in development, a watch on what clients ask for in vain. */
  readonly equip: (server: Server) => void;
  /** Null if the module is not imported. */
  readonly main: MainServer | null;
}

/** A server with gateways. */
export interface Served {
  readonly server: Server;
  readonly port: number;
  readonly binder: GatewayBinder;
  readonly context: DispatchContext;
  /** The module opens it and shuts it down. */
  readonly isMain: boolean;
}

/** The servers of an application's gateways, by port and path. */
export class GatewayServers {
  readonly #servers = new Map<string, Served>();
  #shutdown: Promise<ShutdownResult[]> | null = null;
  #isOpen = false;

  /**
   * @param options whether unknown events get an error ack, where the server's options do not say; how the servers end
   * @param ownPort how ports of gateways listen
   * @param isDriven whether this package runs the gateways; otherwise only their servers
   */
  constructor(
    private readonly surroundings: ServerSurroundings,
    private readonly gateways: readonly WebSocketGateway[],
    private readonly handlers: HandlerFactory,
    private readonly options: Pick<ResolvedAdapterOptions, 'settleAcks' | 'shutdown'>,
    private readonly ownPort: OwnPort,
    readonly isDriven: boolean,
  ) {}

  of({ port, path }: WebSocketGateway): Served | undefined {
    return this.#servers.get(this.#keyOf(port, path));
  }

  serverOf(port: number, path: string | undefined): Server | null {
    return this.#servers.get(this.#keyOf(port, path))?.server ?? null;
  }

  /**
   * The options of all gateways on a server.
   *
   * @throws BindingError if two of them disagree
   */
  optionsOf(port: number, path: string | undefined): ServerOptions {
    return GatheredOptions.of(this.#gatewaysOn(this.#keyOf(port, path))).options;
  }

  /**
   * Makes a server, or takes the module's; with its engine, since hooks such as `afterInit` want it.
   *
   * @throws BindingError if `forRoot` was given another value for an option
   */
  createServer(port: number, options: ServerOptions): Server {
    const { main } = this.surroundings;
    if (main !== null && this.#keyOf(port, options.path) === MAIN) {
      this.#fillMain(main, options);
      main.prepare();
      return main.server;
    }
    const { http, report, warn, equip } = this.surroundings;
    const defaults: ServerDefaults = main === null ? SERVER_DEFAULTS : { ...MODULE_DEFAULTS, strict: false };
    const settleAcks = options.settleAcks ?? (this.options.settleAcks || defaults.settleAcks);
    const onError = (error: unknown, socket?: unknown): void => report(error, socket as Socket | undefined);
    const given = { onError, onWarning: warn, cors: http.cors, ...options, settleAcks };
    const server = new Server(given, undefined, defaults);
    server.createEngine();
    equip(server);
    return server;
  }

  /** Hands an error to the `@OnError` handlers on all servers but the module's; false if there are none. */
  handleError(error: unknown, socket: Socket | undefined): boolean {
    const binders = [...this.#servers.values()].filter(({ isMain }) => !isMain).map(({ binder }) => binder);
    return binders.filter((binder) => binder.handleError(error, socket)).length > 0;
  }

  /** Runs the `@OnShutdown` handlers on all servers but the module's. Does not reject. */
  async handleShutdown(): Promise<void> {
    const others = [...this.#servers.values()].filter(({ isMain }) => !isMain);
    await Promise.all(others.map(({ binder }) => binder.handleShutdown()));
  }

  contextOf(server: Server): DispatchContext {
    for (const served of this.#servers.values()) if (served.server === server) return served.context;
    throw new TypeError('a server of another adapter');
  }

  /** Serves from now on what the adapter made. Named namespaces come before patterns, which would make them. */
  adopt(port: number, path: string | undefined, server: Server): void {
    const { main, context: shared } = this.surroundings;
    const key = this.#keyOf(port, path);
    if (server === main?.server) {
      this.#servers.set(key, { server, port, binder: main.binder, context: main.context, isMain: true });
    } else {
      const context: DispatchContext = { ...shared, unanswered: new UnansweredAcks(server) };
      const binder = new GatewayBinder(server, this.handlers, context);
      this.#servers.set(key, { server, port, binder, context, isMain: false });
    }
    const { binder } = this.#servers.get(key)!;
    for (const { namespace, gateway } of this.#gatewaysOn(key)) {
      if (typeof namespace !== 'string') continue;
      if (this.isDriven) binder.bindingOf(namespace, gateway.name);
      else server.of(namespace);
    }
  }

  /** Whether a gateway has a port of its own. */
  get hasOwnPort(): boolean {
    return [...this.#servers.values()].some(({ port, isMain }) => port !== 0 && !isMain);
  }

  /** Whether the application has started, after which no server is added. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Lets clients in, where the module does not; unless the application is closed before it has started. */
  async open(): Promise<void> {
    this.#isOpen = true;
    if (this.#shutdown !== null) return;
    const { http } = this.surroundings;
    for (const { server, port, isMain } of this.#servers.values()) {
      if (isMain) continue;
      if (port === 0) this.#attach(server);
      else await http.listen(server, port, this.ownPort);
    }
  }

  /** Ends all servers but the module's. A second call gets the first one's result. */
  shutdown(plan: ShutdownPlan = planShutdown({}, this.options.shutdown)): Promise<ShutdownResult[]> {
    this.surroundings.context.inFlight.excuseCaller();
    return (this.#shutdown ??= this.#end(plan));
  }

  #attach(server: Server): void {
    const { http, main } = this.surroundings;
    // The module says in its own log where it listens.
    if (http.httpServer === undefined && main === null) {
      throw new BindingError(
        `${listed(this.gateways.filter(({ port }) => port === 0).map(({ gateway }) => gateway.name))} would serve no client: the ` +
          'application has no HTTP server. Give @WebSocketGateway a port.',
      );
    }
    http.attach(server);
  }

  async #end(plan: ShutdownPlan): Promise<ShutdownResult[]> {
    // With the module, its runtime has called them.
    if (this.surroundings.main === null) await within(plan.timeout / 2, this.handleShutdown());
    return Promise.all(
      [...this.#servers.values()].flatMap(({ server, context, isMain }) =>
        isMain ? [] : [shutdownServer(server, context, plan)],
      ),
    );
  }

  #gatewaysOn(key: string): WebSocketGateway[] {
    return this.gateways.filter(({ port, path }) => this.#keyOf(port, path) === key);
  }

  #keyOf(port: number, path: string | undefined): string {
    const { main } = this.surroundings;
    if (main !== null && (port === 0 || port === main.port)) {
      if (path === undefined || pathOf(path) === pathOf(main.given.path)) return MAIN;
    }
    return `${port}${pathOf(path)}`;
  }

  /** What `forRoot` left unset. */
  #fillMain({ server, given }: MainServer, options: ServerOptions): void {
    const owners = GatheredOptions.of(this.#gatewaysOn(MAIN));
    const all = new GatheredOptions();
    all.add(given, () => 'SocketIoModule.forRoot()');
    all.add(options, (name) => owners.ownerOf(name) ?? 'createIOServer()');
    const isNew = ([name]: [string, unknown]): boolean => given[name as keyof ServerOptions] === undefined;
    server.extend(Object.fromEntries(Object.entries(all.options).filter(isNew)));
  }
}

/** Key of the module's server. */
const MAIN = 'main';

/** The one that Nest takes for a gateway without. */
const DEFAULT_PATH = '/socket.io';

/** A path in the one spelling by which it is compared. */
export function pathOf(path = DEFAULT_PATH): string {
  return `/${path.replace(/^\/|\/$/g, '')}`;
}
