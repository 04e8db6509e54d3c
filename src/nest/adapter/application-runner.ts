import type { INestApplicationContext } from '@nestjs/common';
import { ApplicationConfig, ExternalContextCreator, ModuleRef, ModulesContainer } from '@nestjs/core';
import { createSharedContext } from '../dispatch/dispatch-context.js';
import { BindingReport } from '../discovery/binding-report.js';
import { reasonInUnboundGateway } from '../discovery/unbound-gateways.js';
import { ErrorLog } from '../outcome/error-log.js';
import { FailureHandler, type ErrorReporter } from '../outcome/failure-handler.js';
import { UnknownNames } from '../outcome/unknown-names.js';
import { MessageAgents } from '../pipeline/message-agents.js';
import { ConnectionScopes } from '../pipeline/connection-scopes.js';
import { LAST_IN_FIRST_OUT, LAST_OUT, addHooks, assertNestInternals } from '../platform/nest-internals.js';
import type { HttpMount } from '../platform/http-mount.js';
import { refuseOwnHandlers } from './foreign-adapter.js';
import { providersLeftOut } from './ignored-enhancers.js';
import { GatewayRunner } from './gateway-runner.js';

/** Runs the gateways of an application that does not import the module. */
export function createApplicationRunner(app: INestApplicationContext, http: HttpMount): GatewayRunner {
  const modules = app.get(ModulesContainer);
  assertNestInternals(app.get(ExternalContextCreator), modules);
  const log = new ErrorLog();
  const report: ErrorReporter = (error, socket, where) => {
    if (!runner.handleError(error, socket)) log.error(error, where);
  };
  const runner: GatewayRunner = new GatewayRunner({
    modules,
    external: app.get(ExternalContextCreator),
    config: app.get(ApplicationConfig),
    moduleRef: app.get(ModuleRef),
    connections: new ConnectionScopes(),
    agents: new MessageAgents(),
    http,
    context: createSharedContext(new FailureHandler(null, report), report, log),
    report,
    warn: (message) => log.warn(message),
    equip: (server) => {
      if (process.env.NODE_ENV === 'production') return;
      server.unknownNames = new UnknownNames(
        server,
        (message) => log.warn(message),
        (namespace, event) => reasonInUnboundGateway(new Set(runner.gateways), namespace, event),
      );
    },
    main: null,
  });
  addHooks(modules, 'nestjs-socketio:lifecycle', new GatewayHooks(runner, log), LAST_IN_FIRST_OUT);
  addHooks(modules, 'nestjs-socketio:end', new GatewayEnd(runner, http), LAST_OUT);
  return runner;
}

/**
 * Nest asks an adapter for nothing if the application has no class with `@WebSocketGateway`. Then what it has of this
 * package would not run, and nothing would say so.
 *
 * @param isIdle whether the adapter is the application's and was asked for nothing
 */
export function watchIdleAdapter(app: INestApplicationContext, isIdle: (present: unknown) => boolean): void {
  const modules = app.get(ModulesContainer);
  const config = app.get(ApplicationConfig);
  addHooks(
    modules,
    'nestjs-socketio:adapter',
    new IdleHooks(modules, () => isIdle(config.getIoAdapter())),
    LAST_IN_FIRST_OUT,
  );
}

/** The class of a module for hooks; does what the providers of `SocketIoModule` do if that is imported. */
class GatewayHooks {
  constructor(
    private readonly host: GatewayRunner,
    private readonly log: ErrorLog,
  ) {}

  async onModuleDestroy(): Promise<void> {
    if (this.host.serveUntil === 'onModuleDestroy') await this.host.shutdown();
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.host.bind();
    // Nest itself logs the messages.
    const report = new BindingReport();
    report.add(this.host.ownDescriptors);
    for (const line of report.lines()) this.log.log(line);
    await this.host.open();
  }
}

/** As `IoAdapter`, and Nest's HTTP server: served until the hooks `beforeApplicationShutdown` of all others have ended. */
class GatewayEnd {
  constructor(
    private readonly host: GatewayRunner,
    private readonly http: HttpMount,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    await this.host.shutdown();
    await this.http.close();
  }
}

class IdleHooks {
  constructor(
    private readonly modules: ModulesContainer,
    private readonly isIdle: () => boolean,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.isIdle()) return;
    refuseOwnHandlers(this.modules);
    const log = new ErrorLog();
    for (const warning of providersLeftOut(this.modules)) log.warn(warning);
  }
}
