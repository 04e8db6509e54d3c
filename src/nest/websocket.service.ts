import { Injectable } from '@nestjs/common';
import type { AnyContract } from '../contract/index.js';
import type {
  DefaultEventsMap,
  AllButLast,
  EventNames,
  EventNamesWithAck,
  EventNamesWithoutAck,
  EventParams,
  EventsMap,
  FirstNonErrorArg,
  Last,
  Namespace,
  NamespaceOf,
  PartialNamespace,
  PresenceTarget,
  Room,
  Server,
  ServerStats,
  UserTarget,
} from '../socketio/index.js';
import { Broadcasting, assertEmittable, emitByIds, type Everyone } from '../socketio/index.js';
import type { ServerState, ShutdownOptions, ShutdownResult } from './dispatch/shutdown.js';

/** What the service is made of; the module has it. */
export interface WebsocketBackend {
  readonly server: Server;
  readonly state: ServerState;
  shutdown(options: ShutdownOptions): Promise<ShutdownResult>;
}

type Target<EmitEvents extends EventsMap, SocketData> = Namespace<
  DefaultEventsMap,
  EmitEvents,
  DefaultEventsMap,
  SocketData
>;

/**
 * Emits from anywhere in the application. Injected; `Websocket<ServerToClientEvents, SocketData>` types the events,
 * and what is in `socket.data`.
 *
 * @example
 * constructor(private readonly websocket: Websocket) {}
 * tell(userId: string) { this.websocket.to(`user:${userId}`).emit('notice', { read: false }); }
 */
@Injectable()
export class Websocket<
  EmitEvents extends EventsMap = DefaultEventsMap,
  // oxlint-disable-next-line typescript/no-explicit-any -- as in Socket.IO
  SocketData = any,
> extends Broadcasting<EmitEvents, SocketData> {
  readonly #backend: WebsocketBackend;

  /** @internal */
  constructor(backend: WebsocketBackend) {
    super();
    this.#backend = backend;
  }

  /** The Socket.IO server behind it. */
  get server(): Server<DefaultEventsMap, EmitEvents, DefaultEventsMap, SocketData> {
    return this.#backend.server as unknown as Server<DefaultEventsMap, EmitEvents, DefaultEventsMap, SocketData>;
  }

  /** @internal */
  everyone(): Everyone<EmitEvents, SocketData> {
    return this.#main.everyone();
  }

  /** Emits to every socket of `/`. */
  emit<Event extends EventNamesWithoutAck<EmitEvents>>(event: Event, ...args: EventParams<EmitEvents, Event>): boolean {
    return this.#main.emit(event, ...args);
  }

  /** Emits to every socket of every namespace. */
  broadcast<Event extends EventNamesWithoutAck<EmitEvents>>(
    event: Event,
    ...args: EventParams<EmitEvents, Event>
  ): void {
    for (const namespace of this.server._nsps.values()) namespace.emit(event, ...args);
  }

  /** Emits to one socket of any namespace, on this server or another; false if none has this id. */
  async emitTo<Event extends EventNames<EmitEvents>>(
    id: string,
    event: Event,
    ...args: EventParams<EmitEvents, Event>
  ): Promise<boolean> {
    const gone = await this.emitToList([id], event, ...args);
    return gone.length === 0;
  }

  /** Emits to several sockets; resolves to the ids that no server has. */
  emitToList<Event extends EventNames<EmitEvents>>(
    ids: readonly string[],
    event: Event,
    ...args: EventParams<EmitEvents, Event>
  ): Promise<string[]> {
    return emitByIds(this.#backend.server, ids, event as string, args);
  }

  /** Emits to every socket of `/` and resolves to their acks. */
  emitWithAck<Event extends EventNamesWithAck<EmitEvents>>(
    event: Event,
    ...args: AllButLast<EventParams<EmitEvents, Event>>
  ): Promise<FirstNonErrorArg<Last<EventParams<EmitEvents, Event>>>[]> {
    return this.#main.everyone().emitWithAck(event as never, ...(args as never)) as never;
  }

  /** `fetchSockets`, `emitWithAck` and `serverSideEmitWithAck` that give what came where a server does not answer. */
  get partial(): PartialNamespace<EmitEvents, DefaultEventsMap, SocketData> {
    return this.#main.partial;
  }

  /**
   * A namespace; given a contract, typed by it. The contract of a pattern wants the name of one that matches.
   *
   * @throws TypeError for a name that the pattern of a contract does not match
   */
  of<C extends AnyContract & { readonly namespace: string }>(contract: C): NamespaceOf<C>;
  of<C extends AnyContract & { readonly namespace: RegExp }>(contract: C, name: string): NamespaceOf<C>;
  of(namespace: string): Target<EmitEvents, SocketData>;
  of(namespace: string | AnyContract, name?: string): unknown {
    return this.server.of(namespace as AnyContract, name!);
  }

  /**
   * Runs this server's handlers of an event for every connected socket, as if each had sent it: a `@RateLimit` counts it
   * for the socket, the option `rateLimit` does not.
   *
   * @throws Error for a reserved event name, which no client can send either
   */
  fire(event: string, ...args: unknown[]): void {
    assertEmittable(event);
    for (const namespace of this.server._nsps.values()) {
      for (const socket of [...namespace.sockets.values()]) socket.fire(event, ...args);
    }
  }

  /** Emits to the other servers of the cluster. */
  serverSideEmit(event: string, ...args: unknown[]): boolean {
    return this.#main.serverSideEmit(event, ...args);
  }

  /** Emits to the other servers of the cluster and resolves to their answers. */
  serverSideEmitWithAck(event: string, ...args: unknown[]): Promise<unknown[]> {
    return this.#main.serverSideEmitWithAck(event, ...args);
  }

  /** The sockets that act for a user: every device, on every server. See `Server#user` and `Socket#identify`. */
  user(userId: string): UserTarget<EmitEvents, SocketData> {
    return this.server.user(userId);
  }

  /** Who is online in a namespace, or in one of its rooms, on all servers: see `Server#presence`. */
  presence(room?: Room, namespace?: string): PresenceTarget {
    return this.server.presence(room, namespace);
  }

  /** How many sockets the cluster has in a namespace, or in one of its rooms: see `Server#count`. */
  count(room?: Room, namespace?: string): Promise<number> {
    return this.server.count(room, namespace);
  }

  /** What happened so far, and who is there: see `Server#stats`. */
  stats(): ServerStats {
    return this.server.stats();
  }

  /**
   * Where the server is in its life: `starting` until clients are let in, `open`, `draining` while a shutdown still serves
   * everything, `closing` while it ends the sessions, `closed`. A readiness probe is up at `open` only.
   */
  get state(): ServerState {
    return this.#backend.state;
  }

  /**
   * Ends the server so that clients reconnect elsewhere. First it drains for `delay`: everything is served, and methods with
   * `@OnShutdown()` run. Then it refuses handshakes and events, awaits handlers in flight, delivers, closes the sessions, and
   * cuts those that do not answer within `timeout`. Also runs on `app.close()`. A second call gets the first one's result, and
   * ends its delay.
   */
  shutdown(options: ShutdownOptions = {}): Promise<ShutdownResult> {
    return this.#backend.shutdown(options);
  }

  get #main(): Target<EmitEvents, SocketData> {
    return this.server.sockets;
  }
}
