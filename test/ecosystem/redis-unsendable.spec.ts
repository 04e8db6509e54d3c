import { createAdapter } from '@socket.io/redis-adapter';
import { connectClient } from '../support/official-client.js';
import { describeWith } from '../support/requirements.js';
import { until } from '../support/until.js';
import { Cluster } from './support/cluster.js';
import { eventually } from './support/eventually.js';
import { RedisServer, uniqueName } from './support/redis.js';

const CYCLE: Record<string, unknown> = {};
CYCLE.self = CYCLE;

/** Values that no adapter can send to another server. */
const UNSENDABLE: [string, unknown][] = [
  ['a BigInt', { big: 1n }],
  ['a cycle', CYCLE],
];

describeWith('redis-server', '@socket.io/redis-adapter with data that cannot be sent', (program) => {
  const redis = new RedisServer(program);
  const clients = {
    redis: () => redis.connect(),
    ioredis: () => redis.connectIo(),
  };

  describe.each(Object.keys(clients) as (keyof typeof clients)[])('over the package %s', (name) => {
    async function startTwo() {
      const options = { key: uniqueName(), requestsTimeout: 200 };
      const cluster = await Cluster.start(2, async () =>
        createAdapter(await clients[name](), await clients[name](), options),
      );
      const [here, there] = cluster.nodes;
      await eventually(async () => (await here.io.of('/').adapter.serverCount()) === 2, 'both are counted');
      return { here, there };
    }

    it.each(UNSENDABLE)(
      'reports %s in socket.data where the socket is, and the one who asks waits in vain',
      async (_, data) => {
        const { here, there } = await startTwo();
        await connectClient(there.origin);
        for (const socket of there.io.sockets.sockets.values()) socket.data = data;

        await expect(here.io.fetchSockets()).rejects.toThrow('timeout reached');

        await until(() => there.errors.length > 0);
        expect(there.errors).toEqual([expect.any(TypeError)]);
        for (const socket of there.io.sockets.sockets.values()) socket.data = {};
        expect(await here.io.fetchSockets()).toHaveLength(1);
      },
    );

    it.each(UNSENDABLE)('throws %s in a broadcast at its sender, and sends the next one', async (_, data) => {
      const { here, there } = await startTwo();
      const client = await connectClient(there.origin);
      const heard = new Promise((resolve) => client.onAny((...args: unknown[]) => resolve(args)));

      expect(() => here.io.emit('bad', data)).toThrow();
      expect(() => here.io.timeout(50).emit('bad', data, () => {})).toThrow();
      here.io.emit('good');

      expect(await heard).toEqual(['good']);
      expect(here.errors).toEqual([]);
    });
  });
});
