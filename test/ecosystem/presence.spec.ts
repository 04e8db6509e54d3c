import { presenceContract } from '../contract/presence.contract.js';
import { describeWith } from '../support/requirements.js';
import { overRedisAdapter, overRedisLedger, overRedisStreams } from './support/redis-adapters.js';
import { RedisServer } from './support/redis.js';

describeWith('redis-server', 'presence of three servers', (program) => {
  const redis = new RedisServer(program);

  describe.each([
    ['@socket.io/redis-adapter', overRedisAdapter],
    ['@socket.io/redis-streams-adapter', overRedisStreams],
    ['redisLedger', overRedisLedger],
  ])('over %s', (_name, over) => {
    presenceContract(() => over(redis), { servers: 3 });
  });
});
