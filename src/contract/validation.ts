import type { EventParts } from './event.js';
import { InvalidDataError } from './contract-errors.js';
import { describeIssues, MAX_ISSUES, type IssueDetail } from './issues.js';
import type { SchemaResult, StandardSchema } from './standard-schema.js';

/** Arguments as the handler gets them: those given if nothing has changed. */
export type ArgumentsValidation = (args: unknown[]) => unknown[] | Promise<unknown[]>;

/** Issues; null if there are none. */
export type ArgumentsCheck = (args: readonly unknown[]) => IssueDetail[] | null | Promise<IssueDetail[] | null>;

/** A value as its schema returns it, or what is wrong with it. */
export type ValueValidation = (value: unknown) => Validated | Promise<Validated>;

export type Validated =
  { readonly issues: null; readonly value: unknown } | { readonly issues: readonly IssueDetail[] };

/**
 * Holds the arguments of an event against its schemas; null if it has none, so that typed events are dispatched as if
 * there were no contract. Synchronous as long as the schemas are.
 *
 * @throws InvalidDataError for arguments that do not fit
 */
export function compileValidation({ schemas }: EventParts): ArgumentsValidation | null {
  if (schemas === null) return null;
  if (schemas.length === 1) return compileOne(schemas[0]);
  return (args) => {
    const outcome = collect(schemas, args);
    return outcome instanceof Promise ? outcome.then(valuesOf) : valuesOf(outcome);
  };
}

/** The same for what the server sends: only a check, since schemas must not change what travels. */
export function compileCheck({ schemas }: EventParts): ArgumentsCheck | null {
  if (schemas === null) return null;
  return (args) => {
    const outcome = collect(schemas, args);
    return outcome instanceof Promise ? outcome.then(issuesOf) : issuesOf(outcome);
  };
}

/** Holds one value, such as an ack or an auth, against a schema. */
export function compileValue(schema: StandardSchema): ValueValidation {
  return (value) => {
    const result = validate(schema, value);
    return isPromise(result) ? result.then(toValidated) : toValidated(result);
  };
}

function toValidated(result: SchemaResult<unknown>): Validated {
  if (result.issues === undefined) return { issues: null, value: result.value };
  return { issues: describeIssues(result.issues, []) };
}

/** The common case, without a list in between. */
function compileOne(schema: StandardSchema): ArgumentsValidation {
  const conclude = (args: unknown[], result: SchemaResult<unknown>): unknown[] => {
    if (result.issues !== undefined || args.length > 1) return valuesOf(summarize([schema], args, [result]));
    return args.length === 1 && Object.is(result.value, args[0]) ? args : [result.value];
  };
  return (args) => {
    const result = args[0] === null ? validate(schema, null) : schema['~standard'].validate(args[0]);
    return isPromise(result) ? result.then((settled) => conclude(args, settled)) : conclude(args, result);
  };
}

interface Outcome {
  readonly values: unknown[];
  readonly issues: IssueDetail[];
}

function collect(schemas: readonly StandardSchema[], args: readonly unknown[]): Outcome | Promise<Outcome> {
  const results = validateEach(schemas, args);
  if (results.some(isPromise)) return Promise.all(results).then((settled) => summarize(schemas, args, settled));
  return summarize(schemas, args, results as SchemaResult<unknown>[]);
}

function validateEach(
  schemas: readonly StandardSchema[],
  args: readonly unknown[],
): (SchemaResult<unknown> | Promise<SchemaResult<unknown>>)[] {
  const results: (SchemaResult<unknown> | Promise<SchemaResult<unknown>>)[] = [];
  try {
    for (let i = 0; i < schemas.length; i++) results.push(validate(schemas[i], args[i]));
  } catch (error) {
    // Those that are under way cannot tell of a rejection any more.
    for (const result of results) if (isPromise(result)) result.then(undefined, () => undefined);
    throw error;
  }
  return results;
}

function summarize(
  schemas: readonly StandardSchema[],
  args: readonly unknown[],
  results: readonly SchemaResult<unknown>[],
): Outcome {
  const issues: IssueDetail[] = [];
  let isChanged = args.length !== schemas.length;
  const values: unknown[] = results.map((result, i) => {
    if (result.issues !== undefined) {
      issues.push(...describeIssues(result.issues, [i]));
      return undefined;
    }
    isChanged ||= !Object.is(result.value, args[i]);
    return result.value;
  });
  if (args.length > schemas.length) issues.push(surplus(schemas.length, args.length));
  return { values: isChanged ? values : (args as unknown[]), issues };
}

function surplus(allowed: number, sent: number): IssueDetail {
  return { path: [allowed], message: `at most ${allowed} argument${allowed === 1 ? '' : 's'}, ${sent} were sent` };
}

/** JSON has no undefined: where an argument may be missing and not null, null counts as missing. */
function validate(schema: StandardSchema, value: unknown): SchemaResult<unknown> | Promise<SchemaResult<unknown>> {
  const result = schema['~standard'].validate(value);
  if (value !== null) return result;
  if (isPromise(result)) return result.then((settled) => asMissing(schema, settled));
  return asMissing(schema, result);
}

function asMissing(
  schema: StandardSchema,
  asNull: SchemaResult<unknown>,
): SchemaResult<unknown> | Promise<SchemaResult<unknown>> {
  if (asNull.issues === undefined) return asNull;
  const choose = (asUndefined: SchemaResult<unknown>): SchemaResult<unknown> =>
    asUndefined.issues === undefined ? asUndefined : asNull;
  const result = schema['~standard'].validate(undefined);
  return isPromise(result) ? result.then(choose) : choose(result);
}

function valuesOf({ values, issues }: Outcome): unknown[] {
  if (issues.length > 0) throw InvalidDataError.create('arguments', issues.slice(0, MAX_ISSUES));
  return values;
}

function issuesOf({ issues }: Outcome): IssueDetail[] | null {
  return issues.length === 0 ? null : issues;
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Partial<Promise<T>>).then === 'function';
}
