import { IncomingMessage, ServerResponse, createServer } from 'node:http';
import { Socket, type AddressInfo } from 'node:net';
import { PassThrough, type Duplex } from 'node:stream';
import {
  Body,
  Controller,
  Get,
  Injectable,
  Post,
  RequestMethod,
  VersioningType,
  type INestApplication,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { WebSocket, WebSocketServer } from 'ws';
import { Ack, MessageBody, SocketIoModule, Websocket } from '../../src/index.js';
import { cleanup } from '../support/cleanup.js';
import { request } from '../support/engine-client.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { listen } from '../support/server.js';
import { nextEvent, until, within } from '../support/until.js';
import { PLATFORMS, createApp, failureOf, startWith } from './support/start-app.js';

const HANDSHAKE = '/socket.io/?EIO=4&transport=polling';

class EchoGateway {
  @Ack('echo')
  echo(@MessageBody() body: unknown): unknown {
    return body;
  }
}

@Controller('items')
class ItemsController {
  @Get()
  list(): string {
    return 'items';
  }

  @Post()
  create(@Body() body: unknown): unknown {
    return { created: body };
  }
}

async function echoesOverBoth(url: string): Promise<void> {
  for (const transport of ['polling', 'websocket']) {
    const client = await connectClient(url, { transports: [transport] });
    expect(await client.emitWithAck('echo', transport)).toBe(transport);
  }
}

/** What `app.inject` does; Fastify's own depends on a package that the test runner cannot require. */
async function inject(
  dispatch: (request: IncomingMessage, response: ServerResponse) => void,
  method: string,
  url: string,
  body = '',
): Promise<{ status: number; body: string }> {
  const incoming = Object.assign(new IncomingMessage(new Socket()), { method, url });
  incoming.headers = { host: 'localhost:80', 'content-length': String(body.length) };
  incoming.push(body);
  incoming.push(null);
  const response = new ServerResponse(incoming);
  const sink = new PassThrough();
  response.assignSocket(sink as unknown as Socket);
  const finished = nextEvent(response, 'finish');
  dispatch(incoming, response);
  await finished;
  const raw = String(sink.read());
  return { status: response.statusCode, body: raw.slice(raw.indexOf('\r\n\r\n') + 4) };
}

describe.each(PLATFORMS)('beside other things on %s', (platform) => {
  it('routes and their body parsers work as before', async () => {
    const { url } = await startWith({ platform, providers: [EchoGateway], controllers: [ItemsController] });
    await echoesOverBoth(url);
    expect((await request(`${url}/items`)).body).toBe('items');
    const headers = { 'content-type': 'application/json' };
    const created = await request(`${url}/items`, { method: 'POST', body: '{"a":1}', headers });
    expect(created.body).toBe('{"created":{"a":1}}');
    expect((await request(`${url}/socket.iox/`)).status).toBe(404);
  });

  it('a global prefix and versions move no path of the server', async () => {
    const { url } = await startWith({
      platform,
      providers: [EchoGateway],
      controllers: [ItemsController],
      configure: (app) => {
        app.setGlobalPrefix('api', { exclude: [{ path: 'health', method: RequestMethod.GET }] });
        app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
      },
    });
    await echoesOverBoth(url);
    expect((await request(`${url}/api/v1/items`)).body).toBe('items');
  });

  it.each(['before', 'after'])('another WebSocket server that was attached %s destroys nothing', async (when) => {
    const other = new WebSocketServer({ noServer: true });
    const attach = (app: INestApplication): void => {
      app.getHttpServer().on('upgrade', (upgrade: IncomingMessage, socket: Duplex, head: Buffer) => {
        // As others do, with what they do not know.
        if (upgrade.url !== '/other') socket.destroy();
        else
          other.handleUpgrade(upgrade, socket, head, (accepted) =>
            accepted.on('message', (data) => accepted.send(data)),
          );
      });
    };
    const { app, url } = await startWith({
      platform,
      providers: [EchoGateway],
      configure: when === 'before' ? attach : undefined,
    });
    if (when === 'after') attach(app);
    await echoesOverBoth(url);
    const socket = new WebSocket(`${url.replace('http', 'ws')}/other`);
    await nextEvent(socket, 'open');
    socket.send('hello');
    expect(String((await nextEvent(socket, 'message'))[0])).toBe('hello');
    socket.close();
    await nextEvent(socket, 'close');
  });

  it('an upgrade that nobody knows gets 404', async () => {
    const { url } = await startWith({ platform, providers: [EchoGateway] });
    const socket = new WebSocket(`${url.replace('http', 'ws')}/nobody`);
    const [error] = await nextEvent(socket, 'error');
    expect((error as Error).message).toContain('404');
  });

  it('an application that is initialized serves whoever lets its server listen', async () => {
    const app = await createApp({ platform, providers: [EchoGateway] });
    await app.init();
    if (platform === 'fastify') await (app as NestFastifyApplication).getHttpAdapter().getInstance().ready();
    const port = await listen(app.getHttpServer());
    await echoesOverBoth(`http://127.0.0.1:${port}`);
  });
});

describe('pain 19: Fastify', () => {
  it('runs its hooks for the requests of polling clients', async () => {
    const seen: string[] = [];
    const { url } = await startWith({
      providers: [EchoGateway],
      configure: (app) => {
        const fastify = (app as NestFastifyApplication).getHttpAdapter().getInstance();
        fastify.addHook(
          'onRequest',
          async ({ method, url: path }) => void seen.push(`${method} ${path.split('?')[0]}`),
        );
        fastify.addHook('onSend', async (_request, reply) => void reply.header('x-hook', 'ran'));
      },
    });
    const handshake = await request(url + HANDSHAKE);
    expect([handshake.status, handshake.headers.get('x-hook')]).toEqual([200, 'ran']);
    const client = await connectClient(url, { transports: ['polling'] });
    await client.emitWithAck('echo', 1);
    expect(seen).toContain('GET /socket.io/');
    expect(seen).toContain('POST /socket.io/');
  });

  it('is passed by with `direct`, except for requests that are injected', async () => {
    const seen: string[] = [];
    const { app, url } = await startWith({
      providers: [EchoGateway],
      controllers: [ItemsController],
      options: { fastify: 'direct' },
      configure: (configured) => {
        const fastify = (configured as NestFastifyApplication).getHttpAdapter().getInstance();
        fastify.addHook('onRequest', async ({ url: path }) => void seen.push(path.split('?')[0]));
      },
    });
    await echoesOverBoth(url);
    expect(await (await fetch(`${url}/items`)).text()).toBe('items');
    expect(seen).toEqual(['/items']);

    const { routing } = (app as NestFastifyApplication).getHttpAdapter().getInstance();
    expect((await inject(routing, 'GET', HANDSHAKE)).status).toBe(200);
    expect(seen).toEqual(['/items', '/socket.io/']);
  });

  it('lets a hook refuse a handshake', async () => {
    const { url } = await startWith({
      providers: [EchoGateway],
      configure: (app) => {
        const fastify = (app as NestFastifyApplication).getHttpAdapter().getInstance();
        fastify.addHook('onRequest', async (_request, reply) => reply.code(401).send('no'));
      },
    });
    expect((await request(url + HANDSHAKE)).status).toBe(401);
  });

  it('answers requests that are injected without a port', async () => {
    const app = (await createApp({ providers: [EchoGateway] })) as NestFastifyApplication;
    await app.init();
    const fastify = app.getHttpAdapter().getInstance();
    await fastify.ready();
    const handshake = await inject(fastify.routing, 'GET', HANDSHAKE);
    expect([handshake.status, handshake.body.charAt(0)]).toEqual([200, '0']);
    const { sid } = JSON.parse(handshake.body.slice(1)) as { sid: string };
    const session = `${HANDSHAKE}&sid=${sid}`;
    expect(await inject(fastify.routing, 'POST', session, '40')).toEqual({ status: 200, body: 'ok' });
    expect((await inject(fastify.routing, 'GET', session)).body).toMatch(/^40\{"sid":"/);
    await inject(fastify.routing, 'POST', session, '421["echo","x"]');
    expect((await inject(fastify.routing, 'GET', session)).body).toBe('431["x"]');
  });

  it('serves each address on which it listens', async () => {
    const app = (await createApp({ providers: [EchoGateway] })) as NestFastifyApplication;
    // Without a host it listens on all addresses of localhost, with a server for each.
    await app.listen(0);
    const addresses = app.getHttpAdapter().getInstance().addresses() as AddressInfo[];
    expect(addresses.length).toBeGreaterThan(0);
    for (const { address, family, port } of addresses) {
      await echoesOverBoth(`http://${family === 'IPv6' ? `[${address}]` : address}:${port}`);
    }
  });

  it('serves a path of its own choice, with and without a slash at its end [E1]', async () => {
    const { url } = await startWith({
      providers: [EchoGateway],
      options: { path: '/ws', addTrailingSlash: false },
    });
    expect((await request(`${url}/ws?EIO=4&transport=polling`)).status).toBe(200);
    expect((await request(`${url}/wsx?EIO=4&transport=polling`)).status).toBe(404);
    const client = await connectClient(url, { path: '/ws', addTrailingSlash: false, transports: ['polling'] });
    expect(await client.emitWithAck('echo', 1)).toBe(1);
  });
});

describe('a port of its own', () => {
  const portOf = (app: { get(token: unknown): Websocket }): number => {
    return (app.get(Websocket).server.httpServer.address() as { port: number }).port;
  };

  it.each(PLATFORMS)('is served beside the application on %s', async (platform) => {
    const { app, url } = await startWith({ platform, providers: [EchoGateway], options: { port: 0 } });
    const own = `http://127.0.0.1:${portOf(app)}`;
    await echoesOverBoth(own);
    expect((await request(`${own}/items`)).status).toBe(404);
    expect((await request(url + HANDSHAKE)).status).toBe(404);
    await app.close();
    await expect(fetch(own)).rejects.toThrow();
  });

  it('that is taken stops the bootstrap', async () => {
    const taken = createServer();
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, () => resolve((taken.address() as { port: number }).port));
    });
    cleanup(() => taken.close());
    expect(await failureOf({ options: { port } })).toMatchObject({ code: 'EADDRINUSE' });
  });

  it('pain 38: opens once every provider has started', async () => {
    let port = 0;
    let started = (): void => {};
    const starting = new Promise<void>((resolve) => (started = resolve));
    let begun = false;
    @Injectable()
    class Slow implements OnApplicationBootstrap {
      async onApplicationBootstrap(): Promise<void> {
        begun = true;
        await starting;
      }
    }
    const reserved = createServer();
    port = await listen(reserved);
    await new Promise((resolve) => reserved.close(resolve));
    const booting = createApp({ providers: [Slow, EchoGateway], options: { port } }).then((app) => app.init());
    await until(() => begun);
    const early = createClient(`http://127.0.0.1:${port}`);
    const refused = nextEvent(early, 'connect_error');
    early.connect();
    await refused;
    started();
    await booting;
    await echoesOverBoth(`http://127.0.0.1:${port}`);
  });
});

describe('the engine', () => {
  it('is there for the hooks of other providers, before any client is', async () => {
    const seen: string[] = [];
    @Injectable()
    class Middlewares implements OnApplicationBootstrap {
      constructor(private readonly websocket: Websocket) {}

      onApplicationBootstrap(): void {
        this.websocket.server.engine.use((incoming: IncomingMessage, _response: unknown, next: () => void) => {
          seen.push(String(incoming.method));
          next();
        });
      }
    }
    const { url } = await startWith({ providers: [EchoGateway, Middlewares] });
    await connectClient(url);
    expect(seen).toEqual(['GET']);
  });

  it('starts with NestFactory as with the testing module', async () => {
    const dynamic = SocketIoModule.forRoot();
    const module = { ...dynamic, providers: [...(dynamic.providers ?? []), EchoGateway] };
    const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), { logger: false });
    cleanup(() => app.close());
    await within(app.listen(0, '127.0.0.1'), 'the application');
    await echoesOverBoth(await app.getUrl());
  });
});
