/** The servers and adapters that are tried. */
import { Redis } from 'ioredis';
import { createClient } from 'redis';

const RECOVERY = { maxDisconnectionDuration: 120_000 };

/** A server on an HTTP server, as the settings name it, with more options. */
export async function createServerOf(settings, http, onError, more = {}) {
  const options = {
    serveClient: false,
    pingInterval: 5_000,
    pingTimeout: 5_000,
    connectionStateRecovery: RECOVERY,
    onError,
    ...more,
  };
  switch (settings.contestant) {
    case 'ledger-ioredis':
      return ours(http, options, (ledger) =>
        ledger.redisLedger(ioRedis(settings), { name: settings.name, ...settings.ledger }),
      );
    case 'ledger-redis':
      return ours(http, options, async (ledger) =>
        ledger.redisLedger(await nodeRedis(settings), { name: settings.name, ...settings.ledger }),
      );
    case 'ledger-postgres':
      return ours(http, options, async (ledger) => {
        const { Pool } = (await import('pg')).default;
        const pool = new Pool({ connectionString: settings.postgres, max: 4 });
        pool.on('error', () => {});
        return ledger.postgresLedger(pool, { name: settings.name, ...settings.ledger });
      });
    case 'ours-with-redis': {
      const { Server } = await import('../../../dist/esm/server.js');
      const { createAdapter } = await import('@socket.io/redis-adapter');
      const adapter = createAdapter(await nodeRedis(settings), await nodeRedis(settings), { key: settings.name });
      return new Server(http, { ...options, connectionStateRecovery: undefined, adapter });
    }
    case 'ours-with-streams': {
      const { Server } = await import('../../../dist/esm/server.js');
      return new Server(http, { ...options, adapter: await streams(settings) });
    }
    case 'socket.io-with-streams': {
      const { Server } = await import('socket.io');
      const { onError: _onError, ...theirs } = options;
      return new Server(http, { ...theirs, adapter: await streams(settings) });
    }
    default:
      throw new Error(`no contestant "${settings.contestant}"`);
  }
}

async function ours(http, options, createLedger) {
  const { Server } = await import('../../../dist/esm/server.js');
  const ledger = await createLedger(await import('../../../dist/esm/ledger/index.js'));
  const io = new Server(http, {
    ...options,
    adapter: ledger.adapter,
    connectionStateRecovery: ledger.connectionStateRecovery,
  });
  io.ledgerStats = () => ledger.stats()[0];
  return io;
}

async function streams(settings) {
  const { createAdapter } = await import('@socket.io/redis-streams-adapter');
  const names = { streamName: settings.name, channelPrefix: settings.name, sessionKeyPrefix: `${settings.name}:` };
  return createAdapter(await nodeRedis(settings), names);
}

function ioRedis({ redis }) {
  const client = new Redis(redis, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
  client.on('error', () => {});
  return client;
}

async function nodeRedis({ redis }) {
  const client = createClient({ url: redis, socket: { reconnectStrategy: () => 50 } });
  client.on('error', () => {});
  await client.connect();
  return client;
}
