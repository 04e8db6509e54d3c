import { describeWith } from '../support/requirements.js';
import { adapterContract } from '../contract/adapter/adapter.contract.js';
import { createStreamsAdapter } from './support/redis-streams.js';
import { RedisServer } from './support/redis.js';

describeWith('redis-server', '@socket.io/redis-streams-adapter', (program) => {
  const redis = new RedisServer(program);

  describe('with a client of the package redis', () => {
    adapterContract(async (streamName) => createStreamsAdapter(redis, await redis.connect(), { streamName }), {
      servers: 3,
    });
  });

  describe('with a client of the package ioredis', () => {
    adapterContract(async (streamName) => createStreamsAdapter(redis, await redis.connectIo(), { streamName }), {
      servers: 3,
    });
  });
});
