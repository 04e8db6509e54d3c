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
  timeout(timeout: number): Timed;
  emitWithAck<Event extends EventNamesWithError<EmitEvents>>(
    event: Event,
    ...args: AllButLast<EventParams<EmitEvents, Event>>
  ): Promise<FirstNonErrorArg<Last<EventParams<EmitEvents, Event>>>>;
  socketsJoin(room: Room | Room[]): Promise<void>;
  socketsLeave(room: Room | Room[]): Promise<void>;
  disconnectSockets(close?: boolean): Promise<void>;
}

/** A socket of this or another server, as `fetchSockets()` gives it: a snapshot, and the way to reach it. */
export class RemoteSocket<EmitEvents extends EventsMap, SocketData> implements TypedEventBroadcaster<EmitEvents> {
  readonly id: SocketId;
  readonly handshake: Handshake;
  readonly rooms: Set<Room>;
  readonly data: SocketData;
  readonly #operator: SingleOperator<EmitEvents, unknown>;

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

  join(room: Room | Room[]): Promise<void> {
    return this.#operator.socketsJoin(room);
  }

  leave(room: Room): Promise<void> {
    return this.#operator.socketsLeave(room);
  }

  disconnect(close = false): this {
    void this.#operator.disconnectSockets(close);
    return this;
  }
}
