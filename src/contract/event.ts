import { isSchema, type InputOf, type OutputOf, type StandardSchema } from './standard-schema.js';

/** Stands for the reply of an event that has no ack. */
export interface NoAck {
  /** Only a type. */
  readonly '~no-ack': never;
}

/** What documentation says about an event. */
export interface EventDescription {
  /** One line. */
  summary?: string;
  /** What the event is for; it goes into the AsyncAPI document. */
  description?: string;
  /** Whether clients should stop using it. */
  deprecated?: boolean;
}

/** One event as its contract defines it: a value, so that another contract can use it again. */
export interface EventDefinition<Args extends unknown[], Reply, Sent extends unknown[], Answer> {
  /** Declares the ack, checked by a schema in development; one that a client sends is always validated. */
  ack<Schema extends StandardSchema>(schema: Schema): EventDefinition<Args, InputOf<Schema>, Sent, OutputOf<Schema>>;
  /** Declares the ack by a type alone. */
  ack<Type>(): EventDefinition<Args, Type, Sent, unknown>;
  /** Adds what documentation says about the event. */
  describe(description: EventDescription): EventDefinition<Args, Reply, Sent, Answer>;
  /** For this package; it is part of the typings because the types of contracts are told apart by it. */
  readonly '~event': EventParts;
  /** Only types. */
  readonly '~types'?: { readonly args: Args; readonly reply: Reply; readonly sent: Sent; readonly answer: Answer };
}

/** What an event is made of at run time. */
export interface EventParts {
  /** One schema for each argument; null if the arguments are typed only. */
  readonly schemas: readonly StandardSchema[] | null;
  /** Whether the event has an ack. */
  readonly hasAck: boolean;
  /** Null if the ack is typed only, or if there is none. */
  readonly ackSchema: StandardSchema | null;
  /** What the event is for. */
  readonly description: EventDescription;
}

/**
 * Defines an event. With schemas, one for each argument, what arrives is validated; arguments at the end that accept
 * `undefined` are optional. With a type instead of schemas nothing is validated; with neither, there are no arguments.
 *
 * @example
 * event(z.string(), z.number().optional()).ack(z.array(z.string()))
 * event<[x: number, y: number]>()
 */
export function event<Args extends unknown[] = []>(): EventDefinition<Args, NoAck, Args, NoAck>;
export function event<const Schemas extends readonly [StandardSchema, ...StandardSchema[]]>(
  ...schemas: Schemas
): EventDefinition<OutputsOf<Schemas>, NoAck, WithOptionals<InputsOf<Schemas>>, NoAck>;
export function event(...schemas: StandardSchema[]): unknown {
  return define({ ...UNTYPED, schemas: schemas.length ? schemas.map(assertSchema) : null });
}

/** An event of which nothing is known but its name. */
export const UNTYPED: EventParts = { schemas: null, hasAck: false, ackSchema: null, description: {} };

function define(parts: EventParts): EventDefinition<unknown[], unknown, unknown[], unknown> {
  const change = (changes: Partial<EventParts>): never => define({ ...parts, ...changes }) as never;
  return {
    '~event': parts,
    ack: (schema?: StandardSchema) => change({ hasAck: true, ackSchema: schema ? assertSchema(schema) : null }),
    describe: (description) => change({ description: { ...parts.description, ...description } }),
  };
}

function assertSchema(schema: StandardSchema): StandardSchema {
  return isSchema(schema) ? schema : fail('expected a Standard Schema');
}

/** In the bundle of a contract this is shorter than what it does. */
export function fail(message: string): never {
  throw new TypeError(message);
}

type InputsOf<Schemas extends readonly StandardSchema[]> = {
  -readonly [I in keyof Schemas]: InputOf<Schemas[I]>;
};

/** A validated handler gets as many arguments as there are schemas. */
type OutputsOf<Schemas extends readonly StandardSchema[]> = {
  -readonly [I in keyof Schemas]: OutputOf<Schemas[I]>;
};

/** Makes those at the end optional that accept `undefined`. */
type WithOptionals<Types extends unknown[]> = Types extends [...infer Head, infer Last]
  ? undefined extends Last
    ? [...WithOptionals<Head>, Last?]
    : Types
  : Types;
