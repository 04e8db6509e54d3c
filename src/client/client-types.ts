import type { Socket } from 'socket.io-client';
import type { AnyContract, ClientEventsOf, ErrorReply, NameOf, ServerEventsOf } from '../contract/index.js';

/**
 * The socket of a contract's client. Sockets of other contracts are kept apart from it; what `io()` returns is taken.
 *
 * @example
 * const socket: ClientOf<typeof chat> = io('/chat', { auth: { token } });
 */
export type ClientOf<C extends AnyContract> = Socket<ServerEventsOf<C>, ClientEventsOf<C>> & {
  /** Only a type. */
  readonly '~namespace'?: NameOf<C>;
};

/** As Socket.IO types it. */
export interface EventsMap {
  // oxlint-disable-next-line typescript/no-explicit-any -- as in Socket.IO
  [event: string]: any;
}

/** The events of a map that have an ack; all of them if the map does not say. */
export type RequestNames<Events> = {
  [K in keyof Events]: Events[K] extends (...args: infer Params) => unknown
    ? number extends Params['length']
      ? K
      : Params extends readonly [...unknown[], Callback]
        ? K
        : never
    : never;
}[keyof Events];

/** What precedes the ack. */
export type RequestArgs<Listener> = Listener extends (...args: infer Params) => unknown
  ? Params extends [...infer Head, Callback]
    ? Head
    : Params
  : never;

/** What the ack is called with, without the error that `timeout()` puts in front, and without error replies. */
export type RequestReply<Listener> = Listener extends (...args: infer Params) => unknown
  ? Params extends [...unknown[], (...reply: infer Reply) => unknown]
    ? Exclude<Reply extends [Error, ...infer Rest] ? Rest[0] : Reply[0], ErrorReply>
    : // oxlint-disable-next-line typescript/no-explicit-any -- as in Socket.IO, if no type is given
      any
  : never;

type Callback = (...reply: never[]) => unknown;
