import { createServer } from 'node:https';
import type { Session } from '../../src/engine/index.js';
import { Server, type Socket } from '../../src/socketio/index.js';
import { cleanup } from '../support/cleanup.js';
import { connectClient, openClient, WAYS, type ClientOptions, type ClientSocket } from '../support/official-client.js';
import { openRawWebSocket, textFrame } from '../support/raw-socket.js';
import { listen, startServer } from '../support/server.js';
import { TEST_TLS } from '../support/tls.js';
import { nextEvent, until } from '../support/until.js';
import { offerWebTransport } from '../support/webtransport.js';

/** Looks at every session and socket, and at what those that are gone have left. */
class Walk {
  #in = 0;
  #out = 0;

  constructor(private readonly io: Server) {
    io.engine.on('connection', (session: Session) => {
      let { transport } = session;
      const add = (): void => {
        this.#in += transport.bytesReceived;
        this.#out += transport.bytesSent;
      };
      session.on('upgrade', () => {
        add();
        ({ transport } = session);
      });
      session.on('close', add);
    });
  }

  stats() {
    const sessions: Session[] = [...(this.io.engine.sessions as Map<string, Session>).values()];
    const sockets = [...this.io._nsps.values()].flatMap((namespace) => [...namespace.sockets.values()]);
    const queues = sessions.map(({ queuedBytes }) => queuedBytes).filter((bytes) => bytes > 0);
    const count = (name: string): number => sessions.filter(({ transport }) => transport.name === name).length;
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    return {
      now: sessions.length,
      byTransport: {
        polling: count('polling'),
        websocket: count('websocket'),
        webtransport: count('webtransport'),
      },
      queued: { bytes: sum(queues), largest: Math.max(0, ...queues), sessions: queues.length },
      bytes: {
        in: this.#in + sum(sessions.map(({ transport }) => transport.bytesReceived)),
        out: this.#out + sum(sessions.map(({ transport }) => transport.bytesSent)),
      },
      sockets: sockets.length,
      pendingAcks: sum(sockets.map(({ acks }) => acks.size)),
    };
  }

  /** What the server says, in the same form. */
  summed() {
    const { sessions, queued, bytes, sockets, pendingAcks } = this.io.stats();
    const { now, byTransport } = sessions;
    return { now, byTransport, queued, bytes, sockets: sockets.now, pendingAcks };
  }

  /** Once what is on its way has arrived. */
  async expectSame(): Promise<void> {
    await until(() => JSON.stringify(this.summed()) === JSON.stringify(this.stats()), 'sums and walk agree').catch(
      () => {},
    );
    expect(this.summed()).toEqual(this.stats());
  }
}

/** Events of every kind in both directions, some with acks that are answered, some with acks that are not. */
async function talk(io: Server, clients: readonly ClientSocket[]): Promise<void> {
  for (const client of clients) {
    for (const size of [1, 200, 40_000]) {
      expect(await client.emitWithAck('echo', 'x'.repeat(size), Buffer.alloc(size))).toHaveLength(size);
    }
  }
  const heard = clients.map((client) => nextEvent(client, 'news'));
  io.emit('news', 'é'.repeat(3_000));
  await Promise.all(heard);
  for (const socket of io.sockets.sockets.values()) {
    socket.emit('asked', () => {});
    socket.timeout(60_000).emit('asked', () => {});
  }
}

