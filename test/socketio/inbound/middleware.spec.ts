import { MODULE_DEFAULTS, type Event, type ServerOptions, type Socket } from '../../../src/socketio/index.js';
import { runMiddlewares, type Middleware } from '../../../src/socketio/inbound/middleware.js';
import { connectClient, openClient, type ClientSocket } from '../../support/official-client.js';
import { startServer } from '../../support/server.js';
import { UNREADABLE } from '../../support/unreadable.js';
import { nextEvent, until } from '../../support/until.js';

describe('runMiddlewares', () => {
  it.each<[string, Middleware<string>[], string]>([
    ['runs through', [(_s, next) => next(), (_s, next) => next()], 'done'],
    ['runs through an empty chain', [], 'done'],
    ['stops at an error', [(_s, next) => next(new Error('no')), fail], 'no'],
    [
      'takes a thrown error for a refusal',
      [
        () => {
          throw new Error('no');
        },
        fail,
      ],
      'no',
    ],
    [
      'takes anything thrown for a refusal',
      [
        () => {
          throw 'no';
        },
        fail,
      ],
      'no',
    ],
    ['takes a rejection for a refusal', [(() => Promise.reject(new Error('no'))) as never, fail], 'no'],
    ['takes a refusal that is no error for one', [(_s, next) => next('no' as never), fail], 'no'],
    [
      'takes the first word of a step',
      [
        (_s, next) => {
          next();
          next(new Error('late'));
        },
      ],
      'done',
    ],
    [
      'takes next() before a rejection',
      [
        (async (_s: string, next: () => void) => {
          next();
          throw new Error('late');
        }) as never,
      ],
      'done',
    ],
    ['takes a later next()', [(_s, next) => void setImmediate(next)], 'done'],
  ])('%s', async (_case, chain, outcome) => {
    const outcomes: string[] = [];
    runMiddlewares(chain, 'subject', (error) => outcomes.push(error === undefined ? 'done' : error.message), ignore);
    await until(() => outcomes.length > 0);
    await new Promise(setImmediate);
    expect(outcomes).toEqual([outcome]);
  });

  it('is not disturbed by a step that adds another to the chain', () => {
    const chain: Middleware<string>[] = [];
    let runs = 0;
    chain.push((_subject, next) => {
      runs++;
      chain.push(chain[0]);
      next();
    });
    runMiddlewares(chain, 'subject', ignore, ignore);
    expect(runs).toBe(1);
  });

  it.each<[string, Middleware<string>]>([
    ['throws', (_s, next) => (next(), fail())],
    ['rejects', (async (_s: string, next: () => void) => (next(), fail())) as never],
    ['throws after it has refused', (_s, next) => (next(new Error('no')), fail())],
  ])('tells once of a step that calls next() and then %s', async (_how, step) => {
    const late: unknown[] = [];
    let decisions = 0;
    runMiddlewares(
      [step],
      'subject',
      () => decisions++,
      (error) => late.push(error),
    );
    await until(() => late.length > 0);
    await new Promise(setImmediate);
    expect(late).toEqual([new Error('not to be reached')]);
    expect(decisions).toBe(1);
  });
});

