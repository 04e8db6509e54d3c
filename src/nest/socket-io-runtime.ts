import { Inject, Injectable, Optional, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import {
  ApplicationConfig,
  ExternalContextCreator,
  LazyModuleLoader,
  ModuleRef,
  ModulesContainer,
  SerializedGraph,
} from '@nestjs/core';
import { MODULE_DEFAULTS, Server, type ServerOptions, type Socket } from '../socketio/index.js';
import { GatewayRunner } from './adapter/gateway-runner.js';
import { GatewayLeftovers } from './adapter/gateway-leftovers.js';
import { installAdapter, setUpModuleServer } from './adapter/install-adapter.js';
import { GatewayExplorer } from './discovery/gateway.explorer.js';
import { callForeign, type ForeignErrorSink } from '../common/call-foreign.js';
import { POINTS } from '../common/channels.js';
import type { HandlerDescriptor } from './discovery/gateway-descriptor.js';
import { ConnectionScopes } from './pipeline/connection-scopes.js';
import { MessageAgents } from './pipeline/message-agents.js';
import { HandlerFactory } from './pipeline/handler-factory.js';
import { EnhancerSource } from './pipeline/enhancers.js';
import { createSharedContext, type DispatchContext } from './dispatch/dispatch-context.js';
import { reasonInUnboundGateway } from './discovery/unbound-gateways.js';
import { UnknownNames, type UnboundNames } from './outcome/unknown-names.js';
import { StartLog, enterIntoGraph } from './start-log.js';
import { ErrorLog } from './outcome/error-log.js';
import { FailureHandler, type ErrorReporter } from './outcome/failure-handler.js';
import { GlobalConnectGuards } from './dispatch/global-connect-guards.js';
import { GatewayBinder } from './dispatch/gateway-binder.js';
import { UnansweredAcks } from './outcome/unanswered-acks.js';
import { BindingError } from './errors/binding.error.js';
import { afterLazyLoad, assertNestInternals, type NestModule } from './platform/nest-internals.js';
import { HttpMount } from './platform/http-mount.js';
import { warnOfLostSessions } from './sticky-session-warning.js';
import {
  planShutdown,
  shutdownServer,
  within,
  type ServeUntil,
  type ServerState,
  type ShutdownOptions,
  type ShutdownPlan,
  type ShutdownResult,
} from './dispatch/shutdown.js';
import { MODULE_OPTIONS_TOKEN } from './socket-io.module-definition.js';
import { resolveModuleOptions, type ResolvedModuleOptions, type SocketIoModuleOptions } from './socket-io.options.js';
import type { WebsocketBackend } from './websocket.service.js';

/** Owns the server of one application from its making to its end. */
@Injectable()
export class SocketIoRuntime
  implements WebsocketBackend, OnModuleInit, OnApplicationBootstrap, ForeignErrorSink<string>
{
  readonly server: Server;
  readonly #options: ResolvedModuleOptions;
  readonly #context: DispatchContext;
  readonly #connectGuards: GlobalConnectGuards;
  readonly #binder: GatewayBinder;
  /** Those of `@nestjs/websockets`. */
  readonly #gateways: GatewayRunner;
  readonly #log = new ErrorLog();
  readonly #startLog: StartLog;
  readonly #agents = new MessageAgents();
  #found: readonly HandlerDescriptor[] = [];
  #leftovers: GatewayLeftovers | null = null;
  #state: ServerState = 'starting';
  #draining: Promise<void> | null = null;
  /** Ends the delay of a shutdown. */
  readonly #hurry = new AbortController();
  #shutdown: Promise<ShutdownResult> | null = null;

  /**
   * @throws BindingError if the module is imported with different options, which would make two servers
   * @throws OptionError for a wrong option
   */
  constructor(
    @Optional() @Inject(MODULE_OPTIONS_TOKEN) options: SocketIoModuleOptions | undefined,
    private readonly http: HttpMount,
    private readonly explorer: GatewayExplorer,
    private readonly lazyModules: LazyModuleLoader,
    externalContextCreator: ExternalContextCreator,
    private readonly config: ApplicationConfig,
    private readonly moduleRef: ModuleRef,
    modules: ModulesContainer,
    private readonly graph: SerializedGraph,
  ) {
    assertNestInternals(externalContextCreator, modules);
    assertImportedOnce([...modules.values()].filter(({ providers }) => providers.has(SocketIoRuntime)));
    this.#options = resolveModuleOptions(options);
    this.server = new Server(this.#serverOptions(), undefined, MODULE_DEFAULTS);
    const report: ErrorReporter = (error, socket, where) => this.#report(error, socket, where);
    const counting: ErrorReporter = (error, socket, where) => {
      this.server.counters.errors++;
      this.#report(error, socket, where);
    };
    const shared = createSharedContext(new FailureHandler(this.#options.errorAck, counting), counting, this.#log);
    this.#context = { ...shared, unanswered: new UnansweredAcks(this.server) };
    this.#connectGuards = new GlobalConnectGuards(this.#context);
    const connections = new ConnectionScopes();
    const enhancers = new EnhancerSource(externalContextCreator, config);
    const { checksOutbound } = this.server.settings;
    const handlers = new HandlerFactory(enhancers, moduleRef, connections, this.#agents, undefined, checksOutbound);
    this.#binder = new GatewayBinder(this.server, handlers, this.#context);
    this.#gateways = new GatewayRunner({
      modules,
      external: externalContextCreator,
      config,
      moduleRef,
      connections,
      agents: this.#agents,
      http,
      context: this.#context,
      report,
      warn: (message) => this.#log.warn(message),
      equip: (server) => this.#equip(server),
      main: {
        server: this.server,
        binder: this.#binder,
        context: this.#context,
        port: this.#options.port,
        ownPort: this.#options.ownPort,
        given: this.#options.server,
        prepare: () => this.#prepare(),
      },
    });
    this.#startLog = new StartLog(this.#log, this.#options.logBindings ? this.server : null);
    this.#equip(this.server);
    installAdapter(config, this.#gateways);
  }

  /** Before the hooks of all others: gateways get their servers, as from Nest. */
  onModuleInit(): void {
    this.#found = this.explorer.explore();
    this.#leftovers = new GatewayLeftovers(this.#found, this.server);
    this.#leftovers.assignServers(false);
  }

  /** Binds all gateways, and makes the engine so that the hooks of others find it. */
  async onApplicationBootstrap(): Promise<void> {
    setUpModuleServer(this.config, this.#options.port, this.#options.server.path);
    await this.#agents.load();
    const isMessage = ({ subject }: HandlerDescriptor): boolean => subject.kind === 'message';
    this.#binder.bind(this.#found.filter((descriptor) => !isMessage(descriptor)));
    await this.#connectGuards.resolve(this.#options.connectGuards, this.moduleRef);
    this.#watchLazyModules();
    this.#prepare();
    await this.#gateways.bind(this.#found.filter(isMessage));
    this.#binder.checkContracts();
    this.#leftovers!.assignServers(true);
    this.#leftovers!.callAfterInit(this);
    const all = [...this.#found, ...this.#gateways.descriptors];
    this.#startLog.write(all, this.#options.port, this.http.httpServer !== undefined);
    const own = [...this.#found, ...this.#gateways.ownDescriptors];
    enterIntoGraph(this.graph, own, this.#options.port ?? 0);
  }

  /** Lets clients in, unless the application is closed before it has started. */
  async open(): Promise<void> {
    if (this.#shutdown !== null) return;
    const { port, ownPort } = this.#options;
    if (port !== null) await this.http.listen(this.server, port, ownPort);
    else this.http.attach(this.server, this.#options.fastify);
    await this.#gateways.open();
    if (this.#shutdown === null) this.#enter('open');
  }

  get state(): ServerState {
    return this.#state;
  }

  /** When `app.close()` lets the server end. */
  get serveUntil(): ServeUntil {
    return this.#options.serveUntil;
  }

  /** Resolves once no handler of a client that left is under way. */
  departures(): Promise<void> {
    return this.#context.departures.idle();
  }

  /** Ends the server; a second call ends the delay of the first. */
  async shutdown(options: ShutdownOptions): Promise<ShutdownResult> {
    const plan = planShutdown(options, this.#options.shutdown);
    if (this.#shutdown !== null) this.#hurry.abort();
    return this.#end(plan);
  }

  /** Tells that the end is near, on every way that an application has: readiness, `@OnShutdown()`, time. Everything is served. */
  drain(plan = planShutdown({}, this.#options.shutdown)): Promise<void> {
    return (this.#draining ??= this.#drain(plan));
  }

  /** Ends the server as `app.close()` does. */
  end(): Promise<ShutdownResult> {
    return this.#end(planShutdown({}, this.#options.shutdown));
  }

  /** Closes what `open` opened, once all clients are gone. */
  async close(): Promise<void> {
    await this.http.close();
  }

  /** Makes the engine, once: gateways want it before the application has started. */
  #prepare(): void {
    if (this.server.presentEngine !== null) return;
    this.server.extend({ cors: this.http.cors });
    this.server.createEngine();
    warnOfLostSessions(this.server);
  }

  #end(plan: ShutdownPlan): Promise<ShutdownResult> {
    this.#context.inFlight.excuseCaller();
    return (this.#shutdown ??= this.#shutDownAll(plan));
  }

  /** `@OnShutdown` methods that take longer than the delay are waited for, at most for half of the timeout. */
  async #drain({ delay, timeout, signal }: ShutdownPlan): Promise<void> {
    const wasOpen = this.#state === 'open';
    this.#enter('draining');
    if (!wasOpen) return;
    const signals = signal === undefined ? [this.#hurry.signal] : [this.#hurry.signal, signal];
    const goodbyes = Promise.all([this.#binder.handleShutdown(), this.#gateways.handleShutdown()]);
    await Promise.all([
      delay > 0 && within(delay, new Promise(() => {}), AbortSignal.any(signals)),
      within(Math.max(delay, timeout / 2), goodbyes, signal),
    ]);
  }

  async #shutDownAll(given: ShutdownPlan): Promise<ShutdownResult> {
    const began = performance.now();
    await this.drain(given);
    const late = Math.max(0, performance.now() - began - given.delay);
    const plan = { ...given, timeout: Math.max(0, given.timeout - late) };
    this.#enter('closing');
    const [main, others] = await Promise.all([
      shutdownServer(this.server, this.#context, plan),
      this.#gateways.shutdown(plan),
    ]);
    this.#enter('closed');
    const sum = (of: keyof ShutdownResult): number => others.reduce((total, one) => total + one[of], main[of]);
    return { closed: sum('closed'), forced: sum('forced') };
  }

  #enter(to: ServerState): void {
    const from = this.#state;
    this.#state = to;
    if (POINTS.state.hasSubscribers) POINTS.state.publish({ server: this.server, from, to });
  }

  #serverOptions(): ServerOptions {
    const { server } = this.#options;
    return {
      ...server,
      onWarning: server.onWarning ?? ((message) => this.#log.warn(message)),
      onError: (error, socket) => this.#report(error, socket as Socket | undefined),
    };
  }

  /** `@OnError` handlers hear of it; without them the option `onError`; without that it is logged. */
  #report(error: unknown, socket: Socket | undefined, where?: string): void {
    const isHeard = this.#binder.handleError(error, socket);
    if (this.#gateways.handleError(error, socket) || isHeard) return;
    const { onError } = this.#options.server;
    if (onError === undefined) this.#log.error(error, where);
    else callForeign(onError, undefined, [error, socket], this, 'The option onError');
  }

  /** The option `onError` failed, or `afterInit` of a gateway. */
  onForeignError(error: unknown, what: string): void {
    this.#log.error(error, `${what} failed`);
  }

  #equip(server: Server): void {
    if (this.#options.connectGuards.length > 0) server.gates.push(this.#connectGuards.ask);
    if (!this.#options.warnUnknown) return;
    const unbound: UnboundNames = (namespace, event) =>
      reasonInUnboundGateway(
        new Set([...this.#startLog.report.gateways, ...this.#gateways.gateways]),
        namespace,
        event,
      );
    server.unknownNames = new UnknownNames(server, (message) => this.#log.warn(message), unbound);
  }

  #watchLazyModules(): void {
    afterLazyLoad(this.lazyModules, () => {
      const found = this.explorer.exploreLate();
      this.#gateways.checkProviders();
      this.#binder.bind(found);
      this.#binder.checkContracts();
      this.#startLog.writeLate(found);
      enterIntoGraph(this.graph, found, this.#options.port ?? 0);
    });
  }
}

/** @throws BindingError for the class itself as an import, and for two sets of options, which would make two servers */
function assertImportedOnce(imported: readonly NestModule[]): void {
  if (imported.some(({ providers }) => !providers.has(MODULE_OPTIONS_TOKEN))) {
    throw new BindingError(
      'SocketIoModule is imported without options: import SocketIoModule.forRoot() in the root module. It is global, so ' +
        'other modules get Websocket without importing it.',
    );
  }
  if (imported.length < 2) return;
  throw new BindingError(
    'SocketIoModule is imported several times with different options. Import SocketIoModule.forRoot() once, in the root ' +
      'module: it is global.',
  );
}
