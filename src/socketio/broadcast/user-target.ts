import type { Room, SocketId } from '../adapter/adapter.js';
import type { DisconnectDetails } from '../client/disconnect-reason.js';
import type {
  AllButLast,
  EventNames,
  EventNamesWithAck,
  EventParams,
  EventsMap,
  FirstNonErrorArg,
  Last,
} from '../events/typed-events.js';
import type { RemoteSocket } from './remote-socket.js';
import { userRoom } from '../client/user-rooms.js';

/** A broadcast to the sockets of one user in one namespace. */
interface UserOperator {
  /** Emits to the sockets of the user. */
  emit(event: string, ...args: unknown[]): unknown;
  /** Emits and resolves to the acks. */
  emitWithAck(event: string, ...args: unknown[]): Promise<unknown>;
  /** How long to wait for acks, in milliseconds. Their callback gets an error first. */
  timeout(ms: number): UserOperator;
  /** The sockets of the user, on all servers. */
  fetchSockets(): Promise<unknown[]>;
  /** Disconnects the sockets of the user. */
  disconnectSockets(close?: boolean): Promise<void>;
}

/** A namespace, as far as its users are concerned. */
export interface UserSpace {
  in(room: Room): UserOperator;
}

/** The server of these namespaces. */
export interface UserServer {
  /** Disconnects the user's sockets on every server of the cluster, with these details. */
  disconnectUser(userId: string, message: string): void;
}

/** The sockets that act for one user (`socket.identify()`), on every server of the cluster. */
export class UserTarget<EmitEvents extends EventsMap, SocketData> {
  /** @internal */
  constructor(
    private readonly server: UserServer,
    private readonly namespaces: () => Iterable<UserSpace>,
    /** The id of the user. */
    readonly userId: string,
    private readonly timeoutMs: number | null = null,
  ) {}

  /** Emits to every device of the user. */
  emit<Event extends EventNames<EmitEvents>>(event: Event, ...args: EventParams<EmitEvents, Event>): void {
    for (const operator of this.#operators()) operator.emit(event as string, ...args);
  }

  /** How long to wait for acks, in milliseconds. */
  timeout(ms: number): UserTarget<EmitEvents, SocketData> {
    return new UserTarget(this.server, this.namespaces, this.userId, ms);
  }

  /** Resolves to the acks of all devices: to an empty list if the user has none. Rejects if one does not answer in time. */
  async emitWithAck<Event extends EventNamesWithAck<EmitEvents>>(
    event: Event,
    ...args: AllButLast<EventParams<EmitEvents, Event>>
  ): Promise<FirstNonErrorArg<Last<EventParams<EmitEvents, Event>>>[]> {
    const acks = this.#operators().map((operator) => operator.emitWithAck(event as string, ...(args as unknown[])));
    return (await Promise.all(acks)).flat() as FirstNonErrorArg<Last<EventParams<EmitEvents, Event>>>[];
  }

  /** The sockets of the user, on all servers. */
  async fetchSockets(): Promise<RemoteSocket<EmitEvents, SocketData>[]> {
    const found = await Promise.all(this.#operators().map((operator) => operator.fetchSockets()));
    return found.flat() as RemoteSocket<EmitEvents, SocketData>[];
  }

  /**
   * Ends the connections of all devices, on servers that work within a round trip; their clients do not come back by
   * themselves. Sessions of devices that are away end as well, if the adapter can reach them.
   *
   * @param reason is the `message` of the details that handlers of `disconnect` get
   */
  async disconnect(reason = 'the user was disconnected'): Promise<void> {
    const operators = this.#operators();
    this.server.disconnectUser(this.userId, reason);
    await Promise.all(operators.map((operator) => operator.disconnectSockets(true)));
  }

  #operators(): UserOperator[] {
    const room = userRoom(this.userId);
    return Array.from(this.namespaces(), (namespace) => {
      const operator = namespace.in(room);
      return this.timeoutMs === null ? operator : operator.timeout(this.timeoutMs);
    });
  }
}

interface ConnectedSocket {
  readonly connection: { disconnect(details: DisconnectDetails): void };
}

interface LocalSpace {
  readonly adapter: { readonly rooms: ReadonlyMap<Room, ReadonlySet<SocketId>> };
  readonly sockets: ReadonlyMap<SocketId, ConnectedSocket>;
  /** Sockets that are being decided about may act for a user already. */
  readonly _preConnectSockets: ReadonlyMap<SocketId, ConnectedSocket>;
}

/** What is asked of the other servers of a cluster. */
export const DISCONNECT_USER = 'disconnect-user';

/** Ends the connections that this server has of a user. */
export function disconnectLocally(namespaces: Iterable<LocalSpace>, userId: string, message: string): void {
  const details: DisconnectDetails = { code: 'SERVER_DISCONNECT', message };
  const room = userRoom(userId);
  for (const { adapter, sockets, _preConnectSockets } of [...namespaces]) {
    for (const id of [...(adapter.rooms.get(room) ?? [])]) {
      (sockets.get(id) ?? _preConnectSockets.get(id))?.connection.disconnect(details);
    }
  }
}
