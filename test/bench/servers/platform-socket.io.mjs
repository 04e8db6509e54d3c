import { Module } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import { decorateMethod } from './decorate.mjs';
import { listenWithNest } from './nest-application.mjs';

class BenchGateway {
  server;

  echo(payload) {
    return payload;
  }

  binary(payload) {
    return payload;
  }

  event(_payload, socket) {
    socket.data.events = (socket.data.events ?? 0) + 1;
  }

  count(socket) {
    const { events } = socket.data;
    socket.data.events = 0;
    return events;
  }

  broadcast(payload) {
    this.server.emit('news', payload);
  }
}

decorateMethod(BenchGateway, 'echo', SubscribeMessage('echo'), [MessageBody()]);
decorateMethod(BenchGateway, 'binary', SubscribeMessage('binary'), [MessageBody()]);
decorateMethod(BenchGateway, 'event', SubscribeMessage('event'), [MessageBody(), ConnectedSocket()]);
decorateMethod(BenchGateway, 'count', SubscribeMessage('count'), [ConnectedSocket()]);
decorateMethod(BenchGateway, 'broadcast', SubscribeMessage('broadcast'), [MessageBody()]);
WebSocketServer()(BenchGateway.prototype, 'server');

class AppModule {}
Module({ providers: [BenchGateway] })(AppModule);

/** What Nest offers today: the official server behind a gateway, on Fastify. */
export function start({ pingInterval }) {
  WebSocketGateway({ pingInterval })(BenchGateway);
  return listenWithNest(AppModule, (app) => app.useWebSocketAdapter(new IoAdapter(app)));
}
