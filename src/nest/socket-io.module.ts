import { Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Doorkeeper } from './server-lifecycle.js';
import { GatewayExplorer } from './discovery/gateway.explorer.js';
import { HttpServerHost } from './platform/http-mount.js';
import { SocketIoHost } from './socket-io-runtime.js';
import { ConfigurableModuleClass } from './socket-io.module-definition.js';
import type { SocketIoModuleOptions } from './socket-io.options.js';
import { Websocket } from './websocket.service.js';

/** A module of its own, because Nest orders the hooks of modules and not those of providers. */
@Module({ providers: [Doorkeeper] })
class DoorModule {}

/**
 * A Socket.IO server in a Nest application. Global: imported once, `Websocket` can be injected everywhere.
 *
 * @example
 * \@Module({ imports: [SocketIoModule.forRoot({ pingInterval: 25_000 })], providers: [ChatGateway] })
 * export class AppModule {}
 */
@Module({
  imports: [DiscoveryModule, DoorModule],
  providers: [
    GatewayExplorer,
    HttpServerHost,
    SocketIoHost,
    { provide: Websocket, useFactory: (host: SocketIoHost) => new Websocket(host), inject: [SocketIoHost] },
  ],
  exports: [Websocket, SocketIoHost],
})
export class SocketIoModule extends ConfigurableModuleClass {
  static override forRoot(options: SocketIoModuleOptions = {}): DynamicModule {
    return super.forRoot(options);
  }
}
