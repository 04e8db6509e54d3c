import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Module, type CanActivate, type INestApplication, type MiddlewareConsumer } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { readPage, ROOT } from '../../house/manual.js';
import { DOORS, type GuardedApp } from './doors.js';
import { isNestSince } from './nest-version.js';
import type { AppSetup } from './start-app.js';

/** Stands in the place of a guard: notes that it was asked, and says what it was told to say. */
export class Doorkeeper implements CanActivate {
  asked = 0;
  allows = true;

  canActivate(): boolean {
    this.asked++;
    return this.allows;
  }
}

/** A kind of guard. */
export interface GuardKind {
  /** The first release of Nest in which it is asked as the table says. */
  readonly since?: string;
  /** Where applications can have it. @default everywhere */
  readonly on?: readonly Setting[];
}

/** What an application has of a guard. */
export type Installed = Pick<AppSetup, 'imports' | 'configure'>;

/** A server as each of these tests starts it: Nest's platform, and on Fastify whether requests go through its routes. */
export type Setting = 'fastify' | 'direct' | 'express';

type Respond = { statusCode: number; end(): void };

interface FastifyScope {
  addHook(name: string, hook: (request: unknown, reply: FastifyReply) => Promise<unknown>): void;
  register(plugin: unknown): void;
}
type FastifyReply = { code(status: number): { send(): unknown } };

export const asGlobal = (keeper: Doorkeeper): Installed => ({
  configure: (app) => void app.useGlobalGuards(keeper),
});

export const asMiddleware =
  (keeper: Doorkeeper) =>
  (_request: unknown, response: Respond, next: () => void): void => {
    if (keeper.canActivate()) {
      next();
      return;
    }
    response.statusCode = 401;
    response.end();
  };

/** What decides about requests of the whole application, however its sockets are served. */
export const HTTP_KINDS: Readonly<Record<string, GuardKind & { setup(keeper: Doorkeeper): Installed }>> = {
  'hook of Fastify': {
    on: ['fastify', 'direct'],
    setup: (keeper) => ({ configure: (app) => fastifyOf(app).addHook('onRequest', asHook(keeper)) }),
  },
  'plugin of Fastify': {
    on: ['fastify', 'direct'],
    setup: (keeper) => ({
      configure: (app) => {
        const plugin = async (scope: FastifyScope): Promise<void> => scope.addHook('preHandler', asHook(keeper));
        fastifyOf(app).register(Object.assign(plugin, { [Symbol.for('skip-override')]: true }));
      },
    }),
  },
  // The first versions of Nest 11 have no `use()` on Fastify before the application is initialized.
  '`app.use()`': { since: '11.2', setup: (keeper) => ({ configure: (app) => void app.use(asMiddleware(keeper)) }) },
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
};

function asHook(keeper: Doorkeeper) {
  return async (_request: unknown, reply: FastifyReply): Promise<unknown> =>
    keeper.canActivate() ? undefined : reply.code(401).send();
}

function fastifyOf(app: INestApplication): FastifyScope {
  return (app as NestFastifyApplication).getHttpAdapter().getInstance() as unknown as FastifyScope;
}

/** Who was asked: `yes`, `–`, or `closed` if the door lets no one in because of this kind of guard. */
type Verdict = 'yes' | '–' | 'closed';

/** One way to serve sockets, with the kinds of guards that it has. */
export interface GuardMatrix<Kind extends GuardKind> {
  /** Stands in the marks around the table in docs/authentication.md. */
  readonly table: string;
  readonly settings: readonly Setting[];
  readonly kinds: Readonly<Record<string, Kind>>;
  start(setting: Setting, kind: Kind, keeper: Doorkeeper): Promise<GuardedApp>;
}

/** Each kind of guard alone in an application, in each setting, asked at each door; and the table that comes of it. */
export function describeGuards<Kind extends GuardKind>(title: string, matrix: GuardMatrix<Kind>): void {
  const { settings, kinds, start } = matrix;
  const cases = Object.entries<GuardKind>(kinds)
    .filter(([, { since }]) => since === undefined || isNestSince(since))
    .flatMap(([name, { on = settings }]) =>
      settings.filter((setting) => on.includes(setting)).map((setting) => [name, setting] as const),
    );

  describe(title, () => {
    const table = new GuardTable(matrix.table);

    it.each(cases)('%s, on %s', async (name, setting) => {
      const keeper = new Doorkeeper();
      await table.observe(name, setting, await start(setting, kinds[name], keeper), keeper);
    });

    it(`is as the table in ${PAGE} says`, () => table.check(PAGE, Object.keys(kinds)));
  });
}

const PAGE = 'docs/authentication.md';

/** What was observed of each kind of guard at each door, and the table that a page of the manual has of it. */
class GuardTable {
  readonly #observed = new Map<string, Partial<Record<Setting, Verdict>>>();

  /** @param name stands in the marks around the table */
  constructor(private readonly name: string) {}

  /** Asks at each door, first letting everyone in and then no one. */
  async observe(kind: string, setting: Setting, guarded: GuardedApp, keeper: Doorkeeper): Promise<void> {
    for (const door of Object.keys(DOORS)) {
      const cell = this.#observed.get(`${kind} ${door}`) ?? {};
      this.#observed.set(`${kind} ${door}`, { ...cell, [setting]: await look(door, guarded, keeper) });
    }
  }

  /** Compares the page with what was observed; with `GUARD_TABLE=write` writes it. */
  check(file: string, kinds: readonly string[]): void {
    const page = readPage(file);
    const begin = page.indexOf(`<!-- ${this.name}: `);
    const table = page.indexOf('| guard |', begin);
    const end = page.indexOf(`<!-- /${this.name} -->`);
    expect(begin > 0 && table > begin && end > table).toBe(true);
    const present = page.slice(table, end).split('\n');
    const written = `${page.slice(0, table)}${this.#print(kinds, present)}\n\n${page.slice(end)}`;
    if (process.env.GUARD_TABLE === 'write') writeFileSync(path.join(ROOT, file), written);
    else expect(page).toBe(written);
  }

  /** A kind that this release of Nest does not have as the manual says keeps its row. */
  #print(kinds: readonly string[], present: readonly string[]): string {
    const doors = Object.keys(DOORS);
    const rows = kinds.map((kind) => {
      const cells = doors.map((door) => this.#observed.get(`${kind} ${door}`));
      if (cells[0] === undefined) return present.find((line) => line.startsWith(`| ${kind} |`));
      return rowOf([kind, ...cells.map((cell) => cellOf(cell!))]);
    });
    return [rowOf(['guard', ...doors]), rowOf(Array(doors.length + 1).fill('---')), ...rows].join('\n');
  }
}

function rowOf(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

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
  expect([door, denied.isIn, denied.asked > 0]).toEqual([door, allowed.asked === 0, allowed.asked > 0]);
  return allowed.asked > 0 ? 'yes' : '–';
}

/** One word for all settings, or that it is so on Fastify alone, unless requests come before its routes. */
function cellOf(verdicts: Partial<Record<Setting, Verdict>>): string {
  const { fastify, ...others } = verdicts;
  const different = Object.values(others).filter((verdict) => verdict !== fastify);
  if (different.length === 0) return fastify!;
  const isOfRoutes = fastify === 'yes' && different.length === Object.keys(others).length;
  if (isOfRoutes && different.every((verdict) => verdict === '–')) return 'Fastify';
  throw new Error(`no word for ${JSON.stringify(verdicts)}`);
}
