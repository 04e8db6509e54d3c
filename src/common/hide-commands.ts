import { inspect } from 'node:util';
import { isObject } from './values.js';

/**
 * Errors of `ioredis` carry the command that failed with its arguments, which for an adapter are what was emitted. A log that
 * prints the error afterwards shows the name of the command alone; who looks at the error itself still finds all of it.
 */
export function hideCommands(error: unknown, depth = 0): void {
  if (!(error instanceof Error) || depth > MAX_DEPTH) return;
  const { command, cause, errors } = error as { command?: unknown; cause?: unknown; errors?: unknown };
  if (isObject(command) && Array.isArray(command.args)) {
    const { name } = command;
    // False for a frozen one, which is printed whole.
    Reflect.defineProperty(command, inspect.custom, { value: () => name, configurable: true });
  }
  hideCommands(cause, depth + 1);
  if (Array.isArray(errors)) for (const each of errors) hideCommands(each, depth + 1);
}

/** How many causes of causes are looked at. */
const MAX_DEPTH = 8;
