import { reopenContract } from '../contract/reopen.contract.js';
import { describeWith } from '../support/requirements.js';
import { overRedisAdapter, overRedisLedger, overRedisStreams } from './support/redis-adapters.js';
import { RedisServer } from './support/redis.js';

describeWith('redis-server', 'a server that listens again', (program) => {
  const redis = new RedisServer(program);

  describe.each([
    ['@socket.io/redis-adapter', overRedisAdapter, { recovers: false }],
    ['@socket.io/redis-streams-adapter', overRedisStreams, { recovers: true, renews: true }],
    ['redisLedger', overRedisLedger, { recovers: true }],
  ])('over %s', (_name, over, traits) => {
    reopenContract(() => over(redis), { servers: 2, ...traits });
  });
});
