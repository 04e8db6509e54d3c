import type { Socket } from '../../../src/socketio/index.js';
import { openRawWebSocket, textFrame } from '../../support/raw-socket.js';
import { TRANSPORTS, joinedPeer, type Peer, type PeerTransport } from '../../support/peer.js';
import { startServer, type RunningServer } from '../../support/server.js';
import { nextEvent } from '../../support/until.js';

interface Member {
  peer: Peer;
  socket: Socket;
}

async function join(server: RunningServer, transport: PeerTransport, namespace = '/'): Promise<Member> {
  const peer = await joinedPeer(transport, server.url);
  if (namespace !== '/') {
    await peer.send(`40${namespace},`);
    await peer.next();
  }
  return { peer, socket: [...server.io.of(namespace).sockets.values()].at(-1)! };
}

describe.each(TRANSPORTS)('Socket, over %s', (transport) => {
  it('#emitTo reaches one socket of any namespace, and says where there is none [G3, G4]', async () => {
    const server = await startServer();
    server.io.of('/other');
    const [self, other] = [await join(server, transport), await join(server, transport, '/other')];

    expect(await self.socket.emitTo(other.socket.id, 'note', 1, 'a')).toBe(true);
    expect(await self.socket.emitTo('nobody', 'note')).toBe(false);

    expect(await other.peer.next()).toBe('42/other,["note",1,"a"]');
    other.socket.disconnect();
    expect(await self.socket.emitTo(other.socket.id, 'note')).toBe(false);
    expect(server.errors).toEqual([]);
  });

  it('#emitToList reaches each socket once, itself included, and tells who is gone [G5]', async () => {
    const server = await startServer();
    const [self, other] = [await join(server, transport), await join(server, transport)];
    const ids = [other.socket.id, 'gone', self.socket.id, other.socket.id];

    expect(await self.socket.emitToList(ids, 'note')).toEqual(['gone']);
    for (const { socket, peer } of [self, other]) {
      socket.emit('end');
      expect([await peer.next(), await peer.next()]).toEqual(['42["note"]', '42["end"]']);
    }
  });

  it('#broadcast leaves itself out; its namespace does not [G2]', async () => {
    const server = await startServer();
    const [self, other] = [await join(server, transport), await join(server, transport)];

    self.socket.broadcast.emit('others');
    self.socket.nsp.emit('all');

    expect(await self.peer.next()).toBe('42["all"]');
    expect([await other.peer.next(), await other.peer.next()]).toEqual(['42["others"]', '42["all"]']);
  });

  it('#fire runs the handlers of this socket, and nothing travels [F7]', async () => {
    const server = await startServer();
    const [self, other] = [await join(server, transport), await join(server, transport)];
    const heard: unknown[] = [];
    self.socket.on('note', (...args) => heard.push(['self', ...args]));
    other.socket.on('note', (...args) => heard.push(['other', ...args]));

    self.socket.fire('note', 1, undefined);
    expect(heard).toEqual([['self', 1, undefined]]);

    self.socket.emit('end');
    expect(await self.peer.next()).toBe('42["end"]');
    self.socket.disconnect();
    self.socket.fire('note', 2);
    expect(heard).toHaveLength(1);
  });

  it('refuses reserved names at once, of events that are sent or fired [O9]', async () => {
    const server = await startServer();
    const { socket } = await join(server, transport);
    expect(() => socket.emit('disconnect')).toThrow('"disconnect" is a reserved event name');
    expect(() => socket.fire('connect')).toThrow('"connect" is a reserved event name');
    await expect(socket.emitTo(socket.id, 'disconnect')).rejects.toThrow('reserved event name');
    await expect(socket.emitTo('nobody', 'disconnect')).rejects.toThrow('reserved event name');
    expect(socket.connected).toBe(true);
  });
});

describe('a client whose connection is reset', () => {
  it('is gone: nobody has its id, and nothing waits for it [C11]', async () => {
    const server = await startServer();
    const { socket: other } = await join(server, 'websocket');
    const joined = nextEvent(server.io, 'connection');
    const raw = await openRawWebSocket(server.port, '/socket.io/');
    raw.write(textFrame('40'));
    const [socket] = (await joined) as [Socket];
    const gone = nextEvent(socket, 'disconnect');

    raw.drop(true);

    expect((await gone)[0]).toMatch(/^transport (close|error)$/);
    expect(await other.emitTo(socket.id, 'note')).toBe(false);
    expect([server.io.engine.clientsCount, server.errors]).toEqual([1, []]);
  });
});
