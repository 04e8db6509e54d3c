import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { cleanup } from '../../support/cleanup.js';

/** What is logged under the name of this package while a test runs. */
export function watchLog(level: 'log' | 'warn'): string[] {
  const lines: string[] = [];
  const spy = jest.spyOn(Logger.prototype, level).mockImplementation(function (this: Logger, message: unknown) {
    if ((this as unknown as { context: string }).context === 'SocketIo') lines.push(String(message));
  });
  cleanup(() => spy.mockRestore());
  return lines;
}
