/** An application without an HTTP server: what is served nowhere is said, and no check is missing on a port of its own. */
import { Module, type DynamicModule, type INestApplicationContext, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { Ack, Gateway, SocketIoModule, Websocket, type SocketIoModuleOptions } from '../../src/index.js';
import { cleanup } from '../support/cleanup.js';
import { freePort } from '../support/free-port.mjs';
import { connectClient } from '../support/nest-app.js';
import { watchLog } from './support/watch-log.js';

@Gateway('/chat')
class ChatGateway {
  @Ack('ask')
  ask(): string {
    return 'answer';
  }
}

@WebSocketGateway({ namespace: 'chat' })
class OldGateway {
  handleConnection(): void {}

  @SubscribeMessage('old')
  old(): void {}
}

async function createContext(providers: Provider[], options: SocketIoModuleOptions): Promise<INestApplicationContext> {
  @Module({})
  class AppModule {}
  const root: DynamicModule = { module: AppModule, imports: [SocketIoModule.forRoot(options)], providers };
  const context = await NestFactory.createApplicationContext(root, { logger: false, abortOnError: false });
  cleanup(() => context.close());
  return context;
}

describe('an application context', () => {
  it('says that it listens nowhere, and has everything to emit with', async () => {
    const lines = watchLog('log');
    const context = await createContext([ChatGateway], {});
    expect(lines).toEqual([
      'ChatGateway {/chat}: acks ask',
      'Socket.IO listens nowhere, as there is no HTTP server and the option port is not set: polling, websocket; adapter ' +
        'MemoryAdapter; recovery off; 1 gateway, 1 event, 1 namespace; "/" is open to all',
    ]);
    expect(context.get(Websocket).emit('news')).toBe(true);
    await context.close();
    expect(context.get(Websocket).state).toBe('closed');
  });

  it('serves clients on a port of its own', async () => {
    const port = await freePort();
    await createContext([ChatGateway], { port, host: '127.0.0.1' });
    expect(await (await connectClient(`http://127.0.0.1:${port}/chat`)).emitWithAck('ask')).toBe('answer');
  });

  it('does not start on a port if gateways of @nestjs/websockets would not check its clients', async () => {
    const options = { port: await freePort(), host: '127.0.0.1' };
    await expect(createContext([ChatGateway, OldGateway], options)).rejects.toThrow(
      'OldGateway would not run: an application context starts no gateways of @nestjs/websockets, and clients could connect ' +
        'without their checks. Use NestFactory.create(), or @Gateway.',
    );
  });

  it('says that these gateways do not run if no client can connect', async () => {
    const lines = watchLog('warn');
    await createContext([ChatGateway, OldGateway], {});
    expect(lines).toEqual([
      'OldGateway does not run: an application context starts no gateways of @nestjs/websockets.',
    ]);
  });
});
