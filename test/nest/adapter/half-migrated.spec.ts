/** Each state between `@nestjs/platform-socket.io` and this module works as its class decorator says, or stops the start. */
import {
  Injectable,
  Scope,
  UseGuards,
  type CanActivate,
  type INestApplication,
  type Provider,
  type Type,
  type WebSocketAdapter,
} from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import {
  AbstractWsAdapter,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
  type GatewayMetadata,
} from '@nestjs/websockets';
import { Server as OfficialServer } from 'socket.io';
import {
  Ack,
  BindingError,
  ConnectedSocket,
  Gateway,
  OnConnect,
  OnDisconnect,
  OnError,
  OnEvent,
  OnHandshake,
  SocketIoAdapter,
  SocketIoException,
} from '../../../src/index.js';
import { Namespace, Server, type Socket } from '../../../src/server.js';
import { connectClient, createClient, type TestApp } from '../../support/nest-app.js';
import { nextEvent, until, within } from '../../support/until.js';
import { failureOf as failureOfModule, PLATFORMS, startWith, type Platform } from '../support/start-app.js';
import { failureOf as failureOfAdapter, startGateways } from './support/start-gateways.js';
import { freePort } from '../../support/free-port.mjs';

/** The two ways to run a gateway: the module, and the adapter alone. */
const WAYS: [name: string, start: (platform: Platform, providers: Provider[]) => Promise<TestApp>][] = [
  ['the module', (platform, providers) => startWith({ platform, providers })],
  ['the adapter alone', (platform, providers) => startGateways({ platform, providers })],
  [
    'an adapter that Nest drives',
    (platform, providers) => startGateways({ platform, providers, adapter: (app) => new BindingAdapter(app) }),
  ],
];

/** Nest itself binds what it runs. */
class BindingAdapter extends SocketIoAdapter {
  override bindClientConnect(...args: Parameters<SocketIoAdapter['bindClientConnect']>): void {
    super.bindClientConnect(...args);
  }
}

const CASES = PLATFORMS.flatMap((platform) => WAYS.map(([name, start]) => [name, platform, start] as const));

function withToken(socket: Socket): void {
  if (socket.handshake.auth.token !== 'ok') throw new SocketIoException('no token');
}

async function refusalOf(url: string, auth: object = {}): Promise<string> {
  const client = createClient(url, { auth });
  client.connect();
  const [error] = await nextEvent(client, 'connect_error');
  return (error as Error).message;
}

describe.each(CASES)('decorators of this package in a @WebSocketGateway: %s on %s', (_way, platform, start) => {
  it('belong to its namespace and leave "/" alone', async () => {
    const heard: string[] = [];

    @WebSocketGateway({ namespace: '/chat' })
    class ChatGateway {
      @WebSocketServer() server!: Namespace;

      @OnHandshake()
      check(socket: Socket): void {
        withToken(socket);
      }

      @OnConnect()
      joined(socket: Socket): void {
        heard.push(`joined ${socket.nsp.name}`);
      }

      @OnDisconnect()
      left(): void {
        heard.push('left');
      }

      @Ack('sum')
      sum(_socket: Socket, a: number, b: number): number {
        return a + b;
      }

      @OnEvent('noted')
      noted(): void {
        heard.push('noted');
      }

      @SubscribeMessage('secret')
      secret(): string {
        return `of ${this.server.name}`;
      }
    }

    @WebSocketGateway()
    class RootGateway {
      @SubscribeMessage('root')
      root(): string {
        return 'root';
      }
    }
    const { url } = await start(platform, [ChatGateway, RootGateway]);
    expect(await refusalOf(`${url}/chat`)).toBe('no token');
    const member = await connectClient(`${url}/chat`, { auth: { token: 'ok' } });
    expect(await member.emitWithAck('secret')).toBe('of /chat');
    expect(await member.emitWithAck('sum', 1, 2)).toBe(3);
    await member.emitWithAck('noted');
    const root = await connectClient(url);
    expect(await root.emitWithAck('root')).toBe('root');
    await expect(root.timeout(100).emitWithAck('sum', 1, 2).then(ofUnknown)).rejects.toThrow();
    member.disconnect();
    await until(() => heard.includes('left'), 'the gateway has heard of the end');
    expect(heard).toEqual(['joined /chat', 'noted', 'left']);
  });

  it('are asked beside a pattern, and share what is made for a connection', async () => {
    @WebSocketGateway({ namespace: /^\/room-\d+$/ })
    class RoomGateway {
      static made = 0;
      readonly id = ++RoomGateway.made;
      readonly notes: string[] = [];

      @OnHandshake()
      check(socket: Socket): void {
        withToken(socket);
      }

      @Ack('mine')
      mine(): unknown {
        this.notes.push('ours');
        return this.notes;
      }

      @SubscribeMessage('theirs')
      theirs(): unknown {
        this.notes.push('theirs');
        return this.notes;
      }
    }
    const { url } = await start(platform, [RoomGateway]);
    expect(await refusalOf(`${url}/room-1`)).toBe('no token');
    const client = await connectClient(`${url}/room-1`, { auth: { token: 'ok' } });
    await client.emitWithAck('mine');
    expect(await client.emitWithAck('theirs')).toEqual(['ours', 'theirs']);
  });
});

