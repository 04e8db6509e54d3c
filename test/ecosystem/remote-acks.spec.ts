import { createAdapter } from '@socket.io/redis-adapter';
import type { ServerOptions } from '../../src/socketio/index.js';
import { describeWith } from '../support/requirements.js';
import { connectClient } from '../support/official-client.js';
import { startServer } from '../support/server.js';
import { nextEvent, until } from '../support/until.js';
import { Bus, onBus } from './support/bus-adapter.js';
import { Cluster, type Member } from './support/cluster.js';
import { eventually } from './support/eventually.js';
import { startOfficialServer } from './support/official-server.js';
import { RedisServer, uniqueName } from './support/redis.js';

/** For answers to come. Not longer: adapters keep a timer that long, whether the answers came or not. */
const TIME = 1_500;

type Start = (options?: ServerOptions) => Promise<Cluster>;

describe('acks that another server asks for, through the base of published adapters', () => {
  describeRemoteAcks((options) => {
    const bus = new Bus();
    return Cluster.start(3, () => onBus(bus), options);
  });
});

describeWith('redis-server', 'acks that another server asks for, through @socket.io/redis-adapter', (program) => {
  const redis = new RedisServer(program);
  const adapter = async (key: string) => createAdapter(await redis.connect(), await redis.connect(), { key });

  describeRemoteAcks((options) => {
    const key = uniqueName();
    return Cluster.start(3, () => adapter(key), options);
  });

  it('are freed after ackTimeout where the server that asks does not say how long it waits', async () => {
    const key = uniqueName();
    const node = await startServer({ adapter: await adapter(key), ackTimeout: 200 });
    const { origin } = await startOfficialServer(redis, key);
    await eventually(async () => (await node.io.of('/').adapter.serverCount()) === 2, 'both know of each other');
    const [asking, silent] = [await connectClient(origin), await connectClient(node.origin)];
    const [socket] = node.io.sockets.sockets.values();
    const asked = nextEvent(silent, 'ask');
    asking.on('ask', (ack: (value: string) => void) => ack('asking'));
    const answers = asking.emitWithAck('ask all', 600);
    await asked;
    expect(socket.acks.size).toBe(1);
    await until(() => socket.acks.size === 0);
    expect(await answers).toEqual(['asking']);
  });

  it('reach an official server, which hears nothing of those who leave', async () => {
    const key = uniqueName();
    const node = await startServer({ adapter: await adapter(key) });
    const { origin } = await startOfficialServer(redis, key);
    await eventually(async () => (await node.io.of('/').adapter.serverCount()) === 2, 'both know of each other');
    const [asking, leaving] = [await connectClient(origin), await connectClient(node.origin)];
    leaving.on('ask', () => void leaving.disconnect());
    asking.on('ask', (ack: (value: string) => void) => ack('asking'));
    expect(await asking.emitWithAck('ask all', 500)).toEqual(['asking']);
  });
});

function describeRemoteAcks(start: Start): void {
  it('pain 18: are freed on all servers once the one that asks has given up', async () => {
    const cluster = await start();
    const members = await cluster.members(6);
    let heard = 0;
    for (const { client } of members) client.on('ask', () => void heard++);
    const { io } = cluster.nodes[0];
    const asked = Array.from({ length: 50 }, () => io.timeout(900).emitWithAck('ask'));
    const settled = Promise.allSettled(asked);
    await until(() => heard === 300);
    expect(owed(members)).toEqual(Array.from(members, () => 50));
    expect((await settled).map(({ status }) => status)).toEqual(Array.from(asked, () => 'rejected'));
    await until(() => owed(members).every((count) => count === 0));
  });

  it('are freed when they are answered, and the answers count', async () => {
    const members = await (await start()).members(6);
    members.forEach(({ client }, i) => client.on('ask', (ack: (value: number) => void) => ack(i)));
    const { io } = members[0].node;
    const answers = await Promise.all(Array.from({ length: 50 }, () => io.timeout(TIME).emitWithAck('ask')));
    expect(answers.map((each: number[]) => each.length)).toEqual(Array.from(answers, () => 6));
    expect(owed(members)).toEqual(members.map(() => 0));
    // Nothing waits for a time that is over by now: each server has the two timers of two connections.
    expect(members.map(({ node }) => node.io.wheel.size <= 4)).toEqual(members.map(() => true));
  });

  it('pain 18: hold up nobody where the client leaves, on any server', async () => {
    const members = await (await start()).members(3);
    const [a, b, c] = members.map(({ client }) => client);
    a.on('ask', (ack: (value: number) => void) => ack(0));
    b.on('ask', (ack: (value: number) => void) => ack(1));
    c.on('ask', () => void c.disconnect());
    expect(((await members[0].node.io.timeout(TIME).emitWithAck('ask')) as number[]).toSorted()).toEqual([0, 1]);
  });

  it('pain 18: reject at once where the only one who was asked leaves', async () => {
    const members = await (await start()).members(3);
    members[1].client.on('ask', () => void members[1].client.disconnect());
    const [remote] = await members[0].node.io.in(members[1].socket.id).fetchSockets();
    await expect(remote.timeout(TIME).emitWithAck('ask')).rejects.toMatchObject({ code: 'ACK_DISCONNECTED' });
  });

  it('pain 18: are awaited for ackTimeout where no other time is given', async () => {
    const members = await (await start({ ackTimeout: 300 })).members(3);
    const { io } = members[0].node;
    const operator = io.except([]) as unknown as { emitWithAck(event: string): Promise<unknown> };
    await expect(operator.emitWithAck('ask')).rejects.toMatchObject({ code: 'ACK_TIMEOUT', responses: [] });
    await until(() => owed(members).every((count) => count === 0));
  });

  it('never carry what servers tell each other to a client', async () => {
    const members = await (await start()).members(3);
    const packets: unknown[] = [];
    for (const { socket } of members) socket.conn.on('packetCreate', ({ data }) => packets.push(data));
    members.forEach(({ client }) => client.on('ask', (_n: number, ack: () => void) => ack()));
    await members[0].node.io.timeout(TIME).emitWithAck('ask', 1);
    expect(packets.filter((data) => String(data).includes('ask'))).toEqual([
      '20["ask",1]',
      '20["ask",1]',
      '20["ask",1]',
    ]);
  });
}

function owed(members: readonly Member[]): number[] {
  return members.map(({ socket }) => socket.acks.size);
}
