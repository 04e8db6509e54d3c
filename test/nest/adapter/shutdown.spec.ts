import { createServer } from 'node:http';
import type { BeforeApplicationShutdown, INestApplication, OnModuleDestroy } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import { SocketIoAdapter } from '../../../src/index.js';
import type { Server, Socket } from '../../../src/server.js';
import { freePort } from '../../support/free-port.mjs';
import { connectClient } from '../../support/nest-app.js';
import { RawSocket } from '../../support/raw-socket.js';
import { nextEvent, until, within } from '../../support/until.js';
import { PLATFORMS } from '../support/start-app.js';
import { createGatewayApp, startGateways } from './support/start-gateways.js';

describe.each(PLATFORMS)('closing an application with gateways on %s', (platform) => {
  it('pain 16: waits for messages in flight, whose acks arrive, and lets clients reconnect', async () => {
    let finish!: () => void;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const order: string[] = [];

    @WebSocketGateway()
    class SlowGateway {
      @SubscribeMessage('slow')
      async slow(client: Socket): Promise<string> {
        client.emit('begun');
        await finished;
        order.push('message');
        return 'done';
      }

      async handleDisconnect(_client: Socket, reason: string): Promise<void> {
        await Promise.resolve();
        order.push(`disconnect: ${reason}`);
      }
    }

    class Database implements OnModuleDestroy {
      onModuleDestroy(): void {
        order.push('database');
      }
    }
    const imports = [{ module: class DatabaseModule {}, providers: [Database] }];
    const { app, url } = await startGateways({ platform, imports, providers: [SlowGateway] });
    const client = await connectClient(url);
    const begun = nextEvent(client, 'begun');
    const ack = client.emitWithAck('slow');
    await begun;
    const disconnect = nextEvent(client, 'disconnect');
    const closed = app.close();
    finish();
    expect(await ack).toBe('done');
    expect((await disconnect)[0]).toBe('transport close');
    await within(closed, 'the application');
    // As with IoAdapter, which serves until the hooks beforeApplicationShutdown have ended.
    expect(order).toEqual(['message', 'database', expect.stringMatching(/^disconnect/)]);
  });

  it.each(['websocket', 'polling'])(
    'delivers what onModuleDestroy and beforeApplicationShutdown emit, over %s',
    async (transport) => {
      @WebSocketGateway()
      class FarewellGateway implements OnModuleDestroy, BeforeApplicationShutdown {
        @WebSocketServer() readonly server!: Server;

        onModuleDestroy(): void {
          this.server.emit('farewell', 'onModuleDestroy');
        }

        async beforeApplicationShutdown(): Promise<void> {
          await Promise.resolve();
          this.server.emit('farewell', 'beforeApplicationShutdown');
        }
      }
      const { app, url } = await startGateways({ platform, providers: [FarewellGateway] });
      const client = await connectClient(url, { transports: [transport] });
      const heard: unknown[] = [];
      client.on('farewell', (hook: unknown) => heard.push(hook));
      const left = nextEvent(client, 'disconnect');
      await within(app.close(), 'the application');
      await left;
      expect(heard).toEqual(['onModuleDestroy', 'beforeApplicationShutdown']);
    },
  );

  it.each([true, false])('does not wait for clients, with forceCloseConnections: %s', async (forceCloseConnections) => {
    @WebSocketGateway()
    class PlainGateway {}
    const { app, url } = await startGateways({ platform, forceCloseConnections, providers: [PlainGateway] });
    const client = await connectClient(url);
    const polling = await connectClient(url, { transports: ['polling'] });
    const ends = [nextEvent(client, 'disconnect'), nextEvent(polling, 'disconnect')];
    await within(app.close(), 'the application');
    await Promise.all(ends);
  });
});