/** The module answers what it does not know; IoAdapter's rule is silence. */
function ofUnknown(answer: unknown): never {
  throw new Error((answer as { code: string }).code);
}

describe.each(PLATFORMS)('on %s', (platform) => {
  it('gateways with a port of their own have their handshakes guarded there', async () => {
    const port = await freePort();

    @WebSocketGateway(port, { namespace: 'own' })
    class PortGateway {
      @OnHandshake()
      check(socket: Socket): void {
        withToken(socket);
      }

      @Ack('fail')
      fail(): void {
        throw new Error('of this port');
      }

      @OnError()
      failed(error: Error): void {
        errors.push(error.message);
      }
    }
    const errors: string[] = [];
    await startWith({ platform, providers: [PortGateway] });
    const url = `http://127.0.0.1:${port}/own`;
    expect(await refusalOf(url)).toBe('no token');
    const client = await connectClient(url, { auth: { token: 'ok' } });
    expect(await client.emitWithAck('fail')).toMatchObject({ code: 'INTERNAL_ERROR' });
    expect(errors).toEqual(['of this port']);
  });

  it('one instance per connection serves both kinds of decorators', async () => {
    @WebSocketGateway()
    class ScopedGateway {
      #count = 0;

      @Ack('ours')
      ours(): number {
        return ++this.#count;
      }

      @SubscribeMessage('theirs')
      theirs(): number {
        return ++this.#count;
      }
    }
    Injectable({ scope: Scope.REQUEST })(ScopedGateway);
    const { url } = await startWith({ platform, providers: [ScopedGateway] });
    const client = await connectClient(url);
    expect([await client.emitWithAck('ours'), await client.emitWithAck('theirs')]).toEqual([1, 2]);
  });

  it('a hook with a decorator of this package is that, and not called twice', async () => {
    const calls: string[] = [];

    @WebSocketGateway()
    class HookGateway {
      @OnHandshake()
      handleConnection(socket: Socket): void {
        calls.push(String(socket.connected));
        withToken(socket);
      }

      @SubscribeMessage('ask')
      ask(): string {
        return 'answer';
      }
    }
    const { url } = await startGateways({ platform, providers: [HookGateway] });
    expect(await refusalOf(url)).toBe('no token');
    await (await connectClient(url, { auth: { token: 'ok' } })).emitWithAck('ask');
    expect(calls).toEqual(['false', 'false']);
  });
});

