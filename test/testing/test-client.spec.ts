import { createServer } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import type { Socket as ClientSocket } from 'socket.io-client';
import {
  Ack,
  Args,
  ConnectedSocket,
  Gateway,
  HandshakeAuth,
  MessageBody,
  OnConnect,
  OnDisconnect,
  OnEvent,
  OnHandshake,
  SocketIoAdapter,
  SocketIoException,
  SocketIoModule,
  Websocket,
  type Socket,
} from '../../src/index.js';
import { Server } from '../../src/server.js';
import {
  closeTestClient,
  closeTestClients,
  connectError,
  createTestClient,
  nextEvent,
  type TestClientOptions,
} from '../../src/testing/index.js';
import { cleanup } from '../support/cleanup.js';
import { until } from '../support/until.js';
import { startSecureApp, type SecurePlatform } from '../nest/support/start-secure-app.js';
import { PLATFORMS, createApp, onlySocket, startWith } from '../nest/support/start-app.js';

const { jest } = import.meta;

/** How a client gets to the server. */
const WAYS: Record<string, TestClientOptions> = {
  polling: { transports: ['polling'] },
  websocket: {},
  upgrade: { transports: ['polling', 'websocket'] },
};

@Gateway('/chat')
class ChatGateway {
  @OnHandshake()
  authenticate(@ConnectedSocket() socket: Socket, @HandshakeAuth('name') name: unknown): void {
    if (typeof name !== 'string') throw new SocketIoException('A name is needed', { code: 'NO_NAME' });
    socket.data.name = name;
  }

  @OnConnect()
  async joined(@ConnectedSocket() socket: Socket): Promise<void> {
    await socket.join('lobby');
    socket.emit('welcome', socket.data.name);
    socket.emit('welcome', 'again');
  }

  @OnEvent('message')
  onMessage(@MessageBody() text: string, @ConnectedSocket() socket: Socket): void {
    socket.to('lobby').emit('message', socket.data.name, text);
  }

  @Ack('sum')
  sum(@Args() [a, b]: [number, number]): number {
    return a + b;
  }

  @Ack('bytes')
  bytes(@MessageBody() bytes: Buffer): Buffer {
    return Buffer.from(bytes).reverse();
  }
}

const ADA = { namespace: '/chat', auth: { name: 'Ada' } };
const BOB = { namespace: 'chat', auth: { name: 'Bob' } };

afterEach(() => closeTestClients());

async function chatApp(setup: Parameters<typeof createApp>[0] = {}): Promise<INestApplication> {
  return createApp({ providers: [ChatGateway], ...setup });
}

describe.each(PLATFORMS)('pain 21: createTestClient() for an application on %s', (platform) => {
  it.each(Object.keys(WAYS))('connects over %s without a port', async (way) => {
    const app = await chatApp({ platform });
    const client = await createTestClient(app, { ...ADA, ...WAYS[way] });
    expect(await client.emitWithAck('sum', 1, 2)).toBe(3);
    if (way === 'upgrade') await until(() => client.io.engine.transport.name === 'websocket');
    expect(client.io.engine.transport.name).toBe(way === 'polling' ? 'polling' : 'websocket');
    // Larger than what streams hold, so that both ends have to wait for each other.
    const bytes = Buffer.alloc(300_000, 'abc');
    expect(Buffer.from(await client.emitWithAck('bytes', bytes)).equals(Buffer.from(bytes).reverse())).toBe(true);
    expect(app.getHttpServer().listening).toBe(false);
  });

  it('works beside an application that listens', async () => {
    const { app } = await startWith({ platform, providers: [ChatGateway] });
    const client = await createTestClient(app, ADA);
    expect(await client.emitWithAck('sum', 1, 2)).toBe(3);
  });

  it('works with a port of its own and with another path', async () => {
    const app = await chatApp({ platform, options: { port: 0, path: '/ws' } });
    const client = await createTestClient(app, ADA);
    expect(await client.emitWithAck('sum', 1, 2)).toBe(3);
  });

  it.each(Object.keys(WAYS))('app.close() ends clients over %s that a test left open', async (way) => {
    const app = await chatApp({ platform });
    const client = await createTestClient(app, { ...ADA, ...WAYS[way] });
    if (way === 'upgrade') await until(() => client.io.engine.transport.name === 'websocket');
    await app.close();
    // A poll ends without a close packet, which some clients would take for the end; the next one fails.
    expect((await nextEvent(client, 'disconnect'))[0]).toBe(way === 'polling' ? 'transport error' : 'transport close');
  });

  it('app.close() ends a client that a test left open in the middle of an upgrade', async () => {
    const app = await chatApp({ platform });
    const client = await createTestClient(app, { ...ADA, ...WAYS.upgrade });
    await app.close();
    // Which of them depends on how far the upgrade has come.
    expect((await nextEvent(client, 'disconnect'))[0]).toMatch(/^transport (close|error)$/);
  });
});

