import type { Socket } from '../../src/socketio/index.js';
import { CLIENTS, WAYS, connectClient, openClient, type ClientVersion, type Way } from '../support/official-client.js';
import { startServer, type RunningServer } from '../support/server.js';
import { nextEvent, until, within } from '../support/until.js';

const MATRIX = (Object.keys(CLIENTS) as ClientVersion[]).flatMap((version) =>
  (Object.keys(WAYS) as Way[]).map((way) => [version, way] as const),
);

describe.each(MATRIX)('socket.io-client %s over %s', (version, way) => {
  const connect = (url: string, options = {}) => connectClient(url, { ...WAYS[way], ...options }, version);
  const open = (url: string, options = {}) => openClient(url, { ...WAYS[way], ...options }, version);

  async function pair() {
    const server = await startServer();
    const joined = nextEvent(server.io, 'connection');
    const client = await connect(server.origin, { auth: { token: 't' }, query: { q: '1' } });
    const [socket] = (await joined) as [Socket];
    return { server, client, socket };
  }

  it('connects with auth and query, by the way that was asked for [P28] [limitation: connection]', async () => {
    const { client, socket } = await pair();
    expect(client.id).toBe(socket.id);
    expect(socket.handshake.auth).toEqual({ token: 't' });
    expect(socket.handshake.query).toMatchObject({ q: '1', EIO: '4' });
    await until(() => socket.conn.transport.name === (way === 'polling' ? 'polling' : 'websocket'));
  });

  it('exchanges events with arguments of every kind', async () => {
    const { client } = await pair();
    const args = [
      1,
      -1.5,
      'é€😀',
      true,
      null,
      [1, [2]],
      { a: { b: ['c'] } },
      '',
      '\x1e',
      '4["',
      Number.MAX_SAFE_INTEGER,
    ];
    const back = nextEvent(client, 'echo');
    client.emit('echo', ...args);
    expect(await back).toEqual(args);
  });

  it('exchanges 256 arguments', async () => {
    const { client } = await pair();
    const args = Array.from({ length: 256 }, (_, i) => i);
    const back = nextEvent(client, 'echo');
    client.emit('echo', ...args);
    expect(await back).toEqual(args);
  });

  it('exchanges bytes at any depth, small and large', async () => {
    const { client } = await pair();
    const args = [Buffer.of(1, 2), { deep: [Buffer.alloc(0), { er: Buffer.alloc(200_000, 3) }] }, 'text'];
    const back = nextEvent(client, 'echo');
    client.emit('echo', ...args);
    expect(await back).toEqual(args);
  });

  it('is answered, with text and bytes, and answers [P30]', async () => {
    const { client, socket } = await pair();
    const answer = (...args: unknown[]) =>
      new Promise((resolve) => client.emit('echo', ...args, (...values: unknown[]) => resolve(values)));
    expect(await answer()).toEqual([]);
    expect(await answer('a', 1)).toEqual(['a', 1]);
    expect(await answer(Buffer.of(7), { b: Buffer.of(8) })).toEqual([Buffer.of(7), { b: Buffer.of(8) }]);

    client.on('ask', (value: unknown, reply: (...values: unknown[]) => void) => reply(value, 'more'));
    expect(await socket.emitWithAck('ask', 'x')).toBe('x');
    expect(await socket.emitWithAck('ask', Buffer.of(9))).toEqual(Buffer.of(9));
  });

  it('has time for its answers, and gives them in time', async () => {
    const { client, socket } = await pair();
    socket.on('silence', () => {});
    const asked = new Promise((resolve) => client.timeout(40).emit('silence', resolve));
    expect(await asked).toBeInstanceOf(Error);
    await expect(socket.timeout(40).emitWithAck('silence')).rejects.toMatchObject({ code: 'ACK_TIMEOUT' });
  });

  it('joins several namespaces over one connection [limitation: namespaces]', async () => {
    const { server, client } = await pair();
    for (const name of ['/a', '/b']) {
      server.io.of(name).on('connection', (socket) => socket.on('where', (reply) => reply(socket.nsp.name)));
    }
    const others = ['/a', '/b'].map((name) => client.io.socket(name));
    await Promise.all(others.map((other) => nextEvent(other, 'connect')));

    for (const other of others) {
      const where = new Promise((resolve) => other.emit('where', resolve));
      expect(await where).toBe(other === others[0] ? '/a' : '/b');
    }
    expect(new Set([client.id, ...others.map(({ id }) => id)]).size).toBe(3);
    expect(server.io.engine.clientsCount).toBe(1);
  });

  it('is refused with message and data', async () => {
    const server = await startServer();
    server.io.of('/closed').use((_socket, next) => next(Object.assign(new Error('no'), { data: { code: 7 } })));
    const [error] = (await nextEvent(open(`${server.origin}/closed`), 'connect_error')) as [Error & { data: unknown }];
    expect([error.message, error.data]).toEqual(['no', { code: 7 }]);
    const [unknown] = (await nextEvent(open(`${server.origin}/unknown`), 'connect_error')) as [Error];
    expect(unknown.message).toBe('Invalid namespace');
  });

  it('hears its rooms and broadcasts, and not those of others [P30]', async () => {
    const { server, client, socket } = await pair();
    const other = await connect(server.origin);
    await socket.join('room');
    const heard: unknown[] = [];
    for (const [name, each] of [
      ['first', client],
      ['second', other],
    ] as const) {
      each.on('news', (what) => heard.push([name, what]));
    }

    server.io.to('room').emit('news', 'room');
    server.io.except('room').emit('news', 'rest');
    socket.broadcast.emit('news', 'others');
    server.io.emit('news', 'all');
    const ends = [client, other].map((each) => nextEvent(each, 'end'));
    server.io.emit('end');
    await Promise.all(ends);

    expect(heard.filter(([name]: any) => name === 'first')).toEqual([
      ['first', 'room'],
      ['first', 'all'],
    ]);
    expect(heard.filter(([name]: any) => name === 'second')).toEqual([
      ['second', 'rest'],
      ['second', 'others'],
      ['second', 'all'],
    ]);
  });

  it('disconnects, and is disconnected', async () => {
    const { server, client, socket } = await pair();
    const gone = nextEvent(socket, 'disconnect');
    client.disconnect();
    expect((await gone)[0]).toBe('client namespace disconnect');

    const joined = nextEvent(server.io, 'connection');
    const other = await connect(server.origin);
    const told = nextEvent(other, 'disconnect');
    ((await joined) as [Socket])[0].disconnect();
    expect((await told)[0]).toBe('io server disconnect');
  });

  it('comes back after the server was started anew on the same port', async () => {
    const server: RunningServer = await startServer();
    const client = await connect(server.origin, {
      reconnection: true,
      reconnectionDelay: 10,
      reconnectionDelayMax: 20,
    });
    const { id } = client;
    const gone = nextEvent(client, 'disconnect');
    await server.close();
    await gone;
    const back = nextEvent(client, 'connect');

    const restarted = await startServer({ port: server.port });

    await back;
    expect(client.id).not.toBe(id);
    expect(restarted.io.sockets.sockets.has(client.id!)).toBe(true);
    const echoed = nextEvent(client, 'echo');
    client.emit('echo', 'again');
    expect(await echoed).toEqual(['again']);
  });
});

