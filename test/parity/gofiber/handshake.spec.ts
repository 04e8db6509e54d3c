import type { Socket } from '../../../src/socketio/index.js';
import { TRANSPORTS, openPeer, untilGone, type Peer } from '../../support/peer.js';
import { startServer } from '../../support/server.js';
import { nextEvent } from '../../support/until.js';

/** What a peer is sent until its session is over, or until this packet. */
async function readUntil(peer: Peer, last: string): Promise<unknown[]> {
  const packets: unknown[] = [];
  for (let packet; packet !== last; packets.push(packet)) packet = await peer.next();
  return packets;
}

describe.each(TRANSPORTS)('the first packets of a client, over %s', (transport) => {
  it('may come joined: CONNECT and an event behind it [H5]', async () => {
    const { url } = await startServer();
    const peer = await openPeer(transport, url);

    await peer.send('40\x1e42["echo","joined"]');

    expect(await peer.next()).toMatch(/^40\{"sid":"[\w-]{20}"\}$/);
    expect(await peer.next()).toBe('42["echo","joined"]');
  });

  it.each([
    ['44/nowhere,{"message":"Invalid namespace"}', '40/nowhere,'],
    ['44/nowhere,{"message":"Invalid namespace"}', '40/nowhere'],
    ['44{"message":"Invalid auth payload"}', '40[1]'],
    ['44/custom,{"message":"Invalid auth payload"}', '40/custom,"token"'],
    ['44{"message":"Invalid auth payload"}', `40{"a":"${'x'.repeat(8_185)}"}`],
  ])('that are refused by %s leave the connection open for another CONNECT [N2, N4, A2, A3]', async (error, packet) => {
    const { io, url } = await startServer();
    const connections: string[] = [];
    for (const name of ['/', '/custom']) io.of(name).on('connection', () => connections.push(name));
    const peer = await openPeer(transport, url);

    await peer.send(packet);
    expect(await peer.next()).toBe(error);
    expect(connections).toEqual([]);

    await peer.send('40');
    expect(await peer.next()).toMatch(/^40\{"sid":"[\w-]{20}"\}$/);
    expect(connections).toEqual(['/']);
  });

  it.each([`40{"a":"${'x'.repeat(8_184)}"}`, `40 {"a" : "${'x'.repeat(8_181)}"}`])(
    'may have 8,192 bytes of auth, white space included [A1]',
    async (packet) => {
      const { url } = await startServer();
      const peer = await openPeer(transport, url);
      expect(Buffer.byteLength(packet)).toBe(2 + 8_192);
      await peer.send(packet);
      expect(await peer.next()).toMatch(/^40\{/);
    },
  );

  it('are looked at by name, then by auth, then for whether the namespace is there [H8]', async () => {
    const { url } = await startServer();

    const peer = await openPeer(transport, url);
    await peer.send('40/nowhere,[1]');
    expect(await peer.next()).toBe('44/nowhere,{"message":"Invalid auth payload"}');
    await peer.send('40/no\x01where,[1]').catch(() => {});

    await untilGone(peer);
  });

  it.each<[string, (string | Buffer)[]]>([
    ['an event', ['42["echo",1]', '40']],
    ['an ack', ['430[]', '40']],
    ['a disconnect', ['41', '40']],
    ['bytes', [Buffer.of(1), '40']],
    ['an event of another namespace', ['42/custom,["echo",1]', '40']],
  ])('end the session where they are %s, and nothing behind them counts [H4, P9, P10]', async (_what, packets) => {
    const { io, url } = await startServer();
    let connections = 0;
    io.on('connection', () => connections++);
    const peer = await openPeer(transport, url);
    const closed = nextEvent([...io.engine.sessions.values()][0], 'close');

    await peer.send(...packets).catch(() => {});
    await untilGone(peer);

    expect((await closed)[0]).toBe('parse error');
    expect([connections, io.engine.clientsCount]).toEqual([0, 0]);
  });

  it('may be those of Engine.IO: a pong does nothing, a close ends the session [P11]', async () => {
    const { io, url } = await startServer();
    const peer = await openPeer(transport, url);
    await peer.send('3', '40');
    expect(await peer.next()).toMatch(/^40\{/);

    const other = await openPeer(transport, url);
    const closed = nextEvent([...io.engine.sessions.values()][1], 'close');
    await other.send('1');

    expect(await closed).toEqual(['transport close', expect.objectContaining({ code: 'PEER_CLOSED' })]);
  });

  it.each<[string, string[]]>([
    ['nothing', []],
    ['no CONNECT', ['3']],
    ['none that is let in', ['40/nowhere,']],
  ])(
    'come too late where there is %s within connectTimeout, told apart from other ends [H6]',
    async (_what, packets) => {
      const { io, url } = await startServer({ connectTimeout: 60 });
      const peer = await openPeer(transport, url);
      const closed = nextEvent([...io.engine.sessions.values()][0], 'close');

      await peer.send(...packets);
      await untilGone(peer);

      expect(await closed).toEqual(['forced close', expect.objectContaining({ code: 'CONNECT_TIMEOUT' })]);
      expect(io.stats()).toMatchObject({ closed: { CONNECT_TIMEOUT: 1 }, disconnected: {} });
    },
  );

  it('are answered before anything that goes to all [P4, G6]', async () => {
    const { io, url } = await startServer();
    const peer = await openPeer(transport, url);

    io.emit('too early');
    io.on('connection', (socket) => socket.emit('now'));
    await peer.send('40');

    const [reply, ...events] = await readUntil(peer, '42["now"]');
    expect(reply).toMatch(/^40\{/);
    expect(events).toEqual(['42["now"]']);
  });
});

describe.each(TRANSPORTS)('packets for another namespace, over %s', (transport) => {
  it.each(['41/other,', '42/other,["echo"]', '43/other,0[]'])(
    'that was never joined end the session: %s [N7, N10]',
    async (packet) => {
      const { io, url } = await startServer();
      const joined = nextEvent(io, 'connection');
      const peer = await openPeer(transport, url);
      await peer.send('40');
      const [socket] = (await joined) as [Socket];
      const gone = nextEvent(socket, 'disconnect');

      await peer.send(packet).catch(() => {});

      expect(await gone).toEqual(['parse error', expect.objectContaining({ code: 'NOT_CONNECTED' })]);
    },
  );

  it.each(['41/other,', '42/other,["echo"]', '43/other,0[]'])(
    'that was left are passed over, since they may have been on their way: %s [N10]',
    async (packet) => {
      const { io, url } = await startServer();
      io.of('/other');
      const peer = await openPeer(transport, url);
      await peer.send('40', '40/other,');
      await peer.send('41/other,', packet, '42["echo","still here"]');

      const packets = await readUntil(peer, '42["echo","still here"]');

      expect(packets).toEqual([
        expect.stringMatching(/^40\{/),
        expect.stringMatching(/^40\/other,\{/),
        '42["echo","still here"]',
      ]);
    },
  );
});

describe('the handshake of a client', () => {
  it('is that of the request which opened the session, over polling as well [P27, U6] [limitation: request]', async () => {
    const { io, port } = await startServer();
    const joined = nextEvent(io, 'connection');
    const query = 'EIO=4&transport=polling&room=a%20b';
    const base = `http://127.0.0.1:${port}/socket.io/`;
    const opened = await fetch(`${base}?${query}`, { headers: { cookie: 'k=v', 'x-tenant': 'one' } });
    const { sid } = JSON.parse((await opened.text()).slice(1)) as { sid: string };

    await fetch(`${base}?EIO=4&transport=polling&sid=${sid}`, {
      method: 'POST',
      body: '40{"token":"t"}',
      headers: { 'x-tenant': 'two' },
    });

    const [{ handshake }] = (await joined) as [Socket];
    expect(handshake.query).toMatchObject({ room: 'a b', transport: 'polling' });
    expect(handshake.headers).toMatchObject({ cookie: 'k=v', 'x-tenant': 'one' });
    expect(handshake.auth).toEqual({ token: 't' });
    expect(handshake.address).toMatch(/127\.0\.0\.1$/);
  });
});
