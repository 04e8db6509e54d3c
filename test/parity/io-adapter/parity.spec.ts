/** The same gateways under Nest's `IoAdapter` and under ours: what a client sees differs by the listed cures alone. */
import type {
  CallHandler,
  CanActivate,
  ExceptionFilter,
  INestApplication,
  NestInterceptor,
  PipeTransform,
  WebSocketAdapter,
} from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import * as websockets from '@nestjs/websockets';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { map } from 'rxjs/operators';
import type { Socket as ClientSocket } from 'socket.io-client';
import { SocketIoAdapter } from '../../../src/index.js';
import { connectClient, createClient } from '../../support/nest-app.js';
import { nextEvent, until, within } from '../../support/until.js';
import { PLATFORMS, type Platform } from '../../nest/support/start-app.js';
import { FAILURE_NAMES, Notes, OBSERVED_GATEWAYS, RESULT_NAMES } from '../../nest/adapter/support/observed.gateways.js';
import { startGateways } from '../../nest/adapter/support/start-gateways.js';

interface Subject {
  readonly url: string;
  readonly client: ClientSocket;
  readonly notes: Notes;
}

type Observation = (subject: Subject) => Promise<unknown>;

/** Everything that comes back for one event, until an event that was sent later has been answered. */
async function told(client: ClientSocket, emits: () => void, acks: unknown[][]): Promise<unknown> {
  const events: unknown[][] = [];
  const hear = (...event: unknown[]): void => void events.push(event);
  client.onAny(hear);
  emits();
  await within(client.emitWithAck('fence'), 'the fence');
  client.offAny(hear);
  return { acks, events };
}

function asking(event: string, ...args: unknown[]): Observation {
  return ({ client }) => {
    const acks: unknown[][] = [];
    return told(client, () => client.emit(event, ...args, (...ack: unknown[]) => acks.push(ack)), acks);
  };
}

function telling(event: string, ...args: unknown[]): Observation {
  return ({ client }) => told(client, () => client.emit(event, ...args), []);
}

/** What one namespace sends at once, and answers. */
function inNamespace(namespace: string, event: string, ...args: unknown[]): Observation {
  return async ({ url }) => {
    const client = createClient(`${url}/${namespace}`);
    const events: unknown[][] = [];
    client.onAny((...each: unknown[]) => void events.push(each));
    client.connect();
    await nextEvent(client, 'connect');
    const answer = await client
      .timeout(300)
      .emitWithAck(event, ...args)
      .catch(() => 'no answer');
    return { events, answer };
  };
}

const LISTS: Record<string, unknown[]> = {
  'no argument': [],
  'one argument': [1],
  null: [null],
  'an empty list': [[]],
  'a list of one': [[1]],
  'a list of two': [[1, 2]],
  'two arguments': [1, { a: 1 }],
  'three arguments': ['a', null, [1]],
  binary: [Buffer.from('bytes')],
  'an object': [{ a: { b: 1 } }],
};

/** Nest runs a message some turns later than a hook, also the one that the server itself sends. */
function inAnyOrder(lines: readonly unknown[]): unknown[] {
  return [...lines].sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
}

