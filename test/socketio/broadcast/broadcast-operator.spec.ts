import { BroadcastOperator, type Socket } from '../../../src/socketio/index.js';
import { connectClient, type ClientSocket } from '../../support/official-client.js';
import { startServer, type RunningServer } from '../../support/server.js';
import { nextEvent, until } from '../../support/until.js';

describe('BroadcastOperator', () => {
  it('is immutable: each step gives another operator', async () => {
    const { server } = await crowd();
    const all = server.io.to('x');
    const steps = [all.to('y'), all.except('z'), all.volatile, all.local, all.compress(false), all.timeout(5)];

    expect(new Set([all, ...steps]).size).toBe(7);
    expect([...all.rooms]).toEqual(['x']);
    expect([...all.exceptRooms]).toEqual([]);
    expect(all.flags).toEqual({});
    expect([...steps[0].rooms]).toEqual(['x', 'y']);
    expect([...steps[1].exceptRooms]).toEqual(['z']);
    expect(steps.slice(2).map(({ flags }) => flags)).toEqual([
      { volatile: true },
      { local: true },
      { compress: false },
      { timeout: 5 },
    ]);
  });

  it('reaches a room, a union of rooms once, all but some, and nobody of an empty room [limitation: rooms]', async () => {
    const { server, sockets, reached } = await crowd();
    await sockets.a.join(['1', 'shared']);
    await sockets.b.join(['2', 'shared']);
    await sockets.c.join('3');
    const { io } = server;

    expect(await reached((event) => io.to('1').emit(event))).toEqual(['a']);
    expect(await reached((event) => io.in('1').to('2').emit(event))).toEqual(['a', 'b']);
    expect(await reached((event) => io.to(['1', 'shared', '2']).emit(event))).toEqual(['a', 'b']);
    expect(await reached((event) => io.to('shared').except('1').emit(event))).toEqual(['b']);
    expect(await reached((event) => io.except('shared').emit(event))).toEqual(['c']);
    expect(await reached((event) => io.except(['1', '3']).emit(event))).toEqual(['b']);
    expect(await reached((event) => io.to('nowhere').emit(event))).toEqual([]);
    expect(await reached((event) => io.except('nowhere').emit(event))).toEqual(['a', 'b', 'c']);
    expect(await reached((event) => io.emit(event))).toEqual(['a', 'b', 'c']);
    expect(await reached((event) => io.to(sockets.b.id).emit(event))).toEqual(['b']);
    expect(await reached((event) => io.local.to('1').emit(event))).toEqual(['a']);
  });

  it('leaves the socket out that it starts from', async () => {
    const { sockets, reached } = await crowd();
    await sockets.a.join('room');
    await sockets.b.join('room');

    expect(await reached((event) => sockets.a.broadcast.emit(event))).toEqual(['b', 'c']);
    expect(await reached((event) => sockets.a.to('room').emit(event))).toEqual(['b']);
    expect(await reached((event) => sockets.c.in('room').except(sockets.a.id).emit(event))).toEqual(['b']);
    expect(await reached((event) => sockets.a.except('room').emit(event))).toEqual(['c']);
  });

  it('takes the flags of the socket along, once', async () => {
    const { sockets } = await crowd();
    expect(sockets.a.volatile.compress(false).broadcast.flags).toEqual({ volatile: true, compress: false });
    expect(sockets.a.broadcast.flags).toEqual({});
  });

  it('carries bytes and many arguments, the same to each', async () => {
    const { server, clients } = await crowd();
    const received = Object.values(clients).map((client) => nextEvent(client, 'data'));

    server.io.emit('data', Buffer.of(1, 2), { deep: [Buffer.of(3)] }, 'text', null);

    for (const args of await Promise.all(received)) {
      expect(args).toEqual([Buffer.of(1, 2), { deep: [Buffer.of(3)] }, 'text', null]);
    }
  });

  it('drops volatile packets for who is not ready, and for nobody else', async () => {
    const { server, sockets, clients } = await crowd();
    const got: string[] = [];
    for (const [name, client] of Object.entries(clients)) client.on('tick', () => got.push(name));

    // The connection has something to send in this tick already.
    sockets.a.emit('other');
    server.io.volatile.emit('tick');
    server.io.emit('end');
    await Promise.all(Object.values(clients).map((client) => nextEvent(client, 'end')));

    expect(got.sort()).toEqual(['b', 'c']);
  });

  it('moves sockets between rooms and disconnects them', async () => {
    const { server, sockets, clients } = await crowd();
    await server.io.in(sockets.a.id).socketsJoin(['x', 'y']);
    expect([...sockets.a.rooms].sort()).toEqual([sockets.a.id, 'x', 'y'].sort());
    await server.io.in('x').socketsLeave('y');
    expect(sockets.a.rooms.has('y')).toBe(false);
    expect((await server.io.in('x').fetchSockets()).map(({ id }) => id)).toEqual([sockets.a.id]);
    const gone = nextEvent(clients.a, 'disconnect');
    await server.io.in('x').disconnectSockets();
    expect((await gone)[0]).toBe('io server disconnect');
    expect(server.io.sockets.sockets.size).toBe(2);
  });
});

