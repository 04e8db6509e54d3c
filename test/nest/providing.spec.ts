/** However a gateway comes about and is provided, each of its handlers runs once, or the start says why not. */
import {
  Controller,
  Inject,
  Injectable,
  Module,
  Scope,
  UseGuards,
  applyDecorators,
  forwardRef,
  mixin,
  type CanActivate,
  type DynamicModule,
  type Provider,
  type Type,
} from '@nestjs/common';
import { LazyModuleLoader, REQUEST } from '@nestjs/core';
import { SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import { Ack, Gateway, OnEvent, OnHandshake, SocketIoException } from '../../src/index.js';
import type { Namespace, Socket } from '../../src/server.js';
import { connectClient } from '../support/nest-app.js';
import { failureOf, startWith } from './support/start-app.js';
import { failureOf as failureOfAdapter } from './adapter/support/start-gateways.js';

const DENY: CanActivate = { canActivate: () => false };
const FORBIDDEN = { status: 'error', message: 'Forbidden resource', statusCode: 403 };

@Injectable()
class Depot {
  readonly name = 'depot';
}

@Injectable({ scope: Scope.REQUEST })
class RequestDepot {
  readonly name = 'request';
}

const seen: string[] = [];

/** Made anew for each test, since a class that runs twice is what some of them are about. */
function depotGateway(): Type {
  @Gateway('/depot')
  class DepotGateway {
    constructor(private readonly depot: Depot) {}

    @OnHandshake()
    check(): void {
      seen.push('check');
    }

    @OnEvent('note')
    note(): void {
      seen.push('note');
    }

    @Ack('ask')
    ask(): string {
      return this.depot.name;
    }
  }
  return DepotGateway;
}

/** What a client meets with, and which handlers ran. */
async function visit(url: string): Promise<unknown[]> {
  seen.length = 0;
  const client = await connectClient(`${url}/depot`);
  client.emit('note');
  return [await client.emitWithAck('ask'), ...seen];
}

const make = (depot: Depot, gateway: Type): object => new gateway(depot) as object;

describe('a gateway', () => {
  it.each<[string, (gateway: Type) => Provider[]]>([
    ['as itself', (gateway) => [gateway]],
    ['as itself, with an alias', (gateway) => [gateway, { provide: 'alias', useExisting: gateway }]],
    ['by useClass', (gateway) => [{ provide: 'depot', useClass: gateway }]],
    [
      'by a factory',
      (gateway) => [{ provide: gateway, useFactory: (depot: Depot) => make(depot, gateway), inject: [Depot] }],
    ],
    [
      'by an asynchronous factory',
      (gateway) => [{ provide: 'depot', useFactory: async (depot: Depot) => make(depot, gateway), inject: [Depot] }],
    ],
    ['by a value', (gateway) => [{ provide: 'depot', useValue: make(new Depot(), gateway) }]],
    [
      'by a factory of a proxy',
      (gateway) => [
        { provide: gateway, useFactory: (depot: Depot) => new Proxy(make(depot, gateway), {}), inject: [Depot] },
      ],
    ],
  ])('provided %s runs once', async (_how, providers) => {
    const { url } = await startWith({ providers: [Depot, ...providers(depotGateway())] });
    expect(await visit(url)).toEqual(['depot', 'check', 'note']);
  });

  it.each<[string, (gateway: Type) => Provider]>([
    ['useClass', (gateway) => ({ provide: 'copy', useClass: gateway })],
    ['a factory', (gateway) => ({ provide: 'copy', useFactory: () => make(new Depot(), gateway) })],
    ['a value', (gateway) => ({ provide: 'copy', useValue: make(new Depot(), gateway) })],
  ])('provided once more by %s stops the start', async (_how, copy) => {
    const gateway = depotGateway();
    expect((await failureOf({ providers: [Depot, gateway, copy(gateway)] })).message).toBe(
      'DepotGateway is provided as DepotGateway and as copy, and would handle everything twice. Provide it once, and with ' +
        'useExisting for other tokens.',
    );
  });

  it.each<[string, (gateway: Type) => Provider]>([
    [
      'a scope',
      (gateway) => ({ provide: gateway, scope: Scope.REQUEST, useFactory: () => make(new Depot(), gateway) }),
    ],
    [
      'a transient one',
      (gateway) => ({ provide: gateway, scope: Scope.TRANSIENT, useFactory: () => make(new Depot(), gateway) }),
    ],
    [
      'a dependency with a scope',
      (gateway) => ({ provide: gateway, useFactory: (depot: Depot) => make(depot, gateway), inject: [RequestDepot] }),
    ],
    ['nothing', (gateway) => ({ provide: gateway, useFactory: () => null })],
  ])(
    'provided by a factory with %s stops the start, since nothing is known of what it makes',
    async (_how, provider) => {
      expect((await failureOf({ providers: [RequestDepot, provider(depotGateway())] })).message).toBe(
        'DepotGateway would not run: a factory provides it, and has not created it when the application starts. Provide the ' +
          'class itself, with a scope if it needs one.',
      );
    },
  );

  it('of two modules, as of a dynamic one that is imported twice, stops the start', async () => {
    const gateway = depotGateway();

    @Module({})
    class DepotModule {
      static register(name: string): DynamicModule {
        const providers = [Depot, gateway, { provide: 'name', useValue: name }];
        return { module: DepotModule, providers };
      }
    }
    const imports = [DepotModule.register('one'), DepotModule.register('other')];
    expect((await failureOf({ imports })).message).toBe(
      'DepotGateway is provided by DepotModule and by DepotModule, and would handle everything twice. Provide it in one module, ' +
        'export it there, and import that module.',
    );
  });

  it('of a module that is loaded lazily runs from then on', async () => {
    const gateway = depotGateway();

    @Module({ providers: [Depot, gateway] })
    class LazyModule {}
    const { app, url } = await startWith({});
    await app.get(LazyModuleLoader).load(() => LazyModule);
    expect(await visit(url)).toEqual(['depot', 'check', 'note']);
  });

  it('in a circle of dependencies gets them', async () => {
    @Injectable()
    class Circle {
      constructor(@Inject(forwardRef(() => CircleGateway)) readonly gateway: object) {}
    }

    @Gateway('/circle')
    class CircleGateway {
      constructor(@Inject(forwardRef(() => Circle)) private readonly circle: Circle) {}

      @Ack('ask')
      ask(): boolean {
        return this.circle.gateway === this;
      }
    }
    const { url } = await startWith({ providers: [Circle, CircleGateway] });
    expect(await (await connectClient(`${url}/circle`)).emitWithAck('ask')).toBe(true);
  });

  it('that is request-scoped has its check, its dependencies and the socket', async () => {
    @Gateway('/scoped')
    @Injectable({ scope: Scope.REQUEST })
    class ScopedGateway {
      constructor(
        @Inject(REQUEST) private readonly socket: Socket,
        private readonly depot: RequestDepot,
      ) {}

      @OnHandshake()
      check(): void {
        if (this.socket.handshake.auth.token !== 'ok') throw new SocketIoException('no token');
      }

      @Ack('ask')
      ask(): string {
        return this.depot.name;
      }
    }
    const { url } = await startWith({ providers: [RequestDepot, ScopedGateway] });
    await expect(connectClient(`${url}/scoped`)).rejects.toThrow('no token');
    expect(await (await connectClient(`${url}/scoped`, { auth: { token: 'ok' } })).emitWithAck('ask')).toBe('request');
  });

  it('has the handlers and guards of a mixin', async () => {
    const withSecret = (Base: Type): Type => {
      class Mixin extends Base {
        @UseGuards(DENY)
        @Ack('secret')
        secret(): string {
          return 'secret';
        }

        @Ack('open')
        open(): string {
          return 'open';
        }
      }
      return mixin(Mixin) as Type;
    };

    @Gateway('/mixed')
    class MixedGateway extends withSecret(class {}) {}
    const { url } = await startWith({ providers: [MixedGateway] });
    const client = await connectClient(`${url}/mixed`);
    expect([await client.emitWithAck('open'), await client.emitWithAck('secret')]).toEqual(['open', FORBIDDEN]);
  });

  it('shares an abstract class with another one of another namespace', async () => {
    abstract class TokenGateway {
      abstract readonly token: string;

      @OnHandshake()
      check(socket: Socket): void {
        if (socket.handshake.auth.token !== this.token) throw new SocketIoException(`not ${this.token}`);
      }
    }

    @Gateway('/left')
    class LeftGateway extends TokenGateway {
      readonly token = 'left';
    }

    @Gateway('/right')
    class RightGateway extends TokenGateway {
      readonly token = 'right';
    }
    const { url } = await startWith({ providers: [LeftGateway, RightGateway] });
    const auth = { token: 'left' };
    await connectClient(`${url}/left`, { auth });
    await expect(connectClient(`${url}/right`, { auth })).rejects.toThrow('not right');
  });

  it('takes decorators that are combined, in either order', async () => {
    @(applyDecorators(Gateway('/combined')) as ClassDecorator)
    class CombinedGateway {
      @applyDecorators(UseGuards(DENY), Ack('first'))
      first(): void {}

      @applyDecorators(Ack('second'), UseGuards(DENY))
      second(): void {}
    }
    const { url } = await startWith({ providers: [CombinedGateway] });
    const client = await connectClient(`${url}/combined`);
    expect([await client.emitWithAck('first'), await client.emitWithAck('second')]).toEqual([FORBIDDEN, FORBIDDEN]);
  });

  it('that only emits has its namespace, its server and its guards', async () => {
    const inited: unknown[] = [];

    @Gateway('/news')
    class NewsGateway {
      @WebSocketServer() namespace!: Namespace;

      afterInit(namespace: Namespace): void {
        inited.push(namespace.name);
      }
    }

    @UseGuards(DENY)
    @Gateway('/secret-news')
    class SecretGateway {}
    const { app, url } = await startWith({ providers: [NewsGateway, SecretGateway] });
    const client = await connectClient(`${url}/news`);
    const heard = new Promise((resolve) => client.once('news', resolve));
    app.get(NewsGateway).namespace.emit('news', 'some');
    expect([await heard, inited]).toEqual(['some', ['/news']]);
    await expect(connectClient(`${url}/secret-news`)).rejects.toThrow('Forbidden resource');
  });
});

describe('a class with @WebSocketGateway and handlers of this package', () => {
  function halfGateway(): Type {
    @WebSocketGateway({ namespace: 'half' })
    class HalfGateway {
      @OnHandshake()
      check(): void {}

      @SubscribeMessage('ask')
      ask(): void {}
    }
    return HalfGateway;
  }

  it.each<[string, (gateway: Type) => object, string]>([
    ['a controller', (gateway) => (Controller()(gateway), { controllers: [gateway] }), 'it is a controller'],
    [
      'a factory',
      (gateway) => ({ providers: [{ provide: gateway, useFactory: () => new gateway() as object }] }),
      'a factory or a value provides it',
    ],
    [
      'a value',
      (gateway) => ({ providers: [{ provide: 'half', useValue: new gateway() as object }] }),
      'a factory or a value provides it',
    ],
  ])('that Nest does not run stops the start: %s', async (_how, metadata, why) => {
    const message =
      `HalfGateway would not run: ${why}, and a gateway must be a class in the providers of a module. Provide the ` +
      'class itself.';
    expect((await failureOf(metadata(halfGateway()))).message).toBe(message);
    expect((await failureOfAdapter(metadata(halfGateway()))).message).toBe(message);
  });
});
