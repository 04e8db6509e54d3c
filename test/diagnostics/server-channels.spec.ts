import { AsyncLocalStorage } from 'node:async_hooks';
import { tracingChannel } from 'node:diagnostics_channel';
import { OPERATION_NAMES } from '../../src/diagnostics/index.js';
import { cleanup } from '../support/cleanup.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { startServer } from '../support/server.js';
import { nextEvent, until } from '../support/until.js';
import { phases, record } from './support/recorder.js';

describe('channels of ./server', () => {
  it('publish each listener once, with the pattern of a dynamic namespace', async () => {
    const { io, origin } = await startServer();
    io.of(/^\/room-\d+$/).on('connection', (socket) => {
      socket.on('sum', function add(a: number, b: number, ack: (sum: number) => void) {
        ack(a + b);
      });
    });
    const client = await connectClient(`${origin}/room-7`);
    const published = record('handle');
    expect(await client.emitWithAck('sum', 1, 2)).toBe(3);
    expect(phases(published)).toEqual(['handle start', 'handle end']);
    expect(published[0].payload).toBe(published[1].payload);
    expect(published[0].payload).toMatchObject({
      namespace: String(/^\/room-\d+$/),
      event: 'sum',
      route: 'sum',
      args: [1, 2],
      handler: 'add',
      asksAck: true,
      isAsync: false,
      error: undefined,
    });
  });

  it('publish the error of a listener, synchronous or not', async () => {
    const { io, origin } = await startServer();
    const failure = new Error('of a listener');
    io.on('connection', (socket) => {
      socket.on('throws', () => {
        throw failure;
      });
      socket.on('rejects', () => Promise.reject(failure));
    });
    const client = await connectClient(origin);
    const published = record('handle');
    client.emit('throws');
    await until(() => published.length === 3);
    client.emit('rejects');
    await until(() => published.length === 8);
    expect(phases(published)).toEqual([
      ...['handle start', 'handle error', 'handle end'],
      ...['handle start', 'handle end', 'handle error', 'handle asyncStart', 'handle asyncEnd'],
    ]);
    expect(published[1].payload).toMatchObject({ error: failure, isInternal: true });
    expect(published[7].payload).toMatchObject({ error: failure, isAsync: true });
  });

  it('let one that only wants errors hear them', async () => {
    const { io, origin } = await startServer();
    io.on('connection', (socket) => {
      socket.on('throws', () => {
        throw new Error('of a listener');
      });
    });
    const heard: unknown[] = [];
    const hear = (operation: unknown): void => void heard.push(operation);
    const channel = tracingChannel(OPERATION_NAMES.handle);
    channel.error.subscribe(hear);
    cleanup(() => void channel.error.unsubscribe(hear));
    const client = await connectClient(origin);
    client.emit('throws');
    await until(() => heard.length === 1);
    expect(heard[0]).toMatchObject({ event: 'throws' });
  });

  it('end listeners that never end with the server, once', async () => {
    const { io, origin } = await startServer();
    io.on('connection', (socket) => {
      socket.on('never', () => new Promise(() => {}));
    });
    const client = await connectClient(origin);
    const published = record('handle');
    client.emit('never');
    await until(() => published.length === 2);
    await io.close();
    await io.close();
    expect(phases(published)).toEqual([
      ...['handle start', 'handle end', 'handle error', 'handle asyncStart', 'handle asyncEnd'],
    ]);
    expect(published[0].payload).toMatchObject({ code: 'SHUTTING_DOWN', isAsync: true });
  });

  it('publish emits: at once, answered, too late, of a client that has left, and broadcasts', async () => {
    const { io, origin } = await startServer();
    const client = await connectClient(origin);
    client.on('ask', (ack: (answer: string) => void) => ack('yes'));
    const [socket] = [...io.sockets.sockets.values()];
    const published = record('emit');
    socket.emit('news', 1);
    expect(await socket.emitWithAck('ask')).toBe('yes');
    await expect(socket.timeout(10).emitWithAck('silence')).rejects.toThrow();
    expect(await io.to(socket.id).emitWithAck('ask')).toEqual(['yes']);
    io.emit('all');
    let wasCalled = false;
    socket.emit('silence', () => (wasCalled = true));
    socket.disconnect();
    await until(() => phases(published).filter((what) => what === 'emit asyncEnd').length === 4);
    expect(wasCalled).toBe(false);
    expect(published.filter(({ what }) => what === 'emit start').map(({ payload }) => payload)).toMatchObject([
      { namespace: '/', event: 'news', args: [1], socketId: socket.id, asksAck: false, code: undefined },
      { event: 'ask', asksAck: true, isAsync: true, code: undefined },
      { event: 'silence', code: 'ACK_TIMEOUT' },
      { event: 'ask', rooms: new Set([socket.id]), socketId: undefined, asksAck: true },
      { event: 'all', rooms: new Set(), asksAck: false },
      { event: 'silence', asksAck: true, code: 'ACK_DISCONNECTED' },
    ]);
    for (const { payload } of published) expect(payload).toMatchObject({ namespace: '/' });
  });

  it('throw at the sender what cannot be encoded, and publish it', async () => {
    const { io, origin } = await startServer();
    await connectClient(origin);
    const [socket] = [...io.sockets.sockets.values()];
    const published = record('emit');
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(() => socket.emit('news', cycle)).toThrow(TypeError);
    expect(phases(published)).toEqual(['emit start', 'emit error', 'emit end']);
  });

  it('publish what happens at once', async () => {
    const published = record(
      'server',
      'session.open',
      'session.close',
      'refuse',
      'disconnect',
      'unhandled',
      'rate-limit',
    );
    const { io, origin, url } = await startServer({ rateLimit: { limit: 1, interval: 60_000 } });
    const client = await connectClient(origin);
    const [socket] = [...io.sockets.sockets.values()];
    client.emit('mesage');
    client.emit('mesage');
    await until(() => phases(published).includes('rate-limit'));
    await fetch(`${url}?EIO=9&transport=polling`);
    client.disconnect();
    await until(() => phases(published).includes('session.close'));
    expect(phases(published)).toEqual([
      'server',
      'session.open',
      'unhandled',
      'rate-limit',
      'refuse',
      'disconnect',
      'session.close',
    ]);
    const payloadOf = (name: string): unknown => published.find(({ what }) => what === name)!.payload;
    expect(payloadOf('server')).toEqual({ server: io, isOpen: true });
    expect(payloadOf('unhandled')).toEqual({ socket, event: 'mesage' });
    expect(payloadOf('rate-limit')).toEqual({ socket, retryAfter: expect.any(Number) });
    expect(payloadOf('refuse')).toMatchObject({ refusal: { context: { name: 'UNSUPPORTED_PROTOCOL_VERSION' } } });
    expect(payloadOf('disconnect')).toMatchObject({ socket, details: { code: 'CLIENT_DISCONNECT' } });
    expect(payloadOf('session.close')).toMatchObject({ detail: { code: 'TRANSPORT_CLOSED' } });
  });

  it('keep a store and an enclosure active after an await, and out of the next event', async () => {
    const { io, origin } = await startServer();
    const bound = new AsyncLocalStorage<unknown>();
    const enclosed = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    io.on('connection', (socket) => {
      socket.on('ask', async (ack: () => void) => {
        await new Promise(setImmediate);
        seen.push([(bound.getStore() as { event: string } | undefined)?.event, enclosed.getStore()]);
        ack();
      });
    });
    const client = await connectClient(origin);
    const channel = tracingChannel<unknown, { enclosure: unknown }>(OPERATION_NAMES.handle);
    const subscribers = {
      start: (operation: { enclosure: unknown }) => {
        operation.enclosure = (run: () => void) => enclosed.run('here', run);
      },
    };
    channel.start.bindStore(bound);
    channel.subscribe(subscribers as never);
    await client.emitWithAck('ask');
    channel.start.unbindStore(bound);
    channel.unsubscribe(subscribers as never);
    await client.emitWithAck('ask');
    expect(seen).toEqual([
      ['ask', 'here'],
      [undefined, undefined],
    ]);
  });
});

