/**
 * Which guard is asked at which door, as observed: each kind of guard alone in an application, on Fastify, on Fastify with
 * `fastify: 'direct'` and on Express, asked at each way in, first letting everyone in and then no one. The table in
 * docs/authentication.md is what comes of it: `GUARD_TABLE=write npm test -- guard-matrix` writes it anew.
 */
import { UseGuards, type CanActivate } from '@nestjs/common';
import { Ack, Gateway, OnConnect, OnHandshake, Websocket, type SocketIoModuleOptions } from '../../src/index.js';
import type { GuardedApp } from './support/doors.js';
import {
  asGlobal,
  asMiddleware,
  describeGuards,
  HTTP_KINDS,
  type Doorkeeper,
  type GuardKind,
  type Installed,
  type Setting,
} from './support/guard-matrix.js';
import { startWith } from './support/start-app.js';

/** A kind of guard: how an application has it. */
interface Kind extends GuardKind {
  readonly setup: (keeper: Doorkeeper) => Installed & { options?: SocketIoModuleOptions };
  /** Put on the class, its `@OnHandshake`, `@OnConnect` or event; by default on nothing. */
  readonly bound?: 'class' | 'handshake' | 'connect' | 'event';
  /** Whether the class has nothing but events. @default false */
  readonly isBare?: boolean;
}

const NOTHING: Kind['setup'] = () => ({});

const KINDS: Readonly<Record<string, Kind>> = {
  'global guard, and the class handles connections': { setup: asGlobal },
  'global guard, and the class has events alone': { setup: asGlobal, isBare: true },
  'guard of the class (`@Gateway`)': { setup: NOTHING, bound: 'class', isBare: true },
  'guard of `@OnHandshake()`': { setup: NOTHING, bound: 'handshake' },
  'guard of `@OnConnect()`': { setup: NOTHING, bound: 'connect' },
  'guard of an event': { setup: NOTHING, bound: 'event' },
  '`connectGuards`': { setup: (keeper) => ({ options: { connectGuards: [keeper] } }) },
  ...HTTP_KINDS,
  '`allowRequest`': {
    setup: (keeper) => ({
      options: { allowRequest: (_request, decide) => decide(null, keeper.canActivate()) },
    }),
  },
  '`engine.use()`': {
    setup: (keeper) => ({
      configure: (app) => void app.get(Websocket).server.engine.use(asMiddleware(keeper) as never),
    }),
  },
  '`namespace.use()`': {
    setup: (keeper) => ({
      configure: (app) => {
        for (const name of ['/', '/second']) {
          app
            .get(Websocket)
            .of(name)
            .use((_socket, next) => next(keeper.canActivate() ? undefined : new Error('no')));
        }
      },
    }),
  },
};

const NOT_APPLIED: CanActivate = { canActivate: () => true };

async function start(setting: Setting, kind: Kind, keeper: Doorkeeper): Promise<GuardedApp> {
  let handled = 0;
  const at = (place: Kind['bound']): MethodDecorator & ClassDecorator =>
    UseGuards(kind.bound === place ? keeper : NOT_APPLIED);

  const gatewayOf = (namespace: string): new () => object => {
    class EventGateway {
      ask(): number {
        return ++handled;
      }

      after(): void {}
    }
    class GuardedGateway extends EventGateway {
      check(): void {}

      joined(): void {}
    }
    const decorate = (target: object, name: string, ...decorators: MethodDecorator[]): void => {
      const descriptor = Object.getOwnPropertyDescriptor(target, name)!;
      for (const decorator of decorators) decorator(target, name, descriptor);
    };
    decorate(EventGateway.prototype, 'ask', Ack('ask'), at('event'));
    decorate(EventGateway.prototype, 'after', Ack('after'));
    decorate(GuardedGateway.prototype, 'check', OnHandshake(), at('handshake'));
    decorate(GuardedGateway.prototype, 'joined', OnConnect(), at('connect'));
    const gateway = kind.isBare === true ? EventGateway : GuardedGateway;
    Gateway(namespace)(gateway);
    if (kind.bound === 'class') UseGuards(keeper)(gateway);
    return gateway;
  };
  const { options, ...setup } = kind.setup(keeper);
  const { app, url, websocket } = await startWith({
    ...setup,
    platform: setting === 'direct' ? 'fastify' : setting,
    providers: [gatewayOf('/'), gatewayOf('/second')],
    options: {
      allowEIO3: true,
      transports: ['polling', 'websocket', 'webtransport'],
      connectionStateRecovery: {},
      fastify: setting === 'direct' ? 'direct' : 'route',
      ...options,
    },
  });
  return { app, url, server: websocket.server, fire: (event) => websocket.fire(event), handled: () => handled };
}

describeGuards('who is asked', { table: 'guards', settings: ['fastify', 'direct', 'express'], kinds: KINDS, start });
