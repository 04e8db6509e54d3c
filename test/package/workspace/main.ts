import assert from 'node:assert/strict';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { chat, madeBy } from '@workspace/chat';
import {
  Ack,
  Args,
  ConnectedSocket,
  Gateway,
  HandshakeAuth,
  MessageBody,
  OnHandshake,
  SocketIoModule,
  type SocketOf,
  Websocket,
} from 'nestjs-socketio';
import { type ClientOf, request } from 'nestjs-socketio/client';
import { defineContract } from 'nestjs-socketio/contract';
import { connectError, createTestClient, nextEvent } from 'nestjs-socketio/testing';

// Both applications of the workspace, each compiled to its own format of modules, with its own Nest.

@Gateway(chat)
class ChatGateway {
  @OnHandshake()
  enter(@HandshakeAuth(chat) { token }: { token: string }, @ConnectedSocket(chat) socket: SocketOf<typeof chat>): void {
    socket.data = { user: token };
  }

  @Ack(chat.in.sum)
  sum(@Args(chat.in.sum) [a, b]: [number, number]) {
    return a + b;
  }

  @Ack(chat.in.rename)
  rename(@MessageBody(chat.in.rename) name: string, @ConnectedSocket(chat) socket: SocketOf<typeof chat>) {
    socket.data.user = name;
    return { name };
  }
}

/** Never run. */
export class WrongGateway {
  // @ts-expect-error the contract is typed in this copy as well
  @Ack(chat.in.sum) sum() {
    return 'three';
  }
}

@Module({ imports: [SocketIoModule.forRoot()], providers: [ChatGateway] })
class AppModule {}

async function main(): Promise<void> {
  assert.notEqual(madeBy, defineContract, 'there are two copies of the package in this process');
  const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: ['error'] });
  const client: ClientOf<typeof chat> = await createTestClient(app, chat, { auth: { token: 'ada' } });
  assert.equal(await request(client, 'sum', 1, 2), 3);
  assert.deepEqual(await request(client, 'rename', 'Ada'), { name: 'Ada' });
  const refused = (client.emitWithAck as (event: string, ...args: unknown[]) => Promise<unknown>)('sum', 1, 'two');
  assert.equal(((await refused) as { code: string }).code, 'INVALID_ARGUMENTS');
  const websocket = app.get(Websocket);
  websocket.of(chat).emit('news', 'hi');
  assert.deepEqual(await nextEvent(client, 'news'), ['hi']);
  assert.throws(() => websocket.of(chat).emit('news', 5 as never), /does not match its contract/);
  const error = await connectError(app, chat, { auth: { token: 5 } as never });
  assert.equal((error as { data?: { code?: string } }).data?.code, 'INVALID_AUTH');
  client.disconnect();
  await app.close();
  console.log(`one contract, two copies of the package, as ${typeof require === 'undefined' ? 'ESM' : 'CommonJS'}`);
}

void main();
