import { UseInterceptors, type INestApplication, type NestInterceptor } from '@nestjs/common';
import {
  Ack,
  ConnectedSocket,
  Idempotent,
  OnDisconnect,
  OnEvent,
  OnShutdown,
  Websocket,
  type ServerState,
} from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { connectClient } from '../support/nest-app.js';
import { elapse, nextEvent, until, within } from '../support/until.js';
import { PLATFORMS, createApp, startWith } from './support/start-app.js';

class EchoGateway {
  @Ack('echo')
  echo(): string {
    return 'echo';
  }
}

describe.each(PLATFORMS)('closing in phases on %s', (platform) => {
  it('drains first: everything is served and accepted, then the sessions close', async () => {
    const { app, url, websocket } = await startWith({
      platform,
      providers: [EchoGateway],
      options: { shutdownDelay: 400 },
    });
    const states: ServerState[] = [websocket.state];
    const client = await connectClient(url);
    const [socket] = websocket.server.sockets.sockets.values();
    const atDisconnect = new Promise<ServerState>((resolve) => socket.on('disconnect', () => resolve(websocket.state)));
    const closing = app.close();
    await until(() => websocket.state === 'draining', 'the server drains');
    states.push(websocket.state);
    const late = await connectClient(url, { transports: ['polling'] });
    expect(await Promise.all([client.emitWithAck('echo'), late.emitWithAck('echo')])).toEqual(['echo', 'echo']);
    states.push(await atDisconnect);
    await closing;
    expect([...states, websocket.state]).toEqual(['open', 'draining', 'closing', 'closed']);
  });

  it.each(['polling', 'websocket'])('awaits @OnShutdown methods, whose goodbyes arrive over %s', async (transport) => {
    const order: string[] = [];
    class PoliteGateway {
      constructor(private readonly websocket: Websocket) {}

      @OnShutdown()
      async leave(...args: unknown[]): Promise<void> {
        order.push(`called with ${args.length}`);
        this.websocket.emit('bye', 'first');
        await new Promise((resolve) => setTimeout(resolve, 50));
        this.websocket.emit('bye', 'second');
      }

      @OnDisconnect()
      left(): void {
        order.push('left');
      }
    }
    Reflect.defineMetadata('design:paramtypes', [Websocket], PoliteGateway);
    const { app, url } = await startWith({ platform, providers: [PoliteGateway] });
    const client = await connectClient(url, { transports: [transport] });
    const heard: unknown[] = [];
    client.on('bye', (word) => heard.push(word));
    const gone = nextEvent(client, 'disconnect');
    await app.close();
    await gone;
    expect(heard).toEqual(['first', 'second']);
    expect(order).toEqual(['called with 0', 'left']);
  });
});

describe('a shutdown', () => {
  it('is not held up by an @OnShutdown method that fails, or never ends', async () => {
    class StuckGateway {
      @OnShutdown()
      fails(): void {
        throw new Error('on purpose');
      }

      @OnShutdown()
      never(): Promise<void> {
        return new Promise(() => {});
      }
    }
    const errors: unknown[] = [];
    const options = { shutdownTimeout: 200, onError: (error: unknown) => void errors.push(error) };
    const { app } = await startWith({ providers: [StuckGateway], options });
    await within(app.close(), 'the application', 2_000);
    expect(errors).toEqual([expect.objectContaining({ message: 'on purpose' })]);
  });

  it('leaves no timer of a client that was cut off before and could have come back', async () => {
    const { app, url, websocket } = await startWith({ options: { connectionStateRecovery: {} } });
    const client = await connectClient(url);
    const [socket] = websocket.server.sockets.sockets.values();
    const left = nextEvent(socket, 'disconnect');
    client.io.engine.close();
    await left;
    expect(websocket.server.idleWheel.size).toBe(1);
    await app.close();
    expect(websocket.server.idleWheel.size).toBe(0);
  });

  it('that is asked for again ends the delay of the first, with one result for both', async () => {
    const { websocket } = await startWith({});
    const first = websocket.shutdown({ delay: 60_000 });
    await until(() => websocket.state === 'draining', 'the server drains');
    const second = websocket.shutdown();
    expect(await within(first, 'the first')).toBe(await second);
  });

  it('is not cut short by app.close(), which waits for the same end', async () => {
    const { app, websocket } = await startWith({});
    const began = performance.now();
    const shutdown = websocket.shutdown({ delay: 300 });
    await app.close();
    await shutdown;
    expect(performance.now() - began).toBeGreaterThanOrEqual(290);
  });

  it('ends its delay when its signal aborts', async () => {
    const { websocket } = await startWith({});
    const controller = new AbortController();
    const shutdown = websocket.shutdown({ delay: 60_000, signal: controller.signal });
    controller.abort();
    await within(shutdown, 'the shutdown');
  });

  it('of an application that has not started skips the delay', async () => {
    const app = await createApp({ options: { shutdownDelay: 60_000 } });
    const { state } = app.get(Websocket);
    await app.init();
    expect([state, app.get(Websocket).state]).toEqual(['starting', 'open']);
    const early = await createApp({ options: { shutdownDelay: 60_000 } });
    await within(early.close(), 'an application that was not initialized');
    await within(Promise.all([app.get(Websocket).shutdown({ delay: 0 }), app.close()]), 'the application');
  });

  it.each([-1, NaN, Infinity, '1'])('refuses the delay %p', async (delay) => {
    const { websocket } = await startWith({});
    await expect(websocket.shutdown({ delay: delay as number })).rejects.toThrow('Invalid option "delay"');
    expect(websocket.state).toBe('open');
  });
});

