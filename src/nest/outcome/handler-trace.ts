/**
 * Whether a handler is among the callers of this call, also where it has awaited something before: then its `await` shows in
 * the stack of an asynchronous call, which costs nothing until it is asked for. False if the runtime keeps no such
 * stacks, and for a handler that returns a promise of another make.
 */
export function isCalledByHandler(): boolean {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = Infinity;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = limit;
  return NEST !== null && stack.split('\n').some(isCaller);
}

/** Whether a line of a stack lies in one of the folders beside this one that call handlers. */
function isCaller(line: string): boolean {
  const normal = line.replaceAll('\\', '/');
  const start = normal.indexOf(NEST!);
  if (start === -1) return false;
  const rest = normal.slice(start + NEST!.length);
  return (rest.startsWith('dispatch/') || rest.startsWith('pipeline/')) && !rest.startsWith('dispatch/shutdown');
}

/** The folder above, as stacks write it; null if they write no files. */
const NEST = folderOf(new Error().stack?.split('\n'));

function folderOf(stack: readonly string[] | undefined): string | null {
  const line = stack?.find((each) => each.includes('handler-trace.'))?.replaceAll('\\', '/');
  const end = line?.indexOf('outcome/handler-trace.') ?? -1;
  if (line === undefined || end === -1) return null;
  const start = Math.max(line.lastIndexOf('(', end), line.lastIndexOf(' ', end)) + 1;
  return line.slice(start, end);
}
