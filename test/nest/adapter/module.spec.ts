/** With `SocketIoModule` imported, gateways of `@nestjs/websockets` run beside the module's own handlers. */
import { Injectable, Module, type WebSocketAdapter } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { MessageBody, SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import {
  Ack,
  BindingError,
  Gateway,
  OnConnect,
  OnDisconnect,
  OnEvent,
  SocketIoAdapter,
  SocketIoModule,
  Websocket,
} from '../../../src/index.js';
import type { Namespace, Server, ServerOptions, Socket } from '../../../src/server.js';
import { connectClient, createClient } from '../../support/nest-app.js';
import { nextEvent, until } from '../../support/until.js';
import { PLATFORMS, createApp, failureOf, startWith } from '../support/start-app.js';
import { freePort } from '../../support/free-port.mjs';

describe.each(PLATFORMS)('SocketIoModule with gateways on %s', (platform) => {
  it('runs them on its own server, without a word in main.ts', async () => {
    const calls: string[] = [];

    @WebSocketGateway()
    class ClassicGateway {
      @WebSocketServer() server!: Server;

      constructor(readonly websocket: Websocket) {}

      afterInit(server: Server): void {
        calls.push(`afterInit ${server === this.server && server === this.websocket.server}`);
      }

      handleConnection(): void {
        calls.push('handleConnection');
      }

      handleDisconnect(): void {
        calls.push('handleDisconnect');
      }

      @SubscribeMessage('classic')
      classic(@MessageBody() body: unknown): unknown {
        this.server.emit('from the gateway');
        return body;
      }
    }

    @Gateway()
    class OwnGateway {
      @OnConnect()
      connected(): void {
        calls.push('@OnConnect');
      }

      @OnDisconnect()
      left(): void {
        calls.push('@OnDisconnect');
      }

      @Ack('own')
      own(): string {
        return 'own';
      }
    }
    const { url, websocket } = await startWith({ platform, providers: [ClassicGateway, OwnGateway] });
    const client = await connectClient(url, { transports: ['polling', 'websocket'] });
    const events: string[] = [];
    client.onAny((event: string) => events.push(event));
    expect(await client.emitWithAck('classic', 7)).toBe(7);
    expect(await client.emitWithAck('own')).toBe('own');
    websocket.emit('from the service');
    await nextEvent(client, 'from the service');
    expect(events).toEqual(['from the gateway', 'from the service']);
    client.disconnect();
    await until(() => calls.includes('handleDisconnect') && calls.includes('@OnDisconnect'), 'both heard of the end');
    expect(calls.slice(0, 3)).toEqual(['afterInit true', 'handleConnection', '@OnConnect']);
  });
});

describe('a gateway beside handlers of the module', () => {
  it('answers an event that these hear as well', async () => {
    const heard: unknown[] = [];

    @WebSocketGateway()
    class ClassicGateway {
      @SubscribeMessage('both')
      async both(@MessageBody() list: unknown[]): Promise<unknown> {
        heard.push('gateway');
        return list;
      }
    }

    @Gateway()
    class OwnGateway {
      @OnEvent('both')
      both(_socket: Socket, list: unknown[]): void {
        heard.push('handler');
        list.push('changed');
      }

      @OnEvent('*')
      all(): void {
        heard.push('wildcard');
      }
    }
    const { url } = await startWith({ providers: [ClassicGateway, OwnGateway] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('both', [1])).toEqual([1, 'changed']);
    expect(heard.sort()).toEqual(['gateway', 'handler', 'wildcard']);
  });

  it('cannot answer one that these answer', async () => {
    @WebSocketGateway()
    class ClassicGateway {
      @SubscribeMessage('both')
      both(): void {}
    }

    @Gateway()
    class OwnGateway {
      @Ack('both')
      both(): void {}
    }
    const failure = await failureOf({ providers: [ClassicGateway, OwnGateway] });
    expect(failure).toBeInstanceOf(BindingError);
    expect(failure.message).toContain('OwnGateway.both() and ClassicGateway both answer the event "both"');
  });

  it('shares a namespace and a pattern with these', async () => {
    @WebSocketGateway({ namespace: /^\/t-\d$/ })
    class ClassicGateway {
      @SubscribeMessage('classic')
      classic(): string {
        return 'classic';
      }
    }

    @Gateway(/^\/t-\d$/)
    class OwnGateway {
      @Ack('own')
      own(): string {
        return 'own';
      }
    }
    const { url } = await startWith({ providers: [ClassicGateway, OwnGateway] });
    const client = await connectClient(`${url}/t-1`);
    expect([await client.emitWithAck('classic'), await client.emitWithAck('own')]).toEqual(['classic', 'own']);
  });

  it('is one class with these, where it has both kinds of decorators', async () => {
    @WebSocketGateway()
    class MixedGateway {
      @SubscribeMessage('classic')
      classic(): string {
        return 'classic';
      }

      @Ack('own')
      own(): string {
        return 'own';
      }
    }
    const { url } = await startWith({ providers: [MixedGateway] });
    const client = await connectClient(url);
    expect([await client.emitWithAck('classic'), await client.emitWithAck('own')]).toEqual(['classic', 'own']);
  });

  it('keeps an @OnConnect handler waited for, and is told of clients at once', async () => {
    let open!: () => void;
    const opened = new Promise<void>((resolve) => (open = resolve));

    @WebSocketGateway()
    class ClassicGateway {
      handleConnection(client: Socket): void {
        client.emit('told');
      }

      @SubscribeMessage('who')
      who(client: Socket): unknown {
        return client.data.name;
      }
    }

    @Gateway()
    class OwnGateway {
      @OnConnect()
      async connected(client: Socket): Promise<void> {
        await opened;
        client.data.name = 'Ada';
      }
    }
    const { url } = await startWith({ providers: [ClassicGateway, OwnGateway] });
    const client = createClient(url);
    const told = nextEvent(client, 'told');
    client.connect();
    await told;
    const answer = client.emitWithAck('who');
    open();
    expect(await answer).toBe('Ada');
  });

  it('is stopped with these by Websocket.shutdown(), on other ports too', async () => {
    const port = await freePort();

    @WebSocketGateway(port)
    class PortGateway {}
    const { url, websocket } = await startWith({ providers: [PortGateway] });
    const main = await connectClient(url);
    const other = await connectClient(`http://127.0.0.1:${port}`);
    const ends = [nextEvent(main, 'disconnect'), nextEvent(other, 'disconnect')];
    expect(await websocket.shutdown()).toEqual({ closed: 2, forced: 0 });
    expect((await Promise.all(ends)).map(([reason]) => reason)).toEqual(['transport close', 'transport close']);
  });
});

describe('the options of a gateway', () => {
  it('fill those that forRoot left unset', async () => {
    @WebSocketGateway({ pingInterval: 7_000, connectTimeout: 8_000, cors: { origin: 'https://app.example' } })
    class ClassicGateway {}

    @WebSocketGateway({ namespace: 'other', maxHttpBufferSize: 9_000 })
    class OtherGateway {}
    const options = { pingTimeout: 6_000 };
    const { url, websocket } = await startWith({ options, providers: [ClassicGateway, OtherGateway] });
    const client = await connectClient(url, { transports: ['polling'] });
    const { engine, settings, opts } = websocket.server as Server & { settings: { connectTimeout: number } };
    expect(engine.opts).toMatchObject({ pingInterval: 7_000, pingTimeout: 6_000, maxHttpBufferSize: 9_000 });
    expect(settings.connectTimeout).toBe(8_000);
    expect(opts.cors).toEqual({ origin: 'https://app.example' });
    expect(client.connected).toBe(true);
  });

  it('set parser, adapter, recovery and the client bundle as well', async () => {
    const parser = await import('socket.io-msgpack-parser');

    @WebSocketGateway({ parser, serveClient: true, connectionStateRecovery: {} } as object)
    class ClassicGateway {
      @SubscribeMessage('ask')
      ask(): string {
        return 'answer';
      }
    }
    const { url } = await startWith({ providers: [ClassicGateway] });
    const client = await connectClient(url, { parser });
    expect(await client.emitWithAck('ask')).toBe('answer');
    // The private id by which a client may come back.
    expect((client as unknown as { _pid?: string })._pid).toEqual(expect.any(String));
    expect((await fetch(`${url}/socket.io/socket.io.js`)).status).toBe(200);
  });

  it('may be the same as those of forRoot', async () => {
    @WebSocketGateway({ pingInterval: 7_000, path: 'socket.io/', cors: { origin: [/example$/] } })
    class ClassicGateway {}
    const options: ServerOptions = { pingInterval: 7_000, path: '/socket.io', cors: { origin: [/example$/] } };
    const { url } = await startWith({ options, providers: [ClassicGateway] });
    await connectClient(url);
  });

  it('pain 23: may not contradict forRoot: the start fails and names both', async () => {
    @WebSocketGateway({ pingInterval: 7_000 })
    class ClassicGateway {}
    const failure = await failureOf({ options: { pingInterval: 8_000 }, providers: [ClassicGateway] });
    expect(failure).toBeInstanceOf(BindingError);
    expect(failure.message).toBe(
      'SocketIoModule.forRoot() and ClassicGateway share a server and give its option "pingInterval" different ' +
        'values: 8000 and 7000. Set it in one place, or to the same value in both.',
    );
  });

  it('count for a server of their own where port or path differ from those of forRoot', async () => {
    @WebSocketGateway({ path: '/own', pingInterval: 7_000 })
    class ClassicGateway {
      @WebSocketServer() server!: Server;
    }
    const { app, url, websocket } = await startWith({ options: { pingInterval: 8_000 }, providers: [ClassicGateway] });
    const { server } = app.get(ClassicGateway);
    await connectClient(url, { path: '/own' });
    await connectClient(url);
    expect([server.engine.opts.pingInterval, websocket.server.engine.opts.pingInterval]).toEqual([7_000, 8_000]);
    expect([server.engine.clientsCount, websocket.server.engine.clientsCount]).toEqual([1, 1]);
  });

  it('share the port that forRoot gave the server', async () => {
    const port = await freePort();

    @WebSocketGateway(port)
    class PortGateway {
      @SubscribeMessage('ask')
      ask(): string {
        return 'port';
      }
    }

    @WebSocketGateway()
    class PlainGateway {
      @Ack('own')
      own(): string {
        return 'own';
      }
    }
    await startWith({ options: { port }, providers: [PortGateway, PlainGateway] });
    const client = await connectClient(`http://127.0.0.1:${port}`);
    expect([await client.emitWithAck('ask'), await client.emitWithAck('own')]).toEqual(['port', 'own']);
  });
});

describe('an adapter that the application sets', () => {
  @WebSocketGateway({ path: '/classic' })
  class ClassicGateway {
    @WebSocketServer() server!: object;

    @SubscribeMessage('ask')
    ask(): void {}

    @SubscribeMessage('fail')
    fail(): void {
      throw new Error('secret');
    }
  }

  it('wins', async () => {
    let theirs!: IoAdapter;
    const { app, url } = await startWith({
      providers: [ClassicGateway],
      configure: (application) => void application.useWebSocketAdapter((theirs = new IoAdapter(application))),
    });
    expect(app.get(ApplicationConfig, { strict: false }).getIoAdapter()).toBe(theirs as WebSocketAdapter);
    expect(app.get(ClassicGateway).server.constructor.name).toBe('Server');
    expect(app.get(Websocket).server).not.toBeInstanceOf(app.get(ClassicGateway).server.constructor);
    await connectClient(url, { path: '/classic' });
  });

  it.each(['app', 'http server', 'nothing'])('of this package joins the module, made of the %s', async (kind) => {
    @WebSocketGateway()
    class SharingGateway {
      @WebSocketServer() server!: Server;

      @SubscribeMessage('fail')
      fail(): void {
        throw new Error('secret');
      }
    }
    const { app, url, websocket } = await startWith({
      providers: [SharingGateway],
      configure: (application) => {
        const made = { app: application, 'http server': application.getHttpServer() as object, nothing: undefined }[
          kind
        ];
        application.useWebSocketAdapter(new SocketIoAdapter(made, { settleAcks: true }));
      },
    });
    expect(app.get(SharingGateway).server).toBe(websocket.server);
    const client = await connectClient(url);
    expect(await client.emitWithAck('fail')).toMatchObject({ status: 'error', code: 'INTERNAL_ERROR' });
  });

  it('may extend it as recipes do', async () => {
    const seen: unknown[] = [];

    class RecipeAdapter extends SocketIoAdapter {
      override createIOServer(port: number, options?: ServerOptions): Server {
        const server = super.createIOServer(port, { ...options, pingInterval: 7_000 });
        seen.push(port, server.engine.opts.pingInterval);
        server.use((socket, next) => {
          socket.data.seen = true;
          next();
        });
        return server;
      }
    }

    @WebSocketGateway()
    class SharingGateway {
      @SubscribeMessage('seen')
      seen(client: Socket): unknown {
        return client.data.seen;
      }
    }
    const { url, websocket } = await startWith({
      providers: [SharingGateway],
      configure: (app) => void app.useWebSocketAdapter(new RecipeAdapter(app)),
    });
    const client = await connectClient(url);
    expect(await client.emitWithAck('seen')).toBe(true);
    expect(seen).toEqual([0, 7_000]);
    expect(websocket.server.engine.opts.pingInterval).toBe(7_000);
  });

  it.each([undefined, '/live'])('may set up the server by it where no gateway is left, with path %s', async (path) => {
    const seen: unknown[] = [];

    class RecipeAdapter extends SocketIoAdapter {
      override createIOServer(port: number, options?: ServerOptions): Server {
        const server = super.createIOServer(port, { ...options, pingInterval: 7_000 });
        seen.push(port, server.engine.opts.pingInterval);
        server.use((socket, next) => next(socket.handshake.auth.token === 'good' ? undefined : new Error('No token')));
        return server;
      }
    }

    @Gateway()
    class OwnGateway {
      @Ack('own')
      own(): string {
        return 'own';
      }
    }
    const { url } = await startWith({
      providers: [OwnGateway],
      options: { path },
      configure: (app) => void app.useWebSocketAdapter(new RecipeAdapter(app)),
    });
    expect(seen).toEqual([0, 7_000]);
    const at = path === undefined ? {} : { path };
    const client = await connectClient(url, { ...at, auth: { token: 'good' } });
    expect(await client.emitWithAck('own')).toBe('own');
    const refused = createClient(url, at);
    const error = nextEvent(refused, 'connect_error');
    refused.connect();
    expect(await error).toEqual([expect.objectContaining({ message: 'No token' })]);
  });
});

describe('two applications in one process', () => {
  it('each run their gateways on their own server', async () => {
    @WebSocketGateway()
    class ClassicGateway {
      @WebSocketServer() server!: Server;

      @SubscribeMessage('tell')
      tell(): void {
        this.server.emit('told');
      }
    }
    const [one, two] = [
      await startWith({ providers: [ClassicGateway] }),
      await startWith({ providers: [ClassicGateway] }),
    ];
    const [first, second] = [await connectClient(one.url), await connectClient(two.url)];
    let strays = 0;
    second.on('told', () => strays++);
    const told = nextEvent(first, 'told');
    await first.emitWithAck('tell');
    await told;
    await second.emitWithAck('unknown');
    expect(strays).toBe(0);
  });
});

describe('Websocket', () => {
  it('reaches sockets of gateways from a provider of another module', async () => {
    @Injectable()
    class Notifier {
      constructor(readonly websocket: Websocket) {}
    }

    @Module({ providers: [Notifier], exports: [Notifier] })
    class NotifierModule {}

    @WebSocketGateway({ namespace: 'news' })
    class NewsGateway {
      @WebSocketServer() namespace!: Namespace;

      handleConnection(client: Socket): void {
        void client.join('readers');
      }
    }
    const app = await createApp({ imports: [NotifierModule], providers: [NewsGateway] });
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as { port: number };
    const client = await connectClient(`http://127.0.0.1:${port}/news`);
    const notice = nextEvent(client, 'notice');
    app.get(Notifier).websocket.of('/news').to('readers').emit('notice', 1);
    expect(await notice).toEqual([1]);
    expect(SocketIoModule).toBeDefined();
  });
});
