import { fail, UNTYPED, type EventDefinition, type EventParts, type NoAck } from './event.js';
import { isSchema, type InputOf, type OutputOf, type StandardSchema } from './standard-schema.js';
import type { TypeMarker } from './type.js';

/** An event that clients emit: what decorators take where they take a name. */
export interface Entry<Name extends string, Args extends unknown[], Reply, Sent extends unknown[]> {
  /** The name of the event. */
  readonly name: Name;
  /** Who sends it: the client. */
  readonly direction: 'in';
  /** For this package; it is part of the typings because the types of contracts are told apart by it. */
  readonly '~entry': EntryParts;
  /** Only types. */
  readonly '~types'?: { readonly args: Args; readonly reply: Reply; readonly sent: Sent };
}

/** An event that the server emits. `Answer` is what the server gets of a client's ack `Reply`. */
export interface OutEntry<Name extends string, Sent extends unknown[], Reply, Answer> {
  /** The name of the event. */
  readonly name: Name;
  /** Who sends it: the server. */
  readonly direction: 'out' | 'server';
  /** For this package; it is part of the typings because the types of contracts are told apart by it. */
  readonly '~entry': EntryParts;
  /** Only types. */
  readonly '~out'?: { readonly sent: Sent; readonly reply: Reply; readonly answer: Answer };
}

/** What an entry is made of at run time. */
export interface EntryParts extends EventParts {
  /** Of the contract that it belongs to. */
  readonly namespace: string | RegExp;
}

/** Any event that clients emit, of any contract. */
// oxlint-disable-next-line typescript/no-explicit-any -- entries of all types are meant
export type AnyEntry = Entry<string, any, any, any>;

/** All events of one namespace. `Data` is the type of `socket.data`, `Auth` of what clients connect with. */
export interface Contract<Name extends string | RegExp, In, Out, ServerSide, Data, Auth> {
  /** The name of the namespace, or the pattern of its names. */
  readonly namespace: Name;
  /** What clients emit. */
  readonly in: In;
  /** What the server emits. */
  readonly out: Out;
  /** What servers of a cluster tell each other by `serverSideEmit`. */
  readonly server: ServerSide;
  /** For this package; it is part of the typings because the types of contracts are told apart by it. */
  readonly '~contract': ContractParts;
  /** Only types. */
  readonly '~types'?: { readonly data: Data; readonly auth: Auth };
}

/** What a contract is made of at run time. */
export interface ContractParts {
  /** Tells a contract from other objects. */
  readonly marker: typeof MARKER;
  /** Undefined if the contract is one of maps that exist as types only, and so does not know its events. */
  readonly definition: ContractDefinition | undefined;
}

// oxlint-disable-next-line typescript/no-explicit-any -- contracts of all types are meant
export type AnyContract = Contract<any, any, any, any, any, any>;

/** Any definitions. They name none of their types, which would otherwise be inferred from here. */
type Definitions = Readonly<Record<string, { readonly '~event': EventParts }>>;

/** The parts of a contract. Each may be left out. */
export interface ContractDefinition<
  In extends Definitions = Definitions,
  Out extends Definitions = Definitions,
  ServerSide extends Definitions = Definitions,
  Data = unknown,
  Auth = unknown,
> {
  /** What clients emit. */
  readonly in?: In;
  /** What the server emits. */
  readonly out?: Out;
  /** What servers of a cluster tell each other by `serverSideEmit`; never validated, since these are trusted. */
  readonly server?: ServerSide;
  /** The type of `socket.data`. */
  readonly data?: TypeMarker<Data>;
  /** What clients connect with. A schema is held against it behind guards and before `@OnHandshake`. */
  readonly auth?: Auth;
}

/** The maps of a team that types its events already. */
export interface ContractMaps {
  /** Events that clients send. */
  readonly in?: object;
  /** Events that the server sends. */
  readonly out?: object;
  /** Events between the servers of a cluster. */
  readonly server?: object;
  /** What `socket.data` holds. */
  readonly data?: unknown;
  /** What clients send as `auth`. */
  readonly auth?: unknown;
}

/** One string for all copies of this package in a process: a contract of one is a contract of the others. */
const MARKER = 'nestjs-socketio:contract';

/**
 * Defines the events of a namespace, or with a pattern of all namespaces that match it. It has no Nest and no Node behind
 * it, so that clients can share it; with `import type` nothing of it is in their bundle.
 *
 * Given Socket.IO's event maps as a type instead of events, it has types only.
 *
 * @example
 * export const chat = defineContract('/chat', {
 *   in: { message: event(Message).ack(Posted), typing: event() },
 *   out: { message: event(Message) },
 * });
 * export const legacy = defineContract<{ in: ClientToServer; out: ServerToClient; data: User }>('/legacy');
 */
export function defineContract<
  const Name extends string | RegExp,
  In extends Definitions = {},
  Out extends Definitions = {},
  ServerSide extends Definitions = {},
  // oxlint-disable-next-line typescript/no-explicit-any -- as in Socket.IO, if no type is given
  Data = any,
  Auth extends StandardSchema | TypeMarker<unknown> = TypeMarker<Record<string, unknown>>,
>(
  namespace: Name,
  definition: ContractDefinition<In, Out, ServerSide, Data, Auth>,
): Contract<Name, EntriesOf<In>, OutEntriesOf<Out>, OutEntriesOf<ServerSide>, Data, AuthTypes<Auth>>;
export function defineContract<Maps extends ContractMaps>(
  namespace: string,
): Contract<
  string,
  MapEntries<Maps extends { in: infer In } ? In : {}>,
  MapOutEntries<Maps extends { out: infer Out } ? Out : {}>,
  MapOutEntries<Maps extends { server: infer ServerSide } ? ServerSide : {}>,
  // oxlint-disable-next-line typescript/no-explicit-any -- as in Socket.IO, if no type is given
  Maps extends { data: infer Data } ? Data : any,
  {
    sent: Maps extends { auth: infer Auth } ? Auth : Record<string, unknown>;
    read: Maps extends { auth: infer Auth } ? Auth : Record<string, unknown>;
  }
