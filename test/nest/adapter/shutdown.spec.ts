import type { BeforeApplicationShutdown, OnModuleDestroy } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import { SocketIoAdapter } from '../../../src/index.js';
import type { Server, Socket } from '../../../src/server.js';
import { connectClient } from '../../support/nest-app.js';
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
