/* oxlint-disable typescript/no-explicit-any -- type-level functions over arbitrary listeners need `any` to infer through */
import { EventEmitter } from 'node:events';

/** Event names and the listeners they take. */
export interface EventsMap {
  [event: string]: any;
}

/** Where no types are given: any event with any arguments. */
export interface DefaultEventsMap {
  [event: string]: (...args: any[]) => void;
}

export type EventNames<Map extends EventsMap> = keyof Map & (string | symbol);

export type EventParams<Map extends EventsMap, Event extends EventNames<Map>> = Parameters<Map[Event]>;

type IsAny<T> = 0 extends 1 & T ? true : false;
type Callback = (...args: any[]) => any;

/** The last member of a tuple. */
export type Last<T extends readonly unknown[]> = T extends readonly [...unknown[], infer L]
  ? L
  : T extends readonly (infer E)[]
    ? E
    : never;

/** A tuple without its last member. */
export type AllButLast<T extends any[]> = T extends [...infer Head, unknown] ? Head : any[];

/** The names whose listener ends with a callback: an ack can be asked for. */
export type EventNamesWithAck<Map extends EventsMap, K extends EventNames<Map> = EventNames<Map>> = K extends K
  ? IsAny<Map[K]> extends true
    ? K
    : IsAny<Last<Parameters<Map[K]>>> extends true
      ? K
      : Parameters<Map[K]> extends never[]
        ? never
        : Last<Parameters<Map[K]>> extends Callback
          ? K
          : never
  : never;

/** The names whose listener has no callback at its end. */
export type EventNamesWithoutAck<Map extends EventsMap, K extends EventNames<Map> = EventNames<Map>> = K extends K
  ? IsAny<Map[K]> extends true
    ? K
    : IsAny<Last<Parameters<Map[K]>>> extends true
      ? K
      : Parameters<Map[K]> extends never[]
        ? K
        : Last<Parameters<Map[K]>> extends Callback
          ? never
          : K
  : never;

export type RemoveAcknowledgements<Map extends EventsMap> = {
  [K in EventNamesWithoutAck<Map>]: Map[K];
};

/** The names whose callback takes an error first, as those behind `timeout()` do. */
export type EventNamesWithError<
  Map extends EventsMap,
  K extends EventNamesWithAck<Map> = EventNamesWithAck<Map>,
> = K extends K
  ? IsAny<Map[K]> extends true
    ? K
    : IsAny<Last<Parameters<Map[K]>>> extends true
      ? K
      : Last<Parameters<Map[K]>> extends (...args: infer P) => any
        ? P[0] extends Error
          ? K
          : never
        : never
  : never;

/** What an ack promise resolves to: the callback's first argument that is no error. */
export type FirstNonErrorArg<T> = T extends (...args: infer P) => any ? (P[0] extends Error ? P[1] : P[0]) : any;

type WithError<Args extends any[]> = {
  [I in keyof Args]: Args[I] extends (...args: infer P) => infer R
    ? P[0] extends Error
      ? Args[I]
      : (err: Error, ...args: P) => R
    : Args[I];
};

type FirstAsList<P extends any[]> = P extends [any, ...infer Rest]
  ? P extends [...infer First, ...Rest]
    ? First
    : never
  : never;
type Lists<P extends any[]> = { [I in keyof P]: P[I][] };

type WithManyResponses<Args extends any[]> = {
  [I in keyof Args]: Args[I] extends (...args: infer P) => infer R
    ? P extends [Error]
      ? (err: Error) => R
      : P extends [Error, ...infer Rest]
        ? (err: Error, ...args: FirstAsList<Lists<Rest>>) => R
        : P extends []
          ? () => R
          : (...args: FirstAsList<Lists<P>>) => R
    : Args[I];
};

/** The events behind `timeout()`: each callback gets an error first. */
export type DecorateAcknowledgements<E> = {
  [K in keyof E]: E[K] extends (...args: infer P) => infer R ? (...args: WithError<P>) => R : E[K];
};

/** The events of a broadcast: each callback gets a list of answers. */
export type DecorateAcknowledgementsWithMultipleResponses<E> = {
  [K in keyof E]: E[K] extends (...args: infer P) => infer R ? (...args: WithManyResponses<P>) => R : E[K];
};

export type DecorateAcknowledgementsWithTimeoutAndMultipleResponses<E> = {
  [K in keyof E]: E[K] extends (...args: infer P) => infer R ? (...args: WithManyResponses<WithError<P>>) => R : E[K];
};

type KnownNames<Reserved extends EventsMap, User extends EventsMap> = EventNames<Reserved> | EventNames<User>;

type Listener<Reserved extends EventsMap, User extends EventsMap, Event extends KnownNames<Reserved, User>> = OrUntyped<
  Event extends EventNames<Reserved> ? Reserved[Event] : Event extends EventNames<User> ? User[Event] : never
>;

type OrUntyped<T> = [T] extends [never] ? (...args: any[]) => void | Promise<void> : T;

/** Something that emits typed events to others. */
export interface TypedEventBroadcaster<EmitEvents extends EventsMap> {
  /** Emits an event with its arguments. A function as last argument is called with the ack. */
  emit<Event extends EventNames<EmitEvents>>(event: Event, ...args: EventParams<EmitEvents, Event>): boolean;
}

/** The listening half of an emitter, typed; reserved events come from the server, the others from the client. */
export interface TypedListening<Listen extends EventsMap, Reserved extends EventsMap> {
  /** Adds a listener. */
  on<Event extends KnownNames<Reserved, Listen>>(event: Event, listener: Listener<Reserved, Listen, Event>): this;
  /** Adds a listener that is called once. */
  once<Event extends KnownNames<Reserved, Listen>>(event: Event, listener: Listener<Reserved, Listen, Event>): this;
  /** The listeners of an event. */
  listeners<Event extends KnownNames<Reserved, Listen>>(event: Event): Listener<Reserved, Listen, Event>[];
}

/** An emitter whose `on` and `emit` speak different sets of events. */
export abstract class StrictEventEmitter<
  Listen extends EventsMap,
  Emit extends EventsMap,
  Reserved extends EventsMap = Record<never, never>,
>
  extends EventEmitter
  implements TypedEventBroadcaster<Emit>, TypedListening<Listen, Reserved>
{
  override on<Event extends KnownNames<Reserved, Listen>>(
    event: Event,
    listener: Listener<Reserved, Listen, Event>,
  ): this {
    return super.on(event, listener);
  }

  override once<Event extends KnownNames<Reserved, Listen>>(
    event: Event,
    listener: Listener<Reserved, Listen, Event>,
  ): this {
    return super.once(event, listener);
  }

  override listeners<Event extends KnownNames<Reserved, Listen>>(event: Event): Listener<Reserved, Listen, Event>[] {
    return super.listeners(event) as Listener<Reserved, Listen, Event>[];
  }

  override emit<Event extends EventNames<Emit>>(event: Event, ...args: EventParams<Emit, Event>): boolean {
    return super.emit(event, ...args);
  }

  /** Calls the server's own listeners. */
  emitReserved<Event extends EventNames<Reserved>>(event: Event, ...args: EventParams<Reserved, Event>): boolean {
    return super.emit(event, ...args);
  }

  /** Calls listeners of an event that came from elsewhere. */
  emitUntyped(event: string | symbol, ...args: unknown[]): boolean {
    return super.emit(event, ...args);
  }
}