const OBSERVATIONS: Record<string, Observation> = {};
const add = (name: string, event: string, ...args: unknown[]): void => {
  OBSERVATIONS[`${name}, ack asked for`] = asking(event, ...args);
  OBSERVATIONS[name] = telling(event, ...args);
};
for (const [name, args] of Object.entries(LISTS)) {
  add(`${name} without decorators`, 'plain', ...args);
  add(`${name} as @MessageBody()`, 'body', ...args);
  add(`${name} through a pipe of the method`, 'piped', ...args);
}
for (const name of RESULT_NAMES) {
  add(`returns ${name}`, 'result', name);
  add(`returns ${name} through an interceptor`, 'intercepted', name);
}
for (const name of FAILURE_NAMES) {
  add(`throws ${name}`, 'throws', name);
  add(`rejects with ${name}`, 'rejects', name);
  add(`throws ${name} below a filter`, 'filtered', name);
  add(`throws ${name} below a filter that extends Nest's`, 'filtered by heirs', name);
}
add('parameters of all kinds', 'parameters', { a: 1, b: '2' });
add('a pipe of a parameter fails', 'parameters', { a: 1, b: 'x' });
add('parameters of nothing', 'parameters');
add('a guard says yes', 'guarded', 'yes');
add('a guard says no', 'guarded', 'no');
add('a guard says yes later', 'guarded later', 'yes');
add('a guard says no later', 'guarded later', 'no');
add('a guard throws', 'guarded by a throw');
add('a guard says no below a filter', 'guarded and filtered', 'no');
add('a pipe parses', 'parsed', '7');
add('a pipe fails', 'parsed', 'seven');
add('the third parameter', 'third');
add('@Ack()', 'manual', 1);
add('@Ack(), later, and a WsResponse', 'manual and emits');
add('two gateways with one event', 'both');
add('two gateways that return undefined', 'both undefined');
add('two gateways, one of which returns a value', 'undefined and a value');
add('two gateways, one of which fails', 'undefined and an error');
add('two gateways that answer at once', 'both at once');
add('a number as name', '7');
add('a star as name', '*');
add('another event than the star', 'not the star');
add('an empty name', '');
add('the type of the third parameter', 'types of acks');
add('the type of @Ack()', 'type of @Ack()');
add('an unknown event', 'nobody knows', 1);
add('a name that only objects have', 'constructor', 1);
add('enhancers of a class, in another namespace', 'ask');
OBSERVATIONS['a namespace with everything bound to the class'] = inNamespace('class', 'ask', { a: 1 });
OBSERVATIONS['a guard of the class says no'] = inNamespace('class', 'ask', 'no');
OBSERVATIONS['a filter of the class'] = inNamespace('class', 'throws');
OBSERVATIONS['a namespace by pattern'] = inNamespace('tenant-7', 'ask', 1);
OBSERVATIONS['hooks of two gateways'] = inNamespace('', 'fence');
OBSERVATIONS['pipes of class, method and parameters'] = inNamespace('piped', 'order', { a: 1 });
OBSERVATIONS['pipes without parameter decorators'] = inNamespace('piped', 'plain', { a: 1 });
OBSERVATIONS['a namespace by function'] = inNamespace('matched-7', 'ask', 1);
OBSERVATIONS['a second gateway on the pattern'] = inNamespace('tenant-8', 'ask the second', 1);
OBSERVATIONS['a namespace that no gateway has'] = async ({ url }) => {
  const client = createClient(`${url}/unknown`);
  client.connect();
  const [error] = await nextEvent(client, 'connect_error');
  return (error as Error).message;
};
OBSERVATIONS['a gateway with request scope'] = async ({ url }) => {
  const [first, second] = [await connectClient(`${url}/scoped`), await connectClient(`${url}/scoped`)];
  const count = (client: ClientSocket): Promise<unknown> => within(client.emitWithAck('count'), 'the count');
  return [await count(first), await count(first), await count(second)];
};
OBSERVATIONS['the life of a client'] = async ({ url, notes }) => {
  const before = notes.lines.length;
  const client = createClient(url);
  const welcome = nextEvent(client, 'welcome');
  client.connect();
  const lines = [await welcome];
  client.disconnect();
  await until(() => notes.lines.length >= before + 3, 'the gateway has heard of the end');
  return [...lines, ...inAnyOrder(notes.lines.slice(before))];
};
OBSERVATIONS['a client that the transport loses'] = async ({ url, notes }) => {
  const client = await connectClient(url);
  const before = notes.lines.length;
  client.io.engine.close();
  await until(() => notes.lines.length >= before + 2, 'the gateway has heard of the end');
  return inAnyOrder(notes.lines.slice(before));
};
OBSERVATIONS['afterInit'] = ({ notes }) => Promise.resolve(notes.lines[0]);

const LEFT = 'client namespace disconnect';

/** What is different on purpose: what each of the two does. */
const UNDEFINED_IS_ACKED = { io: { acks: [] }, ours: { acks: [[]] } };
const CURES: Record<string, { io: object | string; ours: object | string }> = {
  'returns undefined, ack asked for': UNDEFINED_IS_ACKED,
  'returns a promise of undefined, ack asked for': UNDEFINED_IS_ACKED,
  'returns an Observable of undefined, ack asked for': UNDEFINED_IS_ACKED,
  'two gateways that return undefined, ack asked for': UNDEFINED_IS_ACKED,
  'the type of the third parameter, ack asked for': UNDEFINED_IS_ACKED,
  'a second gateway on the pattern': { io: { answer: 'no answer' }, ours: { answer: [1] } },
};

