import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { ApplicationConfig, ExternalContextCreator, LazyModuleLoader, ModuleRef } from '@nestjs/core';
import { MODULE_DEFAULTS, Server, type ServerOptions, type Socket } from '../socketio/index.js';
import { GatewayExplorer } from './discovery/gateway.explorer.js';
import { HandlerFactory } from './dispatch/bound-handler.js';
import { EnhancerSource } from './dispatch/enhancers.js';
import type { DispatchContext } from './dispatch/event-binding.js';
import { FailureHandler } from './dispatch/failure.js';
import { GatewayBinder } from './dispatch/gateway.binder.js';
import { InFlight } from './dispatch/in-flight.js';
import { HttpServerHost } from './http/http-server.host.js';
import { planShutdown, shutDown, type ShutdownOptions, type ShutdownResult } from './shutdown.js';
import { MODULE_OPTIONS_TOKEN } from './socket-io.module-definition.js';
import { resolveModuleOptions, type ResolvedModuleOptions, type SocketIoModuleOptions } from './socket-io.options.js';
import type { WebsocketBackend } from './websocket.service.js';

/** Owns the server of one application from its making to its end. */
@Injectable()
export class SocketIoHost implements WebsocketBackend, OnApplicationBootstrap {
  readonly server: Server;
  readonly #options: ResolvedModuleOptions;
  readonly #context: DispatchContext;
  readonly #binder: GatewayBinder;
  readonly #logger = new Logger('SocketIo');
  #shutdown: Promise<ShutdownResult> | null = null;

  /** @throws OptionError for a wrong option */
  constructor(
    @Inject(MODULE_OPTIONS_TOKEN) options: SocketIoModuleOptions | undefined,
    private readonly http: HttpServerHost,
    private readonly explorer: GatewayExplorer,
    private readonly lazyModules: LazyModuleLoader,
    externalContextCreator: ExternalContextCreator,
    config: ApplicationConfig,
    moduleRef: ModuleRef,
  ) {
    this.#options = resolveModuleOptions(options);
    this.server = new Server(this.#serverOptions(), undefined, MODULE_DEFAULTS);
    this.#context = {
      failures: new FailureHandler(this.#options.errorAck, (error, socket) => this.#report(error, socket)),
      inFlight: new InFlight(),
      stopped: false,
    };
    const handlers = new HandlerFactory(new EnhancerSource(externalContextCreator, config), moduleRef);
    this.#binder = new GatewayBinder(this.server, handlers, this.#context);
  }

  /** Binds all gateways, and makes the engine so that the hooks of others find it. */
  onApplicationBootstrap(): void {
    this.#binder.bind(this.explorer.explore());
    this.#watchLazyModules();
    if (this.server.opts.cors === undefined && this.http.cors !== undefined) this.server.opts.cors = this.http.cors;
    this.server.createEngine();
  }

  /** Lets clients in. */
  async open(): Promise<void> {
    if (this.#options.port !== null) await this.http.listen(this.server, this.#options.port);
    else this.http.attach(this.server);
  }

  async shutdown(options: ShutdownOptions): Promise<ShutdownResult> {
    const { shutdownTimeout, shutdownSlices } = this.#options;
    const plan = planShutdown(options, shutdownTimeout, shutdownSlices);
    return (this.#shutdown ??= shutDown(this.server, this.#context, plan));
  }

  /** Closes what `open` opened, once nobody is left. */
  async close(): Promise<void> {
    await this.http.close();
  }

  #serverOptions(): ServerOptions {
    const { server } = this.#options;
    return {
      ...server,
      onWarning: server.onWarning ?? ((message) => this.#logger.warn(message)),
      onError: (error) => this.#report(error, undefined),
    };
  }

  /** `@OnError` handlers hear of it; without them the option `onError`; without that it is logged. */
  #report(error: unknown, socket: Socket | undefined): void {
    if (this.#binder.handleError(error, socket)) return;
    const { onError = (reason: unknown) => this.#log(reason) } = this.#options.server;
    try {
      onError(error);
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
      return loaded;
    };
  }
}
