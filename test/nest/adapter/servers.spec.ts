import { createServer } from 'node:net';
import type { OnApplicationBootstrap } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import { MemoryAdapter } from '../../../src/socketio/index.js';
import { BindingError, SocketIoAdapter } from '../../../src/index.js';
import type { Namespace, Server, ServerOptions, Socket } from '../../../src/server.js';
import type { ServerOptions as OfficialOptions } from 'socket.io';
import { cleanup } from '../../support/cleanup.js';
import { connectClient, createClient } from '../../support/nest-app.js';
import { nextEvent } from '../../support/until.js';
import { PLATFORMS } from '../support/start-app.js';
import { createGatewayApp, failureOf, startGateways } from './support/start-gateways.js';
import { freePort } from '../../support/free-port.mjs';

@WebSocketGateway()
class EchoGateway {
  @WebSocketServer() server!: Server;

  @SubscribeMessage('echo')
  echo(_client: Socket, data: unknown): unknown {
    return data;
  }
}

describe('createIOServer', () => {
  it('may be overridden as in the recipe for Redis', async () => {
    const made: string[] = [];

    class SharedAdapter extends MemoryAdapter {
      constructor(namespace: Namespace) {
        super(namespace as never);
        made.push(namespace.name);
      }
    }

    class RedisIoAdapter extends SocketIoAdapter {
      readonly adapterConstructor = SharedAdapter;

      override createIOServer(port: number, options?: OfficialOptions): any {
        const server = super.createIOServer(port, options);
        server.adapter(this.adapterConstructor);
        return server;
      }
    }

    @WebSocketGateway({ namespace: 'inner' })
    class InnerGateway {}
    const { url } = await startGateways({
      adapter: (app) => new RedisIoAdapter(app),
      providers: [EchoGateway, InnerGateway],
    });
    const client = await connectClient(url);
    expect(await client.emitWithAck('echo', 1)).toBe(1);
    await connectClient(`${url}/inner`);
    expect(made).toEqual(['/', '/inner']);
  });

  it('gets the port, and the options of all gateways on it', async () => {
    const asked: unknown[] = [];
    const port = await freePort();

    class AskedAdapter extends SocketIoAdapter {
      override createIOServer(at: number, options?: ServerOptions): Server {
        asked.push([at, options]);
        return super.createIOServer(at, options);
      }
    }

    @WebSocketGateway({ pingInterval: 7_000 })
    class FirstGateway {}

    @WebSocketGateway({ namespace: 'second', pingTimeout: 6_000 })
    class SecondGateway {}

    @WebSocketGateway(port, { namespace: 'third', cookie: true })
    class ThirdGateway {}
    await startGateways({
      adapter: (app) => new AskedAdapter(app),
      providers: [FirstGateway, SecondGateway, ThirdGateway],
    });
    expect(asked).toHaveLength(2);
    expect(asked).toEqual(
      expect.arrayContaining([
        [0, { pingInterval: 7_000, pingTimeout: 6_000 }],
        [port, { cookie: true }],
      ]),
    );
  });

  it('must return what its super class made', async () => {
    class ForgetfulAdapter extends SocketIoAdapter {
      override createIOServer(port: number): Server {
        super.createIOServer(port);
        return undefined as never;
      }
    }
    const failure = await failureOf({ adapter: (app) => new ForgetfulAdapter(app), providers: [EchoGateway] });
    expect(failure.message).toBe('ForgetfulAdapter.createIOServer() must return the server of its super class');
  });
});

