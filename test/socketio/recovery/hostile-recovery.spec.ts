import type { Server, ServerOptions, Socket } from '../../../src/socketio/index.js';
import { joinedPeer } from '../../support/peer.js';
import { connectClient, openClient, type ClientSocket } from '../../support/official-client.js';
import { startServer } from '../../support/server.js';
import { nextEvent, until } from '../../support/until.js';

describe('an offset of connection state recovery', () => {
  it('shows neither its position nor how much was sent', async () => {
    const { io, origin } = await serve();
    const offsets = await offsetsOf(await connectClient(origin), io, 3);
    expect(new Set(offsets).size).toBe(3);
    for (const offset of offsets) expect(offset).toMatch(/^[\w-]{22}$/);
  });

  it('is refused if it was made up, or is older than the session', async () => {
    const { io, origin } = await serve();
    const early = await connectClient(origin);
    const [before] = await offsetsOf(early, io, 1);
    io.emit('secret');
    const client = await connectClient(origin);
    const { pid } = idsOf(client);
    for (const offset of [before, 'x'.repeat(22), '', before.slice(0, -1)]) {
      client.io.engine.close();
      await until(() => io.sockets.sockets.size === 1, 'it is away');
      const back = openClient(origin, { auth: { pid, offset } });
      const got: unknown[] = [];
      back.onAny((...args: unknown[]) => got.push(args));
      await nextEvent(back, 'connect');
      expect(lastOf(io).recovered).toBe(false);
      expect(got).toEqual([]);
      back.disconnect();
    }
  });
});

describe('a comeback', () => {
  it('that is refused shows nothing, and does not use the session up', async () => {
    let isExpired = false;
    const { io, origin } = await serve({ connectionStateRecovery: { skipMiddlewares: false } });
    io.use((_socket, next) => next(isExpired ? new Error('expired') : undefined));
    const client = await connectClient(origin);
    const { pid } = idsOf(client);
    cut(client);
    await until(() => io.sockets.sockets.size === 0, 'it is away');
    io.emit('missed');
    isExpired = true;
    const refused = openClient(origin, { auth: { pid } });
    const got: unknown[] = [];
    refused.onAny((...args: unknown[]) => got.push(args));
    await nextEvent(refused, 'connect_error');
    expect(got).toEqual([]);
    isExpired = false;
    const back = openClient(origin, { auth: { pid } });
    const heard = nextEvent(back, 'missed');
    await heard;
    expect(lastOf(io).recovered).toBe(true);
  });

  it('is not broken by a volatile event in between', async () => {
    const { io, origin } = await serve();
    const client = await connectClient(origin);
    io.emit('first');
    await nextEvent(client, 'first');
    await new Promise(setImmediate);
    io.volatile.emit('position', 'text');
    await nextEvent(client, 'position');
    await comeBack(io, origin, client);
    expect(lastOf(io).recovered).toBe(true);
  });

  it('replays what was sent, not what became of it', async () => {
    const { io, origin } = await serve();
    const client = await connectClient(origin);
    const { pid } = idsOf(client);
    cut(client);
    await until(() => io.sockets.sockets.size === 0, 'it is away');
    const value = { text: 'then', bytes: Buffer.from('then') };
    io.emit('value', value);
    value.text = 'later';
    value.bytes.fill('x');
    expect(() => io.emit('poison', 1n)).toThrow();
    const back = openClient(origin, { auth: { pid } });
    const [got] = await nextEvent(back, 'value');
    expect(got).toEqual({ text: 'then', bytes: Buffer.from('then') });
  });

  it('replays what was emitted before the CONNECT reply, with its bytes', async () => {
    const { io, origin } = await serve();
    io.use((socket, next) => {
      if (!socket.recovered) socket.emit('early', 1, Buffer.of(2));
      next();
    });
    const client = await connectClient(origin);
    const { pid } = idsOf(client);
    const back = openClient(origin, { auth: { pid } });
    expect((await nextEvent(back, 'early')).slice(0, 2)).toEqual([1, Buffer.of(2)]);
    expect(lastOf(io).recovered).toBe(true);
  });
});

