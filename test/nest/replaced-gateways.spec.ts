/** What a module provides in the place of a gateway has none of its checks: the start stops, or says so. */
import { Injectable, Module, Scope, UseGuards, type CanActivate, type Provider, type Type } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { Test } from '@nestjs/testing';
import { Ack, Gateway, OnHandshake, SocketIoModule } from '../../src/index.js';
import { cleanup } from '../support/cleanup.js';
import { connectClient } from '../support/nest-app.js';
import { failureOf as failureOfAdapter, startGateways } from './adapter/support/start-gateways.js';
import { failureOf, startWith } from './support/start-app.js';
import { watchLog } from './support/watch-log.js';

const DENY: CanActivate = { canActivate: () => false };

class Stub {}

@Injectable({ scope: Scope.TRANSIENT })
class TransientStub {}

/** Made anew for each test, since what is loaded and not provided is told of. */
function guardedGateway(): Type {
  @UseGuards(DENY)
  @Gateway('/guarded')
  class GuardedGateway {
    @OnHandshake()
    check(): void {}
  }
  return GuardedGateway;
}

/** Serves the same namespace, with no check of its own. */
@Gateway('/guarded')
class OpenGateway {
  @Ack('ask')
  ask(): string {
    return 'answer';
  }
}

/** The same as `guardedGateway()`, half-way from `@nestjs/websockets`. */
function halfGateway(): Type {
  @WebSocketGateway({ namespace: 'half' })
  class HalfGateway {
    @OnHandshake()
    check(): void {}
  }
  return HalfGateway;
}

const INSTANCE = 'an instance of Stub';
const REPLACEMENTS: [string, (gateway: Type) => Provider, what: string][] = [
  ['a value of another class', (provide) => ({ provide, useValue: new Stub() }), INSTANCE],
  ['a plain value', (provide) => ({ provide, useValue: { check: () => true } }), 'an object'],
  ['a value without a prototype', (provide) => ({ provide, useValue: Object.create(null) as object }), 'an object'],
  ['null', (provide) => ({ provide, useValue: null }), 'null'],
  ['a factory of another class', (provide) => ({ provide, useFactory: () => new Stub() }), INSTANCE],
  ['an asynchronous factory of one', (provide) => ({ provide, useFactory: async () => new Stub() }), INSTANCE],
  ['another class', (provide) => ({ provide, useClass: Stub }), INSTANCE],
  ['an alias of another class', (provide) => ({ provide, useExisting: Stub }), INSTANCE],
  ['a class with a scope', (provide) => ({ provide, useClass: TransientStub }), 'an instance of TransientStub'],
];

const textFor = (gateway: string, what: string): string =>
  `${gateway} would not run: what is provided in its place is ${what}, which handles nothing. Provide the class itself, or one ` +
  `that extends it${what.startsWith('an instance of') ? `; with @Gateway() on ${what.slice(15)} it may handle nothing` : ''}.`;

