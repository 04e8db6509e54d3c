import type { Socket as ClientSocket } from 'socket.io-client';
import type { Socket } from '../../src/server.js';
import { describeWith } from '../support/requirements.js';
import { nextEvent, until } from '../support/until.js';
import { Cluster, type Member } from './support/cluster.js';
import { eventually } from './support/eventually.js';
import { createStreamsAdapter } from './support/redis-streams.js';
import { RedisServer, uniqueName } from './support/redis.js';

describeWith('redis-server', 'connection state recovery through @socket.io/redis-streams-adapter', (program) => {
  const redis = new RedisServer(program);

  async function start(recovery = { maxDisconnectionDuration: 60_000 }) {
    const options = { streamName: uniqueName(), sessionKeyPrefix: `${uniqueName()}:` };
    const inspector = await redis.connect();
    const cluster = await Cluster.start(2, async () => createStreamsAdapter(redis, await redis.connect(), options), {
      connectionStateRecovery: recovery,
    });
    return { cluster, inspector, ...options };
  }

  /** Cuts the client off; resolves once its session is stored, so that another server can find it. */
  async function cutOff(
    { client, socket }: Member,
    { inspector, sessionKeyPrefix }: Awaited<ReturnType<typeof start>>,
  ) {
    const key = `${sessionKeyPrefix}${idsOf(client).pid}`;
    const left = nextEvent(socket, 'disconnect');
    client.io.engine.close();
    await left;
    await eventually(async () => (await inspector.exists(key)) === 1, 'the session is stored');
  }

  it('goes on at another server, with id, rooms, data and what was missed', async () => {
    const started = await start();
    const [a, b] = started.cluster.nodes;
    const member = await started.cluster.join(0);
    const { client, socket } = member;
    const received: unknown[][] = [];
    client.onAny((...args: unknown[]) => received.push(args));
    await socket.join('room');
    socket.data.name = 'Ada';
    socket.emit('first', 1);
    await until(() => received.length === 1);
    const { id } = client;
    await cutOff(member, started);

    a.io.emit('all', 2);
    a.io.to('room').emit('room', 3, Buffer.from([3]));
    a.io.to('elsewhere').emit('not for it');
    a.io.except('room').emit('not for it');
    a.io.to(id!).emit('direct', 4);
    await eventually(async () => (await started.inspector.xLen(started.streamName)) >= 6, 'the stream has everything');
    const restored = await comeBack(client, b);

    await until(() => received.length === 4);
    // The last argument is the offset.
    expect(received.map((args) => args.slice(0, -1))).toEqual([
      ['first', 1],
      ['all', 2],
      ['room', 3, Buffer.from([3])],
      ['direct', 4],
    ]);
    expect(client.recovered).toBe(true);
    expect(client.id).toBe(id);
    expect(restored.recovered).toBe(true);
    expect([...restored.rooms].sort()).toEqual([id, 'room'].sort());
    expect(restored.data).toEqual({ name: 'Ada' });
    const heard = nextEvent(client, 'after');
    a.io.to('room').emit('after');
    await heard;
  });

  it('tells of a session that expired where it was saved, unless its client came back at another server', async () => {
    const started = await start({ maxDisconnectionDuration: 1_500 });
    const [a, b] = started.cluster.nodes;
    const expired: unknown[][] = [];
    a.io.on('session_expired', (session) => void expired.push(['a', session]));
    b.io.on('session_expired', (session) => void expired.push(['b', session]));
    const [back, lost] = [await started.cluster.join(0), await started.cluster.join(0)];
    await Promise.all([got(back), got(lost)]);
    const { pid } = idsOf(lost.client);
    await cutOff(back, started);
    await comeBack(back.client, b);
    expect(back.client.recovered).toBe(true);
    await cutOff(lost, started);
    await until(() => expired.length > 0);
    expect(expired).toEqual([['a', { nsp: '/', sid: lost.socket.id, pid }]]);
  });

  it('tells where the client was last that came back at another server and was cut off again', async () => {
    const started = await start({ maxDisconnectionDuration: 1_500 });
    const [a, b] = started.cluster.nodes;
    const expired: string[] = [];
    a.io.on('session_expired', () => void expired.push('a'));
    b.io.on('session_expired', () => void expired.push('b'));
    const member = await started.cluster.join(0);
    await got(member);
    await cutOff(member, started);
    const socket = await comeBack(member.client, b);
    await cutOff({ ...member, socket }, started);
    await until(() => expired.length > 0);
    expect(expired).toEqual(['b']);
  });

  it('restores a session once', async () => {
    const started = await start();
    const member = await started.cluster.join(0);
    const { client } = member;
    await got(member);
    const { id } = client;
    const auth = idsOf(client);
    await cutOff(member, started);
    await comeBack(client, started.cluster.nodes[1]);
    expect(client.recovered).toBe(true);
    const thief = await started.cluster.join(0, '/', { auth });
    expect(thief.socket.recovered).toBe(false);
    expect(thief.client.id).not.toBe(id);
  });

  it('starts anew, without an error, where the session or the offset is not known', async () => {
    const { cluster } = await start();
    const unknown = await cluster.join(1, '/', { auth: { pid: 'x'.repeat(20), offset: '1-0' } });
    const malformed = await cluster.join(1, '/', { auth: { pid: 'x'.repeat(20), offset: '*' } });
    expect([unknown, malformed].map(({ socket }) => socket.recovered)).toEqual([false, false]);
    expect(cluster.nodes[1].errors).toEqual([]);
  });

  it('starts anew where the client got nothing yet: the adapter needs an offset', async () => {
    const started = await start();
    const member = await started.cluster.join(0);
    const { id } = member.client;
    await cutOff(member, started);
    const socket = await comeBack(member.client, started.cluster.nodes[1]);
    expect(socket.recovered).toBe(false);
    expect(socket.id).not.toBe(id);
  });
});

/** Connects the client again, to this server. */
async function comeBack(client: ClientSocket, node: Cluster['nodes'][number]): Promise<Socket> {
  (client.io as unknown as { uri: string }).uri = node.origin;
  const [[socket]] = await Promise.all([
    nextEvent(node.io, 'connection') as Promise<[Socket]>,
    nextEvent(client, 'connect'),
    client.connect(),
  ]);
  return socket;
}

/** A first packet, and with it the offset that the adapter wants to see. */
async function got({ client, socket }: Member): Promise<void> {
  const first = nextEvent(client, 'first');
  socket.emit('first');
  await first;
}

function idsOf(client: ClientSocket): { pid: string; offset: string | undefined } {
  const { _pid: pid, _lastOffset: offset } = client as never as { _pid: string; _lastOffset?: string };
  return { pid, offset };
}
