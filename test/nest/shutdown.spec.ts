import type { Server as HttpServer } from 'node:http';
import { Injectable, Module, type INestApplicationContext, type OnModuleDestroy } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ack, OnConnect, OnDisconnect, OnEvent, SocketIoModule, Websocket } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { cleanup } from '../support/cleanup.js';
import { openPolling } from '../support/engine-client.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { Lateness } from '../support/lateness.js';
import { RawSocket, openRawWebSocket, textFrame } from '../support/raw-socket.js';
import { nextEvent, until, within } from '../support/until.js';
import { PLATFORMS, createApp, startWith } from './support/start-app.js';

const log: string[] = [];
beforeEach(() => void log.splice(0));

class SlowGateway {
  finish = (): void => {};

  @Ack('slow')
  slow(socket: Socket): Promise<string> {
    socket.emit('under way');
    return new Promise((resolve) => (this.finish = () => resolve('finished')));
  }

  @OnEvent('slow listener')
  listen(socket: Socket): Promise<void> {
    socket.emit('under way');
    return new Promise((resolve) => (this.finish = resolve));
  }

  @Ack('quick')
  quick(): string {
    return 'handled';
  }
}

@Injectable()
class Leaving {
  @OnDisconnect()
  async left(_socket: Socket, reason: string): Promise<void> {
    log.push('disconnect begins');
    await new Promise((resolve) => setTimeout(resolve, 20));
    log.push(`disconnect ends: ${reason}`);
  }
}

@Injectable()
class Database implements OnModuleDestroy {
  onModuleDestroy(): void {
    log.push('onModuleDestroy');
  }
}

@Module({ providers: [Database], exports: [Database] })
class DatabaseModule {}

type Started = Awaited<ReturnType<typeof startWith>>;

const TRANSPORTS = [['websocket'], ['polling']];

describe.each(PLATFORMS)('pain 16: app.close() on %s', (platform) => {
  describe.each(TRANSPORTS)('over %s', (transport) => {
    it.each(['slow', 'slow listener'])('awaits the handler of "%s", and its ack arrives', async (event) => {
      const { app, url } = await startWith({ platform, providers: [SlowGateway] });
      const client = await connectClient(url, { transports: [transport] });
      const answer = within(client.emitWithAck(event), 'the ack');
      await nextEvent(client, 'under way');
      const gone = nextEvent(client, 'disconnect');
      const closing = app.close();
      const refused = await client.timeout(1_000).emitWithAck('quick');
      expect(refused).toEqual({ status: 'error', message: 'Server is shutting down', code: 'SHUTTING_DOWN' });
      app.get(SlowGateway).finish();
      expect(await answer).toBe(event === 'slow' ? 'finished' : undefined);
      // A poll ends without a close packet, which some clients would take for the end; the next one fails.
      expect((await gone)[0]).toBe(transport === 'websocket' ? 'transport close' : 'transport error');
      await closing;
    });

    it('delivers what was emitted before', async () => {
      const { app, url, websocket } = await startWith({ platform, providers: [] });
      const client = await connectClient(url, { transports: [transport] });
      const news: unknown[] = [];
      client.on('news', (number: unknown) => news.push(number));
      for (let i = 0; i < 100; i++) websocket.emit('news', i);
      const gone = nextEvent(client, 'disconnect');
      await app.close();
      await gone;
      expect(news).toEqual(Array.from({ length: 100 }, (_, i) => i));
    });
  });

  it('refuses new handshakes with 503 on both transports [C9]', async () => {
    const { app, url } = await startWith({ platform, providers: [SlowGateway] });
    const client = await connectClient(url);
    client.emit('slow');
    await nextEvent(client, 'under way');
    const closing = app.close();
    await within(client.timeout(1_000).emitWithAck('quick'), 'the refusal that shows that it has begun');
    await expect(openPolling(`${url}/socket.io/`)).rejects.toThrow('503');
    const late = createClient(url);
    const refused = nextEvent(late, 'connect_error');
    late.connect();
    expect((await refused)[0]).toMatchObject({ description: { message: expect.stringContaining('503') } });
    app.get(SlowGateway).finish();
    await closing;
  });

  it.each([
    ['of the root module', { providers: [Leaving, Database] }],
    ['of an imported module', { providers: [Leaving], imports: [DatabaseModule] }],
  ])('awaits @OnDisconnect before onModuleDestroy of a provider %s', async (_name, setup) => {
    const { app, url } = await startWith({ platform, ...setup });
    await connectClient(url);
    await connectClient(url, { transports: ['polling'] });
    await app.close();
    // When a client that polls comes for the end is its own affair: the one handler may have ended before the other begins.
    const ends = 'disconnect ends: server shutting down';
    expect(log.slice(0, -1).sort()).toEqual(['disconnect begins', 'disconnect begins', ends, ends]);
    expect(log.at(-1)).toBe('onModuleDestroy');
  });

  it('lets a server on the same port take the clients over', async () => {
    const first = await startWith({ platform, providers: [SlowGateway] });
    const client = await connectClient(first.url, { reconnection: true, reconnectionDelay: 10 });
    const gone = nextEvent(client, 'disconnect');
    await first.app.close();
    expect((await gone)[0]).toBe('transport close');
    const again = nextEvent(client, 'connect');
    const second = await createApp({ platform, providers: [SlowGateway] });
    await second.listen(new URL(first.url).port, '127.0.0.1');
    await again;
    expect(await client.emitWithAck('quick')).toBe('handled');
  });
});

