import { inspect } from 'node:util';
import { jest } from '@jest/globals';
import { Logger, type LogLevel } from '@nestjs/common';
import { cleanup } from '../../support/cleanup.js';

const LEVELS: readonly LogLevel[] = ['log', 'error', 'warn', 'debug', 'verbose', 'fatal'];

/** All that is logged from now on, at every level, by Nest's logger, by the console and as warnings of the process. */
export function recordLog(): string[] {
  const lines: string[] = [];
  const write = (...args: unknown[]): void => {
    lines.push(args.map((each) => (typeof each === 'string' ? each : inspect(each, { depth: 9 }))).join(' '));
  };
  Logger.overrideLogger(Object.fromEntries(LEVELS.map((level) => [level, write])) as never);
  const spies = [
    ...(['log', 'info', 'warn', 'error', 'debug', 'trace'] as const).map((name) => jest.spyOn(console, name)),
    jest.spyOn(process, 'emitWarning'),
  ];
  for (const spy of spies) spy.mockImplementation(write as never);
  cleanup(() => {
    Logger.overrideLogger(false);
    for (const spy of spies) spy.mockRestore();
  });
  return lines;
}
