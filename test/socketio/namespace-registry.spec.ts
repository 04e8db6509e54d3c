import type { NamespaceMatcher } from '../../src/socketio/index.js';
import { openSession } from '../support/socketio-client.js';
import { connectClient, openClient } from '../support/official-client.js';
import { startServer, type RunningServer } from '../support/server.js';
import { nextEvent, until } from '../support/until.js';

describe('Server#of', () => {
  it('gives one namespace for each name, with or without a slash', async () => {
    const { io } = await startServer();
    expect(io.of('/a')).toBe(io.of('a'));
    expect(io.of('')).toBe(io.of('/'));
    expect(io.of('/')).toBe(io.sockets);
    expect(io.of('/a')).not.toBe(io.of('/A'));
  });

  it('tells of new namespaces, static and dynamic', async () => {
    const server = await startServer();
    const names: string[] = [];
    server.io.on('new_namespace', (namespace) => names.push(namespace.name));
    server.io.of('/static');
    server.io.of(/^\/dynamic-/);

    await connectClient(`${server.origin}/dynamic-1`);

    expect(names).toEqual(['/static', '/dynamic-1']);
  });

  it('lets a client in where a listener of new_namespace throws', async () => {
    const server = await startServer();
    server.io.on('new_namespace', () => {
      throw new Error('of the listener');
    });
    server.io.of(/^\/dynamic-/);

    await connectClient(`${server.origin}/dynamic-1`);

    expect(server.errors.map(String)).toEqual(['Error: of the listener']);
  });
});

describe('Server#of with a pattern', () => {
  it.each([/^\/room-\d$/, /\/room-\d$/g, /^\/room-\d$/y])('matches %s anew for each client', async (pattern) => {
    const server = await startServer();
    const parent = server.io.of(pattern);
    const seen: string[] = [];
    parent.on('connection', (socket) => seen.push(socket.nsp.name));

    for (const name of ['/room-1', '/room-2', '/room-1', '/room-3']) await connectClient(server.origin + name);
    const refused = openClient(`${server.origin}/room-x`);

    expect((await nextEvent(refused, 'connect_error'))[0]).toMatchObject({ message: 'Invalid namespace' });
    expect(seen).toEqual(['/room-1', '/room-2', '/room-1', '/room-3']);
  });

  it('gives its children the middlewares and listeners that it has when they are made', async () => {
    const server = await startServer();
    const parent = server.io.of(/^\/room-/);
    const seen: string[] = [];
    parent.use((socket, next) => {
      seen.push(`use ${socket.nsp.name}`);
      next();
    });
    parent.on('connection', (socket) => void seen.push(`connection ${socket.nsp.name}`));

    await connectClient(`${server.origin}/room-1`);
    await connectClient(`${server.origin}/room-2`);

    expect(seen).toEqual(['use /room-1', 'connection /room-1', 'use /room-2', 'connection /room-2']);
  });

  it('emits to the sockets of all its children', async () => {
    const server = await startServer();
    const parent = server.io.of(/^\/room-/);
    const clients = await Promise.all(['/room-1', '/room-2'].map((name) => connectClient(server.origin + name)));
    const outside = await connectClient(server.origin);
    outside.on('news', () => expect(true).toBe(false));
    const received = clients.map((client) => nextEvent(client, 'news'));

    parent.emit('news', 1);

    expect(await Promise.all(received)).toEqual([[1], [1]]);
    expect(() => parent.fetchSockets()).toThrow('not supported');
  });

  it('asks the patterns in the order of their making, a static namespace first', async () => {
    const server = await startServer();
    const seen: string[] = [];
    server.io.of(/^\/a/).on('connection', () => seen.push('first'));
    server.io.of(/^\/ab/).on('connection', () => seen.push('second'));
    server.io.of('/static').on('connection', () => seen.push('static'));
    server.io.of(/^\/static/).on('connection', () => seen.push('pattern'));

    await connectClient(`${server.origin}/abc`);
    await connectClient(`${server.origin}/static`);

    expect(seen).toEqual(['first', 'static']);
  });
});

