import { pause } from '../../common/pause.js';
import { EntryWaiters } from './entry-waiters.js';
import { formatOffset, placeOf, type Offset } from './offset.js';
import {
  MAX_DIRECTS,
  MAX_HANDOVERS,
  type Claim,
  type LedgerStore,
  type LogEntry,
  type LogLimits,
  type SessionChange,
  type TakenSession,
  type Taker,
} from './ledger-store.js';
import { prefixOf, schemaOf } from './postgres-schema.js';

/** A `Pool` of the package `pg`. */
export interface PostgresPool {
  /** Runs a statement on any connection. */
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
  /** Takes a connection. */
  connect(): Promise<PostgresClient>;
}

export interface PostgresClient {
  /** Runs a statement. */
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
  /** Adds a listener. */
  on(event: string, listener: (...args: any[]) => void): unknown;
  /** Removes a listener. */
  removeListener(event: string, listener: (...args: any[]) => void): unknown;
  /** Gives the connection back to the pool. */
  release(error?: Error | boolean): void;
}

/**
 * A ledger in PostgreSQL 12 or later: tables that it makes itself, and `LISTEN`/`NOTIFY` to wake those who wait. One
 * connection of the pool is kept to listen.
 */
export class PostgresStore implements LedgerStore {
  readonly #prefix: string;
  readonly #waiters = new EntryWaiters();
  #node = '';
  #receive: (message: string) => void = () => {};
  #listener: PostgresClient | null = null;
  #isClosed = false;

  constructor(
    private readonly pool: PostgresPool,
    name: string,
  ) {
    this.#prefix = prefixOf(name);
  }

