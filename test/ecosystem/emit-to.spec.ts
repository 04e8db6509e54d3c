import { nextEvent } from '../support/until.js';
import { Cluster } from './support/cluster.js';
import { overBus, overMemoryLedger } from './support/memory-adapters.js';

describe.each([
  ['the base of published adapters', overBus],
  ['a ledger', overMemoryLedger],
])('over %s', (_name, createFactory) => {
  it('emitTo() is over with the first yes, though a server stands still', async () => {
    const cluster = await Cluster.start(3, createFactory());
    const [a, b] = await cluster.members(2);
    standStill(cluster.nodes[2]);
    const heard = nextEvent(b.client, 'direct');
    const started = performance.now();
    expect(await a.socket.emitTo(b.socket.id, 'direct', 1, Buffer.from([2]))).toBe(true);
    expect(performance.now() - started).toBeLessThan(900);
    expect(await heard).toEqual([1, Buffer.from([2])]);
  });

  it('to(id).emitWithAck() and that of a fetched socket are over with the one ack, though a server stands still', async () => {
    const cluster = await Cluster.start(3, createFactory());
    const [a, b] = await cluster.members(2);
    for (const { client } of [a, b]) client.on('ask', (answer: (id: string) => void) => answer(client.id!));
    const fetched = await cluster.nodes[0].io.fetchSockets();
    const { adapter } = cluster.nodes[2].io.sockets as unknown as { adapter: Record<string, unknown> };
    for (const method of ['broadcastWithAck', 'onMessage', 'onEntry'])
      if (method in adapter) adapter[method] = () => {};
    const { io } = cluster.nodes[0];
    const started = performance.now();
    expect(await io.to(a.socket.id).timeout(5_000).emitWithAck('ask')).toEqual([a.client.id]);
    const remote = fetched.find(({ id }) => id === b.socket.id)!;
    expect(await remote.timeout(5_000).emitWithAck('ask')).toBe(b.client.id);
    expect(performance.now() - started).toBeLessThan(4_000);
  });

  it('emitToList() emits once to each, and tells who is gone', async () => {
    const cluster = await Cluster.start(3, createFactory());
    const members = await cluster.members(3);
    const ids = members.map(({ socket }) => socket.id);
    const counts = members.map(({ client }) => {
      const heard = { times: 0 };
      client.on('direct', () => heard.times++);
      return heard;
    });
    const gone = await members[0].socket.emitToList([...ids, 'nobody'], 'direct');
    expect(gone).toEqual(['nobody']);
    const ended = members.map(({ client }) => nextEvent(client, 'end'));
    cluster.nodes[0].io.emit('end');
    await Promise.all(ended);
    expect(counts.map(({ times }) => times)).toEqual([1, 1, 1]);
  });

  it('count() sums what the servers have', async () => {
    const cluster = await Cluster.start(3, createFactory());
    const members = await cluster.members(5);
    await members[0].socket.join('room');
    await members[4].socket.join('room');
    const { io } = cluster.nodes[1];
    expect(await io.count()).toBe(5);
    expect(await io.count('room')).toBe(2);
    expect(await io.count('nobody is here')).toBe(0);
    expect(await io.count(undefined, '/elsewhere')).toBe(0);
  });
});

it('to(id).emitWithAck() of a socket of another server is over with the one ack, over a ledger', async () => {
  const cluster = await Cluster.start(3, overMemoryLedger());
  const { client, socket } = await cluster.join(1);
  client.on('ask', (answer: (id: string) => void) => answer(client.id!));
  const { adapter } = cluster.nodes[2].io.sockets as unknown as { adapter: { onEntry: () => void } };
  adapter.onEntry = () => {};
  const started = performance.now();
  expect(await cluster.nodes[0].io.to(socket.id).timeout(5_000).emitWithAck('ask')).toEqual([client.id]);
  expect(performance.now() - started).toBeLessThan(4_000);
});

it('count() says so where a server does not answer', async () => {
  const cluster = await Cluster.start(2, overBus());
  standStill(cluster.nodes[1]);
  await expect(cluster.nodes[0].io.count()).rejects.toThrow('timeout reached');
});

/** Answers nothing that other servers ask. */
function standStill({ io }: Cluster['nodes'][number]): void {
  io.sockets._onServerSideEmit = () => {};
}
