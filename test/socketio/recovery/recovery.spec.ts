import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { io as connect, type Socket as ClientSocket } from 'socket.io-client';
import { Adapter, Server, type ServerOptions, type Socket } from '../../../src/server.js';
import { MODULE_DEFAULTS } from '../../../src/socketio/index.js';
import { cleanup } from '../../support/cleanup.js';
import { nextEvent, until } from '../../support/until.js';

interface Started {
  server: Server;
  url: string;
}

async function start(options: ServerOptions = {}, prepare: (server: Server) => void = () => {}): Promise<Started> {
  const http: HttpServer = createServer();
  const server = new Server({ connectionStateRecovery: {}, ...options }, undefined, MODULE_DEFAULTS);
  server.attach(http);
  prepare(server);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  cleanup(() => server.close());
  return { server, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` };
}

interface Pair {
  client: ClientSocket;
  socket: Socket;
}

async function connected({ server, url }: Started): Promise<Pair> {
  const client = connect(url, { transports: ['websocket'], reconnectionDelay: 10, forceNew: true });
  cleanup(() => client.disconnect());
  const [[socket]] = await Promise.all([
    nextEvent(server, 'connection') as Promise<[Socket]>,
    nextEvent(client, 'connect'),
  ]);
  return { client, socket };
}

/** Cuts the connection as a network does; the client comes back by itself. */
function cut(client: ClientSocket): void {
  client.io.engine.close();
}

/** What a client that shows these ids is answered. */
async function connectWith(url: string, auth: object): Promise<ClientSocket> {
  const client = connect(url, { transports: ['websocket'], reconnection: false, forceNew: true, auth });
  cleanup(() => client.disconnect());
  await nextEvent(client, 'connect');
  return client;
}

const idsOf = (client: ClientSocket): { pid: string; offset: string | undefined } => {
  const { _pid: pid, _lastOffset: offset } = client as never as { _pid: string; _lastOffset?: string };
  return { pid, offset };
};

describe('connection state recovery', () => {
  it('restores id, rooms, data and the packets that were missed, in order [limitation: recovery]', async () => {
    const started = await start();
    const { client, socket } = await connected(started);
    const got: unknown[][] = [];
    client.onAny((...args: unknown[]) => got.push(args));
    await socket.join('room');
    socket.data.name = 'x';
    socket.emit('first', 1);
    await until(() => got.length === 1);
    const { id } = client;
    cut(client);
    await nextEvent(socket, 'disconnect');
    started.server.emit('all', 2);
    started.server.to('room').emit('room', 3);
    started.server.to('elsewhere').emit('not for it');
    started.server.except('room').emit('not for it');
    started.server.volatile.emit('lost');
    socket.emit('direct', 4);
    const [restored] = (await nextEvent(started.server, 'connection')) as [Socket];
    await until(() => got.length === 4);
    // The last argument is the offset.
    expect(got.map((args) => args.slice(0, -1))).toEqual([
      ['first', 1],
      ['all', 2],
      ['room', 3],
      ['direct', 4],
    ]);
    expect(client.recovered).toBe(true);
    expect(client.id).toBe(id);
    expect(restored.recovered).toBe(true);
    expect([...restored.rooms].sort()).toEqual([id, 'room'].sort());
    expect(restored.data).toEqual({ name: 'x' });
  });

  it('pain 13: works before any event was sent', async () => {
    const started = await start();
    const { client, socket } = await connected(started);
    const { id } = client;
    cut(client);
    await nextEvent(socket, 'disconnect');
    started.server.emit('missed');
    await nextEvent(client, 'missed');
    expect(client.recovered).toBe(true);
    expect(client.id).toBe(id);
  });

  it('works again and again', async () => {
    const started = await start();
    const { client } = await connected(started);
    const { id } = client;
    for (let round = 0; round < 3; round++) {
      started.server.emit('round', round);
      await nextEvent(client, 'round');
      cut(client);
      await nextEvent(client, 'connect');
      expect(client.recovered).toBe(true);
      expect(client.id).toBe(id);
    }
    expect(started.server.sockets.sockets.size).toBe(1);
  });

  it('pain 13: takes over the old socket where the server has not noticed that it is dead', async () => {
    const started = await start();
    const { client, socket } = await connected(started);
    const back = await connectWith(started.url, idsOf(client));
    expect(back.id).toBe(socket.id);
    expect(socket.connected).toBe(false);
    expect(started.server.sockets.sockets.size).toBe(1);
  });

  it('gives a session back once: who shows the same id a second time is a new client', async () => {
    const started = await start();
    const { client, socket } = await connected(started);
    const ids = idsOf(client);
    client.io.reconnection(false);
    cut(client);
    await nextEvent(socket, 'disconnect');
    const first = await connectWith(started.url, ids);
    const second = await connectWith(started.url, ids);
    expect(first.id).toBe(socket.id);
    expect(second.id).not.toBe(socket.id);
    expect(first.connected).toBe(true);
  });

  it('does not restore who left on purpose, who was sent away, or who shows nonsense', async () => {
    const started = await start();
    const { client, socket } = await connected(started);
    const ids = idsOf(client);
    socket.disconnect();
    for (const auth of [ids, { pid: 'unknown' }, { ...ids, offset: 'x-1' }, { pid: 1 }, { pid: ids.pid, offset: {} }]) {
      const other = await connectWith(started.url, auth);
      expect(other.recovered).toBe(false);
      expect(other.id).not.toBe(socket.id);
    }
  });

  it('pain 15: runs middlewares again, and a refused client gets nothing', async () => {
    let revoked = false;
    const started = await start({}, (server) => {
      server.use((_socket, next) => next(revoked ? new Error('revoked') : undefined));
    });
    const { client, socket } = await connected(started);
    const got: unknown[] = [];
    client.onAny((...args: unknown[]) => got.push(args));
    cut(client);
    await nextEvent(socket, 'disconnect');
    revoked = true;
    started.server.emit('secret');
    const [error] = (await nextEvent(client, 'connect_error')) as [Error];
    expect(error.message).toBe('revoked');
    expect(got).toEqual([]);
  });

  it('skips middlewares where that is asked for', async () => {
    let runs = 0;
    const started = await start({ connectionStateRecovery: { skipMiddlewares: true } }, (server) => {
      server.use((_socket, next) => next(void runs++ as undefined));
    });
    const { client } = await connected(started);
    cut(client);
    await nextEvent(client, 'connect');
    expect(client.recovered).toBe(true);
    expect(runs).toBe(1);
  });

  it('delivers what is broadcast while middlewares decide', async () => {
    const started = await start({}, (server) => {
      server.use((socket, next) => {
        if (socket.recovered) server.emit('meanwhile');
        next();
      });
    });
    const { client } = await connected(started);
    cut(client);
    await nextEvent(client, 'meanwhile');
    expect(client.recovered).toBe(true);
  });

  it('tells when the window passes, and keeps nothing then', async () => {
    const started = await start({ connectionStateRecovery: { maxDisconnectionDuration: 30 } });
    const { client, socket } = await connected(started);
    const ids = idsOf(client);
    client.io.reconnection(false);
    cut(client);
    const [expired] = await nextEvent(started.server, 'session_expired');
    expect(expired).toEqual({ nsp: '/', sid: socket.id, pid: ids.pid });
    const late = await connectWith(started.url, ids);
    expect(late.recovered).toBe(false);
  });

  it('keeps no dynamic namespace for a client that may come back to it', async () => {
    const started = await start({ connectionStateRecovery: {} });
    started.server.of(/^\/room-/);
    const client = connect(`${started.url}/room-1`, { transports: ['websocket'], forceNew: true, reconnection: false });
    cleanup(() => client.disconnect());
    await nextEvent(client, 'connect');
    cut(client);
    await until(() => started.server.engine.clientsCount === 0);
    await until(() => !started.server._nsps.has('/room-1'));
    started.server.of('/room-1').emit('missed');
    const missed = nextEvent(client, 'missed');
    client.connect();
    await missed;
    expect(client.recovered).toBe(true);
  });

  it('warns once where the adapter cannot recover, and issues no id then', async () => {
    const warnings: string[] = [];
    class PlainAdapter extends Adapter {}
    const options = { adapter: PlainAdapter as never, onWarning: (message: string) => void warnings.push(message) };
    const started = await start(options);
    started.server.of('/other');
    const { client } = await connected(started);
    expect(warnings).toEqual([expect.stringContaining('PlainAdapter cannot recover')]);
    expect(idsOf(client).pid).toBeUndefined();
  });
});
