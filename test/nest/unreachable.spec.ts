/** What was decorated and would never run stops the start, with class, method and what to do. */
import 'reflect-metadata';
import {
  Body,
  Headers,
  Injectable,
  Ip,
  Logger,
  Module,
  Param,
  ParseIntPipe,
  Query,
  Res,
  Session,
  UseGuards,
  type CanActivate,
} from '@nestjs/common';
import { LazyModuleLoader, NestFactory } from '@nestjs/core';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  Ack,
  Arg,
  Args,
  BindingError,
  ConnectedSocket,
  DisconnectReason,
  EventName,
  Gateway,
  HandshakeAuth,
  Idempotent,
  MessageBody,
  OnClose,
  OnConnect,
  OnDisconnect,
  OnDisconnecting,
  OnError,
  OnEvent,
  OnHandshake,
  OnMessage,
  OnPing,
  OnPong,
  OnPresence,
  OnShutdown,
  RateLimit,
  SocketIoModule,
} from '../../src/index.js';
import { cleanup } from '../support/cleanup.js';
import { connectClient } from '../support/nest-app.js';
import { startGateways } from './adapter/support/start-gateways.js';
import { failureOf, startWith } from './support/start-app.js';

const { jest } = import.meta;

type Constructor = new () => object;

/** Applies a method decorator as compiled code does. */
function decorate(target: object, name: string | symbol, ...decorators: MethodDecorator[]): void {
  const descriptor = Object.getOwnPropertyDescriptor(target, name)!;
  let present = descriptor;
  for (const decorator of [...decorators].reverse()) present = decorator(target, name, present) ?? present;
  Object.defineProperty(target, name, present);
}

/** A decorator that replaces the method, as those for logs and retries do. */
function wrapping(copies: boolean): MethodDecorator {
  return (_target, _name, descriptor) => {
    const original = descriptor.value as unknown as Function;
    const wrapper = function (this: unknown, ...args: unknown[]): unknown {
      return Reflect.apply(original, this, args);
    };
    if (copies) {
      for (const key of Reflect.getMetadataKeys(original)) {
        Reflect.defineMetadata(key, Reflect.getMetadata(key, original), wrapper);
      }
    }
    descriptor.value = wrapper as never;
  };
}

const refusing: CanActivate = { canActivate: () => false };

const messageOf = async (provider: Constructor): Promise<string> => {
  const failure = await failureOf({ providers: [provider] });
  expect(failure).toBeInstanceOf(BindingError);
  return failure.message;
};

describe('a decorator without parentheses', () => {
  type Applied = (target: object, name: string, third: PropertyDescriptor | number) => unknown;

  it.each(
    Object.entries({
      OnHandshake,
      OnConnect,
      OnDisconnecting,
      OnDisconnect,
      OnClose,
      OnError,
      OnPing,
      OnPong,
      OnShutdown,
      OnEvent,
      OnMessage,
      OnPresence,
      Ack,
      RateLimit,
      Idempotent,
    }) as [string, unknown][],
  )('@%s is named where it stands', (name, decorator) => {
    class Gateway {
      check(): void {}
    }
    const descriptor = Object.getOwnPropertyDescriptor(Gateway.prototype, 'check')!;
    expect(() => (decorator as Applied)(Gateway.prototype, 'check', descriptor)).toThrow(
      `@${name} on Gateway.check() is written without parentheses, and would have no effect. Write @${name}().`,
    );
  });

  it.each(
    Object.entries({
      ConnectedSocket,
      MessageBody,
      Args,
      Arg,
      HandshakeAuth,
      DisconnectReason,
      EventName,
      Ack,
    }) as [string, unknown][],
  )('@%s is named on a parameter, which would get something else', (name, decorator) => {
    class Gateway {
      check(): void {}
    }
    expect(() => (decorator as Applied)(Gateway.prototype, 'check', 0)).toThrow(
      `@${name} on the parameter 0 of Gateway.check() is written without parentheses, and would have no effect. Write @${name}().`,
    );
  });

  it.each(Object.entries({ Gateway, RateLimit }))('@%s is named on a class', (name, decorator) => {
    class Chat {}
    expect(() => (decorator as (target: Function) => unknown)(Chat)).toThrow(
      `@${name} on Chat is written without parentheses, and would have no effect. Write @${name}().`,
    );
  });

  it('is no pipe, which may be a class', () => {
    class Gateway {
      check(): void {}
    }
    for (const decorator of [MessageBody, Args, HandshakeAuth]) {
      expect(() => decorator(ParseIntPipe)(Gateway.prototype, 'check', 0)).not.toThrow();
    }
  });
});