describe('in the place of a gateway', () => {
  it.each(REPLACEMENTS)('%s stops the start', async (_how, replace, what) => {
    const providers = [OpenGateway, Stub, replace(guardedGateway())];
    expect((await failureOf({ providers })).message).toBe(textFor('GuardedGateway', what));
  });

  it.each(REPLACEMENTS)(
    '%s stops the start of a class half-way, and with the adapter alone',
    async (_how, replace, what) => {
      const providers = (): Provider[] => [Stub, replace(halfGateway())];
      expect((await failureOf({ providers: providers() })).message).toBe(textFor('HalfGateway', what));
      expect((await failureOfAdapter({ providers: providers() })).message).toBe(textFor('HalfGateway', what));
    },
  );

  it('another class stops the load of a lazy module', async () => {
    @Module({ providers: [{ provide: guardedGateway(), useClass: Stub }] })
    class LazyModule {}
    const { app } = await startWith({ providers: [OpenGateway] });
    await expect(app.get(LazyModuleLoader).load(() => LazyModule)).rejects.toThrow(textFor('GuardedGateway', INSTANCE));
  });

  it('a class that extends it keeps its checks', async () => {
    const provide = guardedGateway();
    class StricterGateway extends provide {}
    const { url } = await startWith({ providers: [OpenGateway, { provide, useClass: StricterGateway }] });
    await expect(connectClient(`${url}/guarded`)).rejects.toThrow('Forbidden resource');
  });

  it('an alias of a gateway with a scope is served', async () => {
    @Gateway('/scoped')
    @Injectable({ scope: Scope.REQUEST })
    class ScopedGateway {}
    const alias = { provide: guardedGateway(), useExisting: ScopedGateway };
    const { url } = await startWith({ providers: [ScopedGateway, alias] });
    await connectClient(`${url}/scoped`);
  });

  it('a factory with a scope stops the start with the adapter alone', async () => {
    const provider = { provide: halfGateway(), scope: Scope.REQUEST, useFactory: () => new Stub() };
    expect((await failureOfAdapter({ providers: [provider] })).message).toBe(
      'HalfGateway would not run: a factory provides it, and has not created it when the application starts. Provide the class ' +
        'itself, with a scope if it needs one.',
    );
  });

  it('a gateway that is one itself is served', async () => {
    @Gateway()
    class NoGateway {}
    const { url } = await startWith({ providers: [{ provide: guardedGateway(), useClass: NoGateway }] });
    await expect(connectClient(`${url}/guarded`)).rejects.toThrow('Invalid namespace');
  });

  it('another class may stand in one module if another module provides it', async () => {
    const gateway = guardedGateway();

    @Module({ providers: [{ provide: gateway, useClass: Stub }] })
    class StubModule {}
    const { url } = await startWith({ imports: [StubModule], providers: [gateway, OpenGateway] });
    await expect(connectClient(`${url}/guarded`)).rejects.toThrow('Forbidden resource');
  });

  it.each<[string, 'useValue' | 'useClass', unknown]>([
    ['a value', 'useValue', {}],
    ['a class', 'useClass', Stub],
  ])('%s of a testing module is told of', async (_how, by, stub) => {
    const lines = watchLog('warn');
    const gateway = guardedGateway();
    const builder = Test.createTestingModule({ imports: [SocketIoModule.forRoot()], providers: [gateway] });
    const overriding = builder.overrideProvider(gateway);
    const module = await overriding[by](stub as Type).compile();
    const app = module.createNestApplication({ logger: false });
    cleanup(() => app.close());
    await app.init();
    const what = by === 'useValue' ? 'an object' : INSTANCE;
    expect(lines).toEqual([
      `GuardedGateway does not run: what is provided in its place is ${what}, which handles nothing.`,
    ]);
  });
});

describe('a gateway of @nestjs/websockets', () => {
  function oldGateway(): Type {
    @WebSocketGateway({ namespace: 'old' })
    class OldGateway {
      @SubscribeMessage('ask')
      ask(): string {
        return 'answer';
      }
    }
    return OldGateway;
  }

  it.each<[string, (gateway: Type) => Provider, why: string]>([
    [
      'a value of another class',
      (provide) => ({ provide, useValue: new Stub() }),
      'what is provided in its place is an instance of Stub, which handles nothing',
    ],
    [
      'a value of its own',
      (provide) => ({ provide, useValue: new provide() as object }),
      'a factory or a value provides it, and a gateway must be a class in the providers of a module',
    ],
  ])('that Nest does not find is told of, as it never runs with IoAdapter: %s', async (_how, provide, why) => {
    const lines = watchLog('warn');
    await startWith({ providers: [provide(oldGateway())] });
    await startGateways({ providers: [provide(oldGateway())] });
    expect(lines).toEqual(Array(2).fill(`OldGateway does not run: ${why}.`));
  });
});

describe('a factory with a scope', () => {
  const made = (gateway: Type): Provider => ({
    provide: 'tenant',
    scope: Scope.REQUEST,
    useFactory: () => new gateway() as object,
  });

  it('that may make a gateway which no module provides is told of, in production as well', async () => {
    const { NODE_ENV } = process.env;
    process.env.NODE_ENV = 'production';
    cleanup(() => void (process.env.NODE_ENV = NODE_ENV));
    const lines = watchLog('warn');
    await startWith({ providers: [OpenGateway, made(guardedGateway())] });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^No module provides (.*, )?GuardedGateway.*, and what a factory with a scope makes is not known/,
    );
    expect(lines[0]).toMatch(
      /at the start \(tenant\): if it makes such a gateway, nothing of that runs\. Provide the class itself, with the scope\.$/,
    );
  });
});
