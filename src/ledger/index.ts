import { createLedger, type Ledger } from './ledger.js';
import type { LedgerOptions } from './ledger-options.js';
import { MemoryLedger, MemoryStore } from './store/memory-store.js';
import { PostgresStore, type PostgresPool } from './store/postgres-store.js';
import type { RedisClient } from './store/redis-client.js';
import { RedisStore } from './store/redis-store.js';

/**
 * A ledger in Redis 6.2 or later.
 *
 * @param client of the package `ioredis` or `redis`: for one server, a Redis Cluster, or Sentinel; it stays yours
 * @throws TypeError for any other client
 * @throws OptionError for a wrong option
 */
export function redisLedger(client: RedisClient, options: LedgerOptions = {}): Ledger {
  return createLedger((name) => new RedisStore(client, name), options);
}

/**
 * A ledger in PostgreSQL 12 or later. It makes its tables and functions itself.
 *
 * @param pool of the package `pg`, with at least three connections, of which one is kept; it stays yours
 * @throws OptionError for a wrong option
 */
export function postgresLedger(pool: PostgresPool, options: LedgerOptions = {}): Ledger {
  return createLedger((name) => new PostgresStore(pool, name), options);
}

/**
 * A ledger in the memory of this process: for tests, and to have one code for one server and for many. Servers that get
 * the same one are one fleet.
 *
 * @throws OptionError for a wrong option
 */
export function memoryLedger(options: LedgerOptions = {}): Ledger {
  const shared = new MemoryLedger();
  return createLedger(() => new MemoryStore(shared), options);
}

export { createLedger };
export { LEDGER_DEFAULTS, type LedgerOptions } from './ledger-options.js';
export type { Ledger } from './ledger.js';
export type { LedgerStats } from './ledger-stats.js';
export type { Offset } from './store/offset.js';
export type { PostgresPool } from './store/postgres-store.js';
export type { RedisClient } from './store/redis-client.js';
export type {
  Claim,
  LedgerStore,
  LogEntry,
  LogLimits,
  SessionChange,
  SessionMark,
  TakenSession,
} from './store/ledger-store.js';
