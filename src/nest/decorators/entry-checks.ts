/* oxlint-disable typescript/no-explicit-any -- type-level functions over arbitrary methods need `any` to infer through */
import type { Observable } from 'rxjs';
import type { AnyEntry, NoAck, ReplyOf } from '../../contract/index.js';

/*
 * How the compiler holds methods and parameters against a contract. TypeScript calls a legacy decorator with the class, the
 * name and the index as literal types, so the type of the decorated thing can be found and refused. What it is refused
 * with are the keys of an object type, since these are what the compiler prints.
 */

/** A parameter decorator for parameters that take a value of this type. */
export type ParameterOf<Given> = <Target, Method extends string | symbol | undefined, Index extends number>(
  target: Target & ParameterCheck<Given, Target, Method, Index>,
  method: Method,
  index: Index,
) => void;

/**
 * A method decorator for methods that return this type, or a promise, an Observable or an async iterator of it. What is
 * refused is the class, whose name is short: the compiler would print the whole method before it says what is wrong.
 */
export type HandlerOf<Reply> = <Target extends object, Method extends (...args: any[]) => unknown>(
  target: Target & ReplyCheck<Reply, ReturnType<Method>>,
  method: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

/** Refuses an event without an ack. */
export type AckCheck<E extends AnyEntry> = [ReplyOf<E>] extends [NoAck]
  ? { 'this event has no ack: use @OnEvent': E['name'] }
  : unknown;

/** Methods that no one may call from outside are not among the keys of their class, and so are not checked. */
type ParameterCheck<Given, Target, Method, Index extends number> = Method extends keyof Target
  ? Target[Method] extends (...args: infer Params) => unknown
    ? [Given] extends [Params[Index]]
      ? unknown
      : { 'the contract gives': Given; 'the parameter is': Params[Index] }
    : unknown
  : unknown;

/** An event that the contract does not have is any, and has its own error. */
type ReplyCheck<Reply, Returned> = 0 extends 1 & Reply
  ? unknown
  : [Extract<Reply, { status: 'error' }>] extends [never]
    ? [Yielded<Returned>] extends [Reply]
      ? unknown
      : { 'the ack is': Reply; 'the handler returns': Yielded<Returned> }
    : { 'an ack cannot have status "error"': Reply };

/** What a client gets of what a handler returns. */
type Yielded<Returned> =
  Returned extends PromiseLike<infer Value>
    ? Yielded<Value>
    : Returned extends Observable<infer Value>
      ? Value
      : Returned extends AsyncIterable<infer Value>
        ? Value
        : Returned;
