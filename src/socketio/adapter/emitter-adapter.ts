import type { AdapterConstructor, AdapterPacket, BroadcastOptions, Room, SocketDetails, SocketId } from './adapter.js';
import { MemoryAdapter, type AdapterNamespace } from './memory-adapter.js';

/** A broadcast, as the packages `@socket.io/redis-emitter`, `redis-streams-emitter` and `postgres-emitter` have it. */
interface EmitterOperator {
  to(rooms: Room[]): EmitterOperator;
  except(rooms: Room[]): EmitterOperator;
  readonly volatile: EmitterOperator;
  compress(compress: boolean): EmitterOperator;
  emit(event: string, ...args: unknown[]): unknown;
  socketsJoin(rooms: Room[]): unknown;
  socketsLeave(rooms: Room[]): unknown;
  disconnectSockets(close: boolean): unknown;
}

/** An emitter of these packages. */
export interface ClusterEmitter {
  /** The emitter of another namespace. */
  // oxlint-disable-next-line typescript/no-explicit-any -- each package types its own
  of(namespace: string): any;
}

interface NamespaceEmitter extends EmitterOperator {
  serverSideEmit(...args: unknown[]): unknown;
}

/** The adapter of a process without clients, which only emits. */
class EmitterAdapter extends MemoryAdapter {
  readonly #emitter: NamespaceEmitter;

  constructor(nsp: AdapterNamespace, emitter: ClusterEmitter) {
    super(nsp);
    this.#emitter = emitter.of(nsp.name) as NamespaceEmitter;
  }

  override broadcast({ data }: AdapterPacket, opts: BroadcastOptions): void {
    const [event, ...args] = data as [string, ...unknown[]];
    this.#targeted(opts).emit(event, ...args);
  }

  override addSockets(opts: BroadcastOptions, rooms: Room[]): void {
    this.#targeted(opts).socketsJoin(rooms);
  }

  override delSockets(opts: BroadcastOptions, rooms: Room[]): void {
    this.#targeted(opts).socketsLeave(rooms);
  }

  override disconnectSockets(opts: BroadcastOptions, close: boolean): void {
    this.#targeted(opts).disconnectSockets(close);
  }

  override serverSideEmit(packet: unknown[]): void {
    if (typeof packet.at(-1) === 'function') throw unanswerable();
    this.#emitter.serverSideEmit(...packet);
  }

  override broadcastWithAck(): void {
    throw unanswerable();
  }

  override fetchSockets(): Promise<SocketDetails[]> {
    return Promise.reject(unanswerable());
  }

  override sockets(): Promise<Set<SocketId>> {
    return Promise.reject(unanswerable());
  }

  override serverCount(): Promise<number> {
    return Promise.reject(unanswerable());
  }

  #targeted({ rooms, except, flags }: BroadcastOptions): EmitterOperator {
    let operator: EmitterOperator = this.#emitter;
    if (rooms.size > 0) operator = operator.to([...rooms]);
    if (except.size > 0) operator = operator.except([...except]);
    if (flags.volatile) operator = operator.volatile;
    if (flags.compress !== undefined) operator = operator.compress(flags.compress);
    return operator;
  }
}

/**
 * An adapter over an emitter, such as `new Emitter(redisClient)` of `@socket.io/redis-emitter`: what a server emits that has
 * it reaches the clients of the cluster. Nothing can be asked that way: acks, `fetchSockets()` and the like are errors.
 */
export function emitterAdapter(emitter: ClusterEmitter): AdapterConstructor {
  // A function and no arrow: servers call it with `new`.
  return function (nsp: AdapterNamespace) {
    return new EmitterAdapter(nsp, emitter);
  } as unknown as AdapterConstructor;
}

function unanswerable(): Error {
  return new Error('an emitter receives no answers: ask for acks and sockets on a server, or use a ledger');
}
