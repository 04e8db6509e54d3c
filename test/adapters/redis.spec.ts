import { createAdapter } from '@socket.io/redis-adapter';
import { describeWith } from '../support/requirements.js';
import { adapterContract } from './contract/adapter.contract.js';
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

  it('is named by the one warning where connection state recovery is asked for', async () => {
    const options = { connectionStateRecovery: {} };
    const adapter = async () => createAdapter(await redis.connect(), await redis.connect(), { key: uniqueName() });
    const { nodes } = await Cluster.start(1, adapter, options);
    nodes[0].io.of('/chat');
    expect(nodes[0].warnings).toEqual([expect.stringContaining('RedisAdapter cannot recover sessions')]);
  });
});
