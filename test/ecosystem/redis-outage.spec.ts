import { createAdapter, createShardedAdapter } from '@socket.io/redis-adapter';
import { cleanup } from '../support/cleanup.js';
import { describeWith } from '../support/requirements.js';
import { until } from '../support/until.js';
import { Cluster, type AdapterFactory, type Member } from './support/cluster.js';
import { createStreamsAdapter } from './support/redis-streams.js';
import { RedisServer, uniqueName, type NodeRedis } from './support/redis.js';

/*
 * Redis is killed under load and comes back. A rejection that nobody handles, be it of the server or of an adapter with
 * the clients as they are set up here, fails the test by itself.
 */

describeWith('redis-server', 'an outage of Redis', (program) => {
  const redis = new RedisServer(program);
  const key = uniqueName();

  const PUB_SUB: Record<string, AdapterFactory> = {
    '@socket.io/redis-adapter on ioredis': async () =>
      createAdapter(await redis.connectIo(), await redis.connectIo(), { key, requestsTimeout: 100 }),
    '@socket.io/redis-adapter on redis': async () =>
      createAdapter(guarded(await redis.connect({ disableOfflineQueue: true })), await redis.connect(), {
        key,
        requestsTimeout: 100,
      }),
    '@socket.io/redis-adapter, sharded, on ioredis': async () =>
      createShardedAdapter(await redis.connectIo(IMPATIENT), await redis.connectIo({ enableReadyCheck: false }), {
        channelPrefix: key,
      }),
    '@socket.io/redis-adapter, sharded, on redis': async () =>
      createShardedAdapter(await redis.connect({ disableOfflineQueue: true }), await redis.connect(), {
        channelPrefix: key,
        // Subscriptions that are under way when the connection breaks are rejected by this client.
        subscriptionMode: 'static',
      }),
  };

  const STREAMS: Record<string, AdapterFactory> = {
    '@socket.io/redis-streams-adapter on ioredis': async () =>
      createStreamsAdapter(redis, await redis.connectIo(), { streamName: key }),
    '@socket.io/redis-streams-adapter on redis': async () =>
      createStreamsAdapter(redis, guarded(await redis.connect()), { streamName: key }),
  };

  describe.each(Object.entries(PUB_SUB))('with %s', (_name, factory) => {
    it('leaves local delivery as it was, and the other servers hear again once it is over', async () => {
      const { here, there, load } = await startUnderLoad(factory);
      await redis.kill();
      const killedAt = load.sent;
      await until(() => here.last >= killedAt + 100, 'local delivery goes on');
      await redis.start();
      const startedAt = load.sent;
      await until(() => there.last > startedAt, 'the other server hears again', 10_000);
      load.stop();
      await until(() => here.last === load.sent, 'the last event');
      expect(here.numbers).toEqual(Array.from({ length: load.sent }, (_, i) => i + 1));
      expect(load.errors()).toEqual([]);
    }, 30_000);
  });

  describe.each(Object.entries(STREAMS))('with %s', (_name, factory) => {
    it('delays delivery, which goes on everywhere once it is over', async () => {
      const { here, there, load } = await startUnderLoad(factory);
      await redis.kill();
      const killedAt = load.sent;
      await until(() => load.sent >= killedAt + 100, 'there was load meanwhile');
      await redis.start();
      const startedAt = load.sent;
      await until(() => there.last > startedAt && here.last > startedAt, 'both hear again', 10_000);
      load.stop();
      await until(() => here.last === load.sent && there.last === load.sent, 'the last event');
      expect(load.errors()).toEqual([]);
    }, 30_000);
  });
});

/** Commands fail at once while there is no Redis; an adapter that waits for them delivers on its own server then. */
const IMPATIENT = { enableOfflineQueue: false, maxRetriesPerRequest: 0 };

/**
 * Two servers, a client on each, and every millisecond a numbered event to everybody and something else that goes
 * through the broker, asked by the first.
 */
async function startUnderLoad(factory: AdapterFactory) {
  // An adapter may wait for the answer to a command that went down with Redis.
  const cluster = await Cluster.start(2, factory, { closeTimeout: 1_000 });
  const members = await cluster.members();
  for (const { client } of members) client.on('ask', (ack: () => void) => ack());
  const [here, there] = members.map(count);
  const { io } = cluster.nodes[0];
  const others: ((n: number) => unknown)[] = [
    (n) => members[0].socket.join(`room-${n}`),
    (n) => members[0].socket.leave(`room-${n - 3}`),
    (n) => io.socketsJoin(`all-${n}`),
    (n) => io.socketsLeave(`all-${n - 2}`),
    () => io.timeout(100).emit('ask', () => {}),
    () => io.serverSideEmit('hello'),
    () =>
      io
        .timeout(100)
        .fetchSockets()
        .catch(() => {}),
  ];
  let sent = 0;
  const timer = setInterval(() => {
    io.emit('n', ++sent);
    others[sent % others.length](sent);
  }, 1);
  cleanup(() => clearInterval(timer));
  await until(() => here.last >= 20 && there.last >= 20, 'there is load');
  const load = {
    get sent() {
      return sent;
    },
    stop: () => clearInterval(timer),
    errors: () => cluster.nodes.flatMap(({ errors }) => errors),
  };
  return { here, there, load };
}

function count({ client }: Member) {
  const numbers: number[] = [];
  client.on('n', (n: number) => numbers.push(n));
  return {
    numbers,
    get last() {
      return numbers.at(-1) ?? 0;
    },
  };
}

/** The adapter does not look at what becomes of a publication; that none of them rejects is up to the client. */
function guarded(client: NodeRedis): NodeRedis {
  const publish = client.publish.bind(client);
  return Object.assign(client, {
    publish: (...args: Parameters<typeof publish>) => publish(...args).catch(() => 0),
  });
}
