import { z } from 'zod';
import { event } from '../../src/contract/index.js';
import { compileValidation, InvalidDataError } from '../../src/contract/runtime.js';

describe('refusals', () => {
  const validate = compileValidation(event(z.object({ room: z.string(), text: z.string() }))['~event'])!;
  const refuse = (): InvalidDataError => {
    try {
      validate([{ room: 5 }]);
    } catch (error) {
      return error as InvalidDataError;
    }
    throw new Error('a refusal was expected');
  };

  it('leave nothing behind, 100,000 of them', () => {
    const { gc } = globalThis as { gc?: () => void };
    for (let i = 0; i < 20_000; i++) refuse();
    gc?.();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 100_000; i++) refuse();
    gc?.();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000);
  });

  it('keep no stack, and leave the limit of others as it is', () => {
    const limit = Error.stackTraceLimit;
    expect(refuse().stack).toBe('InvalidDataError: Invalid arguments');
    expect(Error.stackTraceLimit).toBe(limit);
  });
});
