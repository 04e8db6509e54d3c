import type { Namespace, ServerOptions, Socket } from '../../src/socketio/index.js';
import { MODULE_DEFAULTS } from '../../src/socketio/index.js';
import { Adapter } from '../../src/server.js';
import { joinedPeer, openPeer, untilGone } from '../support/peer.js';
import { connectClient, openClient } from '../support/official-client.js';
import { startServer } from '../support/server.js';
import { nextEvent, until } from '../support/until.js';

const { jest } = import.meta;

describe('a CONNECT that is never decided', () => {
  it.each<[string, (io: { of(name: string): Namespace }) => void]>([
    ['middleware', (io) => void io.of('/slow').use(() => {})],
    ['matcher', (io) => void io.of((() => {}) as never)],
  ])('is over at connectTimeout, for a %s', async (_kind, prepare) => {
    const { io, origin } = await startServer({ connectTimeout: 200 });
    prepare(io as never);
    const other = await connectClient(origin);
    const client = other.io.socket('/slow');
    const [error] = await nextEvent(client, 'connect_error');
    expect((error as Error).message).toBe('Connect timeout');
    expect(io.of('/slow')._preConnectSockets.size).toBe(0);
    expect(other.connected).toBe(true);
    expect(io.stats().connectRefused).toEqual({ CONNECT_TIMEOUT: 1 });
  });

  it('ends a connection that is in no other namespace', async () => {
    const { io, origin } = await startServer({ connectTimeout: 200 });
    io.use(() => {});
    const client = openClient(origin);
    await nextEvent(client, 'connect_error');
    await until(() => io.engine.clientsCount === 0, 'the session ends');
    expect(io.sockets._preConnectSockets.size).toBe(0);
    expect(io.wheel.size).toBe(0);
  });

  it('hears no answer that comes later', async () => {
    const { io, origin } = await startServer({ connectTimeout: 100 });
    let next = (): void => {};
    io.of('/slow').use((_socket, late) => (next = late));
    const client = (await connectClient(origin)).io.socket('/slow');
    await nextEvent(client, 'connect_error');
    next();
    expect(io.of('/slow').sockets.size).toBe(0);
  });

  it('goes on without the session that an adapter never gives back', async () => {
    const { io, origin } = await startServer({ connectionStateRecovery: {}, connectTimeout: 50 });
    io.sockets.adapter.restoreSession = () => new Promise(() => {});
    const client = await connectClient(origin, { auth: { pid: 'x', offset: 'y' } });
    expect(client.recovered).toBe(false);
  });
});

describe('a CONNECT that cannot be carried out', () => {
  it('is refused if the adapter of a dynamic namespace cannot be made, and leaves nothing', async () => {
    let isBroken = false;
    class Broken extends Adapter {
      constructor(nsp: never) {
        super(nsp);
        if (isBroken) throw new Error('no broker');
      }
    }
    const { io, origin, errors } = await startServer({ adapter: Broken as never });
    io.of(/^\/room-/);
    isBroken = true;
    const client = openClient(`${origin}/room-1`);
    const [error] = await nextEvent(client, 'connect_error');
    expect((error as Error).message).toBe('Internal server error');
    expect(io._nsps.has('/room-1')).toBe(false);
    expect(errors).toEqual([new Error('no broker')]);
  });

  it.each<[string, ServerOptions['generateSocketId']]>([
    [
      'throws',
      () => {
        throw new Error('x');
      },
    ],
    ['rejects', () => Promise.reject(new Error('x')) as never],
    ['never answers', () => new Promise(() => {}) as never],
    ['gives no text', () => 7 as never],
    ['gives an id that is taken', () => 'same'],
    ['gives the room of a user', () => 'nestjs-socketio:user:ada'],
  ])('has a random id if generateSocketId %s', async (kind, generateSocketId) => {
    const { origin, errors, io } = await startServer({ generateSocketId });
    const [first, second] = [await connectClient(origin), await connectClient(origin)];
    expect(first.id).not.toBe(second.id);
    expect(io.sockets.sockets.size).toBe(2);
    expect(errors).toHaveLength(kind === 'gives an id that is taken' ? 1 : 2);
  });

  it('tells the client no more than the message if the data of a refusal cannot be encoded', async () => {
    const { io, origin, errors } = await startServer();
    io.use((_socket, next) => next(Object.assign(new Error('no'), { data: { big: 1n } })));
    const [error] = await nextEvent(openClient(origin), 'connect_error');
    expect((error as Error).message).toBe('no');
    expect(errors).toHaveLength(1);
  });
});

