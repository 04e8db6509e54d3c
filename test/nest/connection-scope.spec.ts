import { Controller, Inject, Injectable, Module, Scope, UseGuards, type CanActivate } from '@nestjs/common';
import { LazyModuleLoader, REQUEST } from '@nestjs/core';
import type { Socket as ClientSocket } from 'socket.io-client';
import { Ack, Gateway, OnConnect, OnDisconnect, OnError, OnEvent, OnHandshake } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { collectGarbage } from '../support/garbage.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { nextEvent, until } from '../support/until.js';
import { PLATFORMS, failureOf, startWith } from './support/start-app.js';

let made: string[] = [];
let log: unknown[] = [];
beforeEach(() => {
  made = [];
  log = [];
});

@Injectable({ scope: Scope.REQUEST })
class Cart {
  readonly items: string[] = [];

  constructor(@Inject(REQUEST) readonly socket: Socket) {
    made.push('cart');
  }
}

@Gateway({ scope: 'connection' })
class CartGateway {
  constructor(private readonly cart: Cart) {
    made.push('gateway');
  }

  @Ack('add')
  add(socket: Socket, item: string): unknown {
    this.cart.items.push(item);
    return [this.cart.socket === socket, ...this.cart.items];
  }
}

@Gateway({ scope: 'connection' })
class CheckoutGateway {
  constructor(private readonly cart: Cart) {}

  @Ack('checkout')
  checkout(): string[] {
    return this.cart.items;
  }
}

describe.each(PLATFORMS)("pain 36: scope: 'connection' on %s", (platform) => {
  it('makes a gateway and its providers once for each socket, and REQUEST is the socket', async () => {
    const { url } = await startWith({ platform, providers: [CartGateway, Cart] });
    const [a, b] = [await connectClient(url), await connectClient(url)];
    expect(await a.emitWithAck('add', 'apple')).toEqual([true, 'apple']);
    expect(await b.emitWithAck('add', 'bread')).toEqual([true, 'bread']);
    expect(await a.emitWithAck('add', 'anchovy')).toEqual([true, 'apple', 'anchovy']);
    expect(made.sort()).toEqual(['cart', 'cart', 'gateway', 'gateway']);
  });
});

describe("scope: 'connection'", () => {
  it('shares request-scoped providers between the gateways of a socket', async () => {
    const { url } = await startWith({ providers: [CartGateway, CheckoutGateway, Cart] });
    const client = await connectClient(url);
    await client.emitWithAck('add', 'apple');
    expect(await client.emitWithAck('checkout')).toEqual(['apple']);
  });

  it('makes one instance for events that arrive together, and keeps their order', async () => {
    const { url } = await startWith({ providers: [CartGateway, Cart] });
    const client = await connectClient(url);
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((item) => client.emitWithAck('add', item)));
    expect(answers.at(-1)).toEqual([true, 'a', 'b', 'c', 'd']);
    expect(made).toEqual(['cart', 'gateway']);
  });

  it('makes new instances for the sockets of one client in two namespaces', async () => {
    @Gateway({ namespace: '/other', scope: 'connection' })
    class OtherGateway extends CartGateway {}
    const { url } = await startWith({ providers: [CartGateway, OtherGateway, Cart] });
    const client = await connectClient(url);
    const other = client.io.socket('/other').connect();
    expect(await client.emitWithAck('add', 'apple')).toEqual([true, 'apple']);
    expect(await other.emitWithAck('add', 'bread')).toEqual([true, 'bread']);
  });

  it('holds for all lifecycle handlers of the class, and for its guards', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class CartGuard implements CanActivate {
      constructor(private readonly cart: Cart) {}

      canActivate(): boolean {
        this.cart.items.push('guard');
        return true;
      }
    }
    @UseGuards(CartGuard)
    @Gateway({ scope: 'connection' })
    class Lifecycle {
      constructor(private readonly cart: Cart) {}

      @OnHandshake()
      handshake(): void {
        this.cart.items.push('handshake');
      }

      @OnConnect()
      connected(): void {
        this.cart.items.push('connect');
      }

      @OnEvent('event')
      event(): void {
        this.cart.items.push('event');
      }

      @OnDisconnect()
      left(): void {
        this.cart.items.push('disconnect');
        throw new Error('reported');
      }

      @OnError()
      error(error: Error): void {
        log.push(error.message, ...this.cart.items);
      }
    }
    const { url } = await startWith({ providers: [Lifecycle, Cart] });
    const client = await connectClient(url);
    await client.emitWithAck('event');
    client.disconnect();
    await until(() => log.length > 0);
    expect(log).toEqual(['reported', ...['guard', 'handshake', 'guard', 'connect', 'guard', 'event', 'disconnect']]);
    expect(made).toEqual(['cart']);
  });

  it('tries again where a provider could not be made', async () => {
    let isDown = true;
    @Injectable({ scope: Scope.REQUEST })
    class Database {
      constructor() {
        if (isDown) throw new Error('no database');
      }
    }
    @Gateway({ scope: 'connection' })
    class Reading {
      constructor(readonly database: Database) {}

      @Ack('read')
      read(): string {
        return 'read';
      }
    }
    const { url } = await startWith({ providers: [Reading, Database], options: { onError: () => undefined } });
    const client = await connectClient(url);
    expect(await client.emitWithAck('read')).toMatchObject({ code: 'INTERNAL_ERROR' });
    isDown = false;
    expect(await client.emitWithAck('read')).toBe('read');
  });

  it('makes a gateway for each socket also where nothing that it injects has a scope', async () => {
    @Gateway({ scope: 'connection' })
    class Counting {
      #count = 0;

      @Ack('count')
      count(): number {
        return ++this.#count;
      }
    }
    const { url } = await startWith({ providers: [Counting] });
    const [a, b] = [await connectClient(url), await connectClient(url)];
    expect([await a.emitWithAck('count'), await a.emitWithAck('count'), await b.emitWithAck('count')]).toEqual([
      1, 2, 1,
    ]);
  });

  it('takes the decorator above @Injectable() and @Controller(), and a class under another token', async () => {
    @Gateway({ namespace: '/a', scope: 'connection' })
    @Injectable()
    class A extends CartGateway {}
    @Gateway({ namespace: '/b', scope: 'connection' })
    @Controller('b')
    class B extends CartGateway {}
    @Gateway({ namespace: '/c', scope: 'connection' })
    class C extends CartGateway {}
    const providers = [A, Cart, { provide: 'c', useClass: C }];
    const { url } = await startWith({ providers, controllers: [B] });
    for (const namespace of ['/a', '/b', '/c']) {
      const client = await connectClient(url + namespace);
      await client.emitWithAck('add', 'one');
      expect(await client.emitWithAck('add', 'two')).toEqual([true, 'one', 'two']);
    }
  });

  it('holds for a module that is loaded later, and for sockets that are connected already', async () => {
    @Module({ providers: [CartGateway, Cart] })
    class LateModule {}
    const { app, url } = await startWith({});
    const client = await connectClient(url);
    await app.get(LazyModuleLoader).load(() => LateModule);
    await client.emitWithAck('add', 'one');
    expect(await client.emitWithAck('add', 'two')).toEqual([true, 'one', 'two']);
  });

  it.each([
    ['a value', { provide: 'gateway', useValue: new CartGateway({ items: [] } as unknown as Cart) }],
    [
      'what a factory makes',
      { provide: 'gateway', useFactory: () => new CartGateway({ items: [] } as unknown as Cart) },
    ],
  ])('stops the bootstrap for %s, which all sockets would share', async (_name, provider) => {
    const { message } = await failureOf({ providers: [provider] });
    expect(message).toContain('CartGateway.add() would share one CartGateway among all sockets');
  });

  it('stops the bootstrap where @Injectable() stands above it and has the last word', async () => {
    @Injectable()
    @Gateway({ scope: 'connection' })
    class Upside {
      @Ack('event')
      event(): void {}
    }
    expect((await failureOf({ providers: [Upside] })).message).toContain('Write @Gateway above @Injectable()');
  });

  it('stops the bootstrap for a scope that does not exist', async () => {
    @Gateway({ scope: 'request' as 'connection' })
    class Wrong {
      @Ack('event')
      event(): void {}
    }
    expect((await failureOf({ providers: [Wrong] })).message).toContain("takes the scope 'connection'");
  });
});