describe('a class', () => {
  it('with two namespaces is refused, since it would be bound to one', () => {
    expect(() => {
      @Gateway('/one')
      @Gateway('/other')
      class TwiceGateway {}
      return TwiceGateway;
    }).toThrow('TwiceGateway has @Gateway twice, and would be bound to one namespace only.');
  });

  it('without any decorator whose messages never run is named at the start', async () => {
    class Base {
      @SubscribeMessage('a')
      handle(): void {}
    }

    @WebSocketGateway({ namespace: 'extended' })
    class ExtendedGateway extends Base {}
    class Forgotten {
      @SubscribeMessage('a')
      handle(): void {}
    }
    const lines: string[] = [];
    const spy = jest.spyOn(Logger.prototype, 'warn').mockImplementation((line: string) => void lines.push(line));
    cleanup(() => spy.mockRestore());
    const providers = [Base, ExtendedGateway, Forgotten];
    await startWith({ providers });
    await startGateways({ providers });
    const line =
      '@SubscribeMessage on Forgotten.handle() never runs: Forgotten has neither @Gateway nor @WebSocketGateway.';
    expect(lines).toEqual([line, line]);
  });
});

it('an event by the name of a step in the life of a socket is named, since no such step is heard there', async () => {
  @Gateway('/steps')
  class StepGateway {
    @OnEvent('connection')
    connected(): void {}
  }

  @WebSocketGateway({ namespace: 'old-steps' })
  class OldGateway {
    @SubscribeMessage('connection')
    connected(): void {}

    @SubscribeMessage('disconnect')
    left(): void {}
  }
  const lines: string[] = [];
  const spy = jest.spyOn(Logger.prototype, 'warn').mockImplementation((line: string) => void lines.push(line));
  cleanup(() => spy.mockRestore());
  await startWith({ providers: [StepGateway, OldGateway] });
  expect(lines.sort()).toEqual([
    '@SubscribeMessage("connection") on OldGateway.connected() does not run when a client connects or disconnects. Use handleConnection() for that.',
    '@SubscribeMessage("disconnect") on OldGateway.left() does not run when a client connects or disconnects. Use handleDisconnect() for that.',
    'StepGateway.connected() handles events named "connection" that clients emit, not connections. Use @OnConnect() for these.',
  ]);
});

describe('a parameter of an HTTP request', () => {
  it.each(Object.entries({ Headers, Query, Param, Ip, Session, Res }) as [string, () => ParameterDecorator][])(
    '@%s() stops the start, since a handler would get undefined',
    async (name, decorator) => {
      class Gateway {
        check(_token: unknown): void {}
      }
      decorate(Gateway.prototype, 'check', OnHandshake());
      decorator()(Gateway.prototype, 'check', 0);
      const other = name === 'Headers' ? ', or @Ctx() of @nestjs/microservices,' : '';
      expect(await messageOf(Gateway)).toBe(
        `@${name}()${other} on the parameter 0 of Gateway.check() has no effect: an event is not an HTTP request. Use @ConnectedSocket(), ` +
          'whose handshake has headers, query and address, or @HandshakeAuth().',
      );
    },
  );

  it('@Body() is what the client sent', async () => {
    @Gateway('/body')
    class BodyGateway {
      @Ack('ask')
      ask(@Body() body: unknown): unknown {
        return body;
      }
    }
    const { url } = await startWith({ providers: [BodyGateway] });
    expect(await (await connectClient(`${url}/body`)).emitWithAck('ask', { a: 1 })).toEqual({ a: 1 });
  });
});

