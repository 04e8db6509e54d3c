import type { Socket } from '../../../src/socketio/index.js';
import { openRawWebSocket, textFrame } from '../../support/raw-socket.js';
import { TRANSPORTS, joinedPeer, untilGone, type PeerTransport } from '../../support/peer.js';
import { startServer } from '../../support/server.js';
import { nextEvent } from '../../support/until.js';

async function connected(transport: PeerTransport) {
  const server = await startServer();
  const joined = nextEvent(server.io, 'connection');
  const peer = await joinedPeer(transport, server.url);
  const [socket] = (await joined) as [Socket];
  return { ...server, peer, socket };
}

describe.each(TRANSPORTS)('what this side emits, over %s', (transport) => {
  it.each<[string, (socket: Socket) => unknown, string]>([
    ['send() [O1]', (socket) => socket.send('hello'), '42["message","hello"]'],
    ['send() of nothing [O1]', (socket) => socket.send(), '42["message"]'],
    ['an event of its own name [O2]', (socket) => socket.emit('ev', { a: 1 }), '42["ev",{"a":1}]'],
    ['an event without arguments [O2]', (socket) => socket.emit('ev'), '42["ev"]'],
    ['many arguments [O3]', (socket) => socket.emit('ev', 1, 'b', [3], { d: 4 }), '42["ev",1,"b",[3],{"d":4}]'],
    ['text that reads as JSON [O4]', (socket) => socket.emit('ev', 'true', '12', '{}'), '42["ev","true","12","{}"]'],
    ['nothing between [O5]', (socket) => socket.emit('ev', 1, null, undefined, 2), '42["ev",1,null,null,2]'],
    ['characters of HTML [O6]', (socket) => socket.emit('<&>', '<b>\u2028'), '42["<&>","<b>\u2028"]'],
    ['half a character [O6]', (socket) => socket.emit('ev', '\ud83d'), '42["ev","\\ud83d"]'],
    ['the separator [O7]', (socket) => socket.emit('ev', 'a\x1eb'), '42["ev","a\\u001eb"]'],
    ['a long name [O10]', (socket) => socket.emit('n'.repeat(1_000)), `42["${'n'.repeat(1_000)}"]`],
    ['no callback, and so no id [Q8]', (socket) => socket.emit('ev', undefined), '42["ev",null]'],
  ])('is, to the letter: %s', async (_what, emit, packet) => {
    const { socket, peer } = await connected(transport);
    emit(socket);
    expect(await peer.next()).toBe(packet);
  });

  it('goes nowhere, and harms nothing, once the socket is gone [O11]', async () => {
    const { socket, peer, errors } = await connected(transport);
    socket.disconnect();

    expect(socket.emit('late', 1)).toBe(true);
    socket.send('late');
    await peer.send('40');

    expect(await peer.next()).toBe('41');
    expect(await peer.next()).toMatch(/^40\{/);
    expect(errors).toEqual([]);
  });
});

describe.each(TRANSPORTS)('the listeners of an event, over %s', (transport) => {
  it('run in the order of their making, each with all arguments, before the next event [I20, F3] [limitation: socket listeners]', async () => {
    const { socket, peer } = await connected(transport);
    const heard: unknown[] = [];
    for (const name of ['first', 'second', 'third']) socket.on('e', (...args) => heard.push([name, ...args]));
    socket.on('after', () => heard.push('after'));

    await peer.send('42["e",1,"two"]', '42["after"]', '42["echo"]');
    await peer.next();

    expect(heard).toEqual([['first', 1, 'two'], ['second', 1, 'two'], ['third', 1, 'two'], 'after']);
  });

  it('that are made while it runs hear the next one [F2]', async () => {
    const { socket, peer } = await connected(transport);
    const heard: unknown[] = [];
    socket.once('e', () => socket.on('e', (n) => heard.push(n)));

    await peer.send('42["e",1]', '42["e",2]', '42["echo"]');
    await peer.next();

    expect(heard).toEqual([2]);
  });

  it('hear nothing of a joined payload behind the packet upon which the session ended [R5]', async () => {
    const { socket, peer } = await connected(transport);
    const heard: unknown[] = [];
    socket.on('e', (n) => {
      heard.push(n);
      if (n === 2) socket.conn.close(true);
    });

    await peer.send('42["e",1]\x1e42["e",2]\x1e42["e",3]').catch(() => {});
    await untilGone(peer);

    expect(heard).toEqual([1, 2]);
  });
});

describe('a control frame of WebSocket', () => {
  it('is answered by a pong, and is no heartbeat of Engine.IO [I19]', async () => {
    const { io, port } = await startServer();
    const joined = nextEvent(io, 'connection');
    const raw = await openRawWebSocket(port, '/socket.io/');
    raw.write(textFrame('40'));
    const [{ conn }] = (await joined) as [Socket];
    const heartbeats: string[] = [];
    conn.on('ping', () => heartbeats.push('ping')).on('heartbeat', () => heartbeats.push('pong'));
    const before = conn.transport.bytesReceived;

    raw.write(Buffer.of(0x89, 0x82, 0, 0, 0, 0, 0x68, 0x69));

    await raw.arrival('\x8a\x02hi');
    expect(heartbeats).toEqual([]);
    // A proxy may send them: they are no sign of life.
    expect(conn.transport.bytesReceived).toBe(before);
  });
});
