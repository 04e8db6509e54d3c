import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { GatewayExplorer } from './discovery/gateway.explorer.js';
import { HttpServerHost } from './http/http-server.host.js';
import { SocketIoHost } from './socket-io.host.js';
import { ConfigurableModuleClass } from './socket-io.module-definition.js';
import { Websocket } from './websocket.service.js';

/**
 * A Socket.IO server in a Nest application. Global: imported once, `Websocket` can be injected everywhere.
 *
 * @example
 * \@Module({ imports: [SocketIoModule.forRoot({ pingInterval: 25_000 })], providers: [ChatGateway] })
 * export class AppModule {}
 */
@Module({
  imports: [DiscoveryModule],
  providers: [
    GatewayExplorer,
    HttpServerHost,
    SocketIoHost,
    { provide: Websocket, useFactory: (host: SocketIoHost) => new Websocket(host), inject: [SocketIoHost] },
  ],
  exports: [Websocket],
})
export class SocketIoModule extends ConfigurableModuleClass {}
