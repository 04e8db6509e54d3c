import { Injectable, UseGuards, type ExecutionContext } from '@nestjs/common';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
  type OnGatewayConnection,
  type OnGatewayDisconnect,
  type OnGatewayInit,
  type WsResponse,
} from '@nestjs/websockets';
import { from, interval, type Observable } from 'rxjs';
import { finalize, map } from 'rxjs/operators';
import { HandshakeAuth } from '../../../src/index.js';
import { Namespace, Server, type Socket } from '../../../src/server.js';
import { connectClient, createClient } from '../../support/nest-app.js';
import { nextEvent, until } from '../../support/until.js';
import { isNestSince } from '../support/nest-version.js';
import { PLATFORMS } from '../support/start-app.js';
import { startGateways } from './support/start-gateways.js';
import { freePort } from '../../support/free-port.mjs';

describe.each(PLATFORMS)('SocketIoAdapter on %s', (platform) => {
  it('runs gateways of the shape of the official sample', async () => {
    @WebSocketGateway({ cors: { origin: '*' } })
    class EventsGateway {
      @WebSocketServer() server!: Server;

      @SubscribeMessage('events')
      findAll(@MessageBody() _data: unknown): Observable<WsResponse<number>> {
        return from([1, 2, 3]).pipe(map((data) => ({ event: 'events', data })));
      }

      @SubscribeMessage('identity')
      async identity(@MessageBody() data: number): Promise<number> {
        return data;
      }
    }
    const { url } = await startGateways({ platform, providers: [EventsGateway] });
    for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
      const client = await connectClient(url, { transports });
      const received: unknown[] = [];
      client.on('events', (data) => received.push(data));
      client.emit('events', { test: 'test' });
      expect(await client.emitWithAck('identity', 0)).toBe(0);
      await until(() => received.length === 3, 'three events came');
      expect(received).toEqual([1, 2, 3]);
    }
  });

  it('calls the hooks of a gateway with what they are for', async () => {
    const calls: unknown[][] = [];

    @WebSocketGateway({ namespace: 'life' })
    class LifeGateway implements OnGatewayInit, OnGatewayConnection, OnGatewayDisconnect {
      @WebSocketServer() namespace!: Namespace;

      afterInit(namespace: Namespace): void {
        calls.push(['init', namespace instanceof Namespace, namespace === this.namespace, namespace.name]);
        // What applications set up here: it must be there already.
        namespace.server.engine.use((_request: unknown, _response: unknown, next: () => void) => next());
      }

      handleConnection(client: Socket): void {
        calls.push(['connection', client.connected, client.nsp === this.namespace]);
      }

      handleDisconnect(client: Socket, reason?: string): void {
        calls.push(['disconnect', client.connected, reason]);
      }
    }
    const { url } = await startGateways({ platform, providers: [LifeGateway] });
    const client = await connectClient(`${url}/life`);
    client.disconnect();
    await until(() => calls.length === 3, 'all hooks have run');
    expect(calls).toEqual([
      ['init', true, true, '/life'],
      ['connection', true, true],
      ['disconnect', false, 'client namespace disconnect'],
    ]);
  });

  it('serves own ports and several paths, each with its gateways', async () => {
    const port = await freePort();

    @WebSocketGateway()
    class MainGateway {
      @SubscribeMessage('where')
      where(): string {
        return 'main';
      }
    }

    @WebSocketGateway({ path: '/other', namespace: 'inner' })
    class PathGateway {
      @SubscribeMessage('where')
      where(): string {
        return 'path';
      }
    }

    @WebSocketGateway(port)
    class PortGateway {
      @SubscribeMessage('where')
      where(): string {
        return 'port';
      }
    }

    @WebSocketGateway(port, { path: '/other' })
    class PortAndPathGateway {
      @SubscribeMessage('where')
      where(): string {
        return 'port and path';
      }
    }
    const providers = [MainGateway, PathGateway, PortGateway, PortAndPathGateway];
    const { url } = await startGateways({ platform, providers });
    const own = `http://127.0.0.1:${port}`;
    const transports = ['polling', 'websocket'];
    const ask = async (to: string, path?: string): Promise<unknown> =>
      (await connectClient(to, { transports, ...(path === undefined ? null : { path }) })).emitWithAck('where');
    expect(await ask(url)).toBe('main');
    expect(await ask(`${url}/inner`, '/other')).toBe('path');
    expect(await ask(own)).toBe('port');
    expect(await ask(own, '/other')).toBe('port and path');
  });
});

/** Since Nest 12 the first gateway of an application is bound last. */
const IN_ORDER = isNestSince('12') ? ['second', 'first'] : ['first', 'second'];

