import { createAdapter } from '@socket.io/redis-adapter';
import { redisLedger } from '../../../src/ledger/index.js';
import type { AdapterFactory } from './cluster.js';
import { createStreamsAdapter } from './redis-streams.js';
import { uniqueName, type RedisServer } from './redis.js';

/** `@socket.io/redis-adapter` of one cluster. */
export function overRedisAdapter(redis: RedisServer): AdapterFactory {
  const key = uniqueName();
  return async () => createAdapter(await redis.connect(), await redis.connect(), { key });
}

/** `@socket.io/redis-streams-adapter` of one cluster. */
export function overRedisStreams(redis: RedisServer): AdapterFactory {
  const streamName = uniqueName();
  return async () => createStreamsAdapter(redis, await redis.connect(), { streamName });
}

/** A ledger of one cluster. */
export function overRedisLedger(redis: RedisServer): AdapterFactory {
  const name = uniqueName();
  return async () => redisLedger(await redis.connectIo(), { name }).adapter;
}
