import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PresenceChange, Server, ServerOptions, Socket } from '../../src/socketio/index.js';
import { Cluster, type AdapterFactory } from '../ecosystem/support/cluster.js';
import { eventually } from '../ecosystem/support/eventually.js';
import { cleanup } from '../support/cleanup.js';
import { connectClient } from '../support/official-client.js';
import { nextEvent, until } from '../support/until.js';

export interface ReopenTraits {
  /** How many servers there are; the last one closes and listens again. */
  readonly servers: number;
  /** Whether clients may come back to their sessions. */
  readonly recovers: boolean;
  /** Whether what makes the adapters ends with the last of them, so that the server is given another one. */
  readonly renews?: boolean;
}

/** What holds of a server that listens again after `close()`, over any adapter. */
export function reopenContract(createFactory: () => AdapterFactory, { servers, recovers, renews }: ReopenTraits): void {
  it('has rooms, broadcasts and presence as before, each time that it listens again', async () => {
    const { cluster, io, changes, reopen } = await start();
    const others = cluster.nodes.filter((node) => node.io !== io);
    const online = io.presence();
    for (const name of ['ada', 'bob']) {
      await io.close();
      await eventually(async () => others.every((node) => !node.io.presence().has('ada')), 'it is told');
      const origin = await reopen();
      await cluster.open('/');
      const { client, socket } = await join(io, origin, name);
      await until(() => cluster.nodes.every((node) => node.io.presence('lobby').has(name)), 'all know', 8_000);
      expect(online.list()).toEqual([{ key: name, sockets: [socket.id] }]);
      await until(() => changes.some(({ key, room }) => key === name && room === 'lobby'), 'it is announced', 8_000);

      for (const node of cluster.nodes) {
        const got = nextEvent(client, 'news');
        node.io.to('lobby').emit('news', name);
        expect((await got)[0]).toBe(name);
      }
      const chat = nextEvent(client, 'chat');
      client.emit('say', name);
      expect((await chat)[0]).toBe(name);
      client.disconnect();
      await eventually(async () => cluster.nodes.every((node) => !node.io.presence().has(name)), 'it is gone');
    }
  });

  // Published adapters that end with their last namespace reject while they are opening.
  if (!renews) {
    it('closes as often as it listens, also before its adapter is ready', async () => {
      const { io, reopen } = await start();
      for (let i = 0; i < 3; i++) {
        await io.close();
        await reopen();
      }
      const closed: unknown[] = [];
      await Promise.all([io.close(), io.close((error) => closed.push(error))]);
      expect(closed).toEqual([undefined]);
      await until(() => io.wheel.size === 0 && io.idleWheel.size === 0, 'no timer is left', 8_000);
    });
  }

  if (!recovers) return;

  it('recovers sessions, those of before it closed as well', async () => {
    const { io, reopen, port } = await start();
    await io.close();
    const origin = await reopen();
    const { client, socket } = await join(io, origin, 'ada', { reconnection: true, reconnectionDelay: 10 });
    io.emit('news', 1);
    await nextEvent(client, 'news');
    const gone = nextEvent(socket, 'disconnect');
    client.io.engine.close();
    await gone;
    const missed = nextEvent(client, 'news');
    const back = nextEvent(client, 'connect');
    io.to('lobby').emit('news', 2);
    await back;
    expect([client.recovered, client.id, (await missed)[0]]).toEqual([true, socket.id, 2]);

    const again = nextEvent(client, 'connect');
    await io.close();
    await reopen(port());
    await again;
    expect([client.recovered, client.id]).toEqual([true, socket.id]);
    const last = nextEvent(client, 'news');
    io.to('lobby').emit('news', 3);
    expect((await last)[0]).toBe(3);
  });

  async function start() {
    const changes: PresenceChange[] = [];
    const options: ServerOptions = {
      presence: { rooms: 'lobby', gracePeriod: 50, heartbeatInterval: 100, onChange: (change) => changes.push(change) },
      ...(recovers ? { connectionStateRecovery: {} } : {}),
    };
    const createAdapter = createFactory();
    const cluster = await Cluster.start(servers, createAdapter, options);
    const { io } = cluster.nodes.at(-1)!;
    io.use((socket, next) => {
      socket.identify(socket.handshake.auth.name as string);
      next();
    });
    io.on('connection', (socket) => {
      void socket.join('lobby');
      socket.on('say', (text) => void io.to('lobby').emit('chat', text));
    });
    let last = 0;
    async function reopen(port = 0): Promise<string> {
      if (renews) io.adapter(await createAdapter());
      const origin = await listenAgain(io, port);
      // Before what its adapter needs.
      cleanup(() => io.close());
      last = Number(new URL(origin).port);
      return origin;
    }
    return { cluster, io, changes, reopen, port: () => last };
  }
}

async function listenAgain(io: Server, port: number): Promise<string> {
  const http = createServer();
  await new Promise<void>((resolve) => void http.listen(port, '127.0.0.1', resolve));
  cleanup(() => void http.closeAllConnections());
  io.listen(http);
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

async function join(io: Server, origin: string, name: string, options: object = {}) {
  const connection = nextEvent(io, 'connection') as Promise<[Socket]>;
  const client = await connectClient(origin, { auth: { name }, ...options });
  const [socket] = await connection;
  return { client, socket };
}