describe('a handler that awaits app.close()', () => {
  const WAYS = {
    'at once': (close: () => Promise<unknown>) => close(),
    'after something else': async (close: () => Promise<unknown>) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      await close();
    },
  };

  it.each(Object.entries(WAYS))('%s does not wait for itself', async (_name, way) => {
    let close: () => Promise<unknown> = () => Promise.resolve();
    class AdminGateway {
      @OnEvent('stop')
      async stop(): Promise<void> {
        await way(close);
      }
    }
    const { app, url } = await startWith({ providers: [AdminGateway] });
    const closed = new Promise<void>((resolve) => {
      close = async () => {
        await app.close();
        resolve();
      };
    });
    const client = await connectClient(url);
    client.emit('stop');
    await within(closed, 'the application', 5_000);
  });

  it.each<[string, (close: () => Promise<unknown>) => NestInterceptor]>([
    ['behind an interceptor', () => ({ intercept: (_context, next) => next.handle() })],
    [
      'behind an asynchronous interceptor',
      () => ({
        intercept: async (_context, next) => {
          await elapse(1);
          return next.handle();
        },
      }),
    ],
    [
      'as an interceptor',
      (close) => ({
        intercept: async (_context, next) => {
          await close();
          return next.handle();
        },
      }),
    ],
  ])('%s does not wait for itself', async (how, makeInterceptor) => {
    const started: { app?: INestApplication } = {};
    const close = (): Promise<unknown> => started.app!.close();

    class AdminGateway {
      @UseInterceptors(makeInterceptor(close))
      @Ack('stop')
      async stop(): Promise<void> {
        if (how.startsWith('behind')) await close();
      }
    }
    const { app, url } = await startWith({ providers: [AdminGateway] });
    started.app = app;
    const client = await connectClient(url);
    const left = nextEvent(client, 'disconnect', 5_000);
    client.emit('stop', () => {});
    await left;
  });

  it('with @Idempotent does not wait for itself, nor for copies of its message', async () => {
    const started: { app?: INestApplication } = {};
    class AdminGateway {
      @Idempotent()
      @Ack('stop')
      async stop(): Promise<void> {
        await started.app!.close();
      }
    }
    const { app, url } = await startWith({ providers: [AdminGateway] });
    started.app = app;
    const client = await connectClient(url);
    const left = nextEvent(client, 'disconnect', 5_000);
    for (let copy = 0; copy < 3; copy++) client.emit('stop', { id: 'one' }, () => {});
    await left;
  });

  it('as @OnShutdown is waited for no longer than half of the timeout', async () => {
    const started: { app?: INestApplication } = {};
    class GoodbyeGateway {
      @OnShutdown()
      async goodbye(): Promise<void> {
        await started.app!.close();
      }
    }
    const { app } = await startWith({ providers: [GoodbyeGateway], options: { shutdownTimeout: 2_000 } });
    started.app = app;
    const began = performance.now();
    await app.close();
    expect(performance.now() - began).toBeLessThan(1_700);
  });

  it('as @OnDisconnect does not wait for itself, and the others are waited for', async () => {
    const order: string[] = [];
    let finish: () => void = () => {};
    const finished = new Promise<void>((resolve) => (finish = resolve));
    let close: () => Promise<unknown> = () => Promise.resolve();
    class LastPlayerGateway {
      @OnDisconnect()
      async left(@ConnectedSocket() _socket: Socket): Promise<void> {
        await close();
      }

      @Ack('slow')
      async slow(@ConnectedSocket() socket: Socket): Promise<void> {
        socket.emit('begun');
        await finished;
        order.push('finished');
      }
    }
    const { app, url, websocket } = await startWith({ providers: [LastPlayerGateway] });
    const closed = new Promise<void>((resolve) => {
      close = async () => {
        await app.close();
        order.push('closed');
        resolve();
      };
    });
    const [player, worker] = [await connectClient(url), await connectClient(url)];
    const begun = nextEvent(worker, 'begun');
    const answer = worker.emitWithAck('slow');
    await begun;
    player.disconnect();
    await until(() => websocket.state === 'closing', 'the server closes');
    finish();
    await answer;
    await within(closed, 'the application', 5_000);
    // The worker's leaving, which the shutdown causes, awaits it as well.
    expect(order).toEqual(['finished', 'closed', 'closed']);
  });
});

describe('slices by default', () => {
  it('spread many sessions, and close few at once', async () => {
    const { url, websocket } = await startWith({});
    const clients = await Promise.all(Array.from({ length: 120 }, () => connectClient(url)));
    const began = performance.now();
    const ends: number[] = [];
    for (const client of clients) client.on('disconnect', () => ends.push(performance.now() - began));
    const { closed, forced } = await websocket.shutdown();
    await until(() => ends.length === clients.length, 'all have left');
    expect([closed, forced]).toEqual([120, 0]);
    // 120 sessions at 50 a second.
    expect(Math.max(...ends)).toBeGreaterThan(1_800);
    const { url: other, websocket: small } = await startWith({});
    const few = await Promise.all(Array.from({ length: 40 }, () => connectClient(other)));
    const gone = few.map((client) => nextEvent(client, 'disconnect'));
    await small.shutdown();
    await Promise.all(gone);
  });
});
