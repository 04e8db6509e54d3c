import { fileURLToPath } from 'node:url';

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
  return stack.split('\n').some(isCaller);
}

/** Whether a line of a stack lies in one of the folders beside this one that call handlers. */
function isCaller(line: string): boolean {
  const normal = line.replaceAll('\\', '/');
  for (const folder of FOLDERS) {
    const start = normal.indexOf(folder);
    if (start === -1) continue;
    const rest = normal.slice(start + folder.length);
    return (rest.startsWith('dispatch/') || rest.startsWith('pipeline/')) && !rest.startsWith('dispatch/shutdown');
  }
  return false;
}

const CJS = /\/cjs\/nest\/$/;
const ESM = /\/esm\/nest\/$/;

/**
 * The folder above as stacks write it, of both builds: ES modules hand out this file as their CommonJS twin, and are themselves
 * named by URLs. None if stacks write no files.
 */
const FOLDERS = foldersOf(new Error().stack?.split('\n'));

function foldersOf(stack: readonly string[] | undefined): readonly string[] {
  const line = stack?.find((each) => each.includes('handler-trace.'))?.replaceAll('\\', '/');
  const end = line?.indexOf('outcome/handler-trace.') ?? -1;
  if (line === undefined || end === -1) return [];
  const start = Math.max(line.lastIndexOf('(', end), line.lastIndexOf(' file:', end), line.lastIndexOf(' /', end)) + 1;
  const written = line.slice(start, end);
  const folder = written.startsWith('file:') ? fileURLToPath(written).replaceAll('\\', '/') : written;
  const builds = [folder, folder.replace(CJS, '/esm/nest/'), folder.replace(ESM, '/cjs/nest/')];
  return [...new Set(builds.flatMap((each) => [each, encodeURI(each)]))];
}