describe('createTestClient()', () => {
  it('gives a Socket of socket.io-client, with all that it can', async () => {
    const app = await chatApp();
    const ada: ClientSocket = await createTestClient(app, ADA);
    const bob = await createTestClient(app, BOB);
    const heard = new Promise((resolve) => bob.once('message', (...args) => resolve(args)));
    ada.emit('message', 'hello');
    expect(await heard).toEqual(['Ada', 'hello']);
    await expect(ada.timeout(3_000).emitWithAck('sum', 2, 3)).resolves.toBe(5);
    app.get(Websocket).of('/chat').to(ada.id!).emit('question', 42);
    expect(await nextEvent(ada, 'question')).toEqual([42]);
    const main = ada.io.socket('/');
    await new Promise<void>((resolve) => main.once('connect', resolve).connect());
  });

  it('passes query, headers and auth on to the handshake', async () => {
    const app = await chatApp();
    await createTestClient(app, { ...ADA, query: { room: '7' }, extraHeaders: { 'x-tenant': 'acme' } });
    const { handshake } = await onlySocket(app.get(Websocket), '/chat');
    expect(handshake).toMatchObject({
      auth: { name: 'Ada' },
      query: { room: '7' },
      headers: { host: 'localhost', 'x-tenant': 'acme' },
      address: '127.0.0.1',
      secure: false,
    });
  });

  it('initializes an application once, however many clients ask for it', async () => {
    const app = await chatApp();
    const init = jest.spyOn(app, 'init');
    const clients = await Promise.all([ADA, BOB, ADA].map((options) => createTestClient(app, options)));
    expect(await Promise.all(clients.map((client) => client.emitWithAck('sum', 1, 1)))).toEqual([2, 2, 2]);
    expect(init).toHaveBeenCalledTimes(1);
  });

  it('serves an application of NestFactory', async () => {
    const dynamic = SocketIoModule.forRoot();
    const module = { ...dynamic, providers: [...(dynamic.providers ?? []), ChatGateway] };
    const app = await NestFactory.create(module, new FastifyAdapter(), { logger: false });
    cleanup(() => app.close());
    expect(await (await createTestClient(app, ADA)).emitWithAck('sum', 1, 2)).toBe(3);
  });

  it('serves a standalone application with a port', async () => {
    const dynamic = SocketIoModule.forRoot({ port: 0 });
    const module = { ...dynamic, providers: [...(dynamic.providers ?? []), ChatGateway] };
    const app = await NestFactory.createApplicationContext(module, { logger: false });
    cleanup(() => app.close());
    expect(await (await createTestClient(app, ADA)).emitWithAck('sum', 1, 2)).toBe(3);
  });

  it.each<SecurePlatform>(['express', 'fastify', 'fastify with HTTP/2'])(
    'passes by the TLS of %s',
    async (platform) => {
      const { app } = await startSecureApp(platform, { providers: [ChatGateway] });
      for (const way of Object.values(WAYS)) {
        const client = await createTestClient(app, { ...ADA, ...way });
        expect(await client.emitWithAck('sum', 1, 2)).toBe(3);
        expect((await onlySocket(app.get(Websocket), '/chat')).handshake.secure).toBe(true);
        await closeTestClient(client);
      }
    },
  );

  it('serves a Server without Nest and without an HTTP server', async () => {
    const io = new Server({ path: '/ws' });
    cleanup(() => io.close());
    io.on('connection', (socket) => socket.on('echo', (value, ack) => ack(value)));
    const client = await createTestClient(io);
    expect(await client.emitWithAck('echo', 1)).toBe(1);
    expect(io.httpServer.listening).toBe(false);
  });

  it('serves an HTTP server that something is attached to', async () => {
    const httpServer = createServer();
    const io = new Server(httpServer, { path: '/ws' });
    cleanup(() => io.close());
    io.on('connection', (socket) => socket.on('echo', (value, ack) => ack(value)));
    const client = await createTestClient(httpServer, { path: '/ws' });
    expect(await client.emitWithAck('echo', 1)).toBe(1);
  });

  it('comes back over memory where reconnection is on', async () => {
    const app = await chatApp();
    const client = await createTestClient(app, { ...ADA, reconnection: true, reconnectionDelay: 1 });
    const { id } = client;
    const back = new Promise<void>((resolve) => client.once('connect', resolve));
    client.io.engine.close();
    await back;
    expect(client.id).not.toBe(id);
    expect(await client.emitWithAck('sum', 1, 2)).toBe(3);
  });

  it('rejects with what connect_error says, and leaves no connection', async () => {
    const app = await chatApp();
    await expect(createTestClient(app, { namespace: '/chat' })).rejects.toMatchObject({
      message: 'A name is needed',
      data: { code: 'NO_NAME' },
      cause: {
        message: expect.stringMatching(/^createTestClient\(\) could not connect to \/chat: \{.*"code":"NO_NAME"/),
      },
    });
    await expect(createTestClient(app, { namespace: '/chta' })).rejects.toMatchObject({
      message: 'Invalid namespace',
      cause: { message: 'createTestClient() could not connect to /chta' },
    });
    expect(app.get(Websocket).server.engine.clientsCount).toBe(0);
  });

  it('rejects at once if a middleware of the engine refuses the request', async () => {
    const app = await createApp({
      providers: [ChatGateway],
      configure: (app) =>
        app.get(Websocket).server.engine.use((_request, response) => {
          response.statusCode = 401;
          response.end();
        }),
    });
    const began = performance.now();
    await expect(createTestClient(app, { timeout: 20_000 })).rejects.toThrow('websocket error');
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it('rejects where the server ends the connection without an answer', async () => {
    const io = new Server();
    cleanup(() => io.close());
    io.use((socket) => socket.conn.close());
    await expect(createTestClient(io)).rejects.toThrow('the connection ended before the server answered the CONNECT');
  });

  it('rejects with what connect_error says if the server does not decide in its time', async () => {
    const io = new Server({ connectTimeout: 20 });
    cleanup(() => io.close());
    io.use(() => {});
    await expect(createTestClient(io)).rejects.toThrow('Connect timeout');
    expect(io.engine.clientsCount).toBe(0);
  });

  it('rejects after its timeout where nothing happens at all', async () => {
    const httpServer = createServer(() => {});
    await expect(createTestClient(httpServer, { timeout: 20, transports: ['polling'] })).rejects.toThrow(
      'waited 20 ms for the server to let the client in or refuse it',
    );
  });

  it.each([{}, { path: 1 }])('refuses what no client can connect to: %p', async (target) => {
    await expect(createTestClient(target as never)).rejects.toThrow(
      'a test client needs a Nest application, a Server or an http.Server',
    );
  });

  it('refuses an application that serves nobody', async () => {
    const app = await NestFactory.createApplicationContext(SocketIoModule.forRoot(), { logger: false });
    cleanup(() => app.close());
    await expect(createTestClient(app)).rejects.toThrow('the application serves no clients');
  });
});

describe.each(PLATFORMS)('createTestClient() for gateways of @nestjs/websockets on %s', (platform) => {
  it('connects to them by way of SocketIoAdapter, without the module', async () => {
    const left: string[] = [];
    @WebSocketGateway({ namespace: '/chat' })
    class SumGateway {
      @SubscribeMessage('sum')
      sum(@MessageBody() [a, b]: [number, number]): number {
        return a + b;
      }

      handleDisconnect(socket: Socket): void {
        left.push(socket.nsp.name);
      }
    }
    const module = await Test.createTestingModule({ providers: [SumGateway] }).compile();
    const adapter = platform === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
    const app = module.createNestApplication(adapter as ExpressAdapter, { logger: false });
    cleanup(() => app.close());
    app.useWebSocketAdapter(new SocketIoAdapter(app));
    for (const way of Object.values(WAYS)) {
      const client = await createTestClient(app, { namespace: '/chat', ...way });
      expect(await client.emitWithAck('sum', 1, 2)).toBe(3);
      await closeTestClient(client);
    }
    expect(left).toEqual(['/chat', '/chat', '/chat']);
  });
});

describe('connectError()', () => {
  it('resolves to the refusal', async () => {
    const app = await chatApp();
    expect(await connectError(app, { namespace: '/chat', auth: { name: 1 } })).toMatchObject({
      message: 'A name is needed',
      data: { code: 'NO_NAME' },
    });
    expect(await connectError(app, { namespace: '/nowhere' })).toMatchObject({ message: 'Invalid namespace' });
  });

  it.each(Object.keys(WAYS))('resolves to what the engine refuses over %s', async (way) => {
    const app = await chatApp({ options: { allowRequest: (_request, decide) => decide('no', false) } });
    const error = await connectError(app, { ...ADA, ...WAYS[way] });
    expect(error.message).toBe(way === 'websocket' ? 'websocket error' : 'xhr poll error');
  });

  it('rejects where the server lets the client in', async () => {
    const app = await chatApp();
    await expect(connectError(app, ADA)).rejects.toThrow('the server let the client into /chat');
    expect(app.get(Websocket).of('/chat').sockets.size).toBe(0);
  });
});

describe('nextEvent()', () => {
  it('has what the server said in the moment of the connect, in order', async () => {
    const client = await createTestClient(await chatApp(), ADA);
    await client.emitWithAck('sum', 0, 0);
    expect(await nextEvent(client, 'welcome')).toEqual(['Ada']);
    expect(await nextEvent(client, 'welcome')).toEqual(['again']);
  });

  it('waits for what is still to come, each call for one', async () => {
    const app = await chatApp();
    const [ada, bob] = [await createTestClient(app, ADA), await createTestClient(app, BOB)];
    const first = nextEvent(bob, 'message');
    const second = nextEvent(bob, 'message');
    ada.emit('message', 1);
    ada.emit('message', 2);
    expect([await first, await second]).toEqual([
      ['Ada', 1],
      ['Ada', 2],
    ]);
  });

  it('says what arrived instead', async () => {
    const app = await chatApp();
    const client = await createTestClient(app, ADA);
    await expect(nextEvent(client, 'message', { timeout: 20 })).rejects.toThrow(
      'waited 20 ms for "message"; what arrived instead: "welcome", "welcome"',
    );
    const other = await createTestClient(app);
    await expect(nextEvent(other, 'message', { timeout: 20 })).rejects.toThrow(
      'waited 20 ms for "message"; nothing else arrived',
    );
  });

  it('leaves nothing to a test that failed before it could await, once its clients are closed', async () => {
    const app = await chatApp();
    const client = await createTestClient(app, ADA);
    const forgotten = nextEvent(client, 'message', { timeout: 20 });
    await closeTestClient(client);
    // Long after its time: without a handler the rejection would have ended the process.
    await expect(nextEvent(client, 'message', { timeout: 40 })).rejects.toThrow('waited 40 ms');
    await expect(forgotten).rejects.toThrow('waited 20 ms');
  });

  it('gives an event that came too late to the next call', async () => {
    const app = await chatApp();
    const client = await createTestClient(app, ADA);
    await expect(nextEvent(client, 'late', { timeout: 1 })).rejects.toThrow('waited 1 ms');
    app.get(Websocket).of('/chat').emit('late', 1);
    expect(await nextEvent(client, 'late')).toEqual([1]);
  });

  it('knows the events of a typed client', async () => {
    interface ServerToClient {
      welcome: (name: string) => void;
    }
    const client = await createTestClient<ServerToClient>(await chatApp(), ADA);
    const [name]: [string] = await nextEvent(client, 'welcome');
    expect(name).toBe('Ada');
    const error: Promise<[Error, ...unknown[]]> = nextEvent(client, 'connect_error', { timeout: 1 });
    await expect(error).rejects.toThrow('waited 1 ms');
    // @ts-expect-error -- no such event
    await expect(nextEvent(client, 'welcom', { timeout: 1 })).rejects.toThrow('waited 1 ms');
  });

  it('refuses a client of another making', async () => {
    const client = await createTestClient(await chatApp(), ADA);
    expect(() => nextEvent(client.io.socket('/'), 'x')).toThrow('this client was not made by createTestClient()');
  });
});

describe('closeTestClient()', () => {
  it.each(Object.keys(WAYS))('over %s resolves once asynchronous @OnDisconnect handlers have settled', async (way) => {
    const steps: string[] = [];
    let proceed = (): void => {};
    class Leaver {
      @OnDisconnect()
      async left(): Promise<void> {
        steps.push('began');
        await new Promise<void>((resolve) => (proceed = resolve));
        steps.push('ended');
      }
    }
    const app = await createApp({ providers: [Leaver] });
    const client = await createTestClient(app, WAYS[way]);
    const closing = closeTestClient(client).then(() => steps.push('closed'));
    await until(() => steps.length > 0);
    proceed();
    await closing;
    expect(steps).toEqual(['began', 'ended', 'closed']);
    expect(app.get(Websocket).server.engine.clientsCount).toBe(0);
  });

  it('does not wait for other handlers', async () => {
    let proceed = (): void => {};
    const proceeding = new Promise<void>((resolve) => (proceed = resolve));
    class Slow {
      @Ack('slow')
      async slow(): Promise<void> {
        await proceeding;
      }
    }
    const client = await createTestClient(await createApp({ providers: [Slow] }));
    client.emit('slow', () => {});
    await closeTestClient(client);
    proceed();
  });

  it.each(Object.keys(WAYS))('over %s, a Server has called its listeners', async (way) => {
    const io = new Server();
    cleanup(() => io.close());
    const reasons: string[] = [];
    io.on('connection', (socket) => socket.on('disconnect', (reason) => void reasons.push(reason)));
    const clients = await Promise.all([1, 2, 3].map(() => createTestClient(io, WAYS[way])));
    for (const client of clients) client.emit('last words');
    await closeTestClients();
    expect(reasons).toEqual(Array(3).fill('client namespace disconnect'));
    expect(io.engine.clientsCount).toBe(0);
  });

  it('may be called again, and after the server has gone', async () => {
    const app = await chatApp();
    const client = await createTestClient(app, ADA);
    await Promise.all([closeTestClient(client), closeTestClient(client)]);
    await app.close();
    await closeTestClient(client);
    expect(client.connected).toBe(false);
  });

  it('closes a client that joined further namespaces', async () => {
    const app = await chatApp();
    const client = await createTestClient(app, ADA);
    const main = client.io.socket('/');
    await new Promise<void>((resolve) => main.once('connect', resolve).connect());
    await closeTestClient(client);
    expect(app.get(Websocket).server.engine.clientsCount).toBe(0);
  });
});
