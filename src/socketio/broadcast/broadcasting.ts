import type { Room, SocketId } from '../adapter/adapter.js';
import {
  StrictEventEmitter,
  type DecorateAcknowledgements,
  type DecorateAcknowledgementsWithMultipleResponses,
  type EventParams,
  type EventsMap,
  type RemoveAcknowledgements,
} from '../events/typed-events.js';
import type { BroadcastOperator } from './broadcast-operator.js';
import type { BroadcastTarget } from './broadcast-target.js';
import type { RemoteSocket } from './remote-socket.js';

/** The operator of a whole namespace. */
export type Everyone<EmitEvents extends EventsMap, SocketData> = BroadcastOperator<
  DecorateAcknowledgementsWithMultipleResponses<EmitEvents>,
  SocketData
>;

/** The same behind `timeout()`. */
export type TimedEveryone<EmitEvents extends EventsMap, SocketData> = BroadcastOperator<
  DecorateAcknowledgements<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>>,
  SocketData
>;

/** What broadcasts to a whole namespace: each step begins with the operator for all of its sockets. */
export abstract class Broadcasting<EmitEvents extends EventsMap, SocketData> implements BroadcastTarget<
  Everyone<EmitEvents, SocketData>,
  TimedEveryone<EmitEvents, SocketData>,
  RemoteSocket<EmitEvents, SocketData>
> {
  /** @internal */
  abstract everyone(): Everyone<EmitEvents, SocketData>;

  to(room: Room | Room[]): Everyone<EmitEvents, SocketData> {
    return this.everyone().to(room);
  }

  in(room: Room | Room[]): Everyone<EmitEvents, SocketData> {
    return this.everyone().to(room);
  }

  except(room: Room | Room[]): Everyone<EmitEvents, SocketData> {
    return this.everyone().except(room);
  }

  compress(compress: boolean): Everyone<EmitEvents, SocketData> {
    return this.everyone().compress(compress);
  }

  get volatile(): Everyone<EmitEvents, SocketData> {
    return this.everyone().volatile;
  }

  get local(): Everyone<EmitEvents, SocketData> {
    return this.everyone().local;
  }

  timeout(timeout: number): TimedEveryone<EmitEvents, SocketData> {
    return this.everyone().timeout(timeout);
  }

  fetchSockets(): Promise<RemoteSocket<EmitEvents, SocketData>[]> {
    return this.everyone().fetchSockets() as unknown as Promise<RemoteSocket<EmitEvents, SocketData>[]>;
  }

  /** @deprecated `fetchSockets()` tells more. */
  allSockets(): Promise<Set<SocketId>> {
    return this.everyone().allSockets();
  }

  socketsJoin(room: Room | Room[]): Promise<void> {
    return this.everyone().socketsJoin(room);
  }

  socketsLeave(room: Room | Room[]): Promise<void> {
    return this.everyone().socketsLeave(room);
  }

  disconnectSockets(close = false): Promise<void> {
    return this.everyone().disconnectSockets(close);
  }
}

/** An emitter that also broadcasts: a server, a namespace. */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- the methods are taken over from Broadcasting, below
export abstract class BroadcastingEmitter<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ReservedEvents extends EventsMap,
  SocketData,
> extends StrictEventEmitter<ListenEvents, RemoveAcknowledgements<EmitEvents>, ReservedEvents> {
  /** @internal */
  abstract everyone(): Everyone<EmitEvents, SocketData>;

  /** Emits `message` to all sockets. */
  send(...args: EventParams<EmitEvents, 'message'>): this {
    this.everyone().emit('message' as never, ...(args as never));
    return this;
  }

  /** Alias of `send`. */
  write(...args: EventParams<EmitEvents, 'message'>): this {
    return this.send(...args);
  }
}

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- see the class, whose parameters it has to repeat
export interface BroadcastingEmitter<
  // oxlint-disable-next-line no-unused-vars -- see above
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  // oxlint-disable-next-line no-unused-vars -- see above
  ReservedEvents extends EventsMap,
  SocketData,
> extends Broadcasting<EmitEvents, SocketData> {}

for (const [name, member] of Object.entries(Object.getOwnPropertyDescriptors(Broadcasting.prototype))) {
  if (name !== 'constructor') Object.defineProperty(BroadcastingEmitter.prototype, name, member);
}
