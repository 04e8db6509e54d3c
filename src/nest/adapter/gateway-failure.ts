import { watch } from '../../common/call-foreign.js';
import { saysItself } from '../outcome/error-mapping.js';
import { filterFor, type FailureHandler } from '../outcome/failure-handler.js';
import type { BoundHandler } from '../pipeline/handler-factory.js';
import { Invocation } from '../pipeline/invocation.js';
import { bodyOf } from '../pipeline/parameters.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import { isThenable } from '../../common/values.js';
import { firstValue, isImmediate } from '../pipeline/result.js';

/**
 * What Nest does with an error of a gateway: the filter that catches it, else an `exception` event, which for anything but
 * a `WsException` says nothing. What a filter throws is told by the rule of this package, since Nest would end the process.
 * Never throws. A promise only if a filter is asynchronous.
 */
export function tellAsNest(failures: FailureHandler, error: unknown, call: Invocation): void | Promise<void> {
  call.operation?.fail(error);
  const filter = filterFor(call, error);
  const onRethrown = (rethrown: unknown): void => tellRethrown(failures, error, rethrown, call);
  let handled: unknown;
  try {
    if (filter === undefined) {
      tell(failures, error, call);
      return;
    }
    handled = filter(error);
  } catch (rethrown) {
    onRethrown(rethrown);
    return;
  }
  if (!isImmediate(handled)) return firstValue(handled).then(() => undefined, onRethrown);
}

/** A hook whose errors its client is told, like those of its messages; nobody else could be. */
export function tellingClients(hook: BoundHandler, failures: FailureHandler): BoundHandler {
  const { pipeline, resolvePipeline, descriptor } = hook;
  const telling = (inner: Pipeline): Pipeline => ({
    ...inner,
    invoke: (socket, args, reply, pattern) => {
      const tell = (error: unknown): void | Promise<void> =>
        tellAsNest(failures, error, Invocation.of(hook, inner, socket, args, null, descriptor.method));
      try {
        const result = inner.invoke(socket, args, reply, pattern);
        return isThenable(result) ? result.then(undefined, tell) : result;
      } catch (error) {
        return tell(error);
      }
    },
  });
  return {
    ...hook,
    pipeline: pipeline === null ? null : telling(pipeline),
    resolvePipeline: (socket) => {
      const provided = resolvePipeline(socket);
      return isThenable(provided) ? provided.then(telling) : telling(provided);
    },
  };
}

function tell(failures: FailureHandler, error: unknown, call: Invocation): void {
  if (!saysItself(error)) failures.report(error, call);
  emit(failures, error, call);
}

/** An error that is meant for clients replaces the first. Any other is a fault of the filter. */
function tellRethrown(failures: FailureHandler, error: unknown, rethrown: unknown, call: Invocation): void {
  if (rethrown === error || saysItself(rethrown)) {
    tell(failures, rethrown, call);
    return;
  }
  failures.reportBoth(error, rethrown, call);
  emit(failures, error, call);
}

function emit(failures: FailureHandler, error: unknown, call: Invocation): void {
  const isInternal = !saysItself(error);
  try {
    const payload = payloadOf(failures, error, call);
    call.socket!.emit('exception', payload);
    call.operation?.tell(payload, isInternal);
  } catch (failure) {
    failures.report(failure, call);
  }
}

function payloadOf(failures: FailureHandler, error: unknown, call: Invocation): object {
  const given = saysItself(error) ? error.getError() : MESSAGE;
  const isLate = isThenable(given);
  if (isLate) watch(given, { onForeignError: (reason) => failures.report(reason, call) }, undefined);
  else if (typeof given === 'object' && given !== null) return given;
  const cause = { pattern: call.event, data: bodyOf(call.args) };
  return { status: 'error', message: isLate ? MESSAGE : given, cause };
}

const MESSAGE = 'Internal server error';