describe('a second CONNECT to a namespace', () => {
  it('costs that namespace, not the connection', async () => {
    const { io, origin } = await startServer();
    const other = await connectClient(origin);
    io.of('/news');
    const news = other.io.socket('/news');
    await nextEvent(news, 'connect');
    const gone = nextEvent([...io.of('/news').sockets.values()][0], 'disconnect');
    news.disconnect();
    await gone;
    news.connect();
    news.disconnect();
    news.connect();
    await until(
      () => io.of('/news').sockets.size === 1 && news.id === [...io.of('/news').sockets.keys()][0],
      'it is in',
    );
    expect(other.connected).toBe(true);
  });
});

describe('maxConnectRefusals', () => {
  it('closes the connection at the last of them', async () => {
    const { io, url } = await startServer({ maxConnectRefusals: 3 });
    const peer = await openPeer('websocket', url);
    for (let i = 0; i < 2; i++) {
      await peer.send('40/none,');
      expect(await peer.next()).toBe('44/none,{"message":"Invalid namespace"}');
    }
    await peer.send('40');
    expect(await peer.next()).toMatch(/^40/);
    const gone = nextEvent([...io.sockets.sockets.values()][0], 'disconnect');
    await peer.send('40/none,');
    expect(await gone).toEqual([
      'forced close',
      { code: 'TOO_MANY_REFUSALS', message: 'the client was refused too often (connectRefusals)' },
    ]);
  });

  it('forgets one per minute', async () => {
    let passed = 0;
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + passed);
    const { io, url } = await startServer({ maxConnectRefusals: 2 });
    const peer = await joinedPeer('websocket', url);
    for (let i = 0; i < 5; i++) {
      await peer.send('40/none,');
      expect(await peer.next()).toBe('44/none,{"message":"Invalid namespace"}');
      passed += 60_000;
    }
    passed -= 30_000;
    const gone = nextEvent([...io.sockets.sockets.values()][0], 'disconnect');

    await peer.send('40/none,', '40/none,');

    expect(await gone).toMatchObject(['forced close', { code: 'TOO_MANY_REFUSALS' }]);
    jest.restoreAllMocks();
  });
});

describe('CONNECT packets that come together', () => {
  it('are no more guesses than may be refused, however long a middleware takes', async () => {
    const { io, url } = await startServer({ maxConnectRefusals: 4 });
    const asked: [string, unknown][] = [];
    const decisions: (() => void)[] = [];
    io.of(/^\/pin-/).use(({ nsp, handshake }, next) => {
      asked.push([nsp.name, handshake.auth]);
      decisions.push(() => next(new Error('wrong')));
    });
    const peer = await openPeer('websocket', url);
    await peer.send(...Array.from({ length: 128 }, (_, pin) => `40/pin-${pin},{"pin":${pin}}`));
    await until(() => asked.length === 4);

    for (let refused = 1; refused <= 4; refused++) {
      decisions.shift()!();
      expect(await peer.next()).toBe(`44/pin-${refused - 1},{"message":"wrong"}`);
    }
    await untilGone(peer);

    expect(asked.map(([name]) => name)).toEqual(['/pin-0', '/pin-1', '/pin-2', '/pin-3']);
    expect(io.stats().closed.TOO_MANY_REFUSALS).toBe(1);
    expect([...io._nsps.keys()]).toEqual(['/']);
  });

  it('are all decided about if the client may come in', async () => {
    const { io, url, origin } = await startServer({ maxConnectRefusals: 2 });
    let asking = 0;
    let most = 0;
    io.of(/^\/room-/).use((_socket, next) => {
      most = Math.max(most, ++asking);
      setImmediate(() => {
        asking--;
        next();
      });
    });
    const names = Array.from({ length: 40 }, (_, n) => `/room-${n}`);
    const peer = await openPeer('websocket', url);
    await peer.send(...names.map((name) => `40${name},`));
    for (const name of names) expect(await peer.next()).toMatch(`40${name},`);
    expect(most).toBe(2);

    const { io: manager } = await connectClient(origin);
    await Promise.all(names.map((name) => nextEvent(manager.socket(name), 'connect')));
    expect(names.map((name) => io.of(name).sockets.size)).toEqual(names.map(() => 2));
  });

  it('that wait are over with the connection', async () => {
    const { io, url } = await startServer({ maxConnectRefusals: 1 });
    let asked = 0;
    const decisions: (() => void)[] = [];
    io.of(/^\/room-/).use((_socket, next) => {
      asked++;
      decisions.push(next);
    });
    const peer = await openPeer('websocket', url);
    await peer.send('40/room-1,', '40/room-2,');
    await until(() => asked === 1);
    await peer.leave();
    await until(() => io.engine.clientsCount === 0);
    decisions[0]();
    await new Promise(setImmediate);
    expect(asked).toBe(1);
    expect([...io._nsps.keys()]).toEqual(['/']);
  });
});

