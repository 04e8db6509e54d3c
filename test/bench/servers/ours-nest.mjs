import { Inject, Injectable, Module } from '@nestjs/common';
import { BenchGateway, decorateGateway } from './gateway.mjs';
import { entryOf } from './entry.mjs';
import { listenWithNest } from './nest-application.mjs';

class AppModule {}

/** Our module with a provider that has handlers, on Fastify. */
export async function start(application) {
  const { pingInterval, root, moduleOptions } = application;
  const { Ack, ConnectedSocket, MessageBody, OnEvent, SocketIoModule, Websocket } = await import(
    entryOf(root, 'index.js')
  );
  Injectable()(BenchGateway);
  decorateGateway(application, { io: Inject(Websocket), acked: Ack, unacked: OnEvent, MessageBody, ConnectedSocket });
  Module({ imports: [SocketIoModule.forRoot({ pingInterval, ...moduleOptions })], providers: [BenchGateway] })(
    AppModule,
  );
  return listenWithNest(AppModule);
}
