import { z } from 'zod';
import { binary, defineContract, event, type StandardSchema } from '../../src/contract/index.js';
import { compileCheck, compileValidation, eventsOf, InvalidDataError } from '../../src/contract/runtime.js';
import { LIBRARIES, MISTAKES, ORDER } from './libraries.js';

function partsOf(...schemas: [StandardSchema, ...StandardSchema[]]) {
  return event(...schemas)['~event'];
}

function validationOf(...schemas: [StandardSchema, ...StandardSchema[]]) {
  return compileValidation(partsOf(...schemas))!;
}

/** What a validation refuses. */
function refusalOf(work: () => unknown): ReturnType<InvalidDataError['getError']> {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidDataError);
    return (error as InvalidDataError).getError();
  }
  throw new Error('a refusal was expected');
}

/** A schema whose library goes wrong. */
function failing(validate: () => never | Promise<never>): StandardSchema {
  return { '~standard': { version: 1, vendor: 'broken', validate } };
}

function fail(message: string): never {
  throw new Error(message);
}

describe('compileValidation', () => {
  it('is null for types only, which leaves the dispatch as it is', () => {
    expect(compileValidation(event<[x: number]>()['~event'])).toBeNull();
    expect(compileValidation(event()['~event'])).toBeNull();
  });

  describe.each(Object.entries(LIBRARIES))('with %s', (_name, schema) => {
    it('returns what fits', () => {
      expect(validationOf(schema)([ORDER])).toEqual([ORDER]);
    });

    it.each(Object.entries(MISTAKES))(
      'refuses %s with the same envelope, number and order',
      (_mistake, { sent, paths }) => {
        const refusal = refusalOf(() => validationOf(schema)(sent));
        expect(refusal).toEqual({
          status: 'error',
          message: 'Invalid arguments',
          code: 'INVALID_ARGUMENTS',
          statusCode: 400,
          details: paths.map((path) => ({ path, message: expect.any(String) })),
        });
      },
    );

    it('does not repeat the value that it refuses', () => {
      const secret = 'correct horse battery staple';
      const sent = { ...ORDER, name: 4_815_162_342, size: secret, nested: { at: secret } };
      const { details } = refusalOf(() => validationOf(schema)([sent]));
      expect(details).not.toHaveLength(0);
      expect(JSON.stringify(details)).not.toMatch(/correct horse|4815162342/);
    });

    it('tells of no more than 32 issues', () => {
      const sent = { ...ORDER, tags: Array.from({ length: 1_000 }, (_, i) => i) };
      expect(refusalOf(() => validationOf(schema)([sent])).details).toHaveLength(32);
    });
  });

  it('reuses the list of arguments if nothing has changed', () => {
    const sent = [1, 'a'];
    expect(validationOf(z.number(), z.string())(sent)).toBe(sent);
    const alone = ['a'];
    expect(validationOf(z.string())(alone)).toBe(alone);
  });

  it('leaves the list that was sent as it is if a schema changes a value', () => {
    const sent = ['7', 1];
    expect(validationOf(z.string().transform(Number), z.number())(sent)).toEqual([7, 1]);
    expect(sent).toEqual(['7', 1]);
  });

  it('gives optional arguments that were left out as undefined', () => {
    expect(validationOf(z.string(), z.number().optional())(['a'])).toEqual(['a', undefined]);
  });

  it('takes null as missing where an argument may be missing and not null', () => {
    expect(validationOf(z.number().optional())([null])).toEqual([undefined]);
    expect(validationOf(z.string(), z.number().optional())(['a', null])).toEqual(['a', undefined]);
    expect(validationOf(z.number().nullish())([null])).toEqual([null]);
    expect(refusalOf(() => validationOf(z.number())([null])).details).toHaveLength(1);
  });

  it('refuses surplus arguments and names the first', () => {
    expect(refusalOf(() => validationOf(z.number(), z.number())([1, 2, 3])).details).toEqual([
      { path: [2], message: 'at most 2 arguments, 3 were sent' },
    ]);
    expect(refusalOf(() => validationOf(z.number())([1, 2])).details).toEqual([
      { path: [1], message: 'at most 1 argument, 2 were sent' },
    ]);
  });

  it('names each argument that is missing', () => {
    const { details } = refusalOf(() => validationOf(z.number(), z.number())([]));
    expect(details.map(({ path }) => path)).toEqual([[0], [1]]);
  });

  it('awaits asynchronous schemas', async () => {
    const even = z.number().refine(async (n) => n % 2 === 0, 'odd');
    await expect(validationOf(even)([2])).resolves.toEqual([2]);
    await expect(validationOf(even, z.string())([2, 'a'])).resolves.toEqual([2, 'a']);
    await expect(validationOf(even)([3])).rejects.toMatchObject({ details: [{ path: [0], message: 'odd' }] });
    expect(await validationOf(even.optional())([null])).toEqual([undefined]);
  });

  it('expands the unknown keys that zod puts into one issue', () => {
    const { details } = refusalOf(() => validationOf(z.strictObject({}))([{ b: 1, a: 2 }]));
    expect(details.map(({ path }) => path)).toEqual([
      [0, 'a'],
      [0, 'b'],
    ]);
  });

  it('passes on what a schema throws, which no client is told', () => {
    expect(() => validationOf(failing(() => fail('away')))([1])).toThrow('away');
    expect(() =>
      validationOf(
        z.number(),
        failing(() => fail('away')),
      )([1, 2]),
    ).toThrow('away');
  });

  it('passes on what a schema rejects with, also beside one that throws', async () => {
    const rejecting = failing(() => Promise.reject(new Error('later')));
    await expect(validationOf(rejecting)([1])).rejects.toThrow('later');
    await expect(validationOf(rejecting, rejecting)([1, 2])).rejects.toThrow('later');
    expect(() =>
      validationOf(
        rejecting,
        failing(() => fail('away')),
      )([1, 2]),
    ).toThrow('away');
    await new Promise(setImmediate);
  });

  it('makes an error without a stack', () => {
    let caught: Error | undefined;
    try {
      validationOf(z.number())(['a']);
    } catch (error) {
      caught = error as Error;
    }
    expect(caught!.stack).not.toContain('\n');
    expect(new Error('another').stack).toContain('\n');
  });
});