describe('the options of gateways on one server', () => {
  it('pain 23: are merged', async () => {
    @WebSocketGateway({ pingInterval: 7_000, transports: ['websocket', 'polling'] })
    class FirstGateway {
      @WebSocketServer() server!: Server;
    }

    @WebSocketGateway({ namespace: 'second', pingTimeout: 6_000, transports: ['websocket', 'polling'] })
    class SecondGateway {}
    const { app } = await startGateways({ providers: [SecondGateway, FirstGateway] });
    expect(app.get(FirstGateway).server.engine.opts).toMatchObject({ pingInterval: 7_000, pingTimeout: 6_000 });
  });

  it.each([
    [{ pingInterval: 7_000 }, { pingInterval: 8_000 }, '"pingInterval" different values: 7000 and 8000'],
    [
      { cors: { origin: 'https://a.example' } },
      { cors: { origin: 'https://b.example' }, namespace: 'second' },
      '"cors" different values: {"origin":"https://a.example"} and {"origin":"https://b.example"}',
    ],
    [
      { allowRequest: function first() {} },
      { allowRequest: function second() {} },
      '"allowRequest" different values: function first and function second',
    ],
  ])('pain 23: that differ stop the start, which names both: %j, %j', async (one, other, message) => {
    @WebSocketGateway(one as object)
    class FirstGateway {}

    @WebSocketGateway(other as object)
    class SecondGateway {}
    const failure = await failureOf({ providers: [FirstGateway, SecondGateway] });
    expect(failure).toBeInstanceOf(BindingError);
    expect(failure.message).toContain(`FirstGateway and SecondGateway share a server and give its option ${message}`);
  });

  it('that no server has are passed over, as by Socket.IO', async () => {
    @WebSocketGateway({ middlewares: [], transport: 'x', cors: '*:*' } as object)
    class OddGateway {}
    const { url } = await startGateways({ providers: [OddGateway] });
    const answer = await fetch(`${url}/socket.io/?EIO=4&transport=polling`, {
      headers: { Origin: 'https://app.example' },
    });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('that are wrong stop the start', async () => {
    @WebSocketGateway({ pingInterval: -1 })
    class WrongGateway {}
    const failure = await failureOf({ providers: [WrongGateway] });
    expect(failure.message).toContain('Invalid option "pingInterval": got -1');
  });
});

describe('CORS', () => {
  const preflight = async (url: string): Promise<string | null> => {
    const answer = await fetch(`${url}/socket.io/?EIO=4&transport=polling`, {
      headers: { Origin: 'https://app.example' },
    });
    return answer.headers.get('access-control-allow-origin');
  };

  it.each(PLATFORMS)(
    'pain 9: is that of the application where gateways say nothing about it (%s)',
    async (platform) => {
      const { url } = await startGateways({
        platform,
        providers: [EchoGateway],
        configure: (app) => app.enableCors({ origin: 'https://app.example' }),
      });
      expect(await preflight(url)).toBe('https://app.example');
    },
  );

  it('is that of a gateway otherwise', async () => {
    @WebSocketGateway({ cors: { origin: 'https://other.example' } })
    class CorsGateway {}
    const { url } = await startGateways({ providers: [CorsGateway] });
    expect(await preflight(url)).toBe('https://other.example');
  });
});

describe('a gateway with a port of its own', () => {
  it('lets nobody in before everything has started', async () => {
    const port = await freePort();
    const order: string[] = [];

    @WebSocketGateway(port)
    class PortGateway implements OnApplicationBootstrap {
      async onApplicationBootstrap(): Promise<void> {
        const client = createClient(`http://127.0.0.1:${port}`);
        client.connect();
        const [error] = await nextEvent(client, 'connect_error');
        order.push((error as Error).message);
      }
    }
    await startGateways({ imports: [{ module: class PortModule {}, providers: [PortGateway] }] });
    await connectClient(`http://127.0.0.1:${port}`);
    expect(order).toEqual(['websocket error']);
  });

  it('is there after init() alone, and gone after close()', async () => {
    const port = await freePort();

    @WebSocketGateway(port)
    class PortGateway {}
    const app = await createGatewayApp({ providers: [PortGateway] });
    await app.init();
    await connectClient(`http://127.0.0.1:${port}`);
    await app.close();
    const again = createServer();
    cleanup(() => again.close());
    await new Promise<void>((resolve, reject) => again.once('error', reject).listen(port, resolve));
  });

  it('stops the start where the port is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, resolve));
    cleanup(() => taken.close());
    const { port } = taken.address() as { port: number };

    @WebSocketGateway(port)
    class PortGateway {}
    const failure = await failureOf({ providers: [PortGateway] });
    expect(failure).toMatchObject({ code: 'EADDRINUSE', port });
  });
});

describe('the module-less adapter', () => {
  it('is reachable on every address of a Fastify application', async () => {
    const app = await createGatewayApp({ providers: [EchoGateway] });
    await app.listen(0);
    const { port } = app.getHttpServer().address() as { port: number };
    const client = await connectClient(`http://localhost:${port}`, { transports: ['polling'] });
    expect(await client.emitWithAck('echo', 1)).toBe(1);
  });

  it('has the engine and its HTTP server where afterInit looks for them', async () => {
    const found: unknown[] = [];

    @WebSocketGateway()
    class EngineGateway {
      afterInit(server: Server): void {
        server.engine.generateId = () => 'made-by-the-gateway';
        found.push(typeof server.engine.on);
      }
    }
    const { url } = await startGateways({ providers: [EngineGateway] });
    const client = await connectClient(url);
    expect([found, client.io.engine.id]).toEqual([['function'], 'made-by-the-gateway']);
  });
});
