import type { Socket } from '../../src/socketio/index.js';
import { openClient } from '../support/official-client.js';
import { startServer } from '../support/server.js';
import { nextEvent, until } from '../support/until.js';
import { offerWebTransport } from '../support/webtransport.js';

describe.each([
  { transports: ['webtransport'], name: 'WebTransport' },
  { transports: ['polling', 'webtransport'], name: 'an upgrade to it' },
])('socket.io-client 4.8 over $name', ({ transports }) => {
  it('connects, exchanges events, acks and bytes, and leaves nothing behind', async () => {
    const server = await startServer({ transports: ['polling', 'webtransport'] });
    offerWebTransport(server);
    const joined = nextEvent(server.io, 'connection');
    const client = openClient(server.origin, { transports });
    await nextEvent(client, 'connect');
    const [socket] = (await joined) as [Socket];
    await until(
      () => socket.conn.transport.name === 'webtransport' && client.io.engine.transport.name === 'webtransport',
    );

    for (const args of [['é€😀', 1], [Buffer.of(1, 2), { deep: Buffer.alloc(200_000, 3) }], ['x'.repeat(70_000)]]) {
      const back = nextEvent(client, 'echo');
      client.emit('echo', ...args);
      expect(await back).toEqual(args);
      expect(await client.emitWithAck('echo', args[0])).toEqual(args[0]);
    }
    const told = nextEvent(client, 'news');
    server.io.emit('news', Buffer.of(9));
    expect(await told).toEqual([Buffer.of(9)]);
    expect(socket.handshake.address).toBe(transports.length === 1 ? '' : '127.0.0.1');

    const gone = nextEvent(socket, 'disconnect');
    client.disconnect();
    expect((await gone)[0]).toBe('client namespace disconnect');
    await until(() => server.io.engine.clientsCount === 0 && server.io.wheel.size === 0);
  });

  it('is disconnected, and told so', async () => {
    const server = await startServer({ transports: ['polling', 'webtransport'] });
    offerWebTransport(server);
    const joined = nextEvent(server.io, 'connection');
    const client = openClient(server.origin, { transports });
    await nextEvent(client, 'connect');
    const [socket] = (await joined) as [Socket];
    await until(() => socket.conn.transport.name === 'webtransport');
    const gone = nextEvent(client, 'disconnect');

    socket.disconnect(true);

    expect((await gone)[0]).toBe('io server disconnect');
  });
});