describe.each(PLATFORMS)('what a @Gateway still has of @nestjs/websockets on %s', (platform) => {
  it('works: hooks, messages, server, in its namespace', async () => {
    const calls: unknown[] = [];

    @Gateway('/chat')
    class ChatGateway {
      @WebSocketServer() server!: Namespace;

      onModuleInit(): void {
        calls.push(['onModuleInit', this.server.name]);
      }

      afterInit(server: Namespace): void {
        calls.push(['afterInit', server === this.server]);
      }

      async handleConnection(client: Socket): Promise<void> {
        await Promise.resolve();
        calls.push(['connection', client.connected]);
        if (client.handshake.auth.token !== 'ok') client.disconnect();
      }

      handleDisconnect(client: Socket, reason: string): void {
        calls.push(['disconnect', client.id.length, reason]);
      }

      @SubscribeMessage('old')
      old(@MessageBody() body: unknown, @ConnectedSocket() client: Socket): unknown {
        return { event: 'answer', data: [body, client.nsp.name] };
      }

      @SubscribeMessage('value')
      value(): string {
        return 'value';
      }

      @Ack('own')
      own(): boolean {
        return this.server instanceof Namespace;
      }
    }
    const { url } = await startWith({ platform, providers: [ChatGateway] });
    expect(calls.splice(0)).toEqual([
      ['onModuleInit', '/chat'],
      ['afterInit', true],
    ]);
    const stranger = createClient(`${url}/chat`);
    stranger.connect();
    await nextEvent(stranger, 'disconnect');
    expect(calls.splice(0)).toEqual([
      ['connection', true],
      ['disconnect', 20, 'server namespace disconnect'],
    ]);
    const member = await connectClient(`${url}/chat`, { auth: { token: 'ok' } });
    member.emit('old', 1);
    expect(await nextEvent(member, 'answer')).toEqual([[1, '/chat']]);
    expect(await member.emitWithAck('value')).toBe('value');
    expect(await member.emitWithAck('own')).toBe(true);
    member.disconnect();
    await until(() => calls.length === 2, 'the gateway has heard of the end');
    expect(calls[1]).toEqual(['disconnect', 20, 'client namespace disconnect']);
  });

  it('is guarded, by the class and the application, and tells errors as IoAdapter does', async () => {
    const denies: CanActivate = { canActivate: (context) => context.switchToWs().getPattern() !== 'denied' };
    const global: CanActivate = { canActivate: (context) => context.switchToWs().getPattern() !== 'globally' };

    @UseGuards(denies)
    @Gateway()
    class GuardedGateway {
      @SubscribeMessage('denied')
      denied(): string {
        return 'let in';
      }

      @SubscribeMessage('globally')
      globally(): string {
        return 'let in';
      }
    }
    const configure = (app: INestApplication): void => void app.useGlobalGuards(global);
    const { url } = await startWith({ platform, providers: [GuardedGateway], configure });
    const client = await connectClient(url);
    for (const event of ['denied', 'globally']) {
      client.emit(event);
      expect(await nextEvent(client, 'exception')).toMatchObject([{ message: 'Forbidden resource' }]);
    }
  });

  it('gives the main namespace its server, and a pattern its template', async () => {
    @Gateway()
    class RootGateway {
      @WebSocketServer() io!: Server;

      @Ack('root')
      root(): boolean {
        return this.io instanceof Server;
      }
    }

    @Gateway(/^\/dyn-\w$/)
    class PatternGateway {
      @WebSocketServer() parent!: Namespace;

      @SubscribeMessage('tell')
      tell(): void {
        this.parent.emit('told');
      }
    }
    const { url } = await startWith({ platform, providers: [PatternGateway, RootGateway] });
    expect(await (await connectClient(url)).emitWithAck('root')).toBe(true);
    const client = await connectClient(`${url}/dyn-a`);
    client.emit('tell');
    await within(nextEvent(client, 'told'), 'the event of the template');
  });

  it('cannot answer what @Ack answers', async () => {
    @Gateway()
    class TwiceGateway {
      @SubscribeMessage('a')
      one(): void {}

      @Ack('a')
      two(): void {}
    }
    const failure = await failureOfModule({ platform, providers: [TwiceGateway] });
    expect(failure.message).toContain('both answer the event "a"');
  });
});

