import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import {
  Server as ForeignEngineServer,
  type ServerOptions as EngineOptions,
  type Socket as RawSocket,
} from 'engine.io';
import { MODULE_DEFAULTS, Server, type ServerOptions, type Socket } from '../../src/socketio/index.js';
import { cleanup } from '../support/cleanup.js';
import { connectLegacyClient } from '../support/legacy-client.js';
import { WAYS, connectClient, openClient } from '../support/official-client.js';
import { createEngine, listen, startServer } from '../support/server.js';
import { nextEvent, until } from '../support/until.js';

/** A server on the engine of the package `engine.io`. */
async function start(engineOptions: EngineOptions = {}, options: ServerOptions = {}) {
  const http = createServer();
  const engine = new ForeignEngineServer(engineOptions);
  engine.attach(http, { path: '/socket.io/' });
  const errors: unknown[] = [];
  const io = new Server({ onError: (error) => void errors.push(error), ...options }, undefined, MODULE_DEFAULTS);
  io.bind(engine);
  const port = await listen(http);
  cleanup(async () => {
    await io.close();
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });
  return { io, engine, errors, origin: `http://127.0.0.1:${port}` };
}

describe('Server#bind to the engine of the package engine.io', () => {
  describe.each(Object.entries(WAYS))('over %s', (_way, options) => {
    it('connects, exchanges events, acks and bytes, with each and with all', async () => {
      const { io, origin } = await start();
      io.on('connection', (socket) => socket.on('echo', (...args) => args.pop()(...args)));
      const clients = [await connectClient(origin, options), await connectClient(origin, options)];
      const bytes = Buffer.of(1, 2);
      expect(await clients[0].emitWithAck('echo', { deep: [bytes] })).toEqual({ deep: [bytes] });

      const heard = clients.map((client) => nextEvent(client, 'news'));
      io.emit('news', 1, bytes);
      expect(await Promise.all(heard)).toEqual([
        [1, bytes],
        [1, bytes],
      ]);
      for (const client of clients) client.on('ask', (ack: (value: number) => void) => ack(1));
      expect(await io.timeout(3_000).emitWithAck('ask')).toEqual([1, 1]);
    });

    it('tells why a client has gone, and leaves nothing behind', async () => {
      const { io, origin, engine } = await start();
      const [client, [socket]] = await Promise.all([
        connectClient(origin, options),
        nextEvent(io, 'connection') as Promise<[Socket]>,
      ]);
      const gone = nextEvent(socket, 'disconnect');
      client.disconnect();
      expect(await gone).toEqual([
        'client namespace disconnect',
        expect.objectContaining({ code: 'CLIENT_DISCONNECT' }),
      ]);
      await until(() => engine.clientsCount === 0 && io.wheel.size === 0);
    });

    it('cuts off who sends nonsense, with its reason', async () => {
      const { io, origin } = await start();
      const [client, [socket]] = await Promise.all([
        connectClient(origin, options),
        nextEvent(io, 'connection') as Promise<[Socket]>,
      ]);
      const gone = nextEvent(socket, 'disconnect');
      client.io.engine.write('2{}');
      expect(await gone).toEqual(['parse error', expect.objectContaining({ code: 'INVALID_PACKET' })]);
      await nextEvent(client, 'disconnect');
    });
  });

  it('gives the session and its request as this package does', async () => {
    const { io, engine, origin } = await start();
    const raw = nextEvent(engine, 'connection') as Promise<[RawSocket]>;
    const connection = nextEvent(io, 'connection') as Promise<[Socket]>;
    const client = openClient(origin, { ...WAYS.upgrade, query: { q: '1' }, extraHeaders: { 'x-mine': 'yes' } });
    const [[session], [socket]] = await Promise.all([raw, connection]);
    const upgraded = nextEvent(socket.conn, 'upgrade');
    expect(socket.conn.id).toBe((session as unknown as { id: string }).id);
    expect(socket.handshake).toMatchObject({ address: '127.0.0.1', query: { q: '1' }, headers: { 'x-mine': 'yes' } });
    expect(socket.request).toBe(session.request);
    await upgraded;
    expect(socket.conn.transport.name).toBe('websocket');
    expect(socket.conn.upgraded).toBe(true);
    const gone = nextEvent(socket, 'disconnect');
    client.io.engine.close();
    expect(await gone).toEqual(['transport close', expect.objectContaining({ code: 'TRANSPORT_CLOSED' })]);
  });

  it('leaves options and heartbeat to that engine', async () => {
    const { io, origin } = await start({ pingInterval: 20, pingTimeout: 2_000, maxHttpBufferSize: 100 });
    const beats = new Set<string>();
    io.of('/').handlerTable().ping = () => void beats.add('ping');
    io.of('/').handlerTable().pong = () => void beats.add('pong');
    const client = await connectClient(origin);
    await until(() => beats.size === 2);
    const [socket] = io.sockets.sockets.values();
    const gone = nextEvent(socket, 'disconnect');
    client.emit('x', 'x'.repeat(200));
    expect((await gone)[0]).toBe('transport error');
  });

  it('drops volatile packets while it cannot write, and packets for who is gone', async () => {
    const { io, origin } = await start();
    const client = await connectClient(origin, WAYS.polling);
    const [socket] = io.sockets.sockets.values();
    const got: string[] = [];
    client.onAny((event: string) => got.push(event));
    socket.emit('first');
    socket.volatile.emit('dropped');
    socket.emit('second');
    await until(() => got.includes('second'));
    expect(got).toEqual(['first', 'second']);
    socket.disconnect(true);
    expect(() => socket.emit('late')).not.toThrow();
  });

  it('ends its sessions when the server closes', async () => {
    const { io, engine, origin } = await start();
    const client = await connectClient(origin);
    const gone = nextEvent(client, 'disconnect');
    await io.close();
    expect((await gone)[0]).toBe('transport close');
    expect([engine.clientsCount, io.wheel.size]).toEqual([0, 0]);
  });

  it('ends who joins no namespace in time', async () => {
    const { engine, origin } = await start({}, { connectTimeout: 50 });
    const session = nextEvent(engine, 'connection') as Promise<[RawSocket]>;
    const client = openClient(`${origin}/nowhere`, { ...WAYS.websocket });
    const [raw] = await session;
    await nextEvent(raw, 'close');
    expect(client.connected).toBe(false);
  });

  it('serves clients of Socket.IO 2 where that engine does', async () => {
    const { io, origin } = await start({ allowEIO3: true });
    io.on('connection', (socket) => socket.on('echo', (value, ack) => ack(value)));
    const client = await connectLegacyClient(origin);
    expect(await new Promise((resolve) => client.emit('echo', 'x', resolve))).toBe('x');
  });

  it('counts its sockets, and none of the sessions, which are not its own', async () => {
    const { io, origin } = await start();
    await connectClient(origin);
    expect(io.stats()).toMatchObject({ sessions: { now: 0 }, sockets: { now: 1 } });
  });
});

describe('Server#bind', () => {
  it('takes an engine of this package', async () => {
    const http = createServer();
    const engine = createEngine({ path: '/socket.io' });
    engine.attach(http);
    const io = new Server();
    io.bind(engine);
    const port = await listen(http);
    cleanup(async () => {
      await io.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    });
    const client = await connectClient(`http://127.0.0.1:${port}`);
    expect(client.connected).toBe(true);
  });

  it('refuses what is no engine, and says so; a session that is none is reported', async () => {
    const { io, errors } = await startServer();
    for (const nothing of [undefined, null, {}, 3000]) {
      expect(() => io.bind(nothing as never)).toThrow('bind() takes an Engine.IO server');
    }
    expect(() => io.onconnection({} as never)).toThrow('onconnection() takes a session of an Engine.IO server');
    const engine = new EventEmitter();
    const server = new Server({ onError: (error) => void errors.push(error) });
    server.bind(engine as never);
    engine.emit('connection', { id: 'x' });
    expect(errors.map(String)).toEqual([
      expect.stringContaining('onconnection() takes a session of an Engine.IO server'),
    ]);
    await server.close();
  });
});