describe('Namespace#use', () => {
  it('runs in order before the connection, with what the client said [limitation: middleware]', async () => {
    const server = await startServer();
    const seen: unknown[] = [];
    server.io.use((socket, next) => {
      seen.push(['first', socket.handshake.auth, socket.connected]);
      socket.data.user = 'ann';
      void socket.join('early');
      setTimeout(next, 5);
    });
    server.io.use((socket, next) => {
      seen.push(['second', socket.data.user]);
      next();
    });
    const joined = nextEvent(server.io, 'connection');

    await connectClient(server.origin, { auth: { token: 't' } });

    const [socket] = (await joined) as [Socket];
    expect(seen).toEqual([
      ['first', { token: 't' }, false],
      ['second', 'ann'],
    ]);
    expect([...socket.rooms].sort()).toEqual([socket.id, 'early'].sort());
    expect(socket.nsp._preConnectSockets.size).toBe(0);
  });

  it.each([
    ['next', (_socket: Socket, next: (error: Error) => void) => next(refusal())],
    [
      'throwing',
      () => {
        throw refusal();
      },
    ],
    ['rejecting', () => Promise.reject(refusal())],
  ])('refuses by %s, with message and data', async (_how, middleware) => {
    const server = await startServer();
    server.io.use(middleware as never);
    const client = openClient(server.origin);

    const [error] = (await nextEvent(client, 'connect_error')) as [Error & { data: unknown }];

    expect([error.message, error.data]).toEqual(['not you', { code: 7 }]);
    expect([server.io.sockets.sockets.size, server.io.sockets.adapter.sids.size]).toEqual([0, 0]);
    expect(server.errors).toEqual([]);
  });

  it('lets a refused client try again', async () => {
    const server = await startServer();
    let calls = 0;
    server.io.use((_socket, next) => next(++calls === 1 ? new Error('not yet') : undefined));
    const client = openClient(server.origin);
    await nextEvent(client, 'connect_error');

    client.connect();

    await nextEvent(client, 'connect');
  });

  it('reports what is thrown after next(), with the socket, which is connected', async () => {
    const server = await startServer();
    const about: unknown[] = [];
    server.io.use((_socket, next) => (next(), fail()));
    server.io.use((async (socket: Socket, next: () => void) => (next(), about.push(socket), fail())) as never);

    const client = await connectClient(server.origin);

    await until(() => server.errors.length === 2);
    expect(client.connected).toBe(true);
    expect(server.errors).toEqual([new Error('not to be reached'), new Error('not to be reached')]);
  });

  it('connects nobody who left while it was deciding', async () => {
    const server = await startServer();
    const pending: (() => void)[] = [];
    server.io.use((socket, next) => {
      void socket.join('room');
      pending.push(next);
    });
    let connections = 0;
    server.io.on('connection', () => connections++);
    const client = openClient(server.origin);
    await until(() => pending.length === 1);

    client.io.engine.close();
    await until(() => server.io.engine.clientsCount === 0);
    pending[0]();

    expect(connections).toBe(0);
    expect([server.io.sockets.adapter.rooms.size, server.io.wheel.size]).toEqual([0, 0]);
  });

  it('runs once for each namespace that is joined, each its own', async () => {
    const server = await startServer();
    const seen: string[] = [];
    for (const name of ['/', '/a', '/b']) {
      server.io.of(name).use((socket, next) => {
        seen.push(`${name} ${socket.nsp.name}`);
        next();
      });
    }

    const client = await connectClient(server.origin);
    const other = client.io.socket('/a');
    await nextEvent(other, 'connect');

    expect(seen).toEqual(['/ /', '/a /a']);
  });
});

describe('Socket#use', () => {
  it('sees each event and may change its arguments [limitation: middleware]', async () => {
    const { client } = await connected((socket) => {
      socket.use((event, next) => {
        if (event[0] === 'echo') event[1] = `${event[1]}!`;
        next();
      });
    });

    expect(await client.emitWithAck('echo', 'a')).toBe('a!');
  });

  it.each([
    ['next', (_event: Event, next: (error: Error) => void) => next(refusal())],
    [
      'throwing',
      () => {
        throw refusal();
      },
    ],
    ['rejecting', () => Promise.reject(refusal())],
  ])('refuses an event by %s: error is emitted, the ack is settled', async (_how, middleware) => {
    const errors: unknown[] = [];
    const { client, server } = await connected((socket) => {
      socket.use(middleware as never);
      socket.on('error', (error) => errors.push(error.message));
    });

    expect(await client.emitWithAck('echo', 1)).toEqual({ status: 'error', message: 'not you', details: { code: 7 } });
    expect(errors).toEqual(['not you']);
    expect(server.errors).toEqual([]);
  });

  it('needs no listener of error', async () => {
    const { client } = await connected((socket) => {
      socket.use((event, next) => next(event[0] === 'bad' ? new Error('no') : undefined));
    });
    client.emit('bad');
    expect(await client.emitWithAck('echo', 1)).toBe(1);
  });

  it('delivers an event once, however often next() is called', async () => {
    let calls = 0;
    const { client } = await connected((socket) => {
      socket.use((_event, next) => {
        next();
        next();
      });
      socket.on('count', () => calls++);
    });
    client.emit('count');
    await client.emitWithAck('echo');
    expect(calls).toBe(1);
  });

  it('takes no answer for connectTimeout for a refusal: the ack is settled, the event counted and gone', async () => {
    const heard: unknown[] = [];
    const pending: (() => void)[] = [];
    const { client, server } = await connected(
      (socket) => {
        socket.use((event, next) => void (event[0] === 'held' ? pending.push(next) : next()));
        socket.on('held', (...args) => heard.push(args));
      },
      { connectTimeout: 50 },
    );
    client.emit('held', 'without an ack');

    expect(await client.emitWithAck('held')).toEqual({
      status: 'error',
      message: 'The server did not decide in time',
      code: 'MIDDLEWARE_TIMEOUT',
    });
    for (const next of pending) next();
    expect(await client.emitWithAck('echo', 1)).toBe(1);
    expect(heard).toEqual([]);
    expect(server.io.stats().undecidedEvents).toBe(2);
  });

  it('leaves no timer behind for events whose socket is gone', async () => {
    const { client, server } = await connected((socket) => socket.use(() => {}));
    const idle = server.io.wheel.size;
    for (let i = 0; i < 3; i++) client.emit('held');
    await until(() => server.io.wheel.size === idle + 3);

    client.disconnect();

    await until(() => server.io.wheel.size === 0);
  });

  it('reports what is thrown after next(), and what is thrown once the socket is gone', async () => {
    const { client, server, socket } = await connected((opened) => {
      opened.use((_event, next) => (next(), fail()));
      opened.use(async (event, next) => {
        if (event[0] === 'echo') return next();
        await new Promise((resolve) => opened.once('disconnect', resolve));
        throw new Error('too late');
      });
    });

    expect(await client.emitWithAck('echo', 1)).toBe(1);
    expect(server.errors).toEqual([new Error('not to be reached')]);
    client.emit('other');
    await until(() => server.errors.length === 2);
    socket.disconnect();
    await until(() => server.errors.length === 3);
    expect(server.errors[2]).toEqual(new Error('too late'));
  });

  it('settles the ack of an event that is refused with what cannot be sent', async () => {
    const { client, server } = await connected((socket) => {
      socket.use((_event, next) => next(Object.assign(new Error('no'), { data: 1n })));
    });

    expect(await client.emitWithAck('echo', 1)).toMatchObject({ status: 'error', code: 'INTERNAL_ERROR' });
    expect(server.errors).toEqual([expect.any(TypeError)]);
  });

  it('delivers nothing once the socket is disconnected', async () => {
    const pending: (() => void)[] = [];
    let calls = 0;
    const { client, socket } = await connected((opened) => {
      opened.use((_event, next) => void pending.push(next));
      opened.on('count', () => calls++);
    });
    client.emit('count');
    await until(() => pending.length === 1);
    socket.disconnect();
    pending[0]();
    expect(calls).toBe(0);
  });
});

