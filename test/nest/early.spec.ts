/** What is asked of the server before it is there, and an application that is closed before it has started. */
import { Injectable, UseGuards, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { WebSocketGateway } from '@nestjs/websockets';
import { Ack, BindingError, Gateway, OnConnect, SocketIoAdapter, Websocket } from '../../src/index.js';
import type { Server } from '../../src/server.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { nextEvent, within } from '../support/until.js';
import { startGateways } from './adapter/support/start-gateways.js';
import { freePort } from '../support/free-port.mjs';
import { createApp, failureOf, PLATFORMS, startWith } from './support/start-app.js';

@UseGuards({ canActivate: () => false })
@Gateway(/^\/room-\d$/)
class RoomGateway {
  @OnConnect()
  connected(): void {}
}

describe('pain 38: Websocket in onModuleInit', () => {
  it('has nobody to tell, and nothing fails', async () => {
    const results: unknown[] = [];

    @Injectable()
    class Early implements OnModuleInit {
      constructor(private readonly websocket: Websocket) {}

      async onModuleInit(): Promise<void> {
        const { websocket } = this;
        websocket.emit('news');
        websocket.broadcast('news');
        websocket.fire('news');
        results.push(await websocket.emitTo('nobody', 'news'), await websocket.fetchSockets());
        results.push(await websocket.timeout(1_000).emitWithAck('ask'), websocket.stats().sockets.now);
        await websocket.disconnectSockets(true);
      }
    }
    const { url } = await startWith({ providers: [Early] });
    await connectClient(url);
    expect(results).toEqual([false, [], [], 0]);
  });

  it('may use a namespace that gateways name', async () => {
    @Injectable()
    class Early implements OnModuleInit {
      constructor(private readonly websocket: Websocket) {}

      onModuleInit(): void {
        this.websocket.of('/news').emit('news');
      }
    }

    @Gateway('/news')
    class NewsGateway {
      @Ack('ask')
      ask(): string {
        return 'answer';
      }
    }
    const { url } = await startWith({ providers: [Early, NewsGateway] });
    expect(await (await connectClient(`${url}/news`)).emitWithAck('ask')).toBe('answer');
  });

  it('may not make a namespace of a pattern: it would have neither its handlers nor its guards', async () => {
    @Injectable()
    class Early implements OnModuleInit {
      constructor(private readonly websocket: Websocket) {}

      onModuleInit(): void {
        this.websocket.of('/room-1').emit('news');
      }
    }
    const failure = await failureOf({ providers: [Early, RoomGateway] });
    expect(failure).toBeInstanceOf(BindingError);
    expect(failure.message).toContain('RoomGateway.connected() does not get the namespace "/room-1"');
  });

  it('may make it once everything is bound, and it has both', async () => {
    @Injectable()
    class Late implements OnApplicationBootstrap {
      constructor(private readonly websocket: Websocket) {}

      onApplicationBootstrap(): void {
        this.websocket.of('/room-1').emit('news');
      }
    }
    const { url } = await startWith({ providers: [Late, RoomGateway] });
    const client = createClient(`${url}/room-1`);
    const refused = nextEvent(client, 'connect_error');
    client.connect();
    await refused;
  });
});

describe('an application that is closed while it starts', () => {
  it('opens no port afterwards', async () => {
    const port = await freePort();
    let goOn!: () => void;
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    let arrive!: () => void;
    const arrived = new Promise<void>((resolve) => (arrive = resolve));

    @Injectable()
    class Slow implements OnApplicationBootstrap {
      async onApplicationBootstrap(): Promise<void> {
        arrive();
        await gate;
      }
    }
    const app = await createApp({ options: { port }, providers: [Slow] });
    const started = app.init();
    await arrived;
    await within(app.close(), 'the end');
    goOn();
    await started;
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow('fetch failed');
  });
});

describe('server.engine before the bootstrap', () => {
  it.each(PLATFORMS)(
    'takes middlewares and listeners in constructors, in onModuleInit and in main.ts: %s',
    async (platform) => {
      const heard = new Set<string>();
      const note = (place: string, { engine }: Websocket['server']): void => {
        engine.use((_request, _response, next) => {
          heard.add(`${place} use`);
          next();
        });
        engine.on('connection', () => heard.add(`${place} on`));
      };

      @Injectable()
      class Early implements OnModuleInit, OnApplicationBootstrap {
        constructor(private readonly websocket: Websocket) {
          note('constructor', websocket.server);
        }

        onModuleInit(): void {
          note('onModuleInit', this.websocket.server);
          expect(() => this.websocket.server.engine.opts).toThrow(/before onApplicationBootstrap/);
        }

        onApplicationBootstrap(): void {
          expect(this.websocket.server.engine.opts.path).toBe('/socket.io/');
        }
      }
      const { url } = await startWith({
        platform,
        providers: [Early],
        configure: (app) => note('main.ts', app.get(Websocket).server),
      });
      await connectClient(url);
      expect([...heard].sort()).toEqual(
        ['constructor', 'main.ts', 'onModuleInit'].flatMap((place) => [`${place} on`, `${place} use`]),
      );
    },
  );

  it('is there in createIOServer() of the adapter alone', async () => {
    let count: number | undefined;
    class CountingAdapter extends SocketIoAdapter {
      override createIOServer(port: number, options?: object): Server {
        const server = super.createIOServer(port, options);
        count = server.engine.clientsCount;
        return server;
      }
    }
    @WebSocketGateway()
    class EmptyGateway {}
    await startGateways({ providers: [EmptyGateway], adapter: (app) => new CountingAdapter(app) });
    expect(count).toBe(0);
  });
});
