import { createAdapter, createShardedAdapter } from '@socket.io/redis-adapter';
import { describeWith } from '../support/requirements.js';
import { until } from '../support/until.js';
import { Cluster, heard } from '../ecosystem/support/cluster.js';
import { eventually } from '../ecosystem/support/eventually.js';
import { createStreamsAdapter } from '../ecosystem/support/redis-streams.js';
import { RedisServer, uniqueName } from '../ecosystem/support/redis.js';

describeWith('redis-server', 'a child of a dynamic namespace that goes with its last socket', (program) => {
  const redis = new RedisServer(program);

  const subscribers: Awaited<ReturnType<typeof redis.connect>>[] = [];
  const subscriber = async () => {
    const client = await redis.connect();
    subscribers.push(client);
    return client;
  };

  const adapters = {
    'redis-adapter': async (key: string) => createAdapter(await redis.connect(), await subscriber(), { key }),
    'redis-adapter, sharded': async (channelPrefix: string) =>
      createShardedAdapter(await redis.connect(), await subscriber(), { channelPrefix }),
    'redis-streams-adapter': async (streamName: string) =>
      createStreamsAdapter(redis, await redis.connect(), { streamName }),
  };
  type Name = keyof typeof adapters;

  /** Two servers, and on each of them a client in the child. */
  async function start(name: Name) {
    subscribers.length = 0;
    const key = uniqueName();
    const cluster = await Cluster.start(2, () => adapters[name](key), { cleanupEmptyChildNamespaces: true });
    for (const { io } of cluster.nodes) io.of(/^\/room-\d+$/);
    const members = [await cluster.join(0, '/room-1'), await cluster.join(1, '/room-1')];
    const child = members[1].socket.nsp;
    const count = (servers: number) =>
      eventually(async () => (await child.adapter.serverCount()) === servers, `${servers} servers have the child`);
    await count(2);
    return { cluster, members, child, count };
  }

  it.each<[Name, number, number]>([
    ['redis-adapter', 1, 2],
    ['redis-adapter, sharded', 1, 2],
    // This one does not unsubscribe: what the first child leaves behind must not answer for the second.
    ['redis-streams-adapter', 2, 2],
  ])('pain 42: takes its adapter along, and comes back with another one (%s)', async (name, without, again) => {
    const { cluster, members, child, count } = await start(name);
    const [a, b] = cluster.nodes;
    members[0].client.disconnect();
    await until(() => !a.io._nsps.has('/room-1'));
    expect(b.io._nsps.has('/room-1')).toBe(true);
    await count(without);
    // The client "redis" forgets who subscribes to a channel while it still waits for the reply that it has left the same one.
    for (const client of subscribers) await client.ping();

    const back = await cluster.join(0, '/room-1');
    await count(again);
    expect(await heard([members[1], back], () => child.emit('news', 1))).toEqual([[['news', 1]], [['news', 1]]]);
    expect((await child.fetchSockets()).length).toBe(2);
    expect([...a.errors, ...b.errors]).toEqual([]);
  });
});
