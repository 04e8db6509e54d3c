import { Logger, type INestApplicationContext, type Type } from '@nestjs/common';
import { ApplicationConfig, ExternalContextCreator, ModuleRef, ModulesContainer } from '@nestjs/core';
import { createSharedContext } from '../dispatch/dispatch-context.js';
import { FailureHandler } from '../outcome/failure-handler.js';
import type { HttpMount } from '../platform/http-mount.js';
import { GatewayRunner } from './gateway-runner.js';

/** Runs the gateways of an application that does not import the module. */
export function createApplicationRunner(app: INestApplicationContext, http: HttpMount): GatewayRunner {
  const modules = app.get(ModulesContainer);
  const logger = new Logger('SocketIo');
  const log = (error: unknown): void => logger.error(error instanceof Error ? (error.stack ?? error.message) : error);
  const host = new GatewayRunner({
    modules,
    external: app.get(ExternalContextCreator),
    config: app.get(ApplicationConfig),
    moduleRef: app.get(ModuleRef),
    http,
    context: createSharedContext(new FailureHandler(null, log), log),
    report: log,
    warn: (message) => logger.warn(message),
    main: null,
  });
  callHooks(modules, new GatewayHooks(host, http));
  return host;
}

/**
 * Has Nest call hooks after those of everything else at the start, and before them at the end: for that they need a module
 * of their own, since those of one module are called together.
 */
function callHooks(modules: ModulesContainer, hooks: GatewayHooks): void {
  const [any] = modules.values();
  const { constructor, container } = any as unknown as NestModule;
  const lifecycle = new constructor(GatewayHooks, container);
  // The root module has 0; Nest starts modules by falling distance.
  lifecycle.distance = -1;
  Object.assign(lifecycle.getProviderByKey(GatewayHooks), { instance: hooks, isResolved: true });
  modules.set('nestjs-socketio:lifecycle', lifecycle);
}

/** What Nest makes for a module, as far as it is used. */
type Module = NonNullable<ReturnType<ModulesContainer['get']>>;
interface NestModule {
  readonly constructor: new (metatype: Type, container: unknown) => Module;
  readonly container: unknown;
}

/** The class of that module; does what the providers of `SocketIoModule` do where that is imported. */
class GatewayHooks {
  constructor(
    private readonly host: GatewayRunner,
    private readonly http: HttpMount,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.host.bind();
    await this.host.open();
  }

  async onModuleDestroy(): Promise<void> {
    await this.host.shutdown();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.http.close();
  }
}