describe('an adapter', () => {
  it('takes no more messages once it closes, and refuses them only where acks are settled', async () => {
    let finish!: () => void;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    let calls = 0;

    @WebSocketGateway()
    class SlowGateway {
      @SubscribeMessage('slow')
      async slow(client: Socket): Promise<void> {
        client.emit('begun');
        await finished;
      }

      @SubscribeMessage('ask')
      ask(): void {
        calls++;
      }
    }
    const { app, url } = await startGateways({ options: { settleAcks: true }, providers: [SlowGateway] });
    const client = await connectClient(url);
    const begun = nextEvent(client, 'begun');
    client.emit('slow');
    await begun;
    const closed = app.close();
    const ack: unknown = await client.emitWithAck('ask');
    finish();
    await closed;
    expect(ack).toEqual({ status: 'error', message: 'Server is shutting down', code: 'SHUTTING_DOWN' });
    expect(calls).toBe(0);
  });

  it('closes and disposes as often as it is told to', async () => {
    @WebSocketGateway()
    class PlainGateway {}
    let adapter!: SocketIoAdapter;
    const { app, url } = await startGateways({
      adapter: (application) => (adapter = new SocketIoAdapter(application)),
      providers: [PlainGateway],
    });
    const client = await connectClient(url);
    const disconnect = nextEvent(client, 'disconnect');
    await Promise.all([adapter.close(), adapter.close(), adapter.dispose()]);
    await disconnect;
    await app.close();
    await adapter.dispose();
  });

  it('turns a client away for good', async () => {
    let adapter!: SocketIoAdapter;

    @WebSocketGateway()
    class PlainGateway {
      handleConnection(client: Socket): void {
        adapter.closeClient(client);
      }
    }
    const { url } = await startGateways({
      adapter: (application) => (adapter = new SocketIoAdapter(application)),
      providers: [PlainGateway],
    });
    const client = await connectClient(url);
    if (client.connected) expect((await nextEvent(client, 'disconnect'))[0]).toBe('io server disconnect');
    await until(() => !client.active, 'the client has given up');
  });

  it('that was never asked for anything ends as well', async () => {
    const app = await createGatewayApp({});
    await app.init();
    await app.close();
    await new SocketIoAdapter().close();
  });
});

describe('shutdownTimeout', () => {
  it.each(['nothing', '-1', 'Infinity'])('of a wrong kind is refused by name: %s', (value) => {
    const timeout = value === 'nothing' ? 'soon' : Number(value);
    const create = (): unknown => new SocketIoAdapter(createServer(), { shutdownTimeout: timeout as number });
    expect(create).toThrow('"shutdownTimeout"');
  });

  it.each<[string, (app: INestApplication) => SocketIoAdapter]>([
    ['an application', (app) => new SocketIoAdapter(app, { shutdownTimeout: 300 })],
    ['an HTTP server', (app) => new SocketIoAdapter(app.getHttpServer() as object, { shutdownTimeout: 300 })],
  ])('bounds the end of the servers of an adapter that knows %s, whatever keeps them', async (_what, adapter) => {
    const port = await freePort();
    @WebSocketGateway()
    class NeverGateway {
      @SubscribeMessage('never')
      never(client: Socket): Promise<void> {
        client.emit('begun');
        return new Promise(() => {});
      }
    }

    @WebSocketGateway(port)
    class OtherGateway {}

    const { app, url } = await startGateways({ providers: [NeverGateway, OtherGateway], adapter });
    const client = await connectClient(url);
    client.emit('never');
    await nextEvent(client, 'begun');
    const other = await connectClient(`http://127.0.0.1:${port}`);
    const gone = [client, other].map((each) => nextEvent(each, 'disconnect'));
    const silent = [Number(new URL(url).port), port].map((each) => new RawSocket(each));
    for (const each of silent) {
      each.write('GET /socket.io/?EIO=4&tr');
      await nextEvent(each.socket, 'connect');
    }
    const started = performance.now();

    await within(app.close(), 'the application to close', 4_000);

    expect(performance.now() - started).toBeGreaterThan(250);
    await Promise.all([...gone, ...silent.map(({ ended }) => ended)]);
  });
});
