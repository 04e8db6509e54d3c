import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { ApplicationConfig, ExternalContextCreator, LazyModuleLoader, ModuleRef, ModulesContainer } from '@nestjs/core';
import { MODULE_DEFAULTS, Server, type ServerOptions, type Socket } from '../socketio/index.js';
import { GatewayRunner } from './adapter/gateway-runner.js';
import { installAdapter, setUpModuleServer } from './adapter/install-adapter.js';
import { GatewayExplorer } from './discovery/gateway.explorer.js';
import { HandlerFactory } from './pipeline/handler-factory.js';
import { EnhancerSource } from './pipeline/enhancers.js';
import { createSharedContext, type DispatchContext } from './dispatch/dispatch-context.js';
import { FailureHandler } from './outcome/failure-handler.js';
import { GatewayBinder } from './dispatch/gateway-binder.js';
import { UnansweredAcks } from './outcome/unanswered-acks.js';
import { BindingError } from './errors/binding.error.js';
import { HttpMount } from './platform/http-mount.js';
import { warnOfLostSessions } from './sticky-session-warning.js';
import {
  planShutdown,
  shutdown,
  type ShutdownOptions,
  type ShutdownPlan,
  type ShutdownResult,
} from './dispatch/shutdown.js';
import { MODULE_OPTIONS_TOKEN } from './socket-io.module-definition.js';
import { resolveModuleOptions, type ResolvedModuleOptions, type SocketIoModuleOptions } from './socket-io.options.js';
import type { WebsocketBackend } from './websocket.service.js';

/** Owns the server of one application from its making to its end. */
@Injectable()
export class SocketIoRuntime implements WebsocketBackend, OnApplicationBootstrap {
  readonly server: Server;
  readonly #options: ResolvedModuleOptions;
  readonly #context: DispatchContext;
  readonly #binder: GatewayBinder;
  /** Those of `@nestjs/websockets`. */
  readonly #gateways: GatewayRunner;
  readonly #logger = new Logger('SocketIo');
  #shutdown: Promise<ShutdownResult> | null = null;

  /**
   * @throws BindingError where the module is imported with different options, which would make two servers
   * @throws OptionError for a wrong option
   */
  constructor(
    @Inject(MODULE_OPTIONS_TOKEN) options: SocketIoModuleOptions | undefined,
    private readonly http: HttpMount,
    private readonly explorer: GatewayExplorer,
    private readonly lazyModules: LazyModuleLoader,
    externalContextCreator: ExternalContextCreator,
    private readonly config: ApplicationConfig,
    moduleRef: ModuleRef,
    modules: ModulesContainer,
  ) {
    if ([...modules.values()].filter(({ providers }) => providers.has(SocketIoRuntime)).length > 1) {
      throw new BindingError(
        'SocketIoModule is imported several times with different options. Import it once: it is global.',
      );
    }
    this.#options = resolveModuleOptions(options);
    this.server = new Server(this.#serverOptions(), undefined, MODULE_DEFAULTS);
    const failures = new FailureHandler(this.#options.errorAck, (error, socket) => {
      this.server.counters.errors++;
      this.#report(error, socket);
    });
    const shared = createSharedContext(failures, (error) => this.#log(error));
    this.#context = { ...shared, unanswered: new UnansweredAcks(this.server) };
    const enhancers = new EnhancerSource(externalContextCreator, config);
    const handlers = new HandlerFactory(enhancers, moduleRef, undefined, this.server.settings.checksOutbound);
    this.#binder = new GatewayBinder(this.server, handlers, this.#context);
    this.#gateways = new GatewayRunner({
      modules,
      external: externalContextCreator,
      config,
      moduleRef,
      http,
      context: this.#context,
      report: (error) => this.#report(error, undefined),
      warn: (message) => this.#logger.warn(message),
      main: {
        server: this.server,
        binder: this.#binder,
        context: this.#context,
        port: this.#options.port,
        given: this.#options.server,
        prepare: () => this.#prepare(),
      },
    });
    installAdapter(config, this.#gateways);
  }

  /** Binds all gateways, and makes the engine so that the hooks of others find it. */
  async onApplicationBootstrap(): Promise<void> {
    setUpModuleServer(this.config, this.#options.port, this.#options.server.path);
    this.#binder.bind(this.explorer.explore());
    this.#watchLazyModules();
    this.#prepare();
    await this.#gateways.bind();
    this.#binder.checkContracts();
  }

  /** Lets clients in, unless the application is closed before it has started. */
  async open(): Promise<void> {
    if (this.#shutdown !== null) return;
    if (this.#options.port !== null) await this.http.listen(this.server, this.#options.port);
    else this.http.attach(this.server, this.#options.fastify);
    await this.#gateways.open();
  }

  /** Resolves once no handler of a client that left is under way. */
  departures(): Promise<void> {
    return this.#context.departures.idle();
  }

  async shutdown(options: ShutdownOptions): Promise<ShutdownResult> {
    const { shutdownTimeout, shutdownSlices } = this.#options;
    const plan = planShutdown(options, shutdownTimeout, shutdownSlices);
    return (this.#shutdown ??= this.#shutDownAll(plan));
  }

  /** Closes what `open` opened, once nobody is left. */
  async close(): Promise<void> {
    await this.http.close();
  }

  /** Makes the engine, once: gateways want it before the application has started. */
  #prepare(): void {
    if (this.server.engine !== undefined) return;
    this.server.extend({ cors: this.http.cors });
    this.server.createEngine();
    warnOfLostSessions(this.server);
  }

  async #shutDownAll(plan: ShutdownPlan): Promise<ShutdownResult> {
    const [main, others] = await Promise.all([
      shutdown(this.server, this.#context, plan),
      this.#gateways.shutdown(plan),
    ]);
    const sum = (of: keyof ShutdownResult): number => others.reduce((total, one) => total + one[of], main[of]);
    return { closed: sum('closed'), forced: sum('forced') };
  }

  #serverOptions(): ServerOptions {
    const { server } = this.#options;
    return {
      ...server,
      onWarning: server.onWarning ?? ((message) => this.#logger.warn(message)),
      onError: (error, socket) => this.#report(error, socket as Socket | undefined),
    };
  }

  /** `@OnError` handlers hear of it; without them the option `onError`; without that it is logged. */
  #report(error: unknown, socket: Socket | undefined): void {
    if (this.#binder.handleError(error, socket)) return;
    const { onError = (reason: unknown) => this.#log(reason) } = this.#options.server;
    try {
      onError(error, socket);
    } catch (failure) {
      this.#log(failure);
    }
  }

  #log(error: unknown): void {
    this.#logger.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }

  /** No hook tells of modules that are loaded later, so their loader does. */
  #watchLazyModules(): void {
    const load = this.lazyModules.load.bind(this.lazyModules);
    this.lazyModules.load = async (...args) => {
      const loaded = await load(...args);
      this.#binder.bind(this.explorer.explore());
      this.#binder.checkContracts();
      return loaded;
    };
  }
}
