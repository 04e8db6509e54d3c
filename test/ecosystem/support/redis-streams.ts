import { createAdapter } from '@socket.io/redis-streams-adapter';
import type { Redis } from 'ioredis';
import type { AdapterConstructor } from '../../../src/socketio/index.js';
import { cleanup } from '../../support/cleanup.js';
import { eventually } from './eventually.js';
import type { NodeRedis, RedisServer } from './redis.js';

type Options = NonNullable<Parameters<typeof createAdapter>[1]>;

/**
 * The adapter of one server, once its reader waits at the end of the stream: what is written earlier it does not see.
 * Afterwards the reader is woken by an empty entry, so that it finds out that it is closed.
 */
export async function createStreamsAdapter(
  redis: RedisServer,
  client: NodeRedis | Redis,
  options: Options & { streamName: string },
): Promise<AdapterConstructor> {
  const inspector = await redis.connect();
  const readers = async () => Number(/blocked_clients:(\d+)/.exec(await inspector.info('clients'))![1]);
  cleanup(() => inspector.xAdd(options.streamName, '*', { wake: 'up' }));
  const before = await readers();
  const adapter = createAdapter(forgiving(client), { channelPrefix: options.streamName, ...options });
  await eventually(async () => (await readers()) > before, 'the adapter reads its stream');
  return adapter as unknown as AdapterConstructor;
}

/**
 * The adapter ends a copy of the client at once when it is closed, and handles no rejection of a subscription that is
 * under way then.
 */
function forgiving<Client extends NodeRedis | Redis>(client: Client): Client {
  const duplicate = client.duplicate.bind(client) as () => Client;
  return Object.assign(client, {
    duplicate() {
      const copy = duplicate();
      const subscribe = copy.subscribe.bind(copy) as (...args: unknown[]) => Promise<unknown>;
      return Object.assign(copy, { subscribe: (...args: unknown[]) => subscribe(...args).catch(() => {}) });
    },
  });
}