describe('pain 16: 100 clients whose @OnDisconnect takes 200 ms and needs the database', () => {
  it('are all seen off before the database goes, at the same time', async () => {
    let isOpen = true;
    let [left, late] = [0, 0];
    @Injectable()
    class Connection implements OnModuleDestroy {
      async save(): Promise<void> {
        await new Promise((resolve) => setTimeout(resolve, 200));
        if (isOpen) left++;
        else late++;
      }

      onModuleDestroy(): void {
        isOpen = false;
      }
    }
    @Injectable()
    class Leaves {
      constructor(private readonly connection: Connection) {}

      @OnDisconnect()
      left(): Promise<void> {
        return this.connection.save();
      }
    }
    const { app, url } = await startWith({ providers: [Leaves, Connection], options: { shutdownTimeout: 30_000 } });
    const clients = Array.from({ length: 100 }, (_, i) =>
      connectClient(url, { transports: [i % 2 === 0 ? 'websocket' : 'polling'] }),
    );
    await Promise.all(clients);
    const started = performance.now();
    await app.close();
    expect([left, late]).toEqual([100, 0]);
    // One after the other they would take 20 s; a client that polls may take half a second to come for the end.
    expect(performance.now() - started).toBeLessThan(10_000);
  }, 30_000);
});

describe('an application without an HTTP server', () => {
  it('awaits @OnDisconnect before onModuleDestroy of its providers, too', async () => {
    @Module({ imports: [SocketIoModule.forRoot({ port: 0 }), DatabaseModule], providers: [Leaving] })
    class AppModule {}
    const app: INestApplicationContext = await NestFactory.createApplicationContext(AppModule, { logger: false });
    cleanup(() => app.close());
    const { port } = app.get(Websocket).server.httpServer.address() as { port: number };
    await connectClient(`http://127.0.0.1:${port}`);
    await app.close();
    expect(log).toEqual(['disconnect begins', 'disconnect ends: server shutting down', 'onModuleDestroy']);
    await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow();
  });
});