describe.each([
  ['plain', {}],
  ['compressed', { perMessageDeflate: { threshold: 100 } }],
  ['written at once', { flush: 'immediate' as const }],
])('Server#stats, %s', (_name, options) => {
  it('equals a walk over all sessions and sockets, while clients come, talk, upgrade, fall behind and go', async () => {
    const server = await startServer({ transports: ['polling', 'websocket', 'webtransport'], ...options });
    const { io, origin, port } = server;
    const walk = new Walk(io);
    offerWebTransport(server);
    const ways: ClientOptions[] = [
      ...Object.values(WAYS),
      { transports: ['webtransport'] },
      { transports: ['polling', 'webtransport'] },
    ];
    const clients: ClientSocket[] = [];
    for (const way of [...ways, ...ways]) {
      const client = openClient(origin, way);
      await nextEvent(client, 'connect');
      clients.push(client);
      await until(() => client.io.engine.transport.name === way.transports!.at(-1));
      await walk.expectSame();
    }
    await talk(io, clients);
    await walk.expectSame();
    expect(io.stats().pendingAcks).toBe(2 * clients.length);

    // Control frames, which `ws` answers, and a part of a frame.
    const raw = await openRawWebSocket(port, '/socket.io/');
    raw.write(textFrame('40'));
    raw.write(Buffer.from([0x89, 0x83, 0, 0, 0, 0, 1, 2, 3]));
    raw.write(Buffer.from([0x81, 0xfe, 0x01]));
    await until(() => io.stats().sockets.now === clients.length + 1);
    await walk.expectSame();

    // One that does not read.
    raw.socket.pause();
    const stalled = [...io.sockets.sockets.values()].at(-1)!;
    stalled.emit('much', 'x'.repeat(8_000_000));
    await until(() => io.stats().queued.bytes > 0);
    expect(io.stats().queued).toMatchObject({ sessions: 1 });
    await walk.expectSame();
    raw.socket.resume();
    await until(() => io.stats().queued.bytes === 0);
    await walk.expectSame();

    // An emit within a turn is queued until its end.
    io.emit('news');
    expect(walk.summed().queued).toEqual(walk.stats().queued);

    for (const client of clients.slice(0, ways.length)) client.disconnect();
    for (const socket of [...io.sockets.sockets.values()].slice(-2)) socket.disconnect(true);
    raw.socket.destroy();
    for (const client of clients.slice(ways.length)) client.io.engine.close();
    await until(() => io.stats().sessions.now === 0);
    await walk.expectSame();
    expect(io.stats()).toMatchObject({ pendingAcks: 0, queued: { bytes: 0 }, sockets: { now: 0 } });
  });
});

it('Server#stats equals a walk over TLS', async () => {
  const http = createServer(TEST_TLS);
  const io = new Server(http);
  const walk = new Walk(io);
  io.on('connection', (socket: Socket) => socket.on('echo', (_text, bytes, reply) => reply(bytes)));
  const port = await listen(http as never);
  cleanup(() => io.close());
  const ways = [WAYS.websocket, WAYS.upgrade].map((way) => ({ ...way, rejectUnauthorized: false }));
  const clients = await Promise.all(ways.map((way) => connectClient(`https://localhost:${port}`, way)));
  await talk(io, clients);
  await walk.expectSame();
  for (const client of clients) client.disconnect();
  await until(() => io.stats().sessions.now === 0);
  await walk.expectSame();
});

it('Server#stats looks at no session without a queue, and at no socket', async () => {
  const { io, origin } = await startServer();
  const clients = await Promise.all(Array.from({ length: 8 }, () => connectClient(origin)));
  let looked = 0;
  const watch = (object: object, key: string): void => {
    const { get } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(object) as object, key)!;
    Object.defineProperty(object, key, {
      get(this: object) {
        looked++;
        return get!.call(this) as unknown;
      },
    });
  };
  for (const socket of io.sockets.sockets.values()) {
    watch(socket, 'acks');
    const { transport } = socket.conn as unknown as Session;
    for (const key of ['bytesReceived', 'bytesSent', 'queuedBytes']) watch(transport, key);
  }
  expect(io.stats()).toMatchObject({ sockets: { now: clients.length }, queued: { sessions: 0 } });
  expect(looked).toBe(0);
  [...io.sockets.sockets.values()][0].emit('news');
  looked = 0;
  expect(io.stats().queued.sessions).toBe(1);
  expect(looked).toBe(1);
});
