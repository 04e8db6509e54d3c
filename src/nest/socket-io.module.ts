import { Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ServerLifecycle } from './server-lifecycle.js';
import { GatewayExplorer } from './discovery/gateway.explorer.js';
import { HttpMount } from './platform/http-mount.js';
import { SocketIoRuntime } from './socket-io-runtime.js';
import { ConfigurableModuleClass } from './socket-io.module-definition.js';
import type { SocketIoModuleOptions } from './socket-io.options.js';
import { Websocket } from './websocket.service.js';

/** A module of its own, because Nest orders the hooks of modules and not those of providers. */
@Module({ providers: [ServerLifecycle] })
class LifecycleModule {}

/**
 * A Socket.IO server in a Nest application. Global: imported once, `Websocket` can be injected everywhere.
 *
 * @example
 * \@Module({ imports: [SocketIoModule.forRoot({ pingInterval: 25_000 })], providers: [ChatGateway] })
 * export class AppModule {}
 */
@Module({
  imports: [DiscoveryModule, LifecycleModule],
  providers: [
    GatewayExplorer,
    HttpMount,
    SocketIoRuntime,
    { provide: Websocket, useFactory: (host: SocketIoRuntime) => new Websocket(host), inject: [SocketIoRuntime] },
  ],
  exports: [Websocket, SocketIoRuntime],
})
export class SocketIoModule extends ConfigurableModuleClass {
  static override forRoot(options: SocketIoModuleOptions = {}): DynamicModule {
    return super.forRoot(options);
  }
}
