import { createAdapter } from '@socket.io/redis-adapter';
import { connectClient } from '../support/official-client.js';
import { describeWith } from '../support/requirements.js';
import { startServer } from '../support/server.js';
import { until } from '../support/until.js';
import { adapterContract } from '../contract/adapter/adapter.contract.js';
import { Cluster } from './support/cluster.js';
import { eventually } from './support/eventually.js';
import { RedisServer, uniqueName } from './support/redis.js';

describeWith('redis-server', '@socket.io/redis-adapter', (program) => {
  const redis = new RedisServer(program);

  describe('with clients of the package redis', () => {
    adapterContract(async (key) => createAdapter(await redis.connect(), await redis.connect(), { key }), {
      servers: 3,
    });
  });

  describe('with clients of the package ioredis', () => {
    adapterContract(async (key) => createAdapter(await redis.connectIo(), await redis.connectIo(), { key }), {
      servers: 3,
    });
  });

  describe('a server that does not answer', () => {
    async function startWithMute() {
      const options = { key: uniqueName(), requestsTimeout: 200 };
      const cluster = await Cluster.start(2, async () =>
        createAdapter(await redis.connect(), await redis.connect(), options),
      );
      const mute = await redis.connect();
      await mute.subscribe(`${options.key}-request#/#`, () => {});
      const { io } = cluster.nodes[0];
      await eventually(async () => (await io.of('/').adapter.serverCount()) === 3, 'it is counted');
      return { cluster, io };
    }

    it('makes fetchSockets reject in time', async () => {
      const { io } = await startWithMute();
      await expect(io.fetchSockets()).rejects.toThrow('timeout reached while waiting for fetchSockets response');
    });

    it('makes serverSideEmitWithAck reject in time, with the answers of the others', async () => {
      const { cluster, io } = await startWithMute();
      cluster.nodes[1].io.on('ask', (ack: (value: string) => void) => ack('here'));
      await expect(io.serverSideEmitWithAck('ask')).rejects.toMatchObject({
        message: 'timeout reached: only 1 responses received out of 2',
        responses: ['here'],
      });
    });

    it('makes emitWithAck reject in time, with the answers of the others', async () => {
      const { cluster, io } = await startWithMute();
      const members = await cluster.members();
      members.forEach(({ client }, i) => client.on('ask', (ack: (value: number) => void) => ack(i)));
      const error: unknown = await io
        .timeout(300)
        .emitWithAck('ask')
        .catch((reason: unknown) => reason);
      expect(error).toMatchObject({ message: 'operation has timed out' });
      expect((error as { responses: number[] }).responses.toSorted()).toEqual([0, 1]);
    });
  });

  it.each(['connect', 'connectIo'] as const)(
    'hears nothing any more once it was replaced, while its successor on the same clients does (%s)',
    async (connect) => {
      const [key, elsewhere] = [uniqueName(), uniqueName()];
      const [pub, sub] = [await redis[connect](), await redis[connect]()];
      const a = await startServer({ adapter: createAdapter(pub, sub, { key }) });
      const b = await startServer({ adapter: createAdapter(await redis.connect(), await redis.connect(), { key }) });
      const counts = async (servers: number) =>
        eventually(async () => (await b.io.of('/').adapter.serverCount()) === servers, `there are ${servers} servers`);
      await counts(2);
      a.io.adapter(createAdapter(pub, sub, { key: elsewhere }));
      await counts(1);
      a.io.adapter(createAdapter(pub, sub, { key }));
      await counts(2);
      // Replaced within one tick, by one that subscribes where it did.
      a.io.adapter(createAdapter(pub, sub, { key }));
      const client = await connectClient(a.origin);
      const heard: unknown[] = [];
      client.on('news', (n: number) => heard.push(n));
      b.io.emit('news', 1);
      b.io.emit('news', 2);
      await until(() => heard.length >= 2);
      expect(heard).toEqual([1, 2]);
      expect([...a.errors, ...b.errors]).toEqual([]);
    },
  );

  it('is named by the one warning where connection state recovery is asked for', async () => {
    const options = { connectionStateRecovery: {} };
    const adapter = async () => createAdapter(await redis.connect(), await redis.connect(), { key: uniqueName() });
    const { nodes } = await Cluster.start(1, adapter, options);
    nodes[0].io.of('/chat');
    expect(nodes[0].warnings).toEqual([expect.stringContaining('RedisAdapter cannot recover sessions')]);
  });
});