describe('maxConnectsPerSecond', () => {
  it('refuses what comes faster, after as many at once as there may be namespaces', async () => {
    const { io, url } = await startServer({ maxConnectsPerSecond: 1, maxNamespaces: 3 });
    const peer = await joinedPeer('websocket', url);
    for (let i = 0; i < 3; i++) {
      await peer.send('41', '40');
      expect(await peer.next()).toMatch(/^40/);
    }
    await peer.send('41', '40');
    expect(await peer.next()).toBe('44{"message":"Too many connects"}');
    expect(io.stats().connectRefused).toEqual({ TOO_MANY_CONNECTS: 1 });
  });
});

describe('dynamic namespaces', () => {
  it('leave nothing behind clients that were refused, with and without clean-up', async () => {
    for (const cleanupEmptyChildNamespaces of [true, false]) {
      const { io, url } = await startServer({
        cleanupEmptyChildNamespaces,
        maxConnectRefusals: 1_000,
        maxConnectsPerSecond: 1_000,
      });
      io.of(/^\/room-/).use((_socket, next) => next(new Error('no')));
      const peer = await openPeer('websocket', url);
      for (let i = 0; i < 500; i++) await peer.send(`40/room-${i},`);
      for (let i = 0; i < 500; i++) expect(await peer.next()).toMatch(/^44/);
      expect([...io._nsps.keys()]).toEqual(['/']);
    }
  });

  it('go again if only the server asked for them, unless it has set something on them', async () => {
    const { io } = await startServer({}, MODULE_DEFAULTS);
    io.of(/^\/room-/);
    const empty = io.of('/room-1');
    empty.emit('x');
    io.of('/room-2').on('connection', () => {});
    io.of('/room-3').use((_socket, next) => next());
    await new Promise(setImmediate);
    expect([...io._nsps.keys()]).toEqual(['/', '/room-2', '/room-3']);
  });

  it('that have gone pass on what is emitted to their successor', async () => {
    const { io, origin } = await startServer({}, MODULE_DEFAULTS);
    io.of(/^\/room-/);
    const held = io.of('/room-1');
    await new Promise(setImmediate);
    expect(io._nsps.has('/room-1')).toBe(false);
    const client = await connectClient(`${origin}/room-1`);
    const heard = nextEvent(client, 'news');
    held.emit('news');
    await heard;
  });
});

describe('disconnect', () => {
  it('is told once, whatever listeners of disconnecting do', async () => {
    const { io, origin } = await startServer();
    const told: string[] = [];
    io.on('connection', (socket: Socket) => {
      socket.on('disconnecting', () => {
        told.push(`disconnecting ${socket.connected}`);
        socket.disconnect();
        socket.disconnect(true);
        socket.emit('bye');
        throw new Error('listener');
      });
      socket.on('disconnect', () => void told.push('disconnect'));
    });
    const client = await connectClient(origin);
    client.disconnect();
    await until(() => io.sockets.sockets.size === 0, 'it has left');
    expect(told).toEqual(['disconnecting true', 'disconnect']);
  });
});
