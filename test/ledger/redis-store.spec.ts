import { commandsOf } from '../../src/ledger/store/redis-client.js';
import { RedisStore } from '../../src/ledger/store/redis-store.js';
import { RedisServer } from '../ecosystem/support/redis.js';
import { describeWith } from '../support/requirements.js';
import { storeContract } from './contract/store.contract.js';

describeWith('redis-server', 'RedisStore', (program) => {
  const redis = new RedisServer(program);

  describe('with a client of the package ioredis', () => {
    storeContract(async (name) => new RedisStore(await redis.connectIo(), name));
  });

  describe('with a client of the package redis', () => {
    storeContract(async (name) => new RedisStore(await redis.connect(), name));
  });

  describe('with a client of the package redis that speaks RESP 3', () => {
    storeContract(async (name) => new RedisStore(await redis.connect({ RESP: 3 }), name));
  });
});

describe('commandsOf', () => {
  it('refuses what is no client', () => {
    expect(() => commandsOf({ duplicate: () => null, on: () => null })).toThrow('ioredis');
  });
});
