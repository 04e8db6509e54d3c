/**
 * Whether a handler is among the callers of this call, also where it has awaited something before: then its `await` shows in
 * the stack of an asynchronous call, which costs nothing until it is asked for. False where the runtime keeps no such
 * stacks, and for a handler that returns a promise of another make.
 */
export function isCalledByHandler(): boolean {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = Infinity;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = limit;
  return CALLERS !== null && stack.split('\n').some((line) => CALLERS.test(line));
}

/** Lines of a stack that lie in the folders beside this one which call handlers. */
const CALLERS = callersOf(new Error().stack);

function callersOf(stack: string | undefined): RegExp | null {
  const nest = /(?:\(| )([^\s()]*[/\\]nest[/\\])outcome[/\\]handler-trace\.[jt]s/.exec(stack ?? '')?.[1];
  if (nest === undefined) return null;
  return new RegExp(`${nest.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')}(?:dispatch|pipeline)[/\\\\](?!shutdown)`);
}
