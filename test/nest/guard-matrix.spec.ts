/**
 * Which guard is asked at which door, as observed: each kind of guard alone in an application, on Fastify and on Express, asked
 * at each way in, first letting everyone in and then no one. The table in docs/authentication.md is what comes of it:
 * `GUARD_TABLE=write npm test -- test/nest/guard-matrix` writes it anew.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Module, UseGuards, type CanActivate, type MiddlewareConsumer } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Ack, Gateway, OnConnect, OnHandshake, Websocket, type SocketIoModuleOptions } from '../../src/index.js';
import { readPage, ROOT } from '../house/manual.js';
import { DOORS, type GuardedApp } from './support/doors.js';
import { PLATFORMS, startWith, type AppSetup, type Platform } from './support/start-app.js';

/** Stands in the place of a guard: notes that it was asked, and says what it was told to say. */
class Doorkeeper implements CanActivate {
  asked = 0;
  allows = true;

  canActivate(): boolean {
    this.asked++;
    return this.allows;
  }
}

type Respond = { statusCode: number; end(): void };

/** A kind of guard: how an application has it. */
interface Kind {
  readonly on?: readonly Platform[];
  readonly setup: (keeper: Doorkeeper) => Pick<AppSetup, 'imports' | 'configure'> & { options?: SocketIoModuleOptions };
  /** Put on the class, its `@OnHandshake`, `@OnConnect` or event; by default on nothing. */
  readonly bound?: 'class' | 'handshake' | 'connect' | 'event';
  /** Whether the class has nothing but events. @default false */
  readonly isBare?: boolean;
}

const NOTHING: Kind['setup'] = () => ({});
const asGlobal: Kind['setup'] = (keeper) => ({ configure: (app) => void app.useGlobalGuards(keeper) });
const asMiddleware =
  (keeper: Doorkeeper) =>
  (_request: unknown, response: Respond, next: () => void): void => {
    if (keeper.canActivate()) {
      next();
      return;
    }
    response.statusCode = 401;
    response.end();
  };

interface FastifyScope {
  addHook(name: string, hook: (request: unknown, reply: FastifyReply) => Promise<unknown>): void;
  register(plugin: unknown): void;
}
type FastifyReply = { code(status: number): { send(): unknown } };

const asHook = (keeper: Doorkeeper) => async (_request: unknown, reply: FastifyReply) =>
  keeper.canActivate() ? undefined : reply.code(401).send();
const fastifyOf = (app: unknown): FastifyScope =>
  (app as NestFastifyApplication).getHttpAdapter().getInstance() as unknown as FastifyScope;

const KINDS: Readonly<Record<string, Kind>> = {
  'global guard, and the class handles connections': { setup: asGlobal },
  'global guard, and the class has events alone': { setup: asGlobal, isBare: true },
  'guard of the class (`@Gateway`)': { setup: NOTHING, bound: 'class', isBare: true },
  'guard of `@OnHandshake()`': { setup: NOTHING, bound: 'handshake' },
  'guard of `@OnConnect()`': { setup: NOTHING, bound: 'connect' },
  'guard of an event': { setup: NOTHING, bound: 'event' },
  '`connectGuards`': { setup: (keeper) => ({ options: { connectGuards: [keeper] } }) },
  'hook of Fastify': {
    on: ['fastify'],
    setup: (keeper) => ({ configure: (app) => fastifyOf(app).addHook('onRequest', asHook(keeper)) }),
  },
  'plugin of Fastify': {
    on: ['fastify'],
    setup: (keeper) => ({
      configure: (app) => {
        const plugin = async (scope: FastifyScope): Promise<void> => scope.addHook('preHandler', asHook(keeper));
        fastifyOf(app).register(Object.assign(plugin, { [Symbol.for('skip-override')]: true }));
      },
    }),
  },
  '`app.use()`': { setup: (keeper) => ({ configure: (app) => void app.use(asMiddleware(keeper)) }) },
  'middleware of Nest': {
    setup: (keeper) => {
      @Module({})
      class MiddlewareModule {
        configure(consumer: MiddlewareConsumer): void {
          consumer.apply(asMiddleware(keeper)).forRoutes('*path');
        }
      }
      return { imports: [MiddlewareModule] };
    },
  },
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

async function start(platform: Platform, kind: Kind, keeper: Doorkeeper): Promise<GuardedApp> {
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
  const { app, url } = await startWith({
    ...setup,
    platform,
    providers: [gatewayOf('/'), gatewayOf('/second')],
    options: {
      allowEIO3: true,
      transports: ['polling', 'websocket', 'webtransport'],
      connectionStateRecovery: {},
      ...options,
    },
  });
  return { app, url, handled: () => handled };
}

/** Who was asked: `yes`, `–`, or `closed` if the door lets no one in because of this kind of guard. */
type Verdict = 'yes' | '–' | 'closed';

async function look(door: string, guarded: GuardedApp, keeper: Doorkeeper): Promise<Verdict> {
  const attempt = async (allows: boolean): Promise<{ isIn: boolean; asked: number }> => {
    keeper.allows = true;
    const open = await DOORS[door](guarded);
    keeper.allows = allows;
    keeper.asked = 0;
    return { isIn: await open(), asked: keeper.asked };
  };
  const allowed = await attempt(true);
  const denied = await attempt(false);
  if (!allowed.isIn) {
    expect([denied.isIn, allowed.asked, denied.asked]).toEqual([false, 0, 0]);
    return 'closed';
  }
  // Who is asked decides, and who is not asked does not.
  expect([denied.isIn, denied.asked > 0]).toEqual([allowed.asked === 0, allowed.asked > 0]);
  return allowed.asked > 0 ? 'yes' : '–';
}

const observed = new Map<string, Partial<Record<Platform, Verdict>>>();
const doors = Object.keys(DOORS);
const CASES = Object.entries(KINDS).flatMap(([name, kind]) =>
  PLATFORMS.filter((platform) => kind.on?.includes(platform) ?? true).map((platform) => [name, platform] as const),
);

describe('who is asked', () => {
  it.each(CASES)('%s, on %s', async (name, platform) => {
    const keeper = new Doorkeeper();
    const guarded = await start(platform, KINDS[name], keeper);
    for (const door of doors) {
      const cell = observed.get(`${name} ${door}`) ?? {};
      observed.set(`${name} ${door}`, { ...cell, [platform]: await look(door, guarded, keeper) });
    }
  });

  it('is as the table in docs/authentication.md says', () => {
    const page = readPage('docs/authentication.md');
    const written = `${page.slice(0, page.indexOf(BEGIN))}${BEGIN}\n${table()}\n\n${page.slice(page.indexOf(END))}`;
    if (process.env.GUARD_TABLE === 'write') writeFileSync(path.join(ROOT, 'docs/authentication.md'), written);
    else expect(page).toBe(written);
  });
});

function table(): string {
  const rows = Object.keys(KINDS).map((name) => [
    name,
    ...doors.map((door) => cellOf(observed.get(`${name} ${door}`)!)),
  ]);
  return [['guard', ...doors], Array(doors.length + 1).fill('---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function cellOf({ fastify, express }: Partial<Record<Platform, Verdict>>): string {
  if (express === undefined || express === fastify) return fastify!;
  if (fastify === 'yes' && express === '–') return 'Fastify';
  throw new Error(`no word for ${fastify} on Fastify and ${express} on Express`);
}

const BEGIN = '<!-- guards: observed by test/nest/guard-matrix.spec.ts -->\n<!-- prettier-ignore -->';
const END = '<!-- /guards -->';
