import type { PipeTransform, Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA, type ParamType } from '../socket-io.constants.js';

export type Pipe = Type<PipeTransform> | PipeTransform;

/** One decorated parameter, in the form of Nest's own decorators. */
export interface ParamMetadata {
  readonly index: number;
  readonly data?: unknown;
  readonly pipes?: readonly Pipe[];
  /** Where `createParamDecorator` made it. */
  readonly factory?: (data: unknown, context: unknown) => unknown;
  /** A Standard Schema, on versions of Nest that know them. */
  readonly schema?: unknown;
}

export function assignParamMetadata(
  target: object,
  method: string | symbol,
  index: number,
  type: ParamType,
  data?: unknown,
  pipes: readonly Pipe[] = [],
): void {
  const present = (Reflect.getMetadata(ROUTE_ARGS_METADATA, target.constructor, method) as object | undefined) ?? {};
  const added: ParamMetadata = { index, data, pipes };
  Reflect.defineMetadata(ROUTE_ARGS_METADATA, { ...present, [`${type}:${index}`]: added }, target.constructor, method);
}

/** A decorator with an optional property name in front of its pipes. */
export function pickingDecorator(type: ParamType, args: readonly unknown[]): ParameterDecorator {
  const [first, ...rest] = args;
  const picks = typeof first === 'string';
  const pipes = (picks ? rest : args).filter((pipe) => pipe !== undefined) as Pipe[];
  return (target, method, index) => assignParamMetadata(target, method!, index, type, picks ? first : undefined, pipes);
}
