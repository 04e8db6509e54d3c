import { Injectable, Module, type MiddlewareConsumer, type NestMiddleware } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Ack, ConnectedSocket, OnHandshake, fastifyRequestOf } from '../../../src/index.js';
import type { Socket } from '../../../src/server.js';
import { openPolling, openWebSocket, refusedWebSocket, UpgradeRefused } from '../../support/engine-client.js';
import { connectClient, createClient } from '../../support/nest-app.js';
import { rawUpgrade } from '../../hostile/support/requests.js';
import { RawSocket, upgradeRequest } from '../../support/raw-socket.js';
import { nextEvent, until } from '../../support/until.js';
import { startWith, type AppSetup } from '../support/start-app.js';

/** A refusal of requests without a key, at each place where Fastify, and Nest on it, lets an application put one. */
const isRefused = ({ headers }: { headers: Record<string, unknown> }): boolean => headers['x-key'] !== 'k';

@Injectable()
class KeyMiddleware implements NestMiddleware {
  use(
    request: { headers: Record<string, unknown> },
    response: { statusCode: number; end(): void },
    next: () => void,
  ): void {
    if (!isRefused(request)) return next();
    response.statusCode = 401;
    response.end();
  }
}

@Module({})
class GuardedModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(KeyMiddleware).forRoutes('*path');
  }
}

const instanceOf = (app: unknown): { addHook(name: string, hook: unknown): void; register(plugin: unknown): void } =>
  (app as NestFastifyApplication).getHttpAdapter().getInstance() as never;

const PLACES: readonly [string, AppSetup][] = [
  ...['onRequest', 'preParsing', 'preValidation', 'preHandler'].map((name): [string, AppSetup] => [
    `a hook ${name}`,
    {
      configure: (app) =>
        instanceOf(app).addHook(name, async (request: never, reply: { code(status: number): { send(): unknown } }) => {
          if (isRefused(request)) return reply.code(401).send();
          return undefined;
        }),
    },
  ]),
  [
    'a plugin',
    {
      configure: (app) => {
        const plugin = (instance: ReturnType<typeof instanceOf>, _options: unknown, done: () => void): void => {
          instance.addHook(
            'onRequest',
            (request: never, reply: { code(status: number): { send(): void } }, next: () => void) => {
              if (isRefused(request)) reply.code(401).send();
              else next();
            },
          );
          done();
        };
        instanceOf(app).register(Object.assign(plugin, { [Symbol.for('skip-override')]: true }));
      },
    },
  ],
  [
    'app.use()',
    {
      configure: (app) => void app.use((...args: Parameters<KeyMiddleware['use']>) => new KeyMiddleware().use(...args)),
    },
  ],
  ['a middleware of Nest', { imports: [GuardedModule] }],
];

class SecretGateway {
  @Ack('secret')
  secret(): number {
    return 42;
  }
}

describe.each(PLACES)('on Fastify, what %s refuses', (_name, setup) => {
  it('is refused over polling and over WebSocket, before a session exists', async () => {
    const { url, websocket } = await startWith({ ...setup, providers: [SecretGateway] });
    for (const transport of ['polling', 'websocket']) {
      const client = createClient(url, { transports: [transport], reconnection: false });
      const refused = nextEvent(client, 'connect_error');
      client.connect();
      const [error] = (await refused) as [Error];
      expect(error.message).toMatch(transport === 'polling' ? 'xhr poll error' : 'websocket error');
    }
    expect(await refusedWebSocket(`${url}/socket.io/?EIO=4&transport=websocket`)).toMatchObject({
      status: 401,
    });
    expect(websocket.stats().sessions.opened).toBe(0);
  });

  it('is refused as the upgrade of a session that was let in, which goes on', async () => {
    const { url } = await startWith({ ...setup, providers: [SecretGateway] });
    const extraHeaders = { 'x-key': 'k' };
    const client = await connectClient(url, { transports: ['polling'], extraHeaders });
    const { id } = client.io.engine as unknown as { id: string };
    const upgrade = openWebSocket(`${url}/socket.io/`, { sid: id });
    await expect(upgrade).rejects.toBeInstanceOf(UpgradeRefused);
    expect(await client.emitWithAck('secret')).toBe(42);
  });

  it.each(['polling', 'websocket'])('is let in over %s with the key', async (transport) => {
    const { url } = await startWith({ ...setup, providers: [SecretGateway] });
    const client = await connectClient(url, { transports: [transport], extraHeaders: { 'x-key': 'k' } });
    expect(await client.emitWithAck('secret')).toBe(42);
  });
});