>;
export function defineContract(namespace: string | RegExp, definition?: ContractDefinition): unknown {
  const name = withSlash(namespace);
  const entries = (direction: Direction): object => entriesOf(definition, name, direction);
  return {
    namespace: name,
    in: entries('in'),
    out: entries('out'),
    server: entries('server'),
    '~contract': { marker: MARKER, definition },
  };
}

/** Whether a value is a contract, also of another copy of this package. */
export function isContract(value: unknown): value is AnyContract {
  if (typeof value !== 'object' || value === null || value instanceof RegExp) return false;
  return (value as Partial<AnyContract>)['~contract']?.marker === MARKER;
}

/** Whether a value is an entry of a contract, also of another copy of this package. */
export function isEntry(value: unknown): value is AnyEntry {
  return typeof value === 'object' && value !== null && typeof (value as Partial<AnyEntry>)['~entry'] === 'object';
}

/** The schema that the auth of clients is held against; null if it is not validated. */
export function authSchemaOf(contract: AnyContract): StandardSchema | null {
  const auth = contract['~contract'].definition?.auth;
  return isSchema(auth) ? auth : null;
}

/** The events of a contract by name; null if it has types only, and so does not know them. */
export function eventsOf(contract: AnyContract, direction: 'in' | 'out'): ReadonlyMap<string, EntryParts> | null {
  if (contract['~contract'].definition === undefined) return null;
  const entries = contract[direction] as Readonly<Record<string, RuntimeEntry>>;
  return new Map(Object.entries(entries).map(([name, entry]) => [name, entry['~entry']]));
}

/*
 * What follows is in each bundle that imports a contract at run time, and kept small for that: a test holds it to a
 * kilobyte.
 */

type Direction = 'in' | 'out' | 'server';
type RuntimeEntry = { readonly name: string; readonly direction: Direction; readonly '~entry': EntryParts };

/** Without a definition the events exist as types only: each entry comes into being when it is asked for. */
function entriesOf(
  definition: ContractDefinition | undefined,
  namespace: string | RegExp,
  direction: Direction,
): Record<string, RuntimeEntry> {
  const entries = Object.create(null) as Record<string, RuntimeEntry>;
  const add = (name: string, parts: EventParts): RuntimeEntry =>
    (entries[name] ??= { name, direction, '~entry': { ...parts, namespace } });
  if (!definition) {
    return new Proxy(entries, { get: (_, name) => (typeof name === 'string' ? add(name, UNTYPED) : undefined) });
  }
  const definitions = definition[direction] as Readonly<Record<string, Partial<Definitions[string]> | null>>;
  // Without any there is nothing to go through.
  for (const name in definitions) {
    add(name, definitions[name]?.['~event'] ?? fail(`"${name}" of ${namespace as string} is not an event()`));
  }
  return entries;
}

function withSlash(namespace: unknown): string | RegExp {
  if (namespace instanceof RegExp) return namespace;
  if (typeof namespace !== 'string') fail('a namespace is a string or a RegExp');
  return namespace[0] === '/' ? namespace : `/${namespace}`;
}

type EntriesOf<In> = {
  readonly [K in keyof In]: In[K] extends EventDefinition<infer Args, infer Reply, infer Sent, infer _Answer>
    ? Entry<K & string, Args, Reply, Sent>
    : never;
};

type OutEntriesOf<Out> = {
  readonly [K in keyof Out]: Out[K] extends EventDefinition<infer _Args, infer Reply, infer Sent, infer Answer>
    ? OutEntry<K & string, Sent, Reply, Answer>
    : never;
};

type AuthTypes<Auth> = Auth extends StandardSchema
  ? { sent: InputOf<Auth>; read: OutputOf<Auth> }
  : Auth extends TypeMarker<infer Type>
    ? { sent: Type; read: Type }
    : never;

type MapEntries<Map> = {
  readonly [K in keyof Map]: Entry<K & string, ArgsOfListener<Map[K]>, ReplyOfListener<Map[K]>, ArgsOfListener<Map[K]>>;
};

type MapOutEntries<Map> = {
  readonly [K in keyof Map]: OutEntry<
    K & string,
    ArgsOfListener<Map[K]>,
    ReplyOfListener<Map[K]>,
    ReplyOfListener<Map[K]> extends NoAck ? NoAck : unknown
  >;
};

// oxlint-disable-next-line typescript/no-explicit-any -- infers through listeners of any type
type Callback = (...args: any[]) => unknown;

/** What a listener of Socket.IO's maps is called with, without the callback at its end. */
// oxlint-disable-next-line typescript/no-explicit-any -- infers through listeners of any type
type ArgsOfListener<Listener> = Listener extends (...args: infer Params extends any[]) => unknown
  ? Params extends [...infer Head, infer Last]
    ? Last extends Callback
      ? Head
      : Params
    : Params
  : never;

/** What the callback at a listener's end is called with. */
// oxlint-disable-next-line typescript/no-explicit-any -- infers through listeners of any type
type ReplyOfListener<Listener> = Listener extends (...args: infer Params extends any[]) => unknown
  ? Params extends [...infer _Head, infer Last]
    ? Last extends (reply: infer Reply, ...more: never[]) => unknown
      ? Reply
      : NoAck
    : NoAck
  : never;
