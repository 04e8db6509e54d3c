import type { Namespace, Socket } from '../../src/socketio/index.js';
import { connectClient, openClient } from '../support/official-client.js';
import { startServer } from '../support/server.js';
import { nextEvent, until } from '../support/until.js';

describe('ParentNamespace', () => {
  it('asks the clients of all children and gives their answers as one', async () => {
    const { parent, clients } = await rooms('/room-1', '/room-2');
    for (const [i, client] of clients.entries()) client.on('ask', (ack: (answer: number) => void) => ack(i));
    expect((await parent.timeout(1_000).emitWithAck('ask')).sort()).toEqual([0, 1]);
    expect(await parent.in('nowhere').timeout(1_000).emitWithAck('ask')).toEqual([]);
  });

  it('forgets the acks that did not come in time', async () => {
    const { parent, io } = await rooms('/room-1');
    await expect(parent.timeout(20).emitWithAck('ask')).rejects.toMatchObject({ code: 'ACK_TIMEOUT', responses: [] });
    expect(io.stats().pendingAcks).toBe(0);
  });

  it('has no answers at once without children', async () => {
    const { io } = await startServer();
    expect(
      await io
        .of(/^\/none-/)
        .timeout(60_000)
        .emitWithAck('ask'),
    ).toEqual([]);
  });

  it('moves, finds and disconnects the sockets of its children', async () => {
    const { parent, io, clients } = await rooms('/room-1', '/room-2');
    await parent.socketsJoin('all');
    expect(io.of('/room-1').adapter.rooms.get('all')?.size).toBe(1);
    expect(await parent.in('all').fetchSockets()).toHaveLength(2);
    expect((await parent.allSockets()).size).toBe(2);
    await parent.in('all').socketsLeave('all');
    expect(io.of('/room-1').adapter.rooms.has('all')).toBe(false);
    await parent.disconnectSockets();
    await until(() => clients.every(({ connected }) => !connected), 'all are disconnected');
  });

  it('throws for what the servers of a cluster cannot do together', async () => {
    const { parent, io } = await rooms('/room-1');
    const timers = io.wheel.size;
    expect(() => parent.serverSideEmit('x')).toThrow('not supported');
    await expect(parent.serverSideEmitWithAck('x')).rejects.toThrow('not supported');
    await expect(parent.partial.serverSideEmitWithAck('x')).rejects.toThrow('not supported');
    expect(io.wheel.size).toBe(timers);
    expect(() => parent.fetchSockets()).toThrow('not supported');
  });

  it('is what its name stands for, in calls that take a name', async () => {
    const { parent, io, clients } = await rooms('/room-1', '/room-2');
    const [socket] = io.of('/room-1').sockets.values();
    await socket.join('a');
    expect(await io.count(undefined, parent.name)).toBe(2);
    expect(await io.count('a', parent.name)).toBe(1);
    expect(await io.count('b', parent.name)).toBe(0);
    expect(io.of(parent.name)).toBe(parent);

    const heard = Promise.all(clients.map((client) => nextEvent(client, 'e')));
    io.of(parent.name).emit('e', 1);
    expect(await heard).toEqual([[1], [1]]);
    expect([...io._nsps.keys()]).toEqual(['/', '/room-1', '/room-2']);
  });

  it('is no namespace that a client can ask for', async () => {
    const { parent, origin, io } = await rooms('/room-1');
    const client = openClient(origin + parent.name);
    expect((await nextEvent(client, 'connect_error'))[0]).toMatchObject({ message: 'Invalid namespace' });
    expect(io.of('/room-1').sockets.size).toBe(1);
  });

  it('says that presence is kept by its children', async () => {
    const { io } = await startServer({ presence: true });
    const parent = io.of(/^\/room-/);
    expect(() => io.presence(undefined, parent.name)).toThrow(
      'presence() is not supported on parent namespaces: give it the name of a child',
    );
    expect(io.presence(undefined, '/room-1').count()).toBe(0);
    await io.close();
  });

  it('gives what is set on it later to the children that exist', async () => {
    const { parent, origin } = await rooms('/room-1');
    const heard: string[] = [];
    parent.use((socket: Socket, next) => (heard.push(`use ${socket.nsp.name}`), next()));
    parent.on('connection', (socket: Socket) => heard.push(`connection ${socket.nsp.name}`));
    const client = await connectClient(`${origin}/room-1`);
    client.emit('x');
    expect(heard).toEqual(['use /room-1', 'connection /room-1']);
  });

  it.each(['on', 'addListener', 'once', 'prependListener', 'prependOnceListener'] as const)(
    'gives a listener to the children that exist by %s(), and takes it back',
    async (name) => {
      const method = name as 'on';
      const { parent, origin } = await rooms('/room-1');
      const heard: string[] = [];
      const listener = (socket: Socket): unknown => heard.push(socket.nsp.name);
      parent[method]('connection', listener);
      for (const room of ['/room-1', '/room-2', '/room-2']) await connectClient(origin + room);
      const isOnce = /once/i.test(name);
      expect(heard).toEqual(isOnce ? ['/room-1'] : ['/room-1', '/room-2', '/room-2']);

      parent[method]('connection', listener);
      parent.off('connection', listener);
      if (!isOnce) parent.off('connection', listener);
      parent[method]('connection', listener);
      parent.removeAllListeners('connection');
      await connectClient(`${origin}/room-1`);
      expect(heard).toHaveLength(isOnce ? 1 : 3);
    },
  );

  it('keeps what was set on a child alone', async () => {
    const { parent, io, origin } = await rooms('/room-1');
    const heard: string[] = [];
    parent.on('connection', () => heard.push('parent'));
    io.of('/room-1').on('connection', () => heard.push('child'));
    parent.removeAllListeners();
    await connectClient(`${origin}/room-1`);
    expect(heard).toEqual(['child']);
  });
});

async function rooms(...names: string[]) {
  const { io, origin } = await startServer();
  const parent: Namespace = io.of(/^\/room-\d$/);
  const clients = [];
  for (const name of names) clients.push(await connectClient(origin + name));
  return { io, parent, clients, origin };
}
