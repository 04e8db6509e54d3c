import { createAdapter } from '@socket.io/redis-adapter';
import { redisLedger } from '../../src/ledger/index.js';
import { usersContract } from '../contract/users.contract.js';
import { describeWith } from '../support/requirements.js';
import { RedisServer, uniqueName } from './support/redis.js';

describeWith('redis-server', 'users of three servers', (program) => {
  const redis = new RedisServer(program);

  describe('over @socket.io/redis-adapter', () => {
    usersContract(
      () => {
        const key = uniqueName();
        return async () => createAdapter(await redis.connect(), await redis.connect(), { key });
      },
      { servers: 3 },
    );
  });

  describe('over redisLedger', () => {
    usersContract(
      () => {
        const name = uniqueName();
        return async () => redisLedger(await redis.connectIo(), { name }).adapter;
      },
      { servers: 3 },
    );
  });
});