describe('Server#of with a function', () => {
  it.each<[string, NamespaceMatcher]>([
    ['at once', (name, auth, next) => next(null, name === '/ok' && auth.token === 't')],
    ['later', (name, auth, next) => void setImmediate(next, null, name === '/ok' && auth.token === 't')],
  ])('lets it decide %s, by name and auth', async (_when, matcher) => {
    const server = await startServer();
    server.io.of(matcher);

    for (const [name, token] of [
      ['/ok', 'x'],
      ['/other', 't'],
    ]) {
      const refused = openClient(server.origin + name, { auth: { token } });
      expect((await nextEvent(refused, 'connect_error'))[0]).toMatchObject({ message: 'Invalid namespace' });
    }
    await connectClient(`${server.origin}/ok`, { auth: { token: 't' } });
  });

  it.each<[string, NamespaceMatcher]>([
    ['gives an error', (_name, _auth, next) => next(new Error('no database'), true)],
    [
      'throws',
      () => {
        throw new Error('no database');
      },
    ],
    ['rejects', (async () => Promise.reject(new Error('no database'))) as never],
  ])('goes on to the next one where it %s', async (_how, matcher) => {
    const server = await startServer();
    server.io.of(matcher);
    server.io.of(/^\/second/);

    await connectClient(`${server.origin}/second`);
  });

  it('believes its first answer', async () => {
    const server = await startServer();
    server.io.of((_name, _auth, next) => {
      next(null, true);
      next(null, false);
    });

    await connectClient(`${server.origin}/a`);

    expect([...server.io._nsps.keys()]).toEqual(['/', '/a']);
  });

  it('makes one namespace for clients that ask at the same time', async () => {
    const server = await startServer();
    const answers: (() => void)[] = [];
    server.io.of((_name, _auth, next) => void answers.push(() => next(null, true)));
    const clients = [openClient(`${server.origin}/a`), openClient(`${server.origin}/a`)];
    const connected = clients.map((client) => nextEvent(client, 'connect'));
    await until(() => answers.length === 2);

    for (const answer of answers) answer();

    await Promise.all(connected);
    expect(server.io.of('/a').sockets.size).toBe(2);
  });
});

describe('cleanupEmptyChildNamespaces', () => {
  it('removes a child with its last socket, and makes it anew for the next', async () => {
    const { server, names } = await dynamic(true);
    const first = await connectClient(`${server.origin}/room-1`);
    const second = await connectClient(`${server.origin}/room-1`);
    const child = server.io.of('/room-1');
    first.disconnect();
    await until(() => child.sockets.size === 1);
    expect(names()).toEqual(['/', '/room-1']);

    second.disconnect();
    await until(() => names().length === 1);

    await connectClient(`${server.origin}/room-1`);
    expect(server.io.of('/room-1')).not.toBe(child);
  });

  it('removes a child whose middleware refused its first client', async () => {
    const { server, parent, names } = await dynamic(true);
    parent.use((_socket, next) => setImmediate(next, new Error('no')));
    const client = openClient(`${server.origin}/room-1`);

    await nextEvent(client, 'connect_error');

    expect(names()).toEqual(['/']);
  });

  it('keeps a child while a client is being let in', async () => {
    const { server, parent, names } = await dynamic(true);
    const pending: (() => void)[] = [];
    parent.use((_socket, next) => void pending.push(next));
    const clients = [openClient(`${server.origin}/room-1`), openClient(`${server.origin}/room-1`)];
    await until(() => pending.length === 2);
    const connected = nextEvent(clients[1], 'connect');

    clients[0].io.engine.close();
    await until(() => server.io.engine.clientsCount === 1);
    pending[0]();
    expect(names()).toEqual(['/', '/room-1']);
    pending[1]();

    await connected;
  });

  it('leaves no child behind for a client that left before the matcher answered', async () => {
    const server = await startServer({ cleanupEmptyChildNamespaces: true });
    const answers: (() => void)[] = [];
    server.io.of((_name, _auth, next) => void answers.push(() => next(null, true)));
    const wire = await openSession(server.url);
    wire.send('40/room-1,');
    await until(() => answers.length === 1);

    wire.close();
    await until(() => server.io.engine.clientsCount === 0);
    answers[0]();

    expect([...server.io._nsps.keys()]).toEqual(['/']);
  });

  it('never removes a static namespace', async () => {
    const server = await startServer({ cleanupEmptyChildNamespaces: true });
    const namespace = server.io.of('/static');
    const client = await connectClient(`${server.origin}/static`);
    client.disconnect();
    await until(() => namespace.sockets.size === 0);
    expect(server.io.of('/static')).toBe(namespace);
  });

  it('is off in the stand-alone server', async () => {
    const { server, names } = await dynamic(undefined);
    const client = await connectClient(`${server.origin}/room-1`);
    client.disconnect();
    await until(() => server.io.of('/room-1').sockets.size === 0);
    expect(names()).toEqual(['/', '/room-1']);
  });

  async function dynamic(cleanupEmptyChildNamespaces: boolean | undefined) {
    const server: RunningServer = await startServer({ cleanupEmptyChildNamespaces });
    const parent = server.io.of(/^\/room-/);
    return { server, parent, names: () => [...server.io._nsps.keys()] };
  }
});
