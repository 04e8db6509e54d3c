import type {
  AnyContract,
  ClientEventsOf,
  DataOf,
  EmittedEventsOf,
  NameOf,
  ServerSideEventsOf,
} from '../contract/index.js';
import type { DefaultEventsMap, EventsMap } from './events/typed-events.js';
import type { Socket } from './socket.js';

/** The types of a socket, by name, for those who give only some of them. */
export interface SocketTypes {
  /** Events that the client sends. */
  readonly listen?: EventsMap | undefined;
  /** Events that the server sends. @default as `listen` */
  readonly emit?: EventsMap | undefined;
  /** Events between the servers of a cluster. */
  readonly serverSide?: EventsMap | undefined;
  /** What `socket.data` holds. */
  readonly data?: unknown;
}

/**
 * A socket of a contract's namespace, for the server; or one whose types are given by name, such as
 * `SocketOf<{ listen: ClientEvents; data: User }>`.
 */
export type SocketOf<T extends AnyContract | SocketTypes> = Socket<
  T extends AnyContract ? ClientEventsOf<T> : NamedEvents<T, 'listen'>,
  T extends AnyContract ? EmittedEventsOf<T> : NamedEvents<T, 'emit', NamedEvents<T, 'listen'>>,
  T extends AnyContract ? ServerSideEventsOf<T> : NamedEvents<T, 'serverSide'>,
  // oxlint-disable-next-line typescript/no-explicit-any -- as in Socket.IO
  T extends AnyContract ? DataOf<T> : T extends { readonly data: infer Data } ? Data : any
> & {
  /** Only a type: keeps the sockets of contracts apart. */
  readonly '~namespace'?: T extends AnyContract ? NameOf<T> : unknown;
};

/** The events that were given under a name, or the others if none were. */
type NamedEvents<T, Name extends keyof SocketTypes, Others extends EventsMap = DefaultEventsMap> = T extends {
  readonly [N in Name]: infer Events extends EventsMap;
}
  ? Events
  : Others;