function ignore(): void {}

function refusal(): Error {
  return Object.assign(new Error('not you'), { data: { code: 7 } });
}

function fail(): never {
  throw new Error('not to be reached');
}

async function connected(prepare: (socket: Socket) => void, options: ServerOptions = {}) {
  const server = await startServer(options, MODULE_DEFAULTS);
  server.io.prependListener('connection', prepare);
  const joined = nextEvent(server.io, 'connection');
  const client: ClientSocket = await connectClient(server.origin);
  const [socket] = (await joined) as [Socket];
  return { server, client, socket };
}

describe('an error that cannot be read', () => {
  const WAYS: [string, (error: Error, next: (error?: Error) => void) => unknown][] = [
    ['passed to next()', (error, next) => next(error)],
    ['passed to next() later', (error, next) => void setImmediate(() => next(error))],
    [
      'thrown',
      (error) => {
        throw error;
      },
    ],
    [
      'rejected with',
      async (error) => {
        throw error;
      },
    ],
  ];
  const CASES = UNREADABLE.flatMap(([what, make]) => WAYS.map(([how, refuse]) => [what, how, make, refuse] as const));

  it.each(CASES)('refuses a connection, if its %s and it is %s', async (_what, _how, make, refuse) => {
    const server = await startServer();
    server.io.use((_socket, next) => refuse(make(), next) as void);
    const client = openClient(server.origin, { reconnection: false });

    await nextEvent(client, 'connect_error');

    expect(server.io.sockets._preConnectSockets.size).toBe(0);
  });

  it.each(CASES)('refuses an event, if its %s and it is %s', async (_what, _how, make, refuse) => {
    const server = await startServer({ settleAcks: true });
    server.io.on('connection', (socket) => {
      socket.use(([event], next) => (event === 'echo' ? next() : (refuse(make(), next) as void)));
    });
    const client = await connectClient(server.origin);

    expect(await client.emitWithAck('refused')).toMatchObject({ status: 'error' });
    expect(await client.emitWithAck('echo', 1)).toBe(1);
  });

  it('refuses a connection also if the message cannot be sent', async () => {
    const server = await startServer();
    server.io.use((_socket, next) => next(Object.assign(new Error(), { message: 10n as never })));
    const client = openClient(server.origin, { reconnection: false });

    const [error] = await nextEvent(client, 'connect_error');

    expect((error as Error).message).toBe('Internal server error');
  });
});
