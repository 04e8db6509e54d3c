import { Injectable } from '@nestjs/common';
import type {
  BroadcastOperator,
  DefaultEventsMap,
  EventNames,
  EventParams,
  EventsMap,
  Namespace,
  RemoteSocket,
  Room,
  Server,
  Socket,
} from '../socketio/index.js';
import type { ShutdownOptions, ShutdownResult } from './shutdown.js';

/** What the service is made of; the module has it. */
export interface WebsocketBackend {
  readonly server: Server;
  shutdown(options: ShutdownOptions): Promise<ShutdownResult>;
}

type Operator<EmitEvents extends EventsMap> = BroadcastOperator<EmitEvents, unknown>;

/**
 * Emits from anywhere in the application. Injected; `Websocket<ServerToClientEvents>` types the events.
 *
 * @example
 * constructor(private readonly websocket: Websocket) {}
 * tell(userId: string) { this.websocket.to(`user:${userId}`).emit('notice', { read: false }); }
 */
@Injectable()
export class Websocket<EmitEvents extends EventsMap = DefaultEventsMap> {
  readonly #backend: WebsocketBackend;

  constructor(backend: WebsocketBackend) {
    this.#backend = backend;
  }

  /** The Socket.IO server behind it. */
  get server(): Server {
    return this.#backend.server;
  }

  /** Emits to every socket of `/`. */
  emit<Event extends EventNames<EmitEvents>>(event: Event, ...args: EventParams<EmitEvents, Event>): boolean {
    return this.#main.emit(event as string, ...args);
  }

  /** Emits to every socket of every namespace. */
  broadcast<Event extends EventNames<EmitEvents>>(event: Event, ...args: EventParams<EmitEvents, Event>): void {
    for (const namespace of this.server._nsps.values()) namespace.emit(event as string, ...args);
  }

  /** Emits to one socket of any namespace, on this server or another; false where none has this id. */
  async emitTo<Event extends EventNames<EmitEvents>>(
    id: string,
    event: Event,
    ...args: EventParams<EmitEvents, Event>
  ): Promise<boolean> {
    const gone = await this.emitToList([id], event, ...args);
    return gone.length === 0;
  }

  /** Emits to several sockets; resolves to the ids that no server has. */
  async emitToList<Event extends EventNames<EmitEvents>>(
    ids: readonly string[],
    event: Event,
    ...args: EventParams<EmitEvents, Event>
  ): Promise<string[]> {
    const elsewhere: string[] = [];
    for (const id of new Set(ids)) {
      const socket = this.#localSocket(id);
      if (socket === undefined) elsewhere.push(id);
      else socket.emit(event as string, ...args);
    }
    return elsewhere.length === 0 ? [] : this.#emitElsewhere(elsewhere, event as string, args);
  }

  /** Emits to every socket of `/` and resolves to their acks. */
  emitWithAck<Event extends EventNames<EmitEvents>>(event: Event, ...args: unknown[]): Promise<unknown> {
    const operator = this.#main.to([]) as unknown as {
      emitWithAck(event: Event, ...args: unknown[]): Promise<unknown>;
    };
    return operator.emitWithAck(event, ...args);
  }

  /** As in Socket.IO: how long to wait for acks, in milliseconds. */
  timeout(timeout: number): Operator<EmitEvents> {
    return this.#main.timeout(timeout) as unknown as Operator<EmitEvents>;
  }

  to(room: Room | Room[]): Operator<EmitEvents> {
    return this.#main.to(room) as unknown as Operator<EmitEvents>;
  }

  in(room: Room | Room[]): Operator<EmitEvents> {
    return this.to(room);
  }

  except(room: Room | Room[]): Operator<EmitEvents> {
    return this.#main.except(room) as unknown as Operator<EmitEvents>;
  }

  compress(compress: boolean): Operator<EmitEvents> {
    return this.#main.compress(compress) as unknown as Operator<EmitEvents>;
  }

  get volatile(): Operator<EmitEvents> {
    return this.#main.volatile as unknown as Operator<EmitEvents>;
  }

  get local(): Operator<EmitEvents> {
    return this.#main.local as unknown as Operator<EmitEvents>;
  }

  /** A namespace. */
  of(namespace: string): Namespace {
    return this.server.of(namespace);
  }

  /** Runs this server's handlers of an event for every connected socket, as if each had sent it. */
  fire(event: string, ...args: unknown[]): void {
    for (const namespace of this.server._nsps.values()) {
      for (const socket of [...namespace.sockets.values()]) socket.fire(event, [...args]);
    }
  }

  fetchSockets(): Promise<RemoteSocket<EmitEvents, unknown>[]> {
    return this.#main.fetchSockets() as unknown as Promise<RemoteSocket<EmitEvents, unknown>[]>;
  }

  socketsJoin(room: Room | Room[]): Promise<void> {
    return this.#main.socketsJoin(room);
  }

  socketsLeave(room: Room | Room[]): Promise<void> {
    return this.#main.socketsLeave(room);
  }

  disconnectSockets(close = false): Promise<void> {
    return this.#main.disconnectSockets(close);
  }

  serverSideEmit(event: string, ...args: unknown[]): boolean {
    return this.#main.serverSideEmit(event, ...args);
  }

  serverSideEmitWithAck(event: string, ...args: unknown[]): Promise<unknown[]> {
    return this.#main.serverSideEmitWithAck(event, ...args);
  }

  /**
   * Ends the server so that clients reconnect elsewhere: refuses handshakes and events, awaits handlers in flight,
   * delivers, closes the sessions. Also runs on `app.close()`. A second call gets the first one's result.
   */
  shutdown(options: ShutdownOptions = {}): Promise<ShutdownResult> {
    return this.#backend.shutdown(options);
  }

  get #main(): Namespace {
    return this.server.sockets;
  }

  #localSocket(id: string): Socket | undefined {
    for (const namespace of this.server._nsps.values()) {
      const socket = namespace.sockets.get(id);
      if (socket !== undefined) return socket;
    }
    return undefined;
  }

  /** Asks the other servers of the cluster, once per namespace. */
  async #emitElsewhere(ids: string[], event: string, args: unknown[]): Promise<string[]> {
    const missing = new Set(ids);
    for (const namespace of this.server._nsps.values()) {
      if (missing.size === 0) break;
      if ((await namespace.adapter.serverCount()) < 2) continue;
      for (const socket of await namespace.in([...missing]).fetchSockets()) {
        if (missing.delete(socket.id)) socket.emit(event, ...args);
      }
    }
    return [...missing];
  }
}
