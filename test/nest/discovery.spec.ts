import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { Ack, EventName, Gateway, OnConnect, OnEvent, Websocket, type GatewayOptions } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { connectClient } from '../support/nest-app.js';
import { nextEvent } from '../support/until.js';
import { PLATFORMS, failureOf, startWith } from './support/start-app.js';

@Injectable()
class Greeter {
  readonly greeting = 'hello';
}

@Injectable()
@Gateway()
class Greeting {
  constructor(protected readonly greeter: Greeter) {}

  @Ack('greet')
  greet(): string {
    return this.greeter.greeting;
  }
}

class Inheriting extends Greeting {
  @Ack('greet again')
  again(): string {
    return `${this.greeter.greeting} again`;
  }
}

@Controller('greetings')
class GreetingController extends Greeting {
  @Get()
  list(): string[] {
    return [this.greeter.greeting];
  }
}

describe.each(PLATFORMS)('handlers are found on %s', (platform) => {
  it.each([
    ['a class', Greeting],
    ['a class that inherits them', Inheriting],
    ['useClass', { provide: 'token', useClass: Greeting }],
    ['useFactory', { provide: Symbol('token'), useFactory: (g: Greeter) => new Greeting(g), inject: [Greeter] }],
    ['an async useFactory', { provide: 'token', useFactory: async () => new Greeting(new Greeter()) }],
    ['useValue', { provide: 'token', useValue: new Greeting(new Greeter()) }],
  ])('on %s', async (_name, provider) => {
    const { url } = await startWith({ platform, providers: [Greeter, provider] });
    expect(await (await connectClient(url)).emitWithAck('greet')).toBe('hello');
  });

  it('on a controller, whose routes work beside them', async () => {
    const { url } = await startWith({ platform, providers: [Greeter], controllers: [GreetingController] });
    expect(await (await connectClient(url)).emitWithAck('greet')).toBe('hello');
    expect(await (await fetch(`${url}/greetings`)).json()).toEqual(['hello']);
  });
});

describe('discovery', () => {
  it('takes own and inherited methods', async () => {
    const inheriting = await startWith({ providers: [Greeter, Inheriting] });
    expect(await (await connectClient(inheriting.url)).emitWithAck('greet again')).toBe('hello again');
  });

  it('counts an alias of useExisting as what it stands for', async () => {
    class Counting {
      count = 0;

      @OnEvent('count')
      increment(): void {
        this.count++;
      }
    }
    const alias = { provide: 'alias', useExisting: Counting };
    const { app, url } = await startWith({ providers: [Counting, alias] });
    await (await connectClient(url)).emitWithAck('count');
    expect(app.get(Counting).count).toBe(1);
  });

  it('evaluates no getter', async () => {
    class WithGetter {
      get trap(): never {
        throw new Error('evaluated');
      }

      @Ack('fine')
      fine(): boolean {
        return true;
      }
    }
    const { url } = await startWith({ providers: [WithGetter] });
    expect(await (await connectClient(url)).emitWithAck('fine')).toBe(true);
  });

  it('lets one method handle several events', async () => {
    class Several {
      @Ack('one')
      @Ack('two')
      both(@EventName() event: string): string {
        return event;
      }
    }
    const { url } = await startWith({ providers: [Several] });
    const client = await connectClient(url);
    expect([await client.emitWithAck('one'), await client.emitWithAck('two')]).toEqual(['one', 'two']);
  });

  it.each([
    ['an unknown option', { namespase: '/x' } as GatewayOptions, 'Gateway on Wrong has an unknown option "namespase"'],
    ['a namespace of another type', { namespace: 5 } as unknown as GatewayOptions, 'a string or a RegExp'],
  ])('of @Gateway with %s stops the bootstrap', async (_name, options, message) => {
    @Gateway(options)
    class Wrong {
      @OnConnect()
      connected(): void {}
    }
    expect((await failureOf({ providers: [Wrong] })).message).toContain(message);
  });

  it.each(['connect', 'disconnect', 'connect_error', 'disconnecting'])(
    'of @OnEvent with the reserved name %s stops the bootstrap, since it would never run',
    async (event) => {
      class Never {
        @OnEvent(event)
        handle(): void {}
      }
      expect((await failureOf({ providers: [Never] })).message).toContain(`Never.handle() would never run: "${event}"`);
    },
  );
});

describe('a module that is loaded later', () => {
  class Early {
    @OnEvent('shared')
    early(socket: Socket): void {
      socket.emit('early');
    }
  }

  @Injectable()
  class Late {
    constructor(private readonly websocket: Websocket) {}

    @Ack('late')
    late(): string {
      return `of ${this.websocket.server.sockets.sockets.size}`;
    }

    @OnEvent('shared')
    shared(socket: Socket): void {
      socket.emit('late');
    }
  }

  @Module({ providers: [Late] })
  class LateModule {}

  it('adds its handlers for sockets that are connected already', async () => {
    const { app, url } = await startWith({ providers: [Early] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('late')).toMatchObject({ code: 'UNKNOWN_EVENT' });
    await app.get(LazyModuleLoader).load(() => LateModule);
    await app.get(LazyModuleLoader).load(() => LateModule);
    expect(await client.emitWithAck('late')).toBe('of 1');
    const both = Promise.all([nextEvent(client, 'early'), nextEvent(client, 'late')]);
    expect(await client.emitWithAck('shared')).toBeUndefined();
    await both;
  });

  it('gives an event that is under way its empty ack all the same', async () => {
    let finish = (): void => {};
    class Slow {
      @OnEvent('shared')
      slow(socket: Socket): Promise<void> {
        socket.emit('under way');
        return new Promise((resolve) => (finish = resolve));
      }
    }
    const { app, url } = await startWith({ providers: [Slow] });
    const client = await connectClient(url);
    const answer = client.timeout(1_000).emitWithAck('shared');
    await nextEvent(client, 'under way');
    await app.get(LazyModuleLoader).load(() => LateModule);
    finish();
    expect(await answer).toBeUndefined();
  });

  it('is refused where one of its handlers cannot be bound', async () => {
    const { app } = await startWith({ providers: [Late] });
    await expect(app.get(LazyModuleLoader).load(() => LateModule)).rejects.toThrow(
      'Late is provided by LateModule and by',
    );
  });
});

describe('two applications in one process', () => {
  class Named {
    constructor(readonly name: string) {}

    @Ack('name')
    ask(): string {
      return this.name;
    }
  }

  it('do not see each other [F1]', async () => {
    const [a, b] = await Promise.all(
      ['a', 'b'].map((name) => startWith({ providers: [{ provide: 'named', useValue: new Named(name) }] })),
    );
    const clients = await Promise.all([connectClient(a.url), connectClient(b.url)]);
    expect(await Promise.all(clients.map((client) => client.emitWithAck('name')))).toEqual(['a', 'b']);
    const heard: string[] = [];
    clients.forEach((client, i) => client.on('news', () => heard.push('ab'[i])));
    a.websocket.emit('news');
    await Promise.all(clients.map((client) => client.emitWithAck('name')));
    expect(heard).toEqual(['a']);
    await a.app.close();
    expect(await clients[1].emitWithAck('name')).toBe('b');
  });
});
