import type { AnyContract, AnyEntry } from './contract.js';
import type { NoAck } from './event.js';

/** What an ack is when the server could not give the one that was declared. */
export interface ErrorReply {
  /** Marks the reply as an error. */
  readonly status: 'error';
  /** What happened, for people. */
  readonly message: string;
  /** A stable word for programs. */
  readonly code?: string;
  /** An HTTP status. */
  readonly statusCode?: number;
  /** More about the error, such as the paths of invalid arguments. */
  readonly details?: unknown;
}

/** The arguments of an event as its handler gets them, validated: for `@Args(entry)`. */
export type ArgsOf<E extends AnyEntry> = NonNullable<E['~types']>['args'];

/** What `@MessageBody(entry)` gives: the argument, or all of them if the event has two or more. */
export type BodyOf<E extends AnyEntry> = BodyOfArgs<ArgsOf<E>>;

/** What a handler of the event returns, and what its client gets. */
export type ReplyOf<E extends AnyEntry> = NonNullable<E['~types']>['reply'];

/** The arguments of an event as clients send them. */
export type SentArgsOf<E extends AnyEntry> = NonNullable<E['~types']>['sent'];

/** The type of `socket.data`. */
export type DataOf<C extends AnyContract> = NonNullable<C['~types']>['data'];

/** What clients connect with. */
export type AuthOf<C extends AnyContract> = NonNullable<C['~types']>['auth']['sent'];

/** What `@HandshakeAuth()` gives: the auth as its schema returns it. */
export type HandshakeAuthOf<C extends AnyContract> = NonNullable<C['~types']>['auth']['read'];

/** The namespace, as a type that keeps contracts apart. */
export type NameOf<C extends AnyContract> = C['namespace'];

/** What clients emit, as a map of Socket.IO. Raw acks may be errors. */
export type ClientEventsOf<C extends AnyContract> = {
  [K in keyof C['in']]: C['in'][K] extends { '~types'?: { reply: infer Reply; sent: infer Sent } }
    ? EventFunction<Sent, Reply, Reply | ErrorReply>
    : never;
};

/** What the server emits, as a map of Socket.IO, as clients see it. */
export type ServerEventsOf<C extends AnyContract> = {
  [K in keyof C['out']]: C['out'][K] extends { '~out'?: { sent: infer Sent; reply: infer Reply } }
    ? EventFunction<Sent, Reply, Reply>
    : never;
};

/** The same as the server sees it: acks are data of clients, and known only as far as a schema has validated them. */
export type EmittedEventsOf<C extends AnyContract> = {
  [K in keyof C['out']]: C['out'][K] extends { '~out'?: { sent: infer Sent; answer: infer Answer } }
    ? EventFunction<Sent, Answer, Answer>
    : never;
};

/** What servers of a cluster tell each other. */
export type ServerSideEventsOf<C extends AnyContract> = {
  [K in keyof C['server']]: C['server'][K] extends { '~out'?: { sent: infer Sent; reply: infer Reply } }
    ? EventFunction<Sent, Reply, Reply>
    : never;
};

export type BodyOfArgs<Args> = Args extends readonly unknown[]
  ? Args['length'] extends 0 | 1
    ? Args[0]
    : Args extends readonly [unknown, unknown, ...unknown[]]
      ? Args
      : Args | Args[0]
  : never;

type EventFunction<Sent, Declared, Reply> = Sent extends unknown[]
  ? [Declared] extends [NoAck]
    ? (...args: Sent) => void
    : (...args: WithAck<Sent, (reply: Reply) => void>) => void
  : never;

/** A callback at the end. With optional arguments there are several ends, which a tuple can only say as a union. */
type WithAck<Sent extends unknown[], Callback> = Sent extends [] | [...unknown[], unknown]
  ? [...args: Sent, ack: Callback]
  : number extends Sent['length']
    ? [...args: Sent, ack: Callback]
    : WithAckAtEachEnd<AllGiven<Sent>, Sent['length'], Callback>;

type WithAckAtEachEnd<All extends unknown[], Lengths, Callback> = All['length'] extends Lengths
  ? | [...args: All, ack: Callback]
    | (All extends [...infer Head, unknown] ? WithAckAtEachEnd<Head, Lengths, Callback> : never)
  : never;

/** A tuple with everything that may be left out, as undefined. */
type AllGiven<Sent extends unknown[]> = number extends Sent['length']
  ? Sent
  : Sent extends [infer First, ...infer Rest]
    ? [First, ...AllGiven<Rest>]
    : Sent extends []
      ? []
      : Sent extends [(infer First)?, ...infer Rest]
        ? [First | undefined, ...AllGiven<Rest>]
        : [];
