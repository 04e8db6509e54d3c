import type { ServerOptions, Socket } from '../../src/socketio/index.js';
import { openWebSocketV3 } from '../support/engine-v3-client.js';
import { connectLegacyClient, openLegacyClient, type LegacyOptions } from '../support/legacy-client.js';
import { WAYS, connectClient, type Way } from '../support/official-client.js';
import { startServer } from '../support/server.js';
import { nextEvent, until } from '../support/until.js';

describe.each(Object.keys(WAYS) as Way[])('socket.io-client 2.5 over %s', (way) => {
  const connect = (url: string, options: LegacyOptions = {}) => connectLegacyClient(url, { ...WAYS[way], ...options });
  const open = (url: string, options: LegacyOptions = {}) => openLegacyClient(url, { ...WAYS[way], ...options });

  async function pair(serverOptions: ServerOptions = {}, options: LegacyOptions = {}) {
    const server = await startServer({ allowEIO3: true, ...serverOptions });
    const joined = nextEvent(server.io, 'connection');
    const client = await connect(server.origin, options);
    const [socket] = (await joined) as [Socket];
    return { server, client, socket };
  }

  it('is in the main namespace by itself, by the way that was asked for', async () => {
    const { client, socket } = await pair({}, { query: { q: '1' } });

    expect(client.id).toBe(socket.id);
    expect(socket.id).toBe(socket.conn.id);
    expect(socket.conn.protocol).toBe(3);
    expect(socket.handshake.query).toMatchObject({ q: '1', EIO: '3' });
    expect(socket.handshake.auth).toEqual({});
    await until(() => socket.conn.transport.name === (way === 'polling' ? 'polling' : 'websocket'));
  });

  it('exchanges events with arguments of every kind', async () => {
    const { client } = await pair();
    const args = [1, 'é€😀', true, null, [1, [2]], { a: { b: ['c'] } }, '', '\x1e', '4["', '10:b4'];
    const back = nextEvent(client, 'echo');
    client.emit('echo', ...args);
    expect(await back).toEqual(args);
  });

  it.each([{}, { forceBase64: true }])('exchanges bytes, small and large, with %j', async (options) => {
    const { client } = await pair({}, options);
    const args = ['é', Buffer.of(1, 2), { deep: [Buffer.alloc(0), { er: Buffer.alloc(200_000, 3) }] }, '€'];
    const back = nextEvent(client, 'echo');
    client.emit('echo', ...args);
    expect(plain(await back)).toEqual(args);
  });

  it('is answered, with text and bytes, and answers', async () => {
    const { client, socket } = await pair();
    const answer = (...args: unknown[]) =>
      new Promise((resolve) => client.emit('echo', ...args, (...values: unknown[]) => resolve(values)));
    expect(await answer()).toEqual([]);
    expect(await answer('a', 1)).toEqual(['a', 1]);
    expect(plain(await answer(Buffer.of(7), { b: Buffer.of(8) }))).toEqual([Buffer.of(7), { b: Buffer.of(8) }]);

    client.on('ask', (value: unknown, reply: (...values: unknown[]) => void) => reply(value, 'more'));
    expect(await socket.emitWithAck('ask', 'x')).toBe('x');
    expect(await socket.emitWithAck('ask', Buffer.of(9))).toEqual(Buffer.of(9));
  });

  it('joins several namespaces over one connection, with a query that arrives as auth', async () => {
    const { server, client } = await pair();
    const joined = nextEvent(server.io.of('/a'), 'connection');
    server.io.of(/^\/b-\d+$/).on('connection', (socket) => socket.on('where', (reply) => reply(socket.nsp.name)));

    const first = client.io.socket('/a', { query: { token: 'a&b=c,d', é: '€' } });
    const second = client.io.socket('/b-1');
    await Promise.all([first, second].map((each) => nextEvent(each, 'connect')));

    const [socket] = (await joined) as [Socket];
    expect(socket.handshake.auth).toEqual({ token: 'a&b=c,d', é: '€' });
    expect(first.id).toBe(`/a#${client.id}`);
    expect(socket.id).toBe(first.id);
    expect(await new Promise((resolve) => second.emit('where', resolve))).toBe('/b-1');
    expect(server.io.engine.clientsCount).toBe(1);
  });

  it('is refused with the data of the error, or its message', async () => {
    const server = await startServer({ allowEIO3: true });
    server.io.of('/data').use((_socket, next) => next(Object.assign(new Error('no'), { data: { code: 7 } })));
    server.io.of('/message').use((_socket, next) => next(new Error('no')));
    const refusal = async (nsp: string) => (await nextEvent(open(server.origin + nsp), 'error'))[0];

    expect(await refusal('/data')).toEqual({ code: 7 });
    expect(await refusal('/message')).toBe('no');
    expect(await refusal('/unknown')).toBe('Invalid namespace');
  });

  it('is refused in the main namespace as well', async () => {
    const server = await startServer({ allowEIO3: true });
    server.io.use((socket, next) => next(socket.handshake.query.token === 't' ? undefined : new Error('no token')));

    expect((await nextEvent(open(server.origin), 'error'))[0]).toBe('no token');
    expect((await connect(server.origin, { query: { token: 't' } })).connected).toBe(true);
  });

  it('hears broadcasts beside clients of today, bytes included', async () => {
    const { server, client, socket } = await pair();
    const today = await connectClient(server.origin, WAYS[way]);
    const news = () => [client, today].map((each) => nextEvent(each, 'news'));

    const toAll = news();
    server.io.emit('news', 'text', Buffer.of(1, 2));
    for (const args of await Promise.all(toAll)) expect(plain(args)).toEqual(['text', Buffer.of(1, 2)]);

    await socket.join('room');
    const toRoom = nextEvent(client, 'news');
    server.io.to('room').emit('news', 'room');
    expect(await toRoom).toEqual(['room']);
  });

  it('disconnects, and is disconnected, and leaves nothing behind', async () => {
    const { server, client, socket } = await pair();
    const gone = nextEvent(socket, 'disconnect');
    client.disconnect();
    expect((await gone)[0]).toBe('client namespace disconnect');

    const joined = nextEvent(server.io, 'connection');
    const other = await connect(server.origin);
    const told = nextEvent(other, 'disconnect');
    ((await joined) as [Socket])[0].disconnect(true);
    expect((await told)[0]).toBe('io server disconnect');

    await until(() => server.io.engine.clientsCount === 0);
    expect([server.io.sockets.sockets.size, server.io.wheel.size]).toEqual([0, 0]);
  });

  it('keeps its session by pinging', async () => {
    const { client, socket } = await pair({ pingInterval: 60, pingTimeout: 60 });

    for (let beat = 0; beat < 5; beat++) await nextEvent(socket.conn, 'heartbeat');

    expect(client.connected).toBe(true);
  });

  it('is refused without the option', async () => {
    const server = await startServer();
    const refused: unknown[] = [];
    server.io.engine.on('connection_error', ({ code }) => refused.push(code));

    await nextEvent(open(server.origin), 'connect_error');

    expect(refused).toEqual([5]);
  });
});

