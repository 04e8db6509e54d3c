import { memoryLedger } from '../../../src/ledger/index.js';
import { MODULE_DEFAULTS, type ServerOptions, type Socket } from '../../../src/socketio/index.js';
import { usersContract } from '../../contract/users.contract.js';
import { overBus, overMemoryLedger } from '../../ecosystem/support/memory-adapters.js';
import { connectClient, openClient, type ClientSocket } from '../../support/official-client.js';
import { startServer, type RunningServer } from '../../support/server.js';
import { nextEvent, until } from '../../support/until.js';

describe('users of one server, without a store', () => {
  usersContract(() => () => undefined as never, { servers: 1 });
});

describe('users over the base of published adapters', () => {
  usersContract(overBus, { servers: 3 });
});

describe('users over a ledger', () => {
  usersContract(overMemoryLedger, { servers: 3 });
});

describe('Socket#identify', () => {
  it.each([
    ['', {}, 'userId'],
    [1, {}, 'userId'],
    ['ada', { expiresAt: 'soon' }, 'expiresAt'],
    ['ada', { graceMs: -1 }, 'graceMs'],
    ['ada', { graceMs: Infinity }, 'graceMs'],
  ])('refuses %j with %j', async (userId, options, name) => {
    const { socket } = await connected();
    expect(() => socket.identify(userId as string, options as never)).toThrow(`Invalid option "${name}"`);
    expect(socket.userId).toBeUndefined();
  });

  it('replaces the user and the time when it is called again', async () => {
    const { server, client, socket } = await connected();
    socket.identify('ada', { expiresAt: Date.now() + 50 });
    socket.identify('bob', { expiresAt: new Date(Date.now() + 60_000) });
    expect(socket.userId).toBe('bob');
    expect(await server.io.user('ada').fetchSockets()).toEqual([]);
    expect(await server.io.user('bob').fetchSockets()).toHaveLength(1);
    const answered = nextEvent(client, 'echo');
    setTimeout(() => client.emit('echo', 1), 100);
    expect(await answered).toEqual([1]);
  });

  it('extends the time when the client was told that it ends', async () => {
    const { client, socket } = await connected();
    client.on('credentials_expired', () => client.emit('renew'));
    socket.on('renew', () => socket.identify('ada'));
    const told = nextEvent(client, 'credentials_expired');
    socket.identify('ada', { expiresAt: Date.now() + 200, graceMs: 150 });
    await told;
    const answered = nextEvent(client, 'echo');
    setTimeout(() => client.emit('echo'), 300);
    await answered;
  });

  it('keeps no timer once the socket is gone', async () => {
    const { server, client, socket } = await connected();
    const before = server.io.wheel.size;
    socket.identify('ada', { expiresAt: Date.now() + 60_000 });
    expect(server.io.wheel.size).toBe(before + 1);
    const gone = nextEvent(socket, 'disconnect');
    client.disconnect();
    await gone;
    await until(() => server.io.wheel.size <= before);
  });

  it('survives leaveAll(), so that the user can still be disconnected', async () => {
    const { server, socket } = await connected();
    socket.identify('ada');
    socket.leaveAll();
    const gone = nextEvent(socket, 'disconnect');
    await server.io.user('ada').disconnect();
    await gone;
  });

  it('refuses a client whose credentials end before it is let in', async () => {
    const server = await startServer();
    server.io.use((socket, next) => {
      socket.identify('ada', { expiresAt: Date.now() - 1 });
      setTimeout(next, 20);
    });
    const [error] = await nextEvent(openClient(server.origin), 'connect_error');
    const message = 'the credentials of the socket have expired';
    expect(error).toMatchObject({ message, data: { status: 'error', message, code: 'CREDENTIALS_EXPIRED' } });
    expect(await server.io.user('ada').fetchSockets()).toEqual([]);
  });

  it('lets a user be disconnected whose client is still being decided about', async () => {
    const server = await startServer();
    const asked = new Promise<void>((resolve) => {
      server.io.use((socket) => {
        socket.identify('ada');
        resolve();
      });
    });
    const client = openClient(server.origin);
    await asked;
    await server.io.user('ada').disconnect();
    await until(() => !client.io.engine || client.io.engine.readyState !== 'open');
    expect(server.io.sockets.sockets.size).toBe(0);
  });
});

