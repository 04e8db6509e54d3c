import type { Room, SocketDetails, SocketId } from '../adapter/adapter.js';
import type { Handshake } from '../client/handshake.js';
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

/** The operator that reaches exactly one socket. */
interface SingleOperator<EmitEvents extends EventsMap, Timed> extends TypedEventBroadcaster<EmitEvents> {
  /** How long to wait for the ack, in milliseconds. Its callback gets an error first. */
  timeout(timeout: number): Timed;
  /** Emits and resolves to the client's ack. */
  emitWithAck<Event extends EventNamesWithError<EmitEvents>>(
    event: Event,
    ...args: AllButLast<EventParams<EmitEvents, Event>>
  ): Promise<FirstNonErrorArg<Last<EventParams<EmitEvents, Event>>>>;
  /** Makes the socket join a room, or several. */
  socketsJoin(room: Room | Room[]): Promise<void>;
  /** Makes the socket leave a room, or several. */
  socketsLeave(room: Room | Room[]): Promise<void>;
  /** Disconnects the socket; with `close` its whole connection. */
  disconnectSockets(close?: boolean): Promise<void>;
}

/** A socket of this or another server, as `fetchSockets()` gives it: a snapshot, and the way to reach it. */
export class RemoteSocket<EmitEvents extends EventsMap, SocketData> implements TypedEventBroadcaster<EmitEvents> {
  /** The id of the socket. */
  readonly id: SocketId;
  /** The handshake of its connection. */
  readonly handshake: Handshake;
  /** The rooms that it was in when it was fetched. */
  readonly rooms: Set<Room>;
  /** What `socket.data` held when it was fetched. */
  readonly data: SocketData;
  readonly #operator: SingleOperator<EmitEvents, unknown>;

  /** @internal */
  constructor(operator: SingleOperator<EmitEvents, unknown>, details: SocketDetails) {
    this.id = details.id;
    this.handshake = details.handshake;
    this.rooms = new Set(details.rooms);
    this.data = details.data as SocketData;
    this.#operator = operator;
  }

  emit<Event extends EventNames<EmitEvents>>(event: Event, ...args: EventParams<EmitEvents, Event>): boolean {
    return this.#operator.emit(event, ...args);
  }

  /** Emits to the client and resolves to its ack. */
  emitWithAck<Event extends EventNamesWithError<EmitEvents>>(
    event: Event,
    ...args: AllButLast<EventParams<EmitEvents, Event>>
  ): Promise<FirstNonErrorArg<Last<EventParams<EmitEvents, Event>>>> {
    return this.#operator.emitWithAck(event, ...args);
  }

  /** How long to wait for the ack, in milliseconds. */
  timeout(timeout: number): SingleOperator<DecorateAcknowledgements<EmitEvents>, unknown> {
    return this.#operator.timeout(timeout) as SingleOperator<DecorateAcknowledgements<EmitEvents>, unknown>;
  }

  /** Makes the socket join a room, or several. */
  join(room: Room | Room[]): Promise<void> {
    return this.#operator.socketsJoin(room);
  }

  /** Makes the socket leave a room. */
  leave(room: Room): Promise<void> {
    return this.#operator.socketsLeave(room);
  }

  /** Disconnects the socket; with `close` its whole connection. */
  disconnect(close = false): this {
    void this.#operator.disconnectSockets(close);
    return this;
  }
}