describe('a generator', () => {
  it.each([
    ['@OnHandshake()', OnHandshake],
    ['@OnEvent("ask")', () => OnEvent('ask')],
    ['@Ack("ask")', () => Ack('ask')],
  ])('with %s stops the start, since a call of it runs nothing', async (text, decorator) => {
    class Gateway {
      *check(): Generator<number> {
        yield 1;
      }
    }
    decorate(Gateway.prototype, 'check', decorator());
    expect(await messageOf(Gateway)).toBe(
      `${text} on Gateway.check() would never run: calling a generator runs none of its code. Make it an async generator, or ` +
        'return a list.',
    );
  });

  it('that is asynchronous decides about the handshake', async () => {
    @Gateway('/asked')
    class AskedGateway {
      @OnHandshake()
      async *check(): AsyncGenerator<boolean> {
        yield true;
        yield false;
      }
    }
    const { url } = await startWith({ providers: [AskedGateway] });
    await expect(connectClient(`${url}/asked`)).rejects.toThrow('Forbidden resource');
  });
});

describe('a decorated method that would never run', () => {
  it.each([
    ['event', OnEvent('a')],
    ['ack', Ack('a')],
    ['handshake', OnHandshake()],
    ['connect', OnConnect()],
    ['disconnecting', OnDisconnecting()],
  ])('stops the start if it is overridden without a decorator: %s', async (_kind, decorator) => {
    class Base {
      handle(): void {}
    }
    decorate(Base.prototype, 'handle', decorator);
    class Derived extends Base {
      override handle(): void {}
    }
    expect(await messageOf(Derived)).toMatch(
      /^@\w+\(.*\) on Base\.handle\(\) would never run: Derived\.handle\(\) overrides it without a decorator\. Decorate it as well, or rename it\.$/,
    );
  });

  it('may be overridden with a decorator of its own, of another event', async () => {
    class Base {
      @Ack('base')
      handle(): string {
        return 'base';
      }
    }
    class Derived extends Base {
      @Ack('derived')
      override handle(): string {
        return 'derived';
      }
    }
    const { url } = await startWith({ providers: [Derived] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('derived')).toBe('derived');
    expect(await client.emitWithAck('base')).toMatchObject({ code: 'UNKNOWN_EVENT' });
  });

  it.each([
    ['@OnEvent("a")', OnEvent('a')],
    ['@OnMessage("a")', OnMessage('a')],
    ['@OnHandshake()', OnHandshake()],
  ])('stops the start if a decorator above %s replaces it and copies no metadata', async (name, decorator) => {
    class Wrapped {
      handle(): void {}
    }
    decorate(Wrapped.prototype, 'handle', wrapping(false), decorator);
    expect(await messageOf(Wrapped)).toBe(
      `${name} on Wrapped.handle() would never run: a decorator above it replaced the method and did not copy its ` +
        'metadata. Move that decorator below the others.',
    );
  });

  it('stops the start if one of its two events is lost that way', async () => {
    class Wrapped {
      handle(): void {}
    }
    decorate(Wrapped.prototype, 'handle', OnEvent('above'), wrapping(false), OnEvent('below'));
    expect(await messageOf(Wrapped)).toContain('@OnEvent("below") on Wrapped.handle() would never run');
  });

  it('stops the start if a guard below the replacing decorator is lost', async () => {
    class Wrapped {
      handle(): void {}
    }
    decorate(Wrapped.prototype, 'handle', OnEvent('a'), wrapping(false), UseGuards(refusing));
    expect(await messageOf(Wrapped)).toBe(
      'A guard bound to Wrapped.handle() would not run: a decorator between it and @OnEvent("a") replaced the method and ' +
        'did not copy its metadata. Move that decorator below the others.',
    );
  });

  it('stops the start if a rate is lost that way', async () => {
    class Wrapped {
      handle(): void {}
    }
    decorate(Wrapped.prototype, 'handle', OnEvent('a'), wrapping(false), RateLimit({ limit: 1, interval: 1_000 }));
    expect(await messageOf(Wrapped)).toContain('@RateLimit() on Wrapped.handle() would never run');
  });

  it('runs if the replacing decorator copies metadata, or stands below', async () => {
    class Wrapped {
      copied(): string {
        return 'copied';
      }

      below(): string {
        return 'below';
      }
    }
    decorate(Wrapped.prototype, 'copied', wrapping(true), Ack('copied'), UseGuards(refusing));
    decorate(Wrapped.prototype, 'below', Ack('below'), wrapping(false));
    const { url } = await startWith({ providers: [Wrapped] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('below')).toBe('below');
    expect(await client.emitWithAck('copied')).toMatchObject({ message: 'Forbidden resource' });
  });

  it('stops the start if it is static', async () => {
    class Static {
      @OnEvent('a')
      static handle(): void {}
    }
    expect(await messageOf(Static)).toBe(
      '@OnEvent("a") on Static.handle() would never run: it is static. Make it an instance method.',
    );
  });

  it('stops the start if it is named by a symbol', async () => {
    class Symbolic {
      @OnEvent('a')
      [Symbol.for('hidden')](): void {}
    }
    expect(await messageOf(Symbolic)).toBe(
      '@OnEvent("a") on Symbolic.Symbol(hidden)() would never run: Nest does not find methods named by symbols. Give it a string as name.',
    );
  });

  it.each([
    ['a property', undefined, 'a property'],
    ['an accessor', { get: () => undefined }, 'an accessor'],
    ['a setter', { set: () => undefined }, 'an accessor'],
  ])('is named where it is %s', (_name, descriptor, what) => {
    class Odd {}
    for (const [name, decorator] of [
      ['@OnEvent("a")', OnEvent('a')],
      ['@Ack("a")', Ack('a')],
      ['@Ack()', Ack()],
      ['@OnHandshake()', OnHandshake()],
      ['@RateLimit()', RateLimit({ limit: 1, interval: 1_000 })],
    ] as const) {
      const apply = decorator as (target: object, key: string, descriptor?: PropertyDescriptor) => void;
      expect(() => apply(Odd.prototype, 'odd', descriptor)).toThrow(
        `${name} on Odd.odd decorates ${what}, which would never run. Make it a method.`,
      );
    }
  });

  it('is named where the compiler applies decorators of ECMAScript', () => {
    const apply = OnEvent('a') as unknown as (method: Function, context: object) => void;
    expect(() => apply(() => undefined, { kind: 'method', name: 'handle' })).toThrow('experimentalDecorators');
  });
});

describe('an event that cannot happen', () => {
  it.each([
    [
      undefined,
      'its event is undefined, but the name of an event must be a string. It is undefined if it is imported from a file that imports this one',
    ],
    [null, 'its event is null'],
    [
      ['a', 'b'],
      'its event is a list, but the name of an event must be a string. Decorate the method once for each name.',
    ],
    [
      /^user:/,
      "its event is the pattern /^user:/, but the name of an event must be a string. Use '*' and @EventName().",
    ],
    [Symbol('x'), 'its event is Symbol(x)'],
    [{ name: 'a' }, 'its event is an object'],
    [(): string => 'a', 'its event is the function '],
    [true, 'its event is true'],
    ['disconnect', '"disconnect" is a reserved name'],
    ['connect_error', '"connect_error" is a reserved name'],
    ['x'.repeat(257), 'the name of its event has more than 256 bytes'],
  ])('stops the start: %p', async (event, why) => {
    for (const decorator of [OnEvent, OnMessage]) {
      class Own {
        handle(): void {}
      }
      decorate(Own.prototype, 'handle', decorator(event as string));
      const message = await messageOf(Own);
      expect(message).toContain('Own.handle() would never run: ');
      expect(message).toContain(why);
    }
  });

  it('stops the start where @Ack() is given undefined', async () => {
    class Own {
      handle(): void {}
    }
    decorate(Own.prototype, 'handle', Ack(undefined));
    expect(await messageOf(Own)).toContain('@Ack() on Own.handle() needs an event');
  });

  it('may be a number, which is text on the wire, and empty', async () => {
    class Own {
      @Ack(7 as unknown as string)
      seven(): string {
        return 'seven';
      }

      @Ack('')
      empty(): string {
        return 'empty';
      }
    }
    const { url } = await startWith({ providers: [Own] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('7')).toBe('seven');
    expect(await client.emitWithAck('')).toBe('empty');
  });
});

describe('a namespace that no client can join', () => {
  it.each([
    ['undefined, as of a circular import', undefined, 'got undefined'],
    ['null', null, 'got null'],
    ['a number', 5, 'got 5'],
    ['undefined in options', { namespace: undefined }, 'got undefined'],
    ['a list in options', { namespace: ['/a', '/b'] }, 'got a list'],
    ['too long', `/${'x'.repeat(256)}`, 'it is longer than 256 bytes'],
    ['a query', '/chat?room=1', 'the protocol ends a name at "?" and ","'],
    ['a comma', '/a,b', 'the protocol ends a name'],
    ['control characters', '/a\n', 'it has control characters'],
    ['a pattern without a slash', /^chat-\d+$/, 'names of namespaces begin with a slash'],
  ])('stops the start: %s', async (_name, namespace, why) => {
    class Own {
      @OnEvent('a')
      handle(): void {}
    }
    Gateway(namespace as string)(Own);
    expect(await messageOf(Own)).toContain(why);
  });

  it('is none where nothing is given, or a pattern offers an alternative', async () => {
    class Alternatives {
      @Ack('ask')
      ask(): string {
        return 'answer';
      }
    }
    Gateway(/^chat|^\/chat$/)(Alternatives);
    const { url } = await startWith({ providers: [Alternatives] });
    expect(await (await connectClient(`${url}/chat`)).emitWithAck('ask')).toBe('answer');
  });
});

describe('a class whose constructor asks for something', () => {
  @Injectable()
  class Greeter {
    readonly greeting = 'hello';
  }

  it('stops the start without a decorator of its own, since nothing would be injected', async () => {
    class Greeting {
      constructor(readonly greeter: Greeter) {}

      @Ack('greet')
      greet(): string {
        return this.greeter.greeting;
      }
    }
    const failure = await failureOf({ providers: [Greeter, Greeting] });
    expect(failure.message).toBe(
      'Greeting gets nothing injected: its constructor has 1 parameter(s), and without a decorator on the class Nest does ' +
        'not know their types. Add @Injectable() or @Gateway() to it.',
    );
  });

  it.each([
    ['@Gateway()', Gateway()],
    ['@Injectable()', Injectable()],
  ])('gets it with %s, also through a subclass', async (_name, decorator) => {
    @(decorator as ClassDecorator)
    class Greeting {
      constructor(readonly greeter: Greeter) {}

      @Ack('greet')
      greet(): string {
        return this.greeter.greeting;
      }
    }
    class Derived extends Greeting {}
    const { url } = await startWith({ providers: [Greeter, Derived] });
    expect(await (await connectClient(url)).emitWithAck('greet')).toBe('hello');
  });
});

describe('a gateway that two modules provide', () => {
  class Shared {
    @OnEvent('count')
    count(): void {}
  }

  @Module({ providers: [Shared] })
  class FirstModule {}

  @Module({ providers: [Shared] })
  class SecondModule {}

  it('stops the start, and both are named', async () => {
    const failure = await failureOf({ imports: [FirstModule, SecondModule] });
    expect(failure).toBeInstanceOf(BindingError);
    expect(failure.message).toMatch(
      /^Shared is provided by (FirstModule and by SecondModule|SecondModule and by FirstModule), and would handle everything twice\. Provide it in one module, export it there, and import that module\.$/,
    );
  });
});

describe('SocketIoModule', () => {
  const start = async (...imports: NonNullable<Parameters<typeof Module>[0]['imports']>): Promise<Error | null> => {
    class App {}
    Module({ imports })(App);
    try {
      const app = await NestFactory.create(App, { logger: false, abortOnError: false });
      await app.init();
      await app.close();
      return null;
    } catch (error) {
      return error as Error;
    }
  };

  it('says what to do where it is imported without forRoot()', async () => {
    const failure = await start(SocketIoModule);
    expect(failure).toBeInstanceOf(BindingError);
    expect(failure!.message).toContain('import SocketIoModule.forRoot() in the root module');
  });

  it('says so too where another module imports it that way', async () => {
    @Module({ imports: [SocketIoModule] })
    class Feature {}
    const failure = await start(SocketIoModule.forRoot(), Feature);
    expect(failure!.message).toContain('other modules get Websocket without importing it');
  });

  it('is one for equal options, in whatever modules', async () => {
    const cors = (): { origin: string } => ({ origin: 'https://a.example' });
    @Module({ imports: [SocketIoModule.forRoot({ cors: cors() })] })
    class Feature {}
    expect(await start(SocketIoModule.forRoot({ cors: cors() }), Feature)).toBeNull();
    const factory = { useFactory: () => ({}) };
    @Module({ imports: [SocketIoModule.forRootAsync(factory)] })
    class AsyncFeature {}
    expect(await start(SocketIoModule.forRootAsync(factory), AsyncFeature)).toBeNull();
  });

  it('is refused twice with different options', async () => {
    @Module({ imports: [SocketIoModule.forRoot({ pingInterval: 1_000 })] })
    class Feature {}
    const failure = await start(SocketIoModule.forRoot(), Feature);
    expect(failure!.message).toContain('SocketIoModule is imported several times with different options');
  });
});

describe('a module that is loaded lazily', () => {
  const load = async (provider: Constructor): Promise<unknown> => {
    @Module({ providers: [provider] })
    class LateModule {}
    const { app } = await startWith({});
    return app.get(LazyModuleLoader).load(() => LateModule);
  };

  it('is refused with a message of @nestjs/websockets in a @Gateway', async () => {
    @Gateway()
    class Late {
      @SubscribeMessage('a')
      handle(): void {}
    }
    await expect(load(Late)).rejects.toThrow('@SubscribeMessage on Late.handle() would not run');
  });

  it('is refused with our decorators in a @WebSocketGateway', async () => {
    @WebSocketGateway()
    class Late {
      @OnHandshake()
      handle(): void {}
    }
    await expect(load(Late)).rejects.toThrow('The decorators of nestjs-socketio in Late would not run');
  });
});

describe('a message of @nestjs/websockets in a @Gateway class', () => {
  it.each<[string, unknown, string]>([
    [
      'undefined',
      undefined,
      'undefined, but the name of an event must be a string. It is undefined if it is imported from a file that imports this one',
    ],
    [
      'a list',
      ['a', 'b'],
      'a list, but the name of an event must be a string. Decorate the method once for each name.',
    ],
    ['a pattern', /a/, "the pattern /a/, but the name of an event must be a string. Use '*' and @EventName()."],
    ['a symbol', Symbol('a'), 'Symbol(a), but the name of an event must be a string. Give a string.'],
  ])('stops the start if its event is %s', async (_name, event, why) => {
    @Gateway('/old')
    class OldGateway {
      @SubscribeMessage(event)
      old(): void {}
    }
    const { message } = await failureOf({ providers: [OldGateway] });
    expect(message).toContain(`@SubscribeMessage on OldGateway.old() would never run: its event is ${why}`);
  });
});
