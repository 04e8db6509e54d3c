import type { Socket } from '../../../src/socketio/index.js';
import { connectClient } from '../../support/official-client.js';
import { startServer } from '../../support/server.js';
import { nextEvent } from '../../support/until.js';

describe('an empty list of rooms', () => {
  it('is nobody, for every call', async () => {
    const { io, origin } = await startServer();
    const client = await connectClient(origin);
    const heard: string[] = [];
    client.onAny((event: string) => heard.push(event));
    const nobody = io.to([]);

    expect(nobody.emit('to')).toBe(true);
    io.in([]).emit('in');
    nobody.except('x').volatile.local.compress(false).emit('chained');
    expect(await nobody.timeout(1_000).emitWithAck('ask')).toEqual([]);
    expect(await nobody.fetchSockets()).toEqual([]);
    expect(nobody.localSockets()).toEqual([]);
    expect(await nobody.allSockets()).toEqual(new Set());
    await nobody.socketsJoin('room');
    await nobody.disconnectSockets();
    expect(io.sockets.adapter.rooms.has('room')).toBe(false);
    const [socket] = [...io.sockets.sockets.values()];
    socket.join('room');
    await nobody.socketsLeave('room');
    expect(socket.rooms.has('room')).toBe(true);
    expect(await socket.emitToList([], 'list')).toEqual([]);
    client.emit('echo');
    await nextEvent(client, 'echo');

    expect(heard).toEqual(['echo']);
    expect(client.connected).toBe(true);
  });

  it('adds nothing to the rooms that are named beside it', async () => {
    const { io, origin } = await startServer();
    const client = await connectClient(origin);
    const [socket] = [...io.sockets.sockets.values()] as [Socket];
    socket.join('room');
    const heard = nextEvent(client, 'news');
    io.to([]).to('room').emit('news');
    await heard;
    io.except([]).emit('news');
    await nextEvent(client, 'news');
  });
});
