import { createServer } from 'node:http';
import { instrument } from '@socket.io/admin-ui';
import type { Socket as ClientSocket } from 'socket.io-client';
import { Server } from '../../src/server.js';
import { cleanup } from '../support/cleanup.js';
import { connectClient, openClient, WAYS } from '../support/official-client.js';
import { listen, startServer, type RunningServer } from '../support/server.js';
import { nextEvent, within } from '../support/until.js';

type InstrumentOptions = Parameters<typeof instrument>[1];

/** What the admin UI is told is also told to this client of its namespace. */
describe('instrument() of @socket.io/admin-ui', () => {
  async function start(options: Partial<InstrumentOptions> = {}): Promise<RunningServer> {
    const server = await startServer();
    server.io.of('/chat');
    instrument(server.io as never, { auth: false, mode: 'development', ...options });
    return server;
  }

  /** The admin's client, once it has got what each one gets at first. */
  async function connectAdmin({ origin }: { origin: string }) {
    const admin = openClient(`${origin}/admin`);
    const [[config], [sockets]] = await Promise.all([nextEvent(admin, 'config'), nextEvent(admin, 'all_sockets')]);
    return { admin, config, sockets: sockets as { id: string }[] };
  }

  it('says what it can do, and which sockets there are', async () => {
    const server = await start();
    const client = await connectClient(`${server.origin}/chat`, { query: { q: '1' } });
    const { admin, config, sockets } = await connectAdmin(server);
    expect(config).toEqual({
      supportedFeatures: expect.arrayContaining(['EMIT', 'MJOIN', 'MLEAVE', 'MDISCONNECT', 'ALL_EVENTS']),
    });
    expect(sockets.map(({ id }) => id).sort()).toEqual([client.id, admin.id].sort());
    expect(sockets.find(({ id }) => id === client.id)).toEqual({
      id: client.id,
      clientId: expect.any(String),
      transport: 'websocket',
      nsp: '/chat',
      data: {},
      rooms: [client.id],
      handshake: expect.objectContaining({ address: '127.0.0.1', query: expect.objectContaining({ q: '1' }) }),
    });
  });

  it('tells of sockets that come, upgrade, change their data and go', async () => {
    const server = await start();
    const { admin } = await connectAdmin(server);
    const connected = nextEvent(admin, 'socket_connected');
    const joined = next(admin, 'socket_updated', (update: { transport?: string }) => update.transport !== undefined);
    const client = await connectClient(server.origin, WAYS.upgrade);
    expect((await connected)[0]).toMatchObject({ id: client.id, nsp: '/', transport: 'polling', rooms: [client.id] });
    expect(await joined).toEqual([{ id: client.id, nsp: '/', transport: 'websocket' }]);

    const updated = next(admin, 'socket_updated', ({ data }: { data?: { name?: string } }) => data?.name === 'Ada');
    server.io.sockets.sockets.get(client.id!)!.data.name = 'Ada';
    expect(await updated).toEqual([{ id: client.id, nsp: '/', data: { name: 'Ada' } }]);

    const gone = nextEvent(admin, 'socket_disconnected');
    const { id } = client;
    client.disconnect();
    expect(await gone).toEqual(['/', id, 'client namespace disconnect', expect.any(String)]);
  });

  it('tells of rooms and events', async () => {
    const server = await start();
    server.io.of('/chat').on('connection', (socket) => {
      socket.on('sum', (a: number, b: number, ack: (sum: number) => void) => ack(a + b));
    });
    const { admin } = await connectAdmin(server);
    const client = await connectClient(`${server.origin}/chat`);
    const socket = server.io.of('/chat').sockets.get(client.id!)!;
    const at = expect.any(String);

    const joined = next(admin, 'room_joined', (_nsp, room) => room === 'tea');
    await socket.join('tea');
    expect(await joined).toEqual(['/chat', 'tea', client.id, at]);
    const left = nextEvent(admin, 'room_left');
    await socket.leave('tea');
    expect(await left).toEqual(['/chat', 'tea', client.id, at]);

    const received = nextEvent(admin, 'event_received');
    expect(await client.emitWithAck('sum', 1, 2)).toBe(3);
    expect(await received).toEqual(['/chat', client.id, ['sum', 1, 2], at]);
    const sent = nextEvent(admin, 'event_sent');
    server.io.of('/chat').emit('news', { n: 1 });
    expect(await sent).toEqual(['/chat', client.id, ['news', { n: 1 }], at]);
  });

  it('tells the numbers of the server', async () => {
    const server = await start({ serverId: 'server-1' });
    const { admin } = await connectAdmin(server);
    await connectClient(server.origin, WAYS.polling);
    const [stats] = await nextEvent(admin, 'server_stats', 4_500);
    expect(stats).toMatchObject({
      serverId: 'server-1',
      clientsCount: 2,
      pollingClientsCount: 1,
      namespaces: [
        { name: '/', socketsCount: 1 },
        { name: '/chat', socketsCount: 0 },
        { name: '/admin', socketsCount: 1 },
      ],
    });
    const counted = (stats as { aggregatedEvents: { type: string; count: number }[] }).aggregatedEvents;
    const types = counted.filter(({ count }) => count > 0).map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining(['rawConnection', 'packetsIn', 'packetsOut', 'bytesIn', 'bytesOut']));
  });

  it('does what the admin asks for', async () => {
    const server = await start();
    const { admin } = await connectAdmin(server);
    const [client, other] = [await connectClient(server.origin), await connectClient(server.origin)];
    const adapter = server.io.of('/').adapter;

    const heard = nextEvent(client, 'hello');
    admin.emit('emit', '/', client.id, 'hello', 'world', { n: 1 });
    expect(await heard).toEqual(['world', { n: 1 }]);

    const joined = nextEvent(adapter, 'join-room');
    admin.emit('join', '/', 'room', client.id);
    expect(await joined).toEqual(['room', client.id]);
    const left = nextEvent(adapter, 'leave-room');
    admin.emit('leave', '/', 'room', client.id);
    expect(await left).toEqual(['room', client.id]);

    const gone = nextEvent(client, 'disconnect');
    admin.emit('_disconnect', '/', true, client.id);
    expect((await gone)[0]).toBe('io server disconnect');
    expect(other.connected).toBe(true);
  });

  it('lets in who knows the password, and with the session it then gives', async () => {
    // The password is "changeit".
    const password = '$2b$10$heqvAkYMez.Va6Et2uXInOnkCT6/uQj1brkrbyG3LpopDklcq7ZOS';
    const server = await start({ auth: { type: 'basic', username: 'admin', password } });
    const url = `${server.origin}/admin`;
    const refused = openClient(url, { auth: { username: 'admin', password: 'wrong' } });
    expect((await nextEvent(refused, 'connect_error'))[0]).toMatchObject({ message: 'invalid credentials' });
    const admin = openClient(url, { auth: { username: 'admin', password: 'changeit' } });
    const [sessionId] = await nextEvent(admin, 'session');
    await connectClient(url, { auth: { sessionId } });
  });

  it('can be called before the server is attached', async () => {
    const io = new Server({ serveClient: false });
    instrument(io as never, { auth: false, mode: 'development' });
    const http = createServer();
    io.attach(http);
    cleanup(() => io.close());
    const origin = `http://127.0.0.1:${await listen(http)}`;
    const { admin } = await connectAdmin({ origin });
    const [stats] = await nextEvent(admin, 'server_stats', 4_500);
    expect(stats).toMatchObject({ clientsCount: 1 });
  });
});

/** The arguments of the next such event that is the one meant. */
function next(client: ClientSocket, event: string, isMeant: (...args: any[]) => boolean): Promise<unknown[]> {
  const found = new Promise<unknown[]>((resolve) => {
    client.on(event, (...args: unknown[]) => {
      if (isMeant(...args)) resolve(args);
    });
  });
  return within(found, `the event "${event}"`);
}
