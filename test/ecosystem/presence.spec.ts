import { createAdapter } from '@socket.io/redis-adapter';
import { createAdapter as createStreamsAdapter } from '@socket.io/redis-streams-adapter';
import { redisLedger } from '../../src/ledger/index.js';
import { presenceContract } from '../contract/presence.contract.js';
import { describeWith } from '../support/requirements.js';
import { RedisServer, uniqueName } from './support/redis.js';

describeWith('redis-server', 'presence of three servers', (program) => {
  const redis = new RedisServer(program);

  describe('over @socket.io/redis-adapter', () => {
    presenceContract(
      () => {
        const key = uniqueName();
        return async () => createAdapter(await redis.connect(), await redis.connect(), { key });
      },
      { servers: 3 },
    );
  });

  describe('over @socket.io/redis-streams-adapter', () => {
    presenceContract(
      () => {
        const streamName = uniqueName();
        return async () => createStreamsAdapter(await redis.connect(), { streamName });
      },
      { servers: 3 },
    );
  });

  describe('over redisLedger', () => {
    presenceContract(
      () => {
        const name = uniqueName();
        return async () => redisLedger(await redis.connectIo(), { name }).adapter;
      },
      { servers: 3 },
    );
  });
});