describe('compileCheck', () => {
  it('gives issues instead of throwing, and never values', async () => {
    const check = compileCheck(partsOf(z.string().transform(Number)))!;
    expect(check(['7'])).toBeNull();
    expect(check([7])).toEqual([{ path: [0], message: expect.any(String) }]);
    const later = compileCheck(partsOf(z.number().refine(async (n) => n > 0, 'too small')))!;
    await expect(later([0])).resolves.toEqual([{ path: [0], message: 'too small' }]);
    expect(compileCheck(event<[string]>()['~event'])).toBeNull();
  });
});

describe('binary', () => {
  const bytes = (options?: { maxBytes: number }) => validationOf(binary(options));

  it('takes every kind of binary data', () => {
    for (const data of [Buffer.from('abc'), new Uint8Array(3), new ArrayBuffer(3), new Blob(['abc'])]) {
      expect(bytes()([data])).toEqual([data]);
    }
  });

  it('takes as many bytes as it is told, and not one more', () => {
    expect(bytes({ maxBytes: 10 })([Buffer.alloc(10)])).toHaveLength(1);
    expect(refusalOf(() => bytes({ maxBytes: 10 })([Buffer.alloc(11)])).details).toEqual([
      { path: [0], message: 'Expected at most 10 bytes, received 11' },
    ]);
  });

  it('refuses what is not binary', () => {
    for (const data of ['abc', 3, {}, null, undefined, [1, 2]]) {
      expect(refusalOf(() => bytes()([data])).details).toEqual([{ path: [0], message: 'Expected binary data' }]);
    }
  });

  it('refuses a size that is none', () => {
    expect(() => binary({ maxBytes: -1 })).toThrow('maxBytes');
    expect(() => binary({ maxBytes: 'many' as never })).toThrow('maxBytes');
  });
});

describe('defineContract', () => {
  it('knows the names of typed events too', () => {
    const contract = defineContract('chat', { in: { move: event<[number, number]>() } });
    expect(contract.namespace).toBe('/chat');
    expect(contract.in.move.name).toBe('move');
    expect([...eventsOf(contract, 'in')!.keys()]).toEqual(['move']);
  });

  it('gives entries for any name where maps are types only', () => {
    const contract = defineContract<{ in: { hi: (name: string) => void } }>('/legacy');
    expect(contract.in.hi.name).toBe('hi');
    expect(contract.in.hi).toBe(contract.in.hi);
    expect(eventsOf(contract, 'in')).toBeNull();
  });

  it('says what is wrong with a definition', () => {
    expect(() => defineContract('/chat', { in: { a: z.string() as never } })).toThrow('"a" of /chat is not an event()');
    expect(() => defineContract(7 as never, {})).toThrow('namespace');
    expect(() => event('text' as never)).toThrow('Standard Schema');
    expect(() => event().ack(5 as never)).toThrow('Standard Schema');
  });

  it('keeps events apart from what every object has', () => {
    const contract = defineContract('/chat', { in: { toString: event(), constructor: event() } });
    expect(contract.in.toString.name).toBe('toString');
    expect((contract.in as unknown as Record<string, unknown>)['hasOwnProperty']).toBeUndefined();
  });
});
