import { Module } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import { BenchGateway, decorateGateway } from './gateway.mjs';
import { listenWithNest } from './nest-application.mjs';

class AppModule {}

/** What Nest offers today: the official server behind a gateway, on Fastify. */
export function start(application) {
  const { pingInterval } = application;
  const handler = SubscribeMessage;
  decorateGateway(application, {
    io: WebSocketServer(),
    acked: handler,
    unacked: handler,
    MessageBody,
    ConnectedSocket,
  });
  WebSocketGateway({ pingInterval })(BenchGateway);
  Module({ providers: [BenchGateway] })(AppModule);
  return listenWithNest(AppModule, (app) => app.useWebSocketAdapter(new IoAdapter(app)));
}
