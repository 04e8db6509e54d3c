/**
 * The same for gateways of `@nestjs/websockets` with the adapter alone: their guards are asked as with `IoAdapter`, and what
 * its options change is a row of its own. `GUARD_TABLE=write npm test -- guard-matrix` writes the table of the manual anew.
 */
import { UseGuards, type CanActivate } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { OnHandshake, type SocketIoAdapterOptions } from '../../../src/index.js';
import type { Namespace, Server, ServerOptions } from '../../../src/server.js';
import type { GuardedApp } from '../support/doors.js';
import {
  asGlobal,
  asMiddleware,
  describeGuards,
  HTTP_KINDS,
  type Doorkeeper,
  type GuardKind,
  type Installed,
  type Setting,
} from '../support/guard-matrix.js';
import { startGateways } from './support/start-gateways.js';

/** A kind of guard: how an application has it. */
interface Kind extends GuardKind {
  readonly setup?: (keeper: Doorkeeper) => Installed;
  readonly options?: SocketIoAdapterOptions;
  /** Of the decorator of the class. */
  readonly gateway?: (keeper: Doorkeeper) => Partial<ServerOptions>;
  readonly afterInit?: (namespace: Namespace, keeper: Doorkeeper) => void;
  /** Put on the class or one of its methods; by default on nothing. */
  readonly bound?: 'class' | 'connection' | 'handshake' | 'message';
}

const KINDS: Readonly<Record<string, Kind>> = {
  'global guard': { setup: asGlobal, since: '12' },
  'global guard, `globalEnhancers`': { setup: asGlobal, options: { globalEnhancers: true } },
  'global guard, both options': { setup: asGlobal, options: { globalEnhancers: true, connectGuards: true } },
  'guard of the class (`@WebSocketGateway`)': { bound: 'class' },
  'guard of the class, `connectGuards`': { bound: 'class', options: { connectGuards: true } },
  'guard of `handleConnection`': { bound: 'connection' },
  'guard of `handleConnection`, `connectGuards`': { bound: 'connection', options: { connectGuards: true } },
  'guard of `@OnHandshake()`': { bound: 'handshake' },
  'the same, `skipMiddlewares: false`': {
    bound: 'handshake',
    gateway: () => ({ connectionStateRecovery: { skipMiddlewares: false } }),
  },
  'guard of a message': { bound: 'message' },
  ...HTTP_KINDS,
  '`allowRequest`': {
    gateway: (keeper) => ({ allowRequest: (_request, decide) => decide(null, keeper.canActivate()) }),
  },
  '`engine.use()` in `afterInit`': {
    afterInit: ({ name, server }, keeper) => {
      if (name === '/') server.engine.use(asMiddleware(keeper) as never);
    },
  },
  '`namespace.use()` in `afterInit`': {
    afterInit: (namespace, keeper) => {
      namespace.use((_socket, next) => next(keeper.canActivate() ? undefined : new Error('no')));
    },
  },
};

const NOT_APPLIED: CanActivate = { canActivate: () => true };

async function start(setting: Setting, kind: Kind, keeper: Doorkeeper): Promise<GuardedApp> {
  let handled = 0;
  let main: Server | undefined;
  const at = (place: Kind['bound']): MethodDecorator => UseGuards(kind.bound === place ? keeper : NOT_APPLIED);
  const options = {
    allowEIO3: true,
    transports: ['polling', 'websocket', 'webtransport'],
    connectionStateRecovery: {},
    ...kind.gateway?.(keeper),
  };

  class MessageGateway {
    afterInit(namespace: Namespace): void {
      main = namespace.server;
      kind.afterInit?.(namespace, keeper);
    }

    @at('connection')
    handleConnection(): void {}

    @at('message')
    @SubscribeMessage('ask')
    ask(): number {
      return ++handled;
    }

    @SubscribeMessage('after')
    after(): string {
      return 'after';
    }
  }
  class CheckedGateway extends MessageGateway {
    @at('handshake')
    @OnHandshake()
    check(): void {}
  }
  const gatewayOf = (namespace: string): new () => object => {
    class TestGateway extends (kind.bound === 'handshake' ? CheckedGateway : MessageGateway) {}
    WebSocketGateway({ namespace, ...options } as object)(TestGateway);
    if (kind.bound === 'class') UseGuards(keeper)(TestGateway);
    return TestGateway;
  };
  const { app, url } = await startGateways({
    ...kind.setup?.(keeper),
    platform: setting === 'express' ? 'express' : 'fastify',
    providers: [gatewayOf('/'), gatewayOf('/second')],
    options: kind.options,
  });
  const server = main!;
  const fire = (event: string): void => server.sockets.sockets.forEach((socket) => socket.fire(event));
  return { app, url, server, fire, handled: () => handled };
}

describeGuards('who is asked with the adapter alone', {
  table: 'adapter guards',
  settings: ['fastify', 'express'],
  kinds: KINDS,
  start,
});