describe('stops the start:', () => {
  @WebSocketGateway({ namespace: '/old' })
  class OldGateway {
    @SubscribeMessage('a')
    handle(): void {}
  }

  @Gateway('/new')
  class NewGateway {
    @Ack('a')
    handle(): void {}
  }

  @WebSocketGateway()
  class MixedGateway {
    @OnHandshake()
    check(): void {}
  }

  class SubclassedIoAdapter extends IoAdapter {}

  @WebSocketGateway()
  @Gateway()
  class BothGateway {
    @OnEvent('a')
    handle(): void {}
  }

  const withModule = (providers: Type[], adapter?: (app: INestApplication) => WebSocketAdapter): Promise<Error> =>
    failureOfModule({
      platform: 'express',
      providers,
      configure: (app) => void (adapter && app.useWebSocketAdapter(adapter(app))),
    });
  const TWO_SERVERS = (name: string): string =>
    `${name} would serve OldGateway on "/socket.io", where SocketIoModule answers as well: two servers, one of ` +
    'which lacks the guards of the other. Remove useWebSocketAdapter(), since the module runs gateways too. If you have a ' +
    'subclass of IoAdapter, extend SocketIoAdapter instead.';

  it.each([
    [
      'IoAdapter beside the module',
      () => withModule([OldGateway, NewGateway], (app) => new IoAdapter(app)),
      TWO_SERVERS('IoAdapter'),
    ],
    [
      'a subclass of it',
      () => withModule([OldGateway], (app) => new SubclassedIoAdapter(app)),
      TWO_SERVERS('SubclassedIoAdapter'),
    ],
    [
      'IoAdapter with nothing left to serve',
      () => withModule([NewGateway], (app) => new IoAdapter(app)),
      'IoAdapter is set by useWebSocketAdapter(), but has nothing to serve: SocketIoModule serves "/socket.io". ' +
        'Remove it.',
    ],
    [
      'IoAdapter with decorators of this package',
      () => withModule([MixedGateway], (app) => new IoAdapter(app)),
      'MixedGateway.check() would not run: IoAdapter runs MixedGateway, and does not know the decorators of ' +
        'nestjs-socketio. Remove useWebSocketAdapter(), or use SocketIoAdapter.',
    ],
    [
      'both class decorators',
      () => withModule([BothGateway]),
      'BothGateway has both @Gateway and @WebSocketGateway, and would listen twice. Keep @Gateway: the other decorators of ' +
        '@nestjs/websockets work there too.',
    ],
    [
      'a @Gateway with the adapter alone',
      () => failureOfAdapter({ providers: [OldGateway, NewGateway] }),
      'NewGateway would not run: without the module, SocketIoAdapter runs only classes with @WebSocketGateway. Import SocketIoModule.forRoot() ' +
        'in the root module.',
    ],
    [
      'nothing but a @Gateway with the adapter alone',
      () => failureOfAdapter({ providers: [NewGateway] }),
      'NewGateway would not run: without the module, SocketIoAdapter runs only classes with @WebSocketGateway. Import SocketIoModule.forRoot() ' +
        'in the root module.',
    ],
  ])('%s', async (_name, start, message) => {
    const failure = await start();
    expect(failure).toBeInstanceOf(BindingError);
    expect(failure.message).toBe(message);
  });

  /** An adapter of an application's own, which names no path where the gateway does not. */
  class OfficialAdapter extends AbstractWsAdapter {
    create(_port: number, { server, namespace }: { server?: OfficialServer; namespace?: string } = {}): object {
      const official = server ?? new OfficialServer(this.httpServer as object);
      return namespace === undefined ? official : official.of(namespace);
    }

    bindMessageHandlers(): void {}
  }

  /** Puts every gateway where the module is. */
  class PathAdapter extends IoAdapter {
    override createIOServer(port: number, options?: never): ReturnType<IoAdapter['createIOServer']> {
      return super.createIOServer(port, { ...(options as object | undefined), path: '/socket.io' } as never);
    }
  }

  it.each<[string, GatewayMetadata, new (app: INestApplication) => WebSocketAdapter]>([
    ['WsAdapter on the path of the module', { path: '/socket.io' }, WsAdapter],
    ['an adapter that makes an official server', {}, OfficialAdapter],
    ['a subclass that puts a gateway on the path of the module', { path: '/legacy', namespace: 'old' }, PathAdapter],
  ])('%s', async (_name, metadata, Adapter) => {
    @WebSocketGateway(metadata)
    class OldGateway {
      @WebSocketServer() server!: object;

      @SubscribeMessage('a')
      handle(): void {}
    }
    const failure = await withModule([OldGateway, NewGateway], (app) => new Adapter(app));
    expect(failure.message).toBe(TWO_SERVERS(Adapter.name));
  });

  it('but not with an adapter of another package on a path of its own', async () => {
    @WebSocketGateway({ path: '/legacy' })
    class LegacyGateway {
      @SubscribeMessage('a')
      handle(): string {
        return 'legacy';
      }
    }
    const adapter = (app: INestApplication): void => void app.useWebSocketAdapter(new IoAdapter(app));
    const { url } = await startWith({
      platform: 'express',
      providers: [LegacyGateway, NewGateway],
      configure: adapter,
    });
    expect(await (await connectClient(url, { path: '/legacy' })).emitWithAck('a')).toBe('legacy');
    await (await connectClient(`${url}/new`)).emitWithAck('a');
  });

  it('nor with one for another protocol', async () => {
    @WebSocketGateway({ path: '/ws' })
    class WsGateway {
      @SubscribeMessage('a')
      handle(): void {}
    }
    const adapter = (app: INestApplication): void => void app.useWebSocketAdapter(new WsAdapter(app));
    const { url } = await startWith({ platform: 'express', providers: [WsGateway, NewGateway], configure: adapter });
    await (await connectClient(`${url}/new`)).emitWithAck('a');
  });
});
