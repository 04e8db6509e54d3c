import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import httpProxy from '@fastify/http-proxy';
import fastifyWebsocket from '@fastify/websocket';
import { Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { WebSocket, WebSocketServer, type RawData } from 'ws';
import { Ack, MessageBody, SocketIoModule, Websocket } from '../../src/index.js';
import { cleanup } from '../support/cleanup.js';
import { request } from '../support/engine-client.js';
import { connectClient } from '../support/nest-app.js';
import { listen } from '../support/server.js';
import { nextEvent, until } from '../support/until.js';
import { PLATFORMS, startWith } from './support/start-app.js';

class EchoGateway {
  @Ack('echo')
  echo(@MessageBody() body: unknown): unknown {
    return body;
  }
}

/** Over each transport, and over the upgrade from one to the other. */
async function echoesOverAll(url: string): Promise<void> {
  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    const client = await connectClient(url, { transports });
    if (transports.length > 1) await until(() => client.io.engine.transport.name === 'websocket', 'the upgrade');
    expect(await client.emitWithAck('echo', transports.length)).toBe(transports.length);
  }
}

/** What a plain WebSocket gets back for a text. */
async function answerTo(url: string, text: string): Promise<string> {
  const socket = new WebSocket(url.replace('http', 'ws'));
  cleanup(() => socket.terminate());
  await nextEvent(socket, 'open');
  socket.send(text);
  const [data] = (await nextEvent(socket, 'message')) as [RawData];
  return String(data);
}

describe.each(PLATFORMS)("beside Nest's WsAdapter on %s", (platform) => {
  it('both serve their clients on one port', async () => {
    @WebSocketGateway({ path: '/plain' })
    class PlainGateway {
      @SubscribeMessage('shout')
      shout(@MessageBody() text: string): { event: string; data: string } {
        return { event: 'heard', data: text.toUpperCase() };
      }
    }
    const { url } = await startWith({
      platform,
      providers: [EchoGateway, PlainGateway],
      configure: (app) => app.useWebSocketAdapter(new WsAdapter(app)),
    });
    await echoesOverAll(url);
    const answer = await answerTo(`${url}/plain`, '{"event":"shout","data":"hi"}');
    expect(JSON.parse(answer)).toEqual({ event: 'heard', data: 'HI' });
    await echoesOverAll(url);
  });
});

describe('beside plugins of Fastify', () => {
  const fastifyOf = (app: INestApplication) => (app as NestFastifyApplication).getHttpAdapter().getInstance();

  it('@fastify/websocket and its routes', async () => {
    const { url } = await startWith({
      providers: [EchoGateway],
      configure: (app) => {
        const fastify = fastifyOf(app);
        fastify.register(fastifyWebsocket as never);
        fastify.register((scope, _options, done) => {
          const handler = (socket: WebSocket): void => void socket.on('message', (data) => socket.send(`> ${data}`));
          scope.get('/plain', { websocket: true } as object, handler as never);
          done();
        });
      },
    });
    await echoesOverAll(url);
    expect(await answerTo(`${url}/plain`, 'hi')).toBe('> hi');
    const [error] = await nextEvent(new WebSocket(`${url.replace('http', 'ws')}/nowhere`), 'error');
    expect((error as Error).message).toContain('404');
    await echoesOverAll(url);
  });

  it('@fastify/http-proxy, which takes upgrades for another server', async () => {
    const upstream = createServer((_request, response) => void response.end('upstream'));
    const sockets = new WebSocketServer({ server: upstream });
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`upstream: ${data}`)));
    const port = await listen(upstream);
    cleanup(() => {
      sockets.close();
      upstream.closeAllConnections();
      upstream.close();
    });
    const { url } = await startWith({
      providers: [EchoGateway],
      configure: (app) => {
        fastifyOf(app).register(httpProxy as never, {
          upstream: `http://127.0.0.1:${port}`,
          prefix: '/upstream',
          websocket: true,
        });
      },
    });
    await echoesOverAll(url);
    expect((await request(`${url}/upstream`)).body).toBe('upstream');
    expect(await answerTo(`${url}/upstream`, 'hi')).toBe('upstream: hi');
    await echoesOverAll(url);
  });
});

describe('a standalone application', () => {
  it('serves its port', async () => {
    @Module({ imports: [SocketIoModule.forRoot({ port: 0 })], providers: [EchoGateway] })
    class AppModule {}
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
    cleanup(() => app.close());
    const { port } = app.get(Websocket).server.httpServer.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    await echoesOverAll(url);
    await app.close();
    await expect(fetch(url)).rejects.toThrow();
  });

  it('without a port starts, and serves nobody', async () => {
    const app = await NestFactory.createApplicationContext(SocketIoModule.forRoot(), { logger: false });
    cleanup(() => app.close());
    expect(app.get(Websocket).server.httpServer).toBeUndefined();
    expect(app.get(Websocket).emit('nobody hears')).toBe(true);
  });
});
