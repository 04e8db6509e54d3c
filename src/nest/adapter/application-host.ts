import { Logger, type INestApplicationContext } from '@nestjs/common';
import { ApplicationConfig, ExternalContextCreator, ModuleRef, ModulesContainer } from '@nestjs/core';
import { FailureHandler } from '../dispatch/failure.js';
import { InFlight } from '../dispatch/in-flight.js';
import { OpenStreams } from '../dispatch/open-streams.js';
import type { HttpServerHost } from '../http/http-server.host.js';
import { GatewayHost } from './gateway-host.js';

/** Runs the gateways of an application that does not import the module. */
export function createApplicationHost(app: INestApplicationContext, http: HttpServerHost): GatewayHost {
  const modules = app.get(ModulesContainer);
  const logger = new Logger('SocketIo');
  const log = (error: unknown): void => logger.error(error instanceof Error ? (error.stack ?? error.message) : error);
  const host = new GatewayHost({
    modules,
    external: app.get(ExternalContextCreator),
    config: app.get(ApplicationConfig),
    moduleRef: app.get(ModuleRef),
    http,
    context: {
      failures: new FailureHandler(null, log),
      inFlight: new InFlight(),
      departures: new InFlight(),
      streams: new OpenStreams(),
      log,
      stopped: false,
    },
    report: log,
    warn: (message) => logger.warn(message),
    main: null,
  });
  // Nest calls the hooks of what its modules hold when their time comes; the root module starts last and ends first.
  const [root] = [...modules.values()].sort((a, b) => a.distance - b.distance);
  root.addProvider({ provide: GatewayHooks, useValue: new GatewayHooks(host, http) });
  return host;
}

/** What the module's own providers do where it is imported. */
class GatewayHooks {
  constructor(
    private readonly host: GatewayHost,
    private readonly http: HttpServerHost,
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