describe.each(Object.keys(CLIENTS) as ClientVersion[])('socket.io-client %s, while it upgrades', (version) => {
  it('sends and gets 10,000 numbered messages each way, each once and in order [limitation: upgrade]', async () => {
    const COUNT = 10_000;
    const sent = Array.from({ length: COUNT }, (_, i) => i);
    const [up, down]: number[][] = [[], []];
    const ways: string[] = [];
    const server = await startServer();
    const everything = new Promise<void>((resolve) => {
      server.io.on('connection', (socket) => {
        socket.on('up', (n: number) => up.push(n) === COUNT && resolve());
        spread(COUNT, (n) => {
          if (n === 0 || n === COUNT - 1) ways.push(socket.conn.transport.name);
          socket.emit('down', n);
        });
      });
    });
    const client = openClient(server.origin, WAYS.upgrade, version);
    client.once('connect', () => spread(COUNT, (n) => client.emit('up', n)));
    const everythingBack = new Promise<void>((resolve) => {
      client.on('down', (n: number) => down.push(n) === COUNT && resolve());
    });

    await within(Promise.all([everything, everythingBack]), 'all messages', 20_000);

    expect(ways).toEqual(['polling', 'websocket']);
    expect(up).toEqual(sent);
    expect(down).toEqual(sent);
  }, 30_000);
});

/** Calls with 0, 1, 2 … in bursts, over some turns of the loop, so that an upgrade falls in between. */
function spread(count: number, send: (n: number) => void, from = 0): void {
  const to = Math.min(count, from + 50);
  for (let n = from; n < to; n++) send(n);
  if (to < count) setImmediate(() => spread(count, send, to));
}
