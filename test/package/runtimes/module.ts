// The module on Express and on Fastify, with a guard, an error ack, an emit from a service, and its shutdown.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { Injectable, Module, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  Ack,
  ConnectedSocket,
  Gateway,
  MessageBody,
  OnConnect,
  Socket,
  SocketIoException,
  SocketIoModule,
  Websocket,
} from 'nestjs-socketio';
import { io, type Socket as ClientSocket } from 'socket.io-client';

@Injectable()
class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToWs().getClient<Socket>().handshake.auth.token === 'secret';
  }
}

@Gateway('/tea')
@UseGuards(TokenGuard)
class TeaGateway {
  constructor(private readonly websocket: Websocket) {}

  @OnConnect()
  async enter(@ConnectedSocket() socket: Socket): Promise<void> {
    await socket.join('room');
  }

  @Ack('order')
  order(@MessageBody() drink: string): string {
    if (drink === 'coffee') throw new SocketIoException('No coffee', { code: 'NO_COFFEE' });
    this.websocket.of('/tea').to('room').emit('ordered', drink);
    return `one ${drink}`;
  }
}

@Module({ imports: [SocketIoModule.forRoot()], providers: [TeaGateway, TokenGuard] })
class AppModule {}

for (const adapter of [new ExpressAdapter(), new FastifyAdapter()]) {
  const app = await NestFactory.create(AppModule, adapter, { logger: ['warn', 'error', 'fatal'] });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  for (const transport of ['polling', 'websocket']) {
    const options = { transports: [transport], forceNew: true, reconnection: false };
    const stranger = io(`http://127.0.0.1:${port}/tea`, options);
    await next(stranger, 'connect_error');
    stranger.disconnect();

    const socket = io(`http://127.0.0.1:${port}/tea`, { ...options, auth: { token: 'secret' } });
    const ordered = next(socket, 'ordered');
    assert.equal(await socket.emitWithAck('order', 'mint'), 'one mint');
    assert.deepEqual(await ordered, ['mint']);
    assert.equal((await socket.emitWithAck('order', 'coffee')).code, 'NO_COFFEE');
    socket.disconnect();
  }
  await app.close();
  console.log(`module on ${adapter.constructor.name}: passed`);
}

function next(socket: ClientSocket, event: string): Promise<unknown[]> {
  return new Promise((resolve) => socket.once(event, (...args: unknown[]) => resolve(args)));
}
