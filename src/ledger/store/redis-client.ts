/** A client of the package `ioredis` or `redis`: of one server, of a Redis Cluster, or of Sentinel. */
export interface RedisClient {
  /** Makes a second connection with the same settings, for subscriptions. */
  duplicate(): unknown;
  /** Adds a listener. */
  on(event: string, listener: (...args: any[]) => void): unknown;
}

/** What differs between the clients, as far as a ledger needs them. */
export interface RedisCommands {
  /** Sends one command; `key` tells a client of a cluster where to. */
  send(key: string, command: readonly string[]): Promise<unknown>;
  subscribe(channels: readonly string[], receive: (message: string) => void): Promise<void>;
  /** A connection of its own, for a command that blocks, or for a subscription. */
  duplicate(): Promise<RedisCommands>;
  /** Only for what `duplicate` made. */
  disconnect(): void;
}

/** @throws TypeError if it is a client of neither `ioredis` nor `redis` */
export function commandsOf(client: RedisClient): RedisCommands {
  if (isIoRedis(client)) return new IoRedisCommands(client);
  if (isNodeRedis(client)) return new NodeRedisCommands(client);
  throw new TypeError('redisLedger() takes a client of the package "ioredis" or "redis"');
}

interface IoRedis extends RedisClient {
  readonly status: string;
  duplicate(): IoRedis;
  connect(): Promise<unknown>;
  call(command: string, ...args: string[]): Promise<unknown>;
  subscribe(...channels: string[]): Promise<unknown>;
  disconnect(): void;
}

class IoRedisCommands implements RedisCommands {
  constructor(private readonly client: IoRedis) {}

  send(_key: string, [name, ...args]: readonly string[]): Promise<unknown> {
    return this.client.call(name, ...args);
  }

  async subscribe(channels: readonly string[], receive: (message: string) => void): Promise<void> {
    this.client.on('message', (_channel: string, message: string) => receive(message));
    await this.client.subscribe(...channels);
  }

  async duplicate(): Promise<RedisCommands> {
    const client = this.client.duplicate();
    client.on('error', ignore);
    // One that was made to connect lazily does so on its own with the first command.
    return new IoRedisCommands(client);
  }

  disconnect(): void {
    this.client.disconnect();
  }
}

interface NodeRedis extends RedisClient {
  duplicate(): NodeRedis;
  connect(): Promise<unknown>;
  sendCommand(...args: unknown[]): Promise<unknown>;
  subscribe(channels: readonly string[], listener: (message: string) => void): Promise<unknown>;
  /** `redis` 5, and before it. */
  destroy?(): void;
  disconnect?(): unknown;
}

class NodeRedisCommands implements RedisCommands {
  /** What the client wants before the command. */
  readonly #routing: 'none' | 'key' | 'sentinel';

  constructor(private readonly client: NodeRedis) {
    if ('masters' in client || 'slots' in client) this.#routing = 'key';
    else this.#routing = 'acquire' in client || 'aquire' in client ? 'sentinel' : 'none';
  }

  send(key: string, command: readonly string[]): Promise<unknown> {
    const { client } = this;
    switch (this.#routing) {
      case 'none':
        return client.sendCommand(command);
      case 'key':
        return client.sendCommand(key, false, command);
      case 'sentinel':
        return client.sendCommand(false, command);
    }
  }

  async subscribe(channels: readonly string[], receive: (message: string) => void): Promise<void> {
    await this.client.subscribe(channels, receive);
  }

  async duplicate(): Promise<RedisCommands> {
    const client = this.client.duplicate();
    client.on('error', ignore);
    await client.connect();
    return new NodeRedisCommands(client);
  }

  disconnect(): void {
    const { client } = this;
    if (client.destroy !== undefined) client.destroy();
    else void Promise.resolve(client.disconnect?.()).catch(ignore);
  }
}

function isIoRedis(client: RedisClient): client is IoRedis {
  return typeof (client as Partial<IoRedis>).call === 'function';
}

function isNodeRedis(client: RedisClient): client is NodeRedis {
  return typeof (client as Partial<NodeRedis>).sendCommand === 'function';
}

/** The connection comes back by itself, and what was asked meanwhile is asked again. */
function ignore(): void {}
