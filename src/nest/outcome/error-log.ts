import { inspect } from 'node:util';
import { Logger } from '@nestjs/common';
import { CONSOLE, callForeign, type ForeignErrorSink } from '../../common/call-foreign.js';
import { hideCommands } from '../../common/hide-commands.js';
import { textOf } from '../../common/values.js';

/** Writes to the application's logger, which is foreign code: its transport may be down, and nothing here fails by that. */
export class ErrorLog implements ForeignErrorSink<string> {
  readonly #logger = new Logger('SocketIo');
  /** Classes that a hint has named. */
  readonly #hinted = new Set<string>();

  /** @param where names class, method and event, if a handler failed */
  error(error: unknown, where?: string): void {
    this.#write('error', [where, ...this.#linesOf(error)].filter((part) => part !== undefined).join('\n'));
  }

  warn(message: string): void {
    this.#write('warn', message);
  }

  log(message: string): void {
    this.#write('log', message);
  }

  onForeignError(error: unknown, message: string): void {
    console.error(message);
    CONSOLE.onForeignError(error, undefined);
  }

  #linesOf(error: unknown): (string | undefined)[] {
    try {
      hideCommands(error);
      // Prints causes, the errors of an AggregateError and own fields, which a stack leaves out.
      return [typeof error === 'string' ? error : inspect(error), this.#hintFor(error)];
    } catch {
      // An error is foreign as well: it may not let itself be looked at.
      return [textOf(error)];
    }
  }

  /** A guard or filter that is made for HTTP finds neither request nor response in an event, and stumbles. */
  #hintFor(error: unknown): string | undefined {
    if (!(error instanceof TypeError)) return undefined;
    const [, owner, method] = ENHANCER_FRAME.exec(String(error.stack)) ?? [];
    if (owner === undefined || this.#hinted.has(owner)) return undefined;
    this.#hinted.add(owner);
    const remedy = method === 'catch' ? 'throw the error that it was given' : 'look for its request elsewhere';
    return `If ${owner} is written for HTTP: if getType() of its context is 'ws', it has to ${remedy}.`;
  }

  #write(level: 'error' | 'warn' | 'log', message: string): void {
    callForeign(this.#logger[level], this.#logger, [message], this, message);
  }
}

/** A method of a guard or of a filter in a stack; not that of a promise. */
const ENHANCER_FRAME = /\n {4}at (?:async )?(?!Promise\.)([\w$]+)\.(?:\S+ \[as )?(canActivate|catch)\b/;