  async open(node: string, receive: (message: string) => void): Promise<Offset> {
    this.#node = node;
    this.#receive = receive;
    this.#isClosed = false;
    await this.#createSchema();
    if (this.#listener === null) await this.#listen();
    const [{ end }] = await this.#rows<{ end: Offset }>(`SELECT ms || '-' || n AS end FROM ${this.#prefix}_head`);
    return end;
  }

  async append(first: number, bodies: readonly string[]): Promise<void> {
    await this.#rows(`SELECT ${this.#prefix}_append($1, $2, $3)`, [this.#node, first, bodies]);
  }

  async read(after: Offset, limit: number, wait: number): Promise<LogEntry[]> {
    // Before the first look: an entry that comes meanwhile is not slept through.
    const longest = this.#listener === null ? Math.min(wait, UNTOLD_MS) : wait;
    const next = wait > 0 ? this.#waiters.wait(longest) : null;
    try {
      const entries = await this.#readNow(after, limit);
      if (entries.length > 0 || next === null || this.#isClosed) return entries;
      await next.promise;
      return this.#isClosed ? [] : await this.#readNow(after, limit);
    } finally {
      next?.cancel();
    }
  }

  async saveSessions(changes: readonly SessionChange[]): Promise<string[]> {
    const args = [JSON.stringify(changes), MAX_DIRECTS];
    const [{ taken }] = await this.#rows<{ taken: string[] }>(`SELECT ${this.#prefix}_save($1, $2) AS taken`, args);
    return [...new Set(taken)];
  }

  async takeSession(pid: string, { owner, has, ttl, body }: Taker): Promise<TakenSession | null> {
    const sql = `SELECT ${this.#prefix}_take($1, $2, $3, $4, $5, $6) AS taken`;
    const args = [owner, pid, ttl, body, has, MAX_HANDOVERS];
    const [{ taken }] = await this.#rows<{ taken: TakenSession | null }>(sql, args);
    return taken === null ? null : { ...taken, dropped: taken.dropped ?? undefined };
  }

  async send(to: string | null, message: string): Promise<void> {
    const channel = this.#channel(to);
    const text = `${this.#node} ${message}`;
    if (Buffer.byteLength(text) <= MAX_NOTIFICATION) {
      await this.#rows('SELECT pg_notify($1, $2)', [channel, text]);
      return;
    }
    const sql = `WITH kept AS (INSERT INTO ${this.#prefix}_messages (body) VALUES ($3) RETURNING id)
      SELECT pg_notify($1, $2 || ' #' || id) FROM kept`;
    await this.#rows(sql, [channel, this.#node, message]);
  }

  async prune({ maxAge, maxBytes }: LogLimits): Promise<Offset> {
    const sql = `SELECT ${this.#prefix}_prune($1, $2) AS end`;
    const [{ end }] = await this.#rows<{ end: Offset }>(sql, [Math.ceil(maxAge), maxBytes]);
    return end;
  }

  async claim(key: string, value: string, ttl: number, replace: boolean): Promise<Claim> {
    const sql = `SELECT ${this.#prefix}_claim($1, $2, $3, $4) AS claim`;
    const [{ claim }] = await this.#rows<{ claim: Claim }>(sql, [key, value, Math.ceil(ttl), replace]);
    return claim;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#listener?.release(true);
    this.#listener = null;
    this.#waiters.wake();
    return Promise.resolve();
  }

  /** Several nodes may start at once. */
  async #createSchema(): Promise<void> {
    const client = await this.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [this.#prefix]);
      await client.query(schemaOf(this.#prefix));
      await client.query('COMMIT');
      client.release();
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  async #listen(): Promise<void> {
    const client = await this.pool.connect();
    client.on('notification', ({ channel, payload = '' }: { channel: string; payload?: string }) => {
      if (channel === this.#prefix) this.#waiters.wake();
      else void this.#onMessage(payload);
    });
    client.on('error', () => this.#onListenerGone(client));
    client.on('end', () => this.#onListenerGone(client));
    try {
      for (const channel of [this.#prefix, this.#channel(null), this.#channel(this.#node)]) {
        await client.query(`LISTEN "${channel}"`);
      }
    } catch (error) {
      client.release(true);
      throw error;
    }
    if (this.#isClosed) client.release(true);
    else this.#listener = client;
    // What came before is not told of.
    this.#waiters.wake();
  }

  #onListenerGone(client: PostgresClient): void {
    if (this.#listener !== client) return;
    this.#listener = null;
    client.release(true);
    void this.#listenAgain();
  }

  /** As long as it takes; until then those that wait for an entry look for it at intervals. */
  async #listenAgain(): Promise<void> {
    while (!this.#isClosed && this.#listener === null) {
      await this.#listen().catch(() => pause(RECONNECT_MS));
    }
  }

  async #onMessage(payload: string): Promise<void> {
    const separator = payload.indexOf(' ');
    const sender = payload.slice(0, separator);
    const text = payload.slice(separator + 1);
    if (sender === this.#node) return;
    if (!text.startsWith('#')) {
      this.#receive(text);
      return;
    }
    const sql = `SELECT body FROM ${this.#prefix}_messages WHERE id = $1`;
    // One that cannot be read is lost, as messages may be.
    const rows = await this.#rows<{ body: string }>(sql, [text.slice(1)]).catch(() => []);
    for (const { body } of rows) this.#receive(body);
  }

  async #readNow(after: Offset, limit: number): Promise<LogEntry[]> {
    const { ms, number } = placeOf(after);
    const sql = `SELECT ms, n, body FROM ${this.#prefix}_log WHERE (ms, n) > ($1, $2) ORDER BY ms, n LIMIT $3`;
    const rows = await this.#rows<{ ms: string; n: string; body: string }>(sql, [ms, number, limit]);
    return rows.map((row) => ({
      at: formatOffset({ ms: Number(row.ms), number: Number(row.n), direct: 0 }),
      body: row.body,
    }));
  }

  #channel(node: string | null): string {
    return node === null ? `${this.#prefix}#` : `${this.#prefix}#${node.slice(0, 20)}`;
  }

  async #rows<Row>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.pool.query(sql, values)).rows as Row[];
  }
}

/** PostgreSQL takes less than 8,000 bytes. */
const MAX_NOTIFICATION = 7_900;
const RECONNECT_MS = 200;
/** How long an entry may go unnoticed while nothing tells of it. */
const UNTOLD_MS = 100;
