/**
 * Each makes, for an event, the function that a server calls with the decoded arguments of a message: `(body, ack)`. From
 * there to the call of `ack` is what is measured, without any network or codec.
 */
import { EventEmitter } from 'node:events';
import { Module } from '@nestjs/common';
import { ExternalContextCreator, NestFactory } from '@nestjs/core';
import { IoAdapter } from '@nestjs/platform-socket.io';
import * as websockets from '@nestjs/websockets';
import { CASES, SCOPED, createGateway, createScopedGateway } from './gateway.mjs';

const root = new URL('../../../dist/esm/', import.meta.url);

/** Our module. */
export async function ours() {
  const { Ack, ConnectedSocket, Gateway, MessageBody, SocketIoModule, Websocket } = await import(
    new URL('index.js', root)
  );
  const { AckReply } = await import(new URL('../cjs/socketio/index.js', root));
  const kit = { handler: Ack, MessageBody, ConnectedSocket, bareIsUndecorated: true };
  const byConnection = { ...kit, gateway: Gateway({ scope: 'connection' }) };
  const [byEvent, connectionWide] = SCOPED;
  const scoped = [createScopedGateway(byEvent, kit), createScopedGateway(connectionWide, byConnection)];
  const providers = [createGateway(kit), ...scoped];
  const app = await start({ imports: [SocketIoModule.forRoot({ port: 0 })], providers });
  const { handlers } = app.get(Websocket).of('/');
  const socket = await connectedSocket(app, Websocket, '/');
  const handlerFor = (event) => {
    const handler = handlers.handlerOf(event);
    return (body, ack) => handler(socket, [body], new AckReply({ sendAck: (_id, args) => ack(...args) }, 1), event);
  };
  return { name: 'ours', handlerFor, close: () => app.close() };
}

/** A socket of the server, whose client is in this process. */
export async function connectedSocket(app, Websocket, namespace) {
  const { createTestClient } = await import(new URL('testing/index.js', root));
  await createTestClient(app, { namespace });
  const [socket] = app.get(Websocket).of(namespace).sockets.values();
  return socket;
}

/** What Nest gives to those who build such a thing, as it is. */
export async function external() {
  const { MessageBody, ConnectedSocket } = websockets;
  const kit = { handler: () => () => {}, MessageBody, ConnectedSocket, bareIsUndecorated: true };
  const Gateway = createGateway(kit);
  const app = await start({ providers: [Gateway] });
  const creator = app.get(ExternalContextCreator, { strict: false });
  const instance = app.get(Gateway);
  const exchange = (type, _data, [client, data]) => (Number(type) === 0 ? client : data);
  const socket = {};
  const handlerFor = (event) => {
    if (instance[event] === undefined) return null;
    const factory = { exchangeKeyForValue: exchange };
    const options = { guards: true, filters: true, interceptors: true };
    const bound = [
      instance,
      instance[event],
      event,
      '__routeArguments__',
      factory,
      undefined,
      undefined,
      options,
      'ws',
    ];
    const call = creator.create(...bound);
    return (body, ack) => void call(socket, body, ack, event).then(ack);
  };
  return { name: 'ExternalContextCreator', handlerFor, close: () => app.close() };
}

/** A gateway of `@nestjs/websockets` behind `IoAdapter`, whose server and socket are emitters. */
export async function platformSocketIo() {
  const { MessageBody, ConnectedSocket, SubscribeMessage, WebSocketGateway } = websockets;
  const gateway = WebSocketGateway({});
  const kit = { gateway, handler: SubscribeMessage, MessageBody, ConnectedSocket, bareIsUndecorated: true };
  const server = Object.assign(new EventEmitter(), { of: () => server, close: () => undefined });
  class Adapter extends IoAdapter {
    create() {
      return server;
    }

    async close() {}

    async dispose() {}
  }
  const providers = [createGateway(kit), createScopedGateway(SCOPED[1], kit)];
  const app = await start({ providers }, (created) => created.useWebSocketAdapter(new Adapter(created)));
  const socket = Object.assign(new EventEmitter(), { id: 'x', handshake: {} });
  server.emit('connection', socket);
  // Handlers of request-scoped gateways are bound a moment later.
  await new Promise((resolve) => setImmediate(resolve));
  const isBound = (event) => CASES.includes(event) || event === SCOPED[1];
  const handlerFor = (event) => (isBound(event) ? (body, ack) => socket.emit(event, body, ack) : null);
  return { name: 'platform-socket.io', handlerFor, close: () => app.close() };
}

async function start(metadata, configure = () => {}) {
  class AppModule {}
  Module(metadata)(AppModule);
  const { FastifyAdapter } = await import('@nestjs/platform-fastify');
  const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: ['error'] });
  configure(app);
  return app.init();
}