describe('the rooms of users', () => {
  it('cannot be joined or left by a name that a client may have given', async () => {
    const { server, socket } = await connected();
    socket.identify('ada');
    const [room] = [...socket.rooms].filter((name) => name.includes('user:'));
    expect(() => socket.join(room)).toThrow(TypeError);
    expect(() => socket.join(['lobby', room])).toThrow(TypeError);
    expect(() => socket.leave(room)).toThrow(TypeError);
    expect(() => server.io.socketsJoin(room)).toThrow(TypeError);
    expect(() => server.io.in('lobby').socketsLeave([room])).toThrow(TypeError);
    expect(socket.rooms.has('lobby')).toBe(false);
  });
});

describe.each([
  ['in memory', () => ({ connectionStateRecovery: {} })],
  ['over a ledger', () => ({ ...memoryLedger() })],
])('a session that is recovered, %s,', (_where, optionsOf: () => ServerOptions) => {
  it('goes on for the same user, until the same time', async () => {
    const { server, client, socket } = await connected(optionsOf());
    const expiresAt = Date.now() + 1_500;
    socket.identify('ada', { expiresAt });
    await heardOnce(server, client);
    const restored = await comeBack(server, client, socket);
    expect([restored.recovered, restored.userId]).toEqual([true, 'ada']);
    const [, { code }] = (await nextEvent(restored, 'disconnect')) as [string, { code: string }];
    expect(code).toBe('CREDENTIALS_EXPIRED');
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt);
  });

  it('is refused once its time is over', async () => {
    const { server, client, socket } = await connected(optionsOf());
    const expiresAt = Date.now() + 150;
    socket.identify('ada', { expiresAt });
    await heardOnce(server, client);
    await cutOff(client, socket);
    await until(() => Date.now() > expiresAt);
    const fresh = await connectAgain(server, client);
    expect([fresh.recovered, fresh.userId, fresh.id === socket.id]).toEqual([false, undefined, false]);
  });

  it('is refused once its user was disconnected', async () => {
    const { server, client, socket } = await connected(optionsOf());
    socket.identify('ada');
    await heardOnce(server, client);
    await cutOff(client, socket);
    await server.io.user('ada').disconnect();
    const [[again], [reason]] = await Promise.all([
      nextEvent(server.io, 'connection'),
      Promise.race([nextEvent(client, 'disconnect'), nextEvent(client, 'connect').then(() => ['connected'])]),
      client.connect(),
    ]);
    // In memory the client begins anew; a ledger tells it the end in its turn.
    const { recovered } = again as Socket;
    if (recovered) await until(() => client.disconnected);
    expect([recovered, reason]).toEqual(recovered ? [true, expect.anything()] : [false, 'connected']);
    expect(await server.io.user('ada').fetchSockets()).toEqual([]);
  });

  it('takes what handlers of the handshake say anew', async () => {
    const options = { ...optionsOf() };
    const server = await startServer(options, { ...MODULE_DEFAULTS, strict: false });
    let userId = 'ada';
    server.io.use((socket, next) => {
      socket.identify(userId, { expiresAt: Date.now() + 60_000 });
      next();
    });
    const connection = nextEvent(server.io, 'connection') as Promise<[Socket]>;
    const client = await connectClient(server.origin);
    const [socket] = await connection;
    await heardOnce(server, client);
    userId = 'bob';
    const restored = await comeBack(server, client, socket);
    expect([restored.recovered, restored.userId]).toEqual([true, 'bob']);
    expect(await server.io.user('ada').fetchSockets()).toEqual([]);
    expect([...restored.rooms].filter((room) => room.includes('until:'))).toHaveLength(1);
  });
});

async function connected(options: ServerOptions = {}) {
  const server = await startServer(options);
  const connection = nextEvent(server.io, 'connection') as Promise<[Socket]>;
  const client = await connectClient(server.origin);
  const [socket] = await connection;
  return { server, client, socket };
}

/** Gives the client an offset. */
async function heardOnce({ io }: RunningServer, client: ClientSocket): Promise<void> {
  const heard = nextEvent(client, 'offset');
  io.emit('offset');
  await heard;
}

async function cutOff(client: ClientSocket, socket: Socket): Promise<void> {
  const left = nextEvent(socket, 'disconnect');
  client.io.engine.close();
  await left;
  await until(() => client.disconnected);
}

async function connectAgain({ io }: RunningServer, client: ClientSocket): Promise<Socket> {
  const [[socket]] = await Promise.all([
    nextEvent(io, 'connection') as Promise<[Socket]>,
    nextEvent(client, 'connect'),
    client.connect(),
  ]);
  return socket;
}

async function comeBack(server: RunningServer, client: ClientSocket, socket: Socket): Promise<Socket> {
  await cutOff(client, socket);
  return connectAgain(server, client);
}