describe('Socket.IO 2 on the wire', () => {
  async function openSession(options: ServerOptions = {}) {
    const server = await startServer({ allowEIO3: true, ...options });
    const wire = await openWebSocketV3(server.url);
    const opened = JSON.parse(String(await wire.next()).slice(1)) as { sid: string };
    return { server, wire, ...opened };
  }

  it('says CONNECT without a payload, right after the open packet', async () => {
    const { server, wire } = await openSession();
    server.io.of('/chat');
    expect(await wire.next()).toBe('40');

    wire.send('40/chat?a=1&a=2&__proto__=x,');

    expect(await wire.next()).toBe('40/chat,');
    const [socket] = server.io.of('/chat').sockets.values();
    expect(Object.entries(socket.handshake.auth)).toEqual([
      ['a', '2'],
      ['__proto__', 'x'],
    ]);
  });

  it('says ERROR with a text', async () => {
    const { wire } = await openSession();
    await wire.next();
    wire.send('40/nowhere');
    expect(await wire.next()).toBe('44/nowhere,"Invalid namespace"');
  });

  it('bounds the query as it does auth, and the name without it', async () => {
    const { server, wire } = await openSession({ maxAuthPayload: 20, maxNamespaceLength: 5 });
    server.io.of('/four');
    await wire.next();

    wire.send(`40/four?${'q'.repeat(21)},`);
    expect(await wire.next()).toBe('44/four,"Invalid auth payload"');
    wire.send(`40/four?${'q'.repeat(20)},`);
    expect(await wire.next()).toBe('40/four,');

    wire.send('40/fiveX?q=1,');
    await wire.closed;
  });

  it('ignores what would recover a session, and adds no offset to its packets', async () => {
    const { server, wire, sid } = await openSession({ connectionStateRecovery: {} });
    expect(await wire.next()).toBe('40');
    server.io.sockets.sockets.get(sid)!.emit('hello', 1);
    expect(await wire.next()).toBe('42["hello",1]');
    wire.close();
    await wire.closed;
    await until(() => server.io.engine.clientsCount === 0);
    expect(server.io.wheel.size).toBe(0);
  });
});

/** Bytes as Buffers, whatever the client made of them. */
function plain(value: unknown): unknown {
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  if (Buffer.isBuffer(value) || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
