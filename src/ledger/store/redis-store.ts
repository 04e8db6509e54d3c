import type { Offset } from './offset.js';
import {
  MAX_DIRECTS,
  MAX_HANDOVERS,
  type Claim,
  type Handover,
  type LedgerStore,
  type LogEntry,
  type LogLimits,
  type SessionChange,
  type TakenSession,
  type Taker,
} from './ledger-store.js';
import { commandsOf, type RedisClient, type RedisCommands } from './redis-client.js';
import { APPEND, CLAIM, OPEN, PRUNE, SAVE, TAKE, type RedisScript } from './redis-scripts.js';

/**
 * A ledger in Redis 6.2 or later: a stream, and a hash and a list for each session. All keys share one slot, so that a step
 * can touch several of them, in a Redis Cluster as well.
 */
export class RedisStore implements LedgerStore {
  readonly #commands: RedisCommands;
  readonly #prefix: string;
  #node = '';
  #reader: RedisCommands | null = null;
  #subscriber: RedisCommands | null = null;
  #isClosed = false;

  constructor(client: RedisClient, name: string) {
    this.#commands = commandsOf(client);
    this.#prefix = `{${name}}`;
  }

  async open(node: string, receive: (message: string) => void): Promise<Offset> {
    this.#node = node;
    this.#isClosed = false;
    this.#reader ??= await this.#commands.duplicate();
    if (this.#subscriber === null) {
      const subscriber = await this.#commands.duplicate();
      await subscriber.subscribe([this.#channel(null), this.#channel(node)], (message) =>
        this.#receive(message, receive),
      );
      this.#subscriber = subscriber;
    }
    return (await this.#run(OPEN, [this.#head])) as Offset;
  }

  async append(first: number, bodies: readonly string[]): Promise<void> {
    await this.#run(APPEND, [this.#log, this.#head, this.#key('a', this.#node)], [String(first), ...bodies]);
  }

  async read(after: Offset, limit: number, wait: number): Promise<LogEntry[]> {
    const commands = wait > 0 ? this.#reader : this.#commands;
    if (commands === null || this.#isClosed) return [];
    const block = wait > 0 ? ['BLOCK', String(wait)] : [];
    const command = ['XREAD', 'COUNT', String(limit), ...block, 'STREAMS', this.#log, after];
    return entriesOf(await commands.send(this.#log, command));
  }

  async saveSessions(changes: readonly SessionChange[]): Promise<string[]> {
    const saved = await Promise.all(changes.map((change) => this.#save(change)));
    return [...new Set(changes.filter((_change, i) => saved[i] === 0).map(({ owner }) => owner))];
  }

  async takeSession(pid: string, { owner, has, ttl, body }: Taker): Promise<TakenSession | null> {
    const keys = [this.#key('s', pid), this.#key('d', pid), this.#log, this.#head];
    const args = [owner, String(ttl), body, has, String(MAX_HANDOVERS)];
    const taken = (await this.#run(TAKE, keys, args)) as TakeReply | null;
    if (taken === null) return null;
    const [state, read, got, dropped, handed, at, list] = taken;
    const handovers = JSON.parse(handed) as Handover[];
    const directs: LogEntry[] = [];
    for (let i = 0; i < list.length; i += 2) directs.push({ at: list[i], body: list[i + 1] });
    return { state, mark: { read, got }, directs, handovers, at, dropped: dropped === '' ? undefined : dropped };
  }

  async send(to: string | null, message: string): Promise<void> {
    const channel = this.#channel(to);
    // A message to all comes back to its sender, which is told by the name in front of it.
    await this.#commands.send(channel, ['PUBLISH', channel, to === null ? `${this.#node} ${message}` : ` ${message}`]);
  }

  async prune({ maxAge, maxBytes }: LogLimits): Promise<Offset> {
    return (await this.#run(PRUNE, [this.#log, this.#head], [String(maxAge), String(maxBytes)])) as Offset;
  }

  async claim(key: string, value: string, ttl: number, replace: boolean): Promise<Claim> {
    const args = [value, String(ttl), replace ? '1' : '0'];
    const [isMine, held] = (await this.#run(CLAIM, [this.#key('c', key)], args)) as [number, string];
    return { isMine: isMine === 1, value: held };
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#reader?.disconnect();
    this.#subscriber?.disconnect();
    this.#reader = this.#subscriber = null;
    return Promise.resolve();
  }

  get #log(): string {
    return `${this.#prefix}:log`;
  }

  get #head(): string {
    return `${this.#prefix}:head`;
  }

  #key(kind: string, id: string): string {
    return `${this.#prefix}:${kind}:${id}`;
  }

  #channel(node: string | null): string {
    return node === null ? `${this.#prefix}#` : `${this.#prefix}#${node}`;
  }

  #receive(message: string, receive: (message: string) => void): void {
    const sender = message.slice(0, message.indexOf(' '));
    if (sender !== this.#node) receive(message.slice(sender.length + 1));
  }

  async #save({ pid, owner, ttl, state = '', mark, directs = [] }: SessionChange): Promise<unknown> {
    const args = [owner, String(ttl), String(MAX_DIRECTS), state, mark?.read ?? '', mark?.got ?? ''];
    for (const { at, body } of directs) args.push(at, body);
    return this.#run(SAVE, [this.#key('s', pid), this.#key('d', pid)], args);
  }

  /** The text of a script travels once; afterwards its hash is enough, until the server forgets it. */
  async #run({ text, sha }: RedisScript, keys: readonly string[], args: readonly string[] = []): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.#commands.send(keys[0], ['EVALSHA', sha, ...rest]);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return this.#commands.send(keys[0], ['EVAL', text, ...rest]);
    }
  }
}

type TakeReply = [
  state: string,
  read: string,
  got: string,
  dropped: string,
  handovers: string,
  at: string,
  directs: string[],
];
type StreamReply = [id: string, fields: string[]][];

/** Null if nothing came. RESP 2 has a list of streams, RESP 3 a map. */
function entriesOf(reply: unknown): LogEntry[] {
  if (typeof reply !== 'object' || reply === null) return [];
  const stream = Array.isArray(reply)
    ? (reply[0] as [string, StreamReply])[1]
    : ((reply instanceof Map ? [...reply.values()] : Object.values(reply))[0] as StreamReply);
  return stream.map(([at, [, body]]) => ({ at, body }));
}
