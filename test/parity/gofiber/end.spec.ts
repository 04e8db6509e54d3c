import type { Socket } from '../../../src/socketio/index.js';
import { connectClient, WAYS, type Way } from '../../support/official-client.js';
import { TRANSPORTS, joinedPeer } from '../../support/peer.js';
import { startServer } from '../../support/server.js';
import { nextEvent, until } from '../../support/until.js';

describe.each(Object.keys(WAYS) as Way[])('an official client over %s that this side disconnects', (way) => {
  it.each([false, true])(
    'hears of it once, behind all that was sent, and for good (close: %p) [P22, C1, C2]',
    async (close) => {
      const { io, origin } = await startServer();
      const joined = nextEvent(io, 'connection');
      const client = await connectClient(origin, { ...WAYS[way], reconnection: true });
      const [socket] = (await joined) as [Socket];
      const heard: unknown[] = [];
      client.onAny((event: string) => heard.push(event));
      client.on('disconnect', (reason) => heard.push(reason));
      const engineClosed = nextEvent(client.io.engine, 'close');

      socket.emit('last');
      socket.emit('words');
      socket.disconnect(close);
      await engineClosed;
      await until(() => io.engine.clientsCount === 0);

      expect(heard).toEqual(['last', 'words', 'io server disconnect']);
      expect(client.active).toBe(false);
    },
  );
});

describe.each(TRANSPORTS)('the end of a session, over %s', (transport) => {
  it('is told a silent client by nothing but the end itself [B7]', async () => {
    const { io, url } = await startServer({ pingInterval: 400, pingTimeout: 100 });
    const closed = nextEvent(io, 'connection').then(([socket]) => nextEvent((socket as Socket).conn, 'close'));
    const peer = await joinedPeer(transport, url);

    expect(await peer.next()).toBe('2');
    await expect(peer.next()).rejects.toThrow(/closed|gone/);

    expect(await closed).toEqual(['ping timeout', expect.objectContaining({ code: 'PING_TIMEOUT' })]);
  });
});