describe('a client that is away', () => {
  it.each<[string, (io: Server, socket: Socket) => unknown, string[]]>([
    ['socketsLeave', (io) => io.in('user').socketsLeave('vip'), ['user']],
    ['socketsJoin', (io) => io.in('user').socketsJoin(['new', 'user']), ['new', 'user', 'vip']],
    ['leave', (_io, socket) => socket.leave('vip'), ['user']],
    ['join', (_io, socket) => socket.join('new'), ['new', 'user', 'vip']],
    ['leaveAll', (_io, socket) => socket.leaveAll(), []],
    ['except, which leaves it out', (io) => io.except('vip').socketsLeave('user'), ['user', 'vip']],
    ['an empty list, which is nobody', (io) => io.in([]).socketsLeave('user'), ['user', 'vip']],
  ])('is reached by %s', async (_call, call, rooms) => {
    const { io, origin } = await serve();
    const { client, socket } = await joined(io, origin);
    const { pid } = idsOf(client);
    cut(client);
    await until(() => io.sockets.sockets.size === 0, 'it is away');
    await call(io, socket);
    const opened = nextEvent(io, 'connection');
    openClient(origin, { auth: { pid } });
    const [back] = (await opened) as [Socket];
    expect(back.recovered).toBe(true);
    expect([...back.rooms].filter((room) => room !== back.id).sort()).toEqual(rooms);
  });

  it.each<[string, (io: Server, socket: Socket) => unknown]>([
    ['disconnectSockets', (io) => io.in('user').disconnectSockets()],
    ['disconnect', (_io, socket) => socket.disconnect(true)],
  ])('begins anew after %s', async (_call, call) => {
    const { io, origin } = await serve();
    const { client, socket } = await joined(io, origin);
    const { pid } = idsOf(client);
    cut(client);
    await until(() => io.sockets.sockets.size === 0, 'it is away');
    await call(io, socket);
    await connectClient(origin, { auth: { pid } });
    expect(lastOf(io).recovered).toBe(false);
  });

  it('is refused if it was ended while it came back', async () => {
    const { io, origin } = await serve({ connectionStateRecovery: { skipMiddlewares: false } });
    const { client } = await joined(io, origin);
    const { pid } = idsOf(client);
    cut(client);
    await until(() => io.sockets.sockets.size === 0, 'it is away');
    io.use((_socket, next) => {
      void io.in('user').disconnectSockets();
      next();
    });
    await nextEvent(openClient(origin, { auth: { pid } }), 'connect_error');
    expect(io.sockets.sockets.size).toBe(0);
  });

  it('gets what is emitted to it, whatever rooms it has left', async () => {
    const { io, origin } = await serve();
    const { client, socket } = await joined(io, origin);
    socket.leaveAll();
    const heard = nextEvent(client, 'here');
    socket.emit('here');
    await heard;
    await comeBack(io, origin, client, () => socket.emit('away'));
    expect(lastOf(io).recovered).toBe(true);
  });
});

describe('what is kept for clients that are away', () => {
  it('is bounded in bytes, tiny packets included: the oldest go, and who needs them begins anew', async () => {
    const { io, origin } = await serve({ connectionStateRecovery: { maxLogBytes: 20_000 } });
    const client = await connectClient(origin);
    const { pid } = idsOf(client);
    cut(client);
    await until(() => io.sockets.sockets.size === 0, 'it is away');
    for (let i = 0; i < 30; i++) io.emit('tiny', i);
    const back = openClient(origin, { auth: { pid } });
    await nextEvent(back, 'connect');
    expect(lastOf(io).recovered).toBe(true);
    const other = idsOf(back);
    cut(back);
    await until(() => io.sockets.sockets.size === 0, 'it is away');
    for (let i = 0; i < 10; i++) io.emit('large', 'x'.repeat(5_000));
    expect(io.recoveryMemory.log.bytes).toBeLessThanOrEqual(20_000);
    await connectClient(origin, { auth: { pid: other.pid, offset: other.offset } });
    expect(lastOf(io).recovered).toBe(false);
  });

  it('holds few bytes for each session, and the oldest of these go too', async () => {
    const { io, url } = await serve({ connectionStateRecovery: { maxLogBytes: 4_000 } });
    const expired: unknown[] = [];
    io.on('session_expired', (session) => expired.push(session));
    for (let i = 0; i < 12; i++) await (await joinedPeer('websocket', url)).leave();
    await until(() => io.sockets.sockets.size === 0, 'all are away');
    expect(io.recoveryMemory.size).toBe(10);
    expect(expired).toHaveLength(2);
  });
});

async function serve(options: ServerOptions = {}) {
  return startServer({ connectionStateRecovery: {}, ...options });
}

async function joined(io: Server, origin: string) {
  const opened = nextEvent(io, 'connection');
  const client = await connectClient(origin);
  const [socket] = (await opened) as [Socket];
  socket.join(['user', 'vip']);
  return { client, socket };
}

async function offsetsOf(client: ClientSocket, io: Server, count: number): Promise<string[]> {
  const offsets: string[] = [];
  client.on('counted', (offset: string) => offsets.push(offset));
  for (let i = 0; i < count; i++) io.emit('counted');
  await until(() => offsets.length === count, 'all have come');
  return offsets;
}

/** Cuts a client and shows what it has as a client of its own. */
async function comeBack(io: Server, origin: string, client: ClientSocket, meanwhile = (): void => {}) {
  const ids = idsOf(client);
  cut(client);
  await until(() => io.sockets.sockets.size === 0, 'it is away');
  meanwhile();
  return connectClient(origin, { auth: ids });
}

/** The socket that was let in last. */
function lastOf(io: Server): Socket {
  return [...io.sockets.sockets.values()].at(-1)!;
}

function cut(client: ClientSocket): void {
  client.io.reconnection(false);
  client.io.engine.close();
}

function idsOf(client: ClientSocket): { pid: string; offset: string | undefined } {
  const { _pid: pid, _lastOffset: offset } = client as never as { _pid: string; _lastOffset?: string };
  return { pid, offset };
}