/** What only Nest 12 does by itself. */
const IS_NEST_11 = !('getRouteConflictPolicy' in ApplicationConfig.prototype);
if (IS_NEST_11) {
  Object.assign(CURES, {
    'a gateway with request scope': {
      io: [
        [11, false, '/scoped'],
        [12, false, '/scoped'],
        [13, false, '/scoped'],
      ],
      ours: [
        [11, true, '/scoped'],
        [12, true, '/scoped'],
        [11, true, '/scoped'],
      ],
    },
    'the life of a client': {
      io: [[true], ['connection', 'string', 0], ['disconnect', 'string', undefined], ['disconnecting', LEFT]],
      ours: [[true], ['connection', 'string', 0], ['disconnect', 'string', LEFT], ['disconnecting', LEFT]],
    },
    'a client that the transport loses': {
      io: [
        ['disconnect', 'string', undefined],
        ['disconnecting', 'transport close'],
      ],
      ours: [
        ['disconnect', 'string', 'transport close'],
        ['disconnecting', 'transport close'],
      ],
    },
  });
}

/** The first versions of Nest 11 know no @Ack() parameter: the handler gets none, and what it returns is the ack. */
if (!('Ack' in websockets)) {
  Object.assign(CURES, {
    'the third parameter, ack asked for': { io: { acks: [['undefined']] }, ours: { acks: [['function']] } },
    '@Ack(), ack asked for': { io: { acks: [['returned']] }, ours: { acks: [['by hand', 1]] } },
    '@Ack(), later, and a WsResponse, ack asked for': { io: { acks: [] }, ours: { acks: [['by hand']] } },
  });
}

async function observe(
  platform: Platform,
  adapter: (app: INestApplication) => WebSocketAdapter,
  configure?: (app: INestApplication) => void,
  only: Record<string, Observation> = OBSERVATIONS,
): Promise<Record<string, unknown>> {
  const notes = new Notes();
  const providers = [{ provide: Notes, useValue: notes }, ...OBSERVED_GATEWAYS];
  const { url } = await startGateways({ platform, adapter, configure, providers });
  const client = await connectClient(url);
  const observed: Record<string, unknown> = {};
  for (const [name, observation] of Object.entries(only)) {
    observed[name] = await observation({ url, client, notes }).catch((error: unknown) => String(error));
  }
  return observed;
}

describe.each(PLATFORMS)('beside IoAdapter on %s', (platform) => {
  let theirs: Record<string, unknown>;
  let ours: Record<string, unknown>;

  it('answers to every observation', async () => {
    theirs = await observe(platform, (app) => new IoAdapter(app));
    ours = await observe(platform, (app) => new SocketIoAdapter(app));
    expect(Object.keys(ours)).toEqual(Object.keys(theirs));
  }, 30_000);

  it.each(Object.keys(OBSERVATIONS).filter((name) => CURES[name] === undefined))('does the same: %s', (name) => {
    expect(ours[name]).toEqual(theirs[name]);
  });

  it.each(Object.keys(CURES))('cures: %s', (name) => {
    expect(theirs[name]).toMatchObject(CURES[name].io as object);
    expect(ours[name]).toMatchObject(CURES[name].ours as object);
  });
});

describe('global enhancers, without the option', () => {
  const some = Object.fromEntries(
    Object.entries({
      'a value': asking('plain', 1),
      'an error': asking('throws', 'an Error'),
      'what the guard refuses': asking('plain', 'refused'),
    }),
  );
  const refuses: CanActivate = {
    canActivate: (context) => context.switchToWs().getData<unknown>() !== 'refused',
  };
  const wraps: NestInterceptor = {
    intercept: (_context, next: CallHandler) => next.handle().pipe(map((value: unknown) => ({ value }))),
  };
  const doubles: PipeTransform = { transform: (value: unknown) => (value === 1 ? 2 : value) };
  const swallows: ExceptionFilter = { catch: () => undefined };

  it('reach gateways as this version of Nest lets them', async () => {
    const configure = (app: INestApplication): void => {
      app.useGlobalGuards(refuses).useGlobalInterceptors(wraps).useGlobalPipes(doubles).useGlobalFilters(swallows);
    };
    const theirs = await observe('fastify', (app) => new IoAdapter(app), configure, some);
    const ours = await observe('fastify', (app) => new SocketIoAdapter(app), configure, some);
    expect(ours).toEqual(theirs);
  });
});