describe('BroadcastOperator: acks', () => {
  it('gives all answers once everybody has answered', async () => {
    const { server, clients } = await crowd();
    for (const [name, client] of Object.entries(clients)) client.on('who', (reply: (n: string) => void) => reply(name));

    expect((await server.io.timeout(3000).emitWithAck('who')).sort()).toEqual(['a', 'b', 'c']);
    const called = await new Promise<unknown[]>((resolve) => {
      server.io.timeout(3000).emit('who', (...args: unknown[]) => resolve(args));
    });
    expect([called[0], (called[1] as string[]).sort()]).toEqual([null, ['a', 'b', 'c']]);
  });

  it('gives no answers at once where there is nobody to ask', async () => {
    const { server } = await crowd();
    expect(await server.io.to('nowhere').timeout(60_000).emitWithAck('who')).toEqual([]);
    expect(await server.io.of('/empty').timeout(60_000).emitWithAck('who')).toEqual([]);
  });

  it('gives an error and the answers so far when the time is over, and forgets the rest', async () => {
    const { server, sockets, clients } = await crowd();
    clients.a.on('who', (reply: (n: string) => void) => reply('a'));
    const late: (() => void)[] = [];
    clients.b.on('who', (reply: () => void) => void late.push(reply));

    const asked = server.io.timeout(60).emitWithAck('who');
    await expect(asked).rejects.toMatchObject({ name: 'AckError', code: 'ACK_TIMEOUT', responses: ['a'] });

    expect(Object.values(sockets).map(({ acks }) => acks.size)).toEqual([0, 0, 0]);
    late[0]();
    clients.b.emit('echo');
    await nextEvent(clients.b, 'echo');
    expect(server.errors).toEqual([]);
  });

  it('pain 18: counts out who leaves, instead of holding everyone to the timeout', async () => {
    const { server, sockets, clients } = await crowd();
    for (const name of ['a', 'b'] as const) clients[name].on('who', (reply: (n: string) => void) => reply(name));

    const asked = server.io.timeout(60_000).emitWithAck('who');
    clients.c.disconnect();

    expect(((await asked) as string[]).sort()).toEqual(['a', 'b']);
    expect(sockets.c.acks.size).toBe(0);
    expect(server.io.wheel.size).toBeLessThan(10);
  });

  it('rejects where the only one who was asked leaves', async () => {
    const { server, sockets, clients } = await crowd();
    const operator = new BroadcastOperator(server.io.sockets, new Set([sockets.a.id]), new Set(), {
      timeout: 60_000,
      expectSingleResponse: true,
    });
    const asked = (operator as unknown as { emitWithAck(event: string): Promise<unknown> }).emitWithAck('who');
    asked.catch(() => {});
    clients.a.disconnect();
    await expect(asked).rejects.toMatchObject({ code: 'ACK_DISCONNECTED' });
  });

  it('outlives a callback that throws, with answers, without anybody, and at the timeout', async () => {
    const { server, clients } = await crowd();
    for (const client of Object.values(clients)) client.on('who', (reply: () => void) => reply());
    const fail = (when: string) => (): never => {
      throw new Error(when);
    };

    server.io.timeout(3000).emit('who', fail('answers'));
    server.io.to('nowhere').timeout(3000).emit('who', fail('nobody'));
    server.io.timeout(1).emit('unanswered', fail('timeout'));
    await until(() => server.errors.length === 3);

    expect(server.errors.map(String).sort()).toEqual(['Error: answers', 'Error: nobody', 'Error: timeout']);
  });

  it('reaches one remote socket and gives its answer alone', async () => {
    const { server, sockets, clients } = await crowd();
    clients.a.on('who', (reply: (n: string) => void) => reply('a'));
    const [found] = await server.io.in(sockets.a.id).fetchSockets();

    expect(await found.timeout(1000).emitWithAck('who')).toBe('a');
  });
});

type Name = 'a' | 'b' | 'c';

/** Three clients, and their sockets. */
async function crowd() {
  const server: RunningServer = await startServer();
  const clients = {} as Record<Name, ClientSocket>;
  const sockets = {} as Record<Name, Socket>;
  for (const name of ['a', 'b', 'c'] as const) {
    const joined = nextEvent(server.io, 'connection');
    clients[name] = await connectClient(server.origin);
    [sockets[name]] = (await joined) as [Socket];
  }
  let count = 0;
  /** The names of those whom an event reaches; told by what each gets next. */
  async function reached(emit: (event: string) => void): Promise<string[]> {
    const event = `event ${count++}`;
    const names: string[] = [];
    for (const [name, client] of Object.entries(clients)) client.once(event, () => names.push(name));
    const ends = Object.values(clients).map((client) => nextEvent(client, 'end'));
    emit(event);
    server.io.emit('end');
    await Promise.all(ends);
    return names.sort();
  }
  return { server, clients, sockets, reached };
}