describe('the channel connect', () => {
  const DONE = ['connect start', 'connect end'];
  const LATER = ['connect start', 'connect end', 'connect asyncStart', 'connect asyncEnd'];

  it('lasts from the packet to its answer, middlewares inside', async () => {
    const { io, origin } = await startServer();
    io.of('/slow').use((_socket, next) => setImmediate(next));
    const published = record('connect');
    await connectClient(origin, { auth: { token: 'x' } });
    expect(phases(published)).toEqual(DONE);
    const [socket] = [...io.sockets.sockets.values()];
    expect(published[0].payload).toMatchObject({
      namespace: '/',
      auth: { token: 'x' },
      socket,
      connection: socket.client,
    });
    published.length = 0;
    await connectClient(`${origin}/slow`);
    expect(phases(published)).toEqual(LATER);
    expect(published[0].payload).toMatchObject({ namespace: '/slow', error: undefined, code: undefined });
  });

  it('tells why a client was refused, and no name that a client made up', async () => {
    const { io, origin } = await startServer();
    const failure = new Error('no');
    io.of('/shut').use((_socket, next) => next(failure));
    const published = record('connect');
    await expect(connectClient(`${origin}/shut`)).rejects.toThrow('no');
    expect(phases(published)).toEqual(['connect start', 'connect error', 'connect end']);
    expect(published[0].payload).toMatchObject({ namespace: '/shut', error: failure, code: 'REFUSED' });
    published.length = 0;
    await expect(connectClient(`${origin}/made-up`)).rejects.toThrow('Invalid namespace');
    expect(published[0].payload).toMatchObject({ namespace: null, code: 'UNKNOWN_NAMESPACE' });
  });

  it('ends for a client that leaves meanwhile', async () => {
    const { io, origin } = await startServer();
    io.of('/never').use(() => {});
    const published = record('connect');
    const client = createClient(`${origin}/never`);
    client.connect();
    await until(() => published.length === 2);
    client.io.engine.close();
    await until(() => published.length === 5);
    expect(phases(published)).toEqual([
      ...['connect start', 'connect end', 'connect error', 'connect asyncStart', 'connect asyncEnd'],
    ]);
    expect(published[0].payload).toMatchObject({ code: 'DISCONNECTED' });
  });

  it('tells of a client that comes back what it has missed and for how long it was away, and why one begins anew', async () => {
    const { io, origin } = await startServer({ connectionStateRecovery: {} });
    const client = createClient(origin, { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 40 });
    client.connect();
    await nextEvent(client, 'connect');
    const got = nextEvent(client, 'news');
    io.emit('news');
    await got;
    const published = record('recover');
    const back = nextEvent(client, 'connect');
    const left = nextEvent(io.sockets.sockets.get(client.id!)!, 'disconnect');
    client.io.engine.close();
    await left;
    io.emit('news');
    await back;
    expect(published).toHaveLength(1);
    expect(published[0].payload).toMatchObject({ missed: 1, reason: undefined });
    expect(published[0].payload.socket.recovered).toBe(true);
    expect(published[0].payload.away).toBeGreaterThan(0);
    expect(published[0].payload.away).toBeLessThan(3_000);
    await connectClient(origin, { auth: { pid: 'made-up', offset: 'x' } });
    expect(published[1].payload).toMatchObject({ socket: undefined, away: undefined, reason: 'SESSION_UNKNOWN' });
  });
});
