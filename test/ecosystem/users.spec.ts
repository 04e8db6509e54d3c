import { usersContract } from '../contract/users.contract.js';
import { describeWith } from '../support/requirements.js';
import { overRedisAdapter, overRedisLedger } from './support/redis-adapters.js';
import { RedisServer } from './support/redis.js';

describeWith('redis-server', 'users of three servers', (program) => {
  const redis = new RedisServer(program);

  describe.each([
    ['@socket.io/redis-adapter', overRedisAdapter],
    ['redisLedger', overRedisLedger],
  ])('over %s', (_name, over) => {
    usersContract(() => over(redis), { servers: 3 });
  });
});
