import { EmitOperation, OPERATIONS } from '../../common/channels.js';
import { randomId } from '../../engine/index.js';
import type { AdapterPort } from '../adapter/adapter-port.js';
import type {
  AdapterPacket,
  BroadcastFlags,
  BroadcastOptions,
  Room,
  SocketDetails,
  SocketId,
} from '../adapter/adapter.js';
import { BroadcastAck } from '../acks/broadcast-ack.js';
import { ackValidation } from '../acks/validated-ack.js';
import type { AckCallback, AckContext } from '../acks/ack-callback.js';
import { PacketType } from '../codec/packet.js';
import type { BroadcastTarget } from './broadcast-target.js';
import { PartialOperator } from './partial-operator.js';
import { RemoteSocket } from './remote-socket.js';
import type { OutboundContract } from '../events/outbound-contract.js';
import { assertOpen } from '../client/user-rooms.js';
import { assertEmittable } from '../events/reserved-events.js';
import { toMilliseconds } from '../events/milliseconds.js';
import { withResponses, type AckError } from '../acks/ack-error.js';
import type {
  AllButLast,
  DecorateAcknowledgements,
  EventNames,
  EventNamesWithError,
  EventParams,
  EventsMap,
  FirstNonErrorArg,
  Last,
  TypedEventBroadcaster,
} from '../events/typed-events.js';

/** The namespace that a broadcast goes through. */
export interface BroadcastContext extends AckContext {
  /** @internal What the namespace is known as to operators. */
  readonly route: string;
  /** @internal */
  readonly adapterPort: AdapterPort;
  /** The sockets of this server. */
  readonly sockets: ReadonlyMap<SocketId, { readonly rooms: ReadonlySet<Room> }>;
  /** For answers of many without a time of their own, in milliseconds. */
  readonly queryTimeout: number;
  /** @internal What the contract of the namespace says of emits. */
  readonly outbound: OutboundContract | null;
  /** @internal Drops a broadcast's ack from every socket that still owes it. */
  forgetAck(packet: AdapterPacket): void;
}

export interface OperatorFlags extends BroadcastFlags {
  /** One recipient is meant: its answer is given as it is, not in a list. */
  expectSingleResponse?: boolean | undefined;
}

