import { inspect } from 'node:util';
import { Logger } from '@nestjs/common';
import { callForeign, type ForeignErrorSink } from '../../common/call-foreign.js';

/** Writes to the application's logger, which is foreign code: its transport may be down, and nothing here fails by that. */
export class ErrorLog implements ForeignErrorSink<string> {
  readonly #logger = new Logger('SocketIo');

  /** @param where names class, method and event, if a handler failed */
  error(error: unknown, where?: string): void {
    // Prints causes, the errors of an AggregateError and own fields, which a stack leaves out.
    const text = error instanceof Error ? inspect(error) : String(describe(error));
    this.#write('error', where === undefined ? text : `${where}\n${text}`);
  }

  warn(message: string): void {
    this.#write('warn', message);
  }

  log(message: string): void {
    this.#write('log', message);
  }

  onForeignError(error: unknown, message: string): void {
    console.error(message);
    console.error(error);
  }

  #write(level: 'error' | 'warn' | 'log', message: string): void {
    callForeign(this.#logger[level], this.#logger, [message], this, message);
  }
}

function describe(value: unknown): unknown {
  return typeof value === 'string' ? value : inspect(value);
}