describe("what scope: 'connection' makes", () => {
  const carts: WeakRef<object>[] = [];

  @Injectable({ scope: Scope.REQUEST })
  class Watched {
    // Large enough to see in a heap, and a circle through the socket.
    readonly ballast = new Array<number>(10_000).fill(0);

    constructor(@Inject(REQUEST) readonly socket: Socket) {
      carts.push(new WeakRef(this));
    }
  }

  @Gateway({ scope: 'connection' })
  class WatchedGateway {
    constructor(private readonly watched: Watched) {}

    @OnHandshake()
    handshake(socket: Socket): void {
      if (socket.handshake.auth.refused === true) throw new Error('refused');
    }

    @Ack('size')
    size(): number {
      return this.watched.ballast.length;
    }

    @OnDisconnect()
    async left(): Promise<void> {
      await Promise.resolve();
      log.push(this.watched.ballast.length);
    }
  }

  const alive = (): number => carts.filter((cart) => cart.deref() !== undefined).length;

  it.each([
    ['disconnected', {}],
    ['refused', { refused: true }],
  ])(
    'is gone after 500 sockets were %s',
    async (_name, auth) => {
      carts.splice(0);
      const { url, websocket } = await startWith({
        providers: [WatchedGateway, Watched],
        options: { onError: () => undefined },
      });
      for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 50 }, () => visit(url, auth)));
      await until(() => websocket.server.engine.clientsCount === 0);
      expect(carts).toHaveLength(500);
      await collectGarbage(
        () => alive() === 0,
        () => `${alive()} of 500 are left`,
      );
    },
    30_000,
  );

  it('is let go at the disconnect also where somebody keeps the socket', async () => {
    carts.splice(0);
    const { url, websocket } = await startWith({ providers: [WatchedGateway, Watched] });
    const client = await connectClient(url);
    await client.emitWithAck('size');
    const [socket] = websocket.of('/').sockets.values();
    client.disconnect();
    await until(() => log.length === 1);
    await collectGarbage(
      () => alive() === 0,
      () => 'the provider is kept',
    );
    expect(socket.connected).toBe(false);
  }, 30_000);

  /** Connects, uses the gateway where it is let in, and goes. */
  async function visit(url: string, auth: Record<string, unknown>): Promise<void> {
    const client: ClientSocket = createClient(url, { auth });
    const settled = nextEvent(client, auth.refused === true ? 'connect_error' : 'connect');
    client.connect();
    await settled;
    if (client.connected) expect(await client.emitWithAck('size')).toBe(10_000);
    client.disconnect();
    client.io.engine?.close();
  }
});
