import { randomUUID } from 'node:crypto';
import { Redis, type RedisOptions } from 'ioredis';
import { createClient, type RedisClientOptions } from 'redis';
import { settledWithin } from '../../../src/common/pause.js';
import { cleanup } from '../../support/cleanup.js';
import { freePort } from '../../support/free-port.mjs';
import { nextEvent, until } from '../../support/until.js';
import { Daemon } from './daemon.js';

/** A client of the package `redis`, as adapters take it. */
export type NodeRedis = ReturnType<typeof createClient>;

/** A Redis server that keeps nothing on disk, for the tests of one suite. */
export class RedisServer {
  readonly #clients = new Set<Redis | NodeRedis>();
  #daemon: Daemon | null = null;
  #port = 0;

  /** Declares the hooks that start and stop the server; to be called while a suite is declared. */
  constructor(private readonly program: string) {
    beforeAll(() => this.start());
    afterAll(() => this.kill());
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  /**
   * Started again, it is empty and listens where it was; resolves once its clients are ready again. Before that the QUIT
   * of an `ioredis` client overtakes what the client keeps until it is ready, which is rejected then.
   */
  async start(): Promise<void> {
    this.#port ||= await freePort();
    this.#daemon = await Daemon.start({
      program: this.program,
      args: ['--port', String(this.#port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      ready: /Ready to accept connections/,
    });
    await until(() => [...this.#clients].every(isReady), 'the clients of Redis are ready', 10_000);
  }

  /** Without a farewell to anybody. */
  async kill(): Promise<void> {
    await this.#daemon?.stop('SIGKILL');
    this.#daemon = null;
  }

  /** A connected client of the package `redis`. */
  async connect(options: RedisClientOptions = {}): Promise<NodeRedis> {
    const client = createClient({ url: this.url, socket: { reconnectStrategy: () => 20 }, ...options });
    client.on('error', () => {});
    await client.connect();
    this.#track(client as NodeRedis, () => client.close());
    return client as NodeRedis;
  }

  /**
   * A connected client of the package `ioredis`. Unless told otherwise an outage is a delay for it: it sends again what
   * was not answered, so that no command is rejected.
   */
  async connectIo(options: RedisOptions = {}): Promise<Redis> {
    const client = new Redis(this.url, { maxRetriesPerRequest: null, retryStrategy: () => 20, ...options });
    client.on('error', () => {});
    // One that is between two attempts to connect refuses a farewell, if it may not keep commands until then.
    this.#track(client, () => client.quit().catch(() => client.disconnect()));
    await nextEvent(client, 'ready');
    return client;
  }

  #track(client: Redis | NodeRedis, leave: () => Promise<unknown>): void {
    this.#clients.add(client);
    cleanup(() => {
      this.#clients.delete(client);
      return settledWithin(GOODBYE_MS, leave());
    });
  }
}

function isReady(client: Redis | NodeRedis): boolean {
  return client instanceof Redis ? client.status === 'ready' : client.isReady;
}

/** A client may wait for answers that went down with a connection; what it has open ends with its server. */
const GOODBYE_MS = 1_000;

/** A prefix for keys and channels, so that one test hears nothing of another. */
export function uniqueName(): string {
  return `test-${randomUUID()}`;
}
