import { Inject, Injectable, Module } from '@nestjs/common';
import { Ack, ConnectedSocket, MessageBody, OnEvent, SocketIoModule, Websocket } from '../../../dist/esm/index.js';
import { decorateMethod } from './decorate.mjs';
import { listenWithNest } from './nest-application.mjs';

class BenchGateway {
  constructor(websocket) {
    this.websocket = websocket;
  }

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
    this.websocket.emit('news', payload);
  }
}

Injectable()(BenchGateway);
Inject(Websocket)(BenchGateway, undefined, 0);
decorateMethod(BenchGateway, 'echo', Ack('echo'), [MessageBody()]);
decorateMethod(BenchGateway, 'binary', Ack('binary'), [MessageBody()]);
decorateMethod(BenchGateway, 'event', OnEvent('event'), [MessageBody(), ConnectedSocket()]);
decorateMethod(BenchGateway, 'count', Ack('count'), [ConnectedSocket()]);
decorateMethod(BenchGateway, 'broadcast', OnEvent('broadcast'), [MessageBody()]);

class AppModule {}

/** Our module with a provider that has handlers, on Fastify. */
export function start({ pingInterval }) {
  Module({ imports: [SocketIoModule.forRoot({ pingInterval })], providers: [BenchGateway] })(AppModule);
  return listenWithNest(AppModule);
}