describe('Websocket#shutdown', () => {
  it('tells how many sessions were closed, and gives the same answer again [C9]', async () => {
    const { url, websocket } = await startWith({ providers: [SlowGateway] });
    await connectClient(url);
    await connectClient(url, { transports: ['polling'] });
    const first = websocket.shutdown();
    const second = websocket.shutdown({ timeout: 1 });
    expect(await first).toEqual({ closed: 2, forced: 0 });
    expect(await second).toEqual({ closed: 2, forced: 0 });
    expect(await websocket.shutdown()).toEqual({ closed: 2, forced: 0 });
  });

  it('leaves the HTTP server to Nest', async () => {
    const { app, url, websocket } = await startWith({ providers: [SlowGateway] });
    await websocket.shutdown();
    expect(app.getHttpServer().listening).toBe(true);
    expect((await fetch(`${url}/elsewhere`)).status).toBe(404);
  });

  it.each([
    ['the timeout', { timeout: 50 }],
    ['the signal', { signal: AbortSignal.timeout(50) }],
    ['a signal that is aborted already', { signal: AbortSignal.abort() }],
  ])('waits no longer than %s says', async (_name, options) => {
    const { app, url, websocket } = await startWith({ providers: [SlowGateway] });
    const client = await connectClient(url);
    client.emit('slow');
    await nextEvent(client, 'under way');
    const gone = nextEvent(client, 'disconnect');
    const started = performance.now();
    const { closed, forced } = await websocket.shutdown(options);
    expect(closed + forced).toBe(1);
    expect(performance.now() - started).toBeLessThan(2_000);
    expect((await gone)[0]).toBe('transport close');
    app.get(SlowGateway).finish();
  });

  it('cuts off who does not read when the time is over, and says so; the application ends', async () => {
    const { app, url, websocket } = await startWith({ providers: [SlowGateway] });
    const { socket: peer } = await openRawWebSocket(Number(new URL(url).port), '/socket.io/');
    peer.write(textFrame('40'));
    await until(() => websocket.server.sockets.sockets.size === 1);
    peer.pause();
    websocket.emit('large', 'x'.repeat(64_000_000));
    expect(await websocket.shutdown({ timeout: 100 })).toEqual({ closed: 0, forced: 1 });
    await within(app.close(), 'the end of the application');
  });

  it('waits for as long as it takes where the timeout is infinite', async () => {
    const { app, url, websocket } = await startWith({ providers: [SlowGateway] });
    const client = await connectClient(url);
    const answer = client.emitWithAck('slow');
    await nextEvent(client, 'under way');
    const ended = websocket.shutdown({ timeout: Infinity });
    await client.emitWithAck('quick');
    await client.emitWithAck('quick');
    app.get(SlowGateway).finish();
    expect(await answer).toBe('finished');
    expect(await ended).toEqual({ closed: 1, forced: 0 });
  });

  describe('in slices', () => {
    /** When each of the clients lost its connection, in milliseconds since the call, sorted. */
    async function timesOfClosing(close: (started: Started) => Promise<unknown>, options = {}): Promise<number[]> {
      const started = await startWith({ providers: [SlowGateway], options });
      const clients = await Promise.all(
        Array.from({ length: 12 }, (_, i) => connectClient(started.url, { transports: [TRANSPORTS[i % 2][0]] })),
      );
      const ends = clients.map((client) => nextEvent(client, 'disconnect').then(() => performance.now()));
      const begin = performance.now();
      await close(started);
      return (await Promise.all(ends)).map((end) => end - begin).sort((a, b) => a - b);
    }

    function widestGaps(times: number[]): number[] {
      const gaps = times.slice(1).map((time, i) => ({ after: i + 1, length: time - times[i] }));
      gaps.sort((a, b) => b.length - a.length);
      return gaps.slice(0, 2).map(({ after }) => after);
    }

    // 3 slices over 80 % of 1,800 ms: one every 480 ms.
    it('closes as many sessions at a time, spread over the timeout', async () => {
      let result: unknown;
      const lateness = new Lateness();
      const times = await timesOfClosing(async ({ websocket }) => {
        result = await websocket.shutdown({ timeout: 1_800, slices: 3 });
      });
      expect(result).toEqual({ closed: 12, forced: 0 });
      expect(widestGaps(times).sort((a, b) => a - b)).toEqual([4, 8]);
      expect(times[11]).toBeGreaterThan(900);
      expect(times[11] - lateness.heldUp).toBeLessThan(1_800);
    });

    it('is what app.close() does with the option shutdownSlices', async () => {
      const times = await timesOfClosing(({ app }) => app.close(), { shutdownSlices: 3, shutdownTimeout: 1_800 });
      expect(widestGaps(times).sort((a, b) => a - b)).toEqual([4, 8]);
    });

    it('closes the rest at once where the signal ends the waiting', async () => {
      const times = await timesOfClosing(({ websocket }) =>
        websocket.shutdown({ timeout: 60_000, slices: 12, signal: AbortSignal.timeout(50) }),
      );
      expect(times[11]).toBeLessThan(3_000);
    });

    it.each([
      ['slices', { slices: 0 }],
      ['slices', { slices: 1.5 }],
      ['slices', { slices: 2, timeout: Infinity }],
      ['timeout', { timeout: NaN }],
      ['timeout', { timeout: -1 }],
    ])('refuses a wrong "%s" and goes on serving: %j', async (option, options) => {
      const { url, websocket } = await startWith({ providers: [SlowGateway] });
      await expect(websocket.shutdown(options)).rejects.toMatchObject({ name: 'OptionError', option });
      const client = await connectClient(url);
      expect(await client.emitWithAck('quick')).toBe('handled');
    });
  });

  it.each(PLATFORMS)(
    'is bounded by shutdownTimeout on %s, also if a connection never brings a whole request',
    async (platform) => {
      const { app, url } = await startWith({ platform, options: { shutdownTimeout: 300 } });
      const server = app.getHttpServer() as HttpServer;
      for (const sent of ['', 'GET /socket.io/?EIO=4&tr', 'GET /elsewhere HTTP/1.1\r\nHost: x\r\nX-A: ']) {
        const arrived = nextEvent(server, 'connection');
        new RawSocket(Number(new URL(url).port)).write(sent);
        await arrived;
      }
      await within(app.close(), 'the application to close', 3_000);
    },
  );

  it('is bounded by shutdownTimeout on app.close()', async () => {
    const { app, url } = await startWith({ providers: [SlowGateway], options: { shutdownTimeout: 50 } });
    const client = await connectClient(url);
    client.emit('slow');
    await nextEvent(client, 'under way');
    await within(app.close(), 'the end of the application');
  });

  it('leaves no listener on the HTTP server, the process or the signal', async () => {
    const { app, url, websocket } = await startWith({ providers: [SlowGateway] });
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
    signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
    await connectClient(url);
    await websocket.shutdown({ signal });
    expect(listeners).toBe(0);
    expect(app.getHttpServer().listenerCount('upgrade')).toBe(0);
    expect(Object.hasOwn(app.getHttpServer(), 'emit')).toBe(false);
  });
});

describe('a handler that never ends', () => {
  it('of @OnConnect keeps no application from closing', async () => {
    class Never {
      @OnConnect()
      connected(socket: Socket): Promise<void> {
        socket.emit('under way');
        return new Promise(() => undefined);
      }
    }
    const { app, url, websocket } = await startWith({ providers: [Never], options: { shutdownTimeout: 50 } });
    const client = createClient(url);
    client.connect();
    await nextEvent(client, 'under way');
    await within(app.close(), 'the end of the application');
    await until(() => websocket.of('/').sockets.size === 0);
  });
});
