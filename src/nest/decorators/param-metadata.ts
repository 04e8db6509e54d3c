import type { PipeTransform, Type } from '@nestjs/common';
import type { AnyContract, AnyEntry } from '../../contract/index.js';
import { isContract, isEntry } from '../../contract/runtime.js';
import { ROUTE_ARGS_METADATA, type ParamType } from './metadata-keys.js';

export type Pipe = Type<PipeTransform> | PipeTransform;

/** For a parameter whose value a Standard Schema validates, by the `StandardSchemaValidationPipe` of Nest 12. */
export interface ParameterOptions {
  /** A Standard Schema that the value has to fit. */
  schema?: unknown;
  /** Pipes for the value. */
  pipes?: readonly Pipe[] | undefined;
}

/** One decorated parameter, in the form of Nest's own decorators. */
export interface ParamMetadata {
  readonly index: number;
  readonly data?: unknown;
  readonly pipes?: readonly Pipe[];
  /** Where `createParamDecorator` made it. */
  readonly factory?: (data: unknown, context: unknown) => unknown;
  /** A Standard Schema, on versions of Nest that know them. */
  readonly schema?: unknown;
  /** The entry or the contract that the parameter was typed by. */
  readonly contracted?: AnyEntry | AnyContract | undefined;
}

export function assignParamMetadata(
  target: object,
  method: string | symbol,
  index: number,
  type: ParamType,
  data?: unknown,
  more: readonly (Pipe | ParameterOptions | undefined)[] = [],
  contracted?: AnyEntry | AnyContract,
): void {
  const present = (Reflect.getMetadata(ROUTE_ARGS_METADATA, target.constructor, method) as object | undefined) ?? {};
  const added: ParamMetadata = { index, data, ...mergeOptions(more), contracted };
  Reflect.defineMetadata(ROUTE_ARGS_METADATA, { ...present, [`${type}:${index}`]: added }, target.constructor, method);
}

/** A decorator with an optional property name, entry or contract in front of its pipes. */
export function pickingDecorator(type: ParamType, args: readonly unknown[]): ParameterDecorator {
  const [first] = args;
  const property = typeof first === 'string' ? first : undefined;
  const contracted = isEntry(first) || isContract(first) ? first : undefined;
  const isPick = property !== undefined || contracted !== undefined;
  const more = (isPick ? args.slice(1) : args) as (Pipe | ParameterOptions | undefined)[];
  return (target, method, index) => assignParamMetadata(target, method!, index, type, property, more, contracted);
}

function mergeOptions(more: readonly (Pipe | ParameterOptions | undefined)[]): Pick<ParamMetadata, 'pipes' | 'schema'> {
  const pipes: Pipe[] = [];
  let schema: unknown;
  for (const each of more) {
    if (each === undefined) continue;
    if (typeof each === 'function' || 'transform' in each) pipes.push(each);
    else {
      pipes.push(...(each.pipes ?? []));
      schema ??= each.schema;
    }
  }
  return { pipes, schema };
}
