import { connectClient } from '../../support/official-client.js';
import { startServer, type RunningServer } from '../../support/server.js';
import { until } from '../../support/until.js';

describe('rooms that change while they are walked', () => {
  it('visits those who were there, once, if a listener puts them back', async () => {
    const { io } = await joined(2);
    let left = 0;
    io.sockets.adapter.on('leave-room', (room: string, id: string) => {
      if (++left < 100) io.sockets.sockets.get(id)?.join(room);
    });
    await io.in('room').socketsLeave('room');
    expect(left).toBe(2);
    expect(io.sockets.adapter.rooms.get('room')?.size).toBe(2);
  });

  it.each(['room', ['room', 'other'], null])('disconnects nobody who joins meanwhile: %j', async (rooms) => {
    const { io, clients } = await joined(2);
    const waiting = await connectClient(io.origin);
    for (const socket of io.sockets.sockets.values()) {
      socket.on('disconnect', () => io.sockets.sockets.get(waiting.id!)?.join('room'));
    }
    const target = rooms === null ? io.except(waiting.id!) : io.in(rooms);
    await target.disconnectSockets();
    await until(() => clients.every(({ connected }) => !connected), 'both are gone');
    expect(waiting.connected).toBe(true);
  });

  it('leaves a socket where a listener puts it while it leaves all rooms', async () => {
    const { io } = await joined(1);
    const [socket] = [...io.sockets.sockets.values()];
    io.sockets.adapter.on('leave-room', (room: string, id: string) => {
      if (room === 'room') io.sockets.sockets.get(id)?.join(['lobby', 'room']);
    });
    socket.leaveAll();
    expect([...socket.rooms].sort()).toEqual(['lobby', 'room']);
    expect(io.sockets.adapter.rooms.get('room')).toEqual(new Set([socket.id]));
  });

  it('goes on after listeners of room events that throw, and reports them', async () => {
    const { io, errors, clients } = await joined(1);
    for (const event of ['create-room', 'join-room', 'leave-room', 'delete-room']) {
      io.sockets.adapter.on(event, () => {
        throw new Error(event);
      });
    }
    const second = await connectClient(io.origin);
    clients[0].disconnect();
    second.disconnect();
    await until(() => io.sockets.adapter.sids.size === 0, 'all rooms are given back');
    expect(new Set(errors.map((error) => (error as Error).message))).toEqual(
      new Set(['create-room', 'join-room', 'leave-room', 'delete-room']),
    );
  });
});

async function joined(count: number) {
  const server: RunningServer = await startServer();
  const clients = await Promise.all(Array.from({ length: count }, () => connectClient(server.origin)));
  for (const socket of server.io.sockets.sockets.values()) socket.join('room');
  return { io: Object.assign(server.io, { origin: server.origin }), errors: server.errors, clients };
}