describe('on Fastify, an upgrade', () => {
  it('that a hook does not decide about is cut off after upgradeTimeout, and its peer may leave before', async () => {
    const { url, websocket } = await startWith({
      options: { upgradeTimeout: 100 },
      configure: (app) => instanceOf(app).addHook('onRequest', () => new Promise(() => {})),
    });
    const raw = new RawSocket(Number(new URL(url).port));
    raw.write(rawUpgrade('/socket.io/?EIO=4&transport=websocket'));
    await raw.ended;
    expect(raw.received).toBe('');
    expect(websocket.stats().sessions.opened).toBe(0);
  });

  it('whose peer left while a hook decided opens no session that stays', async () => {
    let decide: () => void = () => {};
    const decision = new Promise<void>((resolve) => (decide = resolve));
    let enter: () => void = () => {};
    const entered = new Promise<void>((resolve) => (enter = resolve));
    const { url, websocket } = await startWith({
      configure: (app) =>
        instanceOf(app).addHook('onRequest', () => {
          enter();
          return decision;
        }),
    });
    const raw = new RawSocket(Number(new URL(url).port));
    raw.write(rawUpgrade('/socket.io/?EIO=4&transport=websocket'));
    await entered;
    raw.drop(true);
    decide();
    // A later client is served, and is the only one.
    await connectClient(url, { transports: ['polling'] });
    await until(() => websocket.stats().sessions.now === 1, 'only the later client is there');
  });

  it.each(['polling', 'websocket'])(
    'and a request over %s show what a hook put on Fastify’s request',
    async (transport) => {
      class WhoGateway {
        @OnHandshake()
        check(@ConnectedSocket() socket: Socket): void {
          socket.data.user = fastifyRequestOf<{ user: string }>(socket)?.user;
        }

        @Ack('who')
        who(@ConnectedSocket() socket: Socket): unknown {
          return socket.data.user;
        }
      }
      const { url } = await startWith({
        providers: [WhoGateway],
        configure: (app) =>
          instanceOf(app).addHook('onRequest', async (request: { user: string }) => {
            request.user = 'ann';
          }),
      });
      const client = await connectClient(url, { transports: [transport] });
      expect(await client.emitWithAck('who')).toBe('ann');
    },
  );

  it('comes before Fastify with fastify: "direct"', async () => {
    let ran = 0;
    const { url } = await startWith({
      options: { fastify: 'direct' },
      configure: (app) => instanceOf(app).addHook('onRequest', async () => void ran++),
    });
    await connectClient(url, { transports: ['websocket'] });
    await openPolling(`${url}/socket.io/`);
    expect(ran).toBe(0);
  });
});

describe('an upgrade on Fastify', () => {
  it('that comes before the answer to an earlier request of its connection is cut off, and nothing else', async () => {
    const { url } = await startWith({});
    const { sid } = await openPolling(`${url}/socket.io/`);
    const path = `/socket.io/?EIO=4&sid=${sid}&transport=`;
    const raw = new RawSocket(Number(new URL(url).port));

    raw.write(`GET ${path}polling HTTP/1.1\r\nHost: x\r\n\r\n${upgradeRequest(`${path}websocket`)}`);
    await raw.ended;

    expect(raw.received).not.toContain('101');
    expect((await connectClient(url)).connected).toBe(true);
  });
});
