/**
 * Marks a function that calls handlers, or awaits what they return, for `isCalledByHandler`. The name that it gets is what
 * marks it: bundlers that join files, and shorten the names of functions, leave strings alone.
 */
export function callsHandlers<Call extends Function>(name: string, call: Call): Call {
  return Object.defineProperty(call, 'name', { value: `${MARK}${name}` });
}

/**
 * Whether a handler is among the callers of this call, also where it has awaited something before: then its `await` shows in
 * the stack of an asynchronous call, which costs nothing until it is asked for. False if the runtime keeps no such
 * stacks, and for a handler that returns a promise of another make.
 */
export function isCalledByHandler(): boolean {
  return callers().some((name) => name.includes(MARK));
}

/** The names of functions in the present stack, as they are called: texts of stacks may have those of a source map. */
function callers(): readonly string[] {
  const { stackTraceLimit, prepareStackTrace } = Error;
  try {
    Error.stackTraceLimit = Infinity;
    Error.prepareStackTrace = (_error, sites) => sites.map((site) => site.getFunctionName() ?? '');
    const { stack } = new Error() as { stack?: unknown };
    if (Array.isArray(stack)) return stack as string[];
    return typeof stack === 'string' ? stack.split('\n') : [];
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    Error.prepareStackTrace = prepareStackTrace;
  }
}

const MARK = 'nestjs-socketio:';