/** Whom and how to broadcast. Immutable: each step returns another operator. */
export class BroadcastOperator<EmitEvents extends EventsMap, SocketData>
  implements
    TypedEventBroadcaster<EmitEvents>,
    BroadcastTarget<
      BroadcastOperator<EmitEvents, SocketData>,
      BroadcastOperator<DecorateAcknowledgements<EmitEvents>, SocketData>,
      RemoteSocket<EmitEvents, SocketData>
    >
{
  /** @internal */
  constructor(
    private readonly origin: BroadcastContext,
    /** The rooms that are targeted. */
    readonly rooms: Set<Room> = new Set(),
    /** The rooms whose sockets are left out. */
    readonly exceptRooms: Set<Room> = new Set(),
    /** How the event is sent. */
    readonly flags: OperatorFlags = {},
    /** Whether rooms were named, be it an empty list of them. */
    private readonly isTargeted = rooms.size > 0,
  ) {}

  to(room: Room | Room[]): BroadcastOperator<EmitEvents, SocketData> {
    return new BroadcastOperator(this.origin, union(this.rooms, room), this.exceptRooms, this.flags, true);
  }

  in(room: Room | Room[]): BroadcastOperator<EmitEvents, SocketData> {
    return this.to(room);
  }

  except(room: Room | Room[]): BroadcastOperator<EmitEvents, SocketData> {
    return this.#with(this.rooms, union(this.exceptRooms, room), this.flags);
  }

  compress(compress: boolean): BroadcastOperator<EmitEvents, SocketData> {
    return this.#with(this.rooms, this.exceptRooms, { ...this.flags, compress });
  }

  get volatile(): BroadcastOperator<EmitEvents, SocketData> {
    return this.#with(this.rooms, this.exceptRooms, { ...this.flags, volatile: true });
  }

  get local(): BroadcastOperator<EmitEvents, SocketData> {
    return this.#with(this.rooms, this.exceptRooms, { ...this.flags, local: true });
  }

  timeout(timeout: number): BroadcastOperator<DecorateAcknowledgements<EmitEvents>, SocketData> {
    return this.#with(this.rooms, this.exceptRooms, {
      ...this.flags,
      timeout: toMilliseconds(timeout),
    }) as unknown as BroadcastOperator<DecorateAcknowledgements<EmitEvents>, SocketData>;
  }

  /** Whether only an empty list of rooms was named. */
  get #isEmpty(): boolean {
    return this.isTargeted && this.rooms.size === 0;
  }

  /** Whether it is for one socket alone: one of another server that was fetched, or by its id one of this server. */
  get #isForOne(): boolean {
    if (this.flags.expectSingleResponse) return true;
    if (this.rooms.size !== 1) return false;
    for (const room of this.rooms) return this.origin.sockets.has(room);
    return false;
  }

  /**
   * Emits to everyone targeted. A function as last argument gets `(error, responses)` once all have answered.
   *
   * @throws Error for a reserved event name
   */
  emit<Event extends EventNames<EmitEvents>>(event: Event, ...args: EventParams<EmitEvents, Event>): boolean {
    assertEmittable(event);
    const data: unknown[] = [event, ...args];
    const callback = typeof data[data.length - 1] === 'function' ? (data.pop() as AckCallback) : null;
    this.origin.outbound?.check(data, this.origin);
    if (OPERATIONS.emit.hasSubscribers) this.#broadcastTraced(data, callback);
    else this.#broadcast(data, callback);
    return true;
  }

  /** As `emit` with a callback; rejects with an `AckError` that carries the `responses` so far. */
  emitWithAck<Event extends EventNamesWithError<EmitEvents>>(
    event: Event,
    ...args: AllButLast<EventParams<EmitEvents, Event>>
  ): Promise<FirstNonErrorArg<Last<EventParams<EmitEvents, Event>>>> {
    return new Promise((resolve, reject) => {
      const callback = (error: (Error & { responses?: unknown }) | null, responses: unknown): void => {
        if (error === null) resolve(responses as FirstNonErrorArg<Last<EventParams<EmitEvents, Event>>>);
        else reject(withResponses(error, responses));
      };
      this.emit(event, ...([...args, callback] as unknown as EventParams<EmitEvents, Event>));
    });
  }

  /** @deprecated `fetchSockets()` tells more. */
  allSockets(): Promise<Set<SocketId>> {
    if (this.#isEmpty) return Promise.resolve(new Set());
    return this.origin.adapterPort.sockets(this.rooms);
  }

  /**
   * `fetchSockets` and `emitWithAck` that resolve with what came, and say so, where a server does not answer. Comes last:
   * `io.to('room').timeout(1000).partial.fetchSockets()`.
   */
  get partial(): PartialOperator<EmitEvents, SocketData> {
    return new PartialOperator(this, this.origin.wheel, this.flags.timeout ?? this.origin.queryTimeout);
  }

  async fetchSockets(): Promise<RemoteSocket<EmitEvents, SocketData>[]> {
    if (this.#isEmpty) return [];
    const sockets = await this.origin.adapterPort.fetchSockets(this.#options());
    return sockets.map((socket) => this.#toRemote(socket));
  }

  /** @internal The targeted sockets of this server. Asks no adapter, since that may wait for its broker. */
  localSockets(): RemoteSocket<EmitEvents, SocketData>[] {
    const targeted: unknown[] = [];
    for (const socket of this.origin.sockets.values()) if (this.#targets(socket.rooms)) targeted.push(socket);
    return targeted as RemoteSocket<EmitEvents, SocketData>[];
  }

  socketsJoin(room: Room | Room[]): Promise<void> {
    assertOpen(room);
    if (this.#isEmpty) return Promise.resolve();
    return this.origin.adapterPort.addSockets(this.#options(), listOf(room));
  }

  socketsLeave(room: Room | Room[]): Promise<void> {
    assertOpen(room);
    if (this.#isEmpty) return Promise.resolve();
    return this.origin.adapterPort.delSockets(this.#options(), listOf(room));
  }

  disconnectSockets(close = false): Promise<void> {
    if (this.#isEmpty) return Promise.resolve();
    return this.origin.adapterPort.disconnectSockets(this.#options(), close);
  }

  #broadcast(data: unknown[], callback: AckCallback | null): void {
    if (callback !== null) this.#emitWithAck(data, callback);
    else if (!this.#isEmpty) {
      this.origin.adapterPort.broadcast({ type: PacketType.EVENT, data }, this.#options());
    }
  }

  #broadcastTraced(data: unknown[], callback: AckCallback | null): void {
    // Adapters may add to their array.
    const [event, ...args] = data;
    const operation = new EmitOperation(
      this.origin.route,
      event as string,
      args,
      this.rooms,
      undefined,
      callback !== null,
    );
    const answering = callback === null ? null : operation.answering(callback, false);
    operation.run(() => this.#broadcast(data, answering));
  }

  #emitWithAck(data: unknown[], callback: AckCallback): void {
    const { adapterPort } = this.origin;
    const timeout = this.flags.timeout ?? this.origin.queryTimeout;
    // Published adapters forget the answers of other servers after this time; without one, at once.
    const flags = { ...this.flags, timeout: Math.min(timeout, LONGEST_TIMEOUT) };
    const terms = { timeout: flags.timeout, left: randomId() };
    const packet: AdapterPacket = { type: PacketType.EVENT, data, terms };
    const ack = new BroadcastAck(
      this.origin,
      timeout,
      this.flags.expectSingleResponse ?? false,
      this.#isForOne,
      terms.left,
      ackValidation(this.origin, data[0] as string),
      callback,
      () => this.origin.forgetAck(packet),
    );
    if (this.#isEmpty) {
      ack.expectServers(0);
      return;
    }
    try {
      adapterPort.broadcastWithAck(
        packet,
        { ...this.#options(), flags },
        (count) => ack.expectClients(count),
        // Adapters hand this very function to the sockets of this server.
        Object.assign((response: unknown) => ack.add(response), { onLeave: (error: AckError) => ack.leave(error) }),
      );
    } catch (error) {
      // What cannot be sent is thrown at the sender, and leaves nothing behind.
      ack.dispose();
      throw error;
    }
    adapterPort.serverCount().then(
      (count) => ack.expectServers(count),
      // Without the number of servers the answers cannot be complete; the timeout tells.
      () => {},
    );
  }

  #targets(joined: ReadonlySet<Room>): boolean {
    for (const room of this.exceptRooms) if (joined.has(room)) return false;
    if (!this.isTargeted) return true;
    for (const room of this.rooms) if (joined.has(room)) return true;
    return false;
  }

  #toRemote(socket: SocketDetails): RemoteSocket<EmitEvents, SocketData> {
    if (socket.server !== undefined) return socket as unknown as RemoteSocket<EmitEvents, SocketData>;
    const operator = this.#with(new Set([socket.id]), new Set(), { expectSingleResponse: true });
    return new RemoteSocket(operator, socket);
  }

  #options(): BroadcastOptions {
    return { rooms: this.rooms, except: this.exceptRooms, flags: this.flags };
  }

  #with(rooms: Set<Room>, except: Set<Room>, flags: OperatorFlags): BroadcastOperator<EmitEvents, SocketData> {
    return new BroadcastOperator(this.origin, rooms, except, flags, this.isTargeted || rooms.size > 0);
  }
}

/** What a timer of Node can be set to, in milliseconds. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

function union(rooms: Set<Room>, added: Room | Room[]): Set<Room> {
  return new Set([...rooms, ...listOf(added)]);
}

function listOf(room: Room | Room[]): Room[] {
  return Array.isArray(room) ? room : [room];
}
