import { Observable, concatMap, defaultIfEmpty } from 'rxjs';
import { compileValue, ContractViolationError } from '../../contract/runtime.js';
import type { HandlerDescriptor } from '../discovery/gateway-descriptor.js';
import type { Call } from './parameters.js';
import { isThenable } from '../../common/values.js';
import { asStream } from './result.js';

/**
 * Holds a reply against the contract; a promise only if the schema is asynchronous.
 *
 * @throws ContractViolationError for one that does not fit
 */
export type ReplyCheck = (reply: unknown) => void | Promise<void>;

/** Null for handlers that return no ack, and for acks without a schema. */
export function replyCheckOf({ entry, subject, gateway, method }: HandlerDescriptor): ReplyCheck | null {
  if (entry === null || entry.ackSchema === null || subject.kind !== 'event' || !subject.acks) return null;
  const validate = compileValue(entry.ackSchema);
  const assert = ({ issues }: Awaited<ReturnType<typeof validate>>): void => {
    if (issues === null) return;
    throw new ContractViolationError(`The ack of the event "${subject.event}" by ${gateway.name}.${method}()`, issues);
  };
  return (reply) => {
    const result = validate(reply);
    return isThenable(result) ? result.then(assert) : assert(result);
  };
}

/** A handler whose reply, the first one if it yields several, is checked before it is sent. */
export function checkedReply(check: ReplyCheck, run: Call<unknown>): Call<unknown> {
  const checked = (value: unknown): unknown => {
    const pending = check(value);
    return pending === undefined ? value : pending.then(() => value);
  };
  const take = (result: unknown): unknown => {
    const stream = asStream(result);
    return stream === null ? checked(result) : eachChecked(stream, checked);
  };
  return (socket, args, reply, pattern) => {
    const result = run(socket, args, reply, pattern);
    if (reply === null) return result;
    return isThenable(result) ? result.then(take) : take(result);
  };
}

function eachChecked(stream: Observable<unknown>, checked: (value: unknown) => unknown): Observable<unknown> {
  return stream.pipe(
    defaultIfEmpty(undefined),
    concatMap(async (value) => checked(value)),
  );
}
