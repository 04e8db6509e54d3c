import { createShardedAdapter } from '@socket.io/redis-adapter';
import { describeWith } from '../support/requirements.js';
import { adapterContract } from '../contract/adapter/adapter.contract.js';
import { RedisServer } from './support/redis.js';

describeWith('redis-server', '@socket.io/redis-adapter, sharded', (program) => {
  const redis = new RedisServer(program);

  describe.each(['static', 'dynamic', 'dynamic-private'] as const)('with %s subscriptions', (subscriptionMode) => {
    adapterContract(
      async (channelPrefix) =>
        createShardedAdapter(await redis.connect(), await redis.connect(), { channelPrefix, subscriptionMode }),
      { servers: 3 },
    );
  });
});