describe('a gateway', () => {
  it('hears of a client exactly once, however many gateways share the namespace', async () => {
    const connections: string[] = [];

    @WebSocketGateway()
    class FirstGateway {
      handleConnection(client: Socket): void {
        connections.push(`first ${client.id}`);
      }
    }

    @WebSocketGateway()
    class SecondGateway {
      handleConnection(client: Socket): void {
        connections.push(`second ${client.id}`);
      }
    }
    const { url } = await startGateways({ providers: [FirstGateway, SecondGateway] });
    const [one, two] = [await connectClient(url), await connectClient(url)];
    expect(connections).toEqual([one, two].flatMap(({ id }) => IN_ORDER.map((name) => `${name} ${id}`)));
  });

  it('pain 23: shares a pattern with others, every one of which gets connections and messages', async () => {
    const connections: string[] = [];
    const pattern = /^\/dyn-\w+$/;

    @WebSocketGateway({ namespace: pattern })
    class FirstGateway {
      @WebSocketServer() parent!: Namespace;

      handleConnection(client: Socket): void {
        connections.push(`first ${client.nsp.name}`);
      }

      @SubscribeMessage('first')
      first(): string {
        return 'first';
      }

      @SubscribeMessage('tell all')
      tellAll(): void {
        this.parent.emit('told');
      }
    }

    @WebSocketGateway({ namespace: pattern })
    class SecondGateway {
      handleConnection(client: Socket): void {
        connections.push(`second ${client.nsp.name}`);
      }

      @SubscribeMessage('second')
      second(): string {
        return 'second';
      }
    }

    @WebSocketGateway({ namespace: '/dyn-named' })
    class NamedGateway {
      @SubscribeMessage('first')
      first(): string {
        return 'named';
      }
    }
    const { url } = await startGateways({ providers: [FirstGateway, SecondGateway, NamedGateway] });
    const [a, b] = [await connectClient(`${url}/dyn-a`), await connectClient(`${url}/dyn-b`)];
    expect(connections).toEqual(['/dyn-a', '/dyn-b'].flatMap((nsp) => IN_ORDER.map((name) => `${name} ${nsp}`)));
    expect([await a.emitWithAck('first'), await b.emitWithAck('second')]).toEqual(['first', 'second']);
    const told = [nextEvent(a, 'told'), nextEvent(b, 'told')];
    a.emit('tell all');
    await Promise.all(told);
    // A namespace that a gateway names is its own.
    const named = await connectClient(`${url}/dyn-named`);
    expect(await named.emitWithAck('first')).toBe('named');
  });

  it('lets go of an Observable when its client leaves', async () => {
    let subscribers = 0;

    @WebSocketGateway()
    class TickGateway {
      @SubscribeMessage('tick')
      tick(): Observable<unknown> {
        subscribers++;
        return interval(1).pipe(
          map((data) => ({ event: 'tick', data })),
          finalize(() => subscribers--),
        );
      }
    }
    const { url } = await startGateways({ providers: [TickGateway] });
    const client = await connectClient(url);
    client.emit('tick');
    await nextEvent(client, 'tick');
    expect(subscribers).toBe(1);
    client.disconnect();
    await until(() => subscribers === 0, 'nobody subscribes');
  });

  it('emits in the order in which it was told to', async () => {
    @WebSocketGateway()
    class OrderGateway {
      @SubscribeMessage('count')
      async count(@ConnectedSocket() client: Socket): Promise<WsResponse<number>> {
        client.emit('number', 1);
        await Promise.resolve();
        client.emit('number', 2);
        return { event: 'number', data: 3 };
      }
    }
    const { url } = await startGateways({ providers: [OrderGateway] });
    const client = await connectClient(url);
    const numbers: number[] = [];
    client.on('number', (number: number) => numbers.push(number));
    client.emit('count');
    await until(() => numbers.length === 3, 'three numbers came');
    expect(numbers).toEqual([1, 2, 3]);
  });

  it('may take the parameter decorators of this package', async () => {
    @WebSocketGateway()
    class AuthGateway {
      @SubscribeMessage('who')
      who(@HandshakeAuth('name') name: unknown): unknown {
        return name;
      }
    }
    const { url } = await startGateways({ providers: [AuthGateway] });
    const client = await connectClient(url, { auth: { name: 'Ada' } });
    expect(await client.emitWithAck('who')).toBe('Ada');
  });

  it('sees requests of its clients for as long as they are there, as with IoAdapter', async () => {
    @WebSocketGateway()
    class RequestGateway {
      @SubscribeMessage('url')
      url(@ConnectedSocket() client: Socket): unknown {
        return [client.request.url?.split('?')[0], typeof client.request.socket?.remoteAddress];
      }
    }
    const { url } = await startGateways({ providers: [RequestGateway] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('url')).toEqual(['/socket.io/', 'string']);
  });

  it('does not open other namespaces', async () => {
    @WebSocketGateway({ namespace: 'known' })
    class KnownGateway {}
    const { url } = await startGateways({ providers: [KnownGateway] });
    const client = createClient(`${url}/unknown`);
    client.connect();
    const [error] = await nextEvent(client, 'connect_error');
    expect((error as Error).message).toBe('Invalid namespace');
  });

  it('gets its guards resolved by its own module', async () => {
    @Injectable()
    class Allowed {
      readonly names = ['Ada'];
    }

    @Injectable()
    class NameGuard {
      constructor(private readonly allowed: Allowed) {}

      canActivate(context: ExecutionContext): boolean {
        return this.allowed.names.includes(context.switchToWs().getData<string>());
      }
    }
    @UseGuards(NameGuard)
    @WebSocketGateway()
    class GuardedGateway {
      @SubscribeMessage('enter')
      enter(): string {
        return 'in';
      }
    }
    const { url } = await startGateways({ providers: [Allowed, GuardedGateway] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('enter', 'Ada')).toBe('in');
    const exception = nextEvent(client, 'exception');
    client.emit('enter', 'Bob');
    expect(await exception).toEqual([
      { status: 'error', message: 'Forbidden resource', cause: { pattern: 'enter', data: 'Bob' } },
    ]);
  });
});
