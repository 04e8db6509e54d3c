import { memoryLedger, redisLedger } from '../../src/ledger/index.js';
import { adapterContract } from '../contract/adapter/adapter.contract.js';
import { RedisServer } from '../ecosystem/support/redis.js';
import { describeWith } from '../support/requirements.js';

describe('memoryLedger', () => {
  const ledgers = new Map<string, ReturnType<typeof memoryLedger>>();
  adapterContract(
    (name) => {
      if (!ledgers.has(name)) ledgers.set(name, memoryLedger());
      return ledgers.get(name)!.adapter;
    },
    { servers: 3 },
  );
});

describeWith('redis-server', 'redisLedger', (program) => {
  const redis = new RedisServer(program);

  describe('with a client of the package ioredis', () => {
    adapterContract(async (name) => redisLedger(await redis.connectIo(), { name }).adapter, { servers: 3 });
  });

  describe('with a client of the package redis', () => {
    adapterContract(async (name) => redisLedger(await redis.connect(), { name }).adapter, { servers: 3 });
  });
});
