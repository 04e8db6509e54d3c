import { OptionError, OptionReader } from '../../src/common/option-reader.js';

describe('OptionReader', () => {
  it('takes undefined for not given', () => {
    const read = new OptionReader({ size: undefined });
    expect(read.integer('size', 5, { min: 1 })).toBe(5);
  });

  describe('#integer', () => {
    it.each([1, 10, Number.MAX_SAFE_INTEGER])('accepts %d', (given) => {
      expect(new OptionReader({ size: given }).integer('size', 5, { min: 1 })).toBe(given);
    });

    it.each([0, -1, 1.5, NaN, Infinity, -Infinity, 2 ** 60, '5', true, {}, [5]])('refuses %p', (given) => {
      expect(() => new OptionReader({ size: given }).integer('size', 5, { min: 1 })).toThrow(OptionError);
    });

    it('holds both bounds', () => {
      const read = (size: number): number => new OptionReader({ size }).integer('size', 5, { min: 2, max: 4 });
      expect([read(2), read(4)]).toEqual([2, 4]);
      expect(() => read(1)).toThrow('at least 2 and at most 4');
      expect(() => read(5)).toThrow('at least 2 and at most 4');
    });
  });

  describe('#milliseconds', () => {
    it.each([1, 0.5 + 1, 2 ** 31 - 1])('accepts %d', (given) => {
      expect(new OptionReader({ wait: given }).milliseconds('wait', 5, 1)).toBe(given);
    });

    it.each([0, 0.5, -1, NaN, Infinity, 2 ** 31, '5', true])('refuses %p', (given) => {
      expect(() => new OptionReader({ wait: given }).milliseconds('wait', 5, 1)).toThrow(OptionError);
    });
  });

  describe('spellings', () => {
    const read = (given: Record<string, unknown>): number =>
      new OptionReader(given).integer('size', 5, { min: 1 }, 'length');

    it('takes either', () => {
      expect(read({ size: 7 })).toBe(7);
      expect(read({ length: 7 })).toBe(7);
      expect(read({ size: undefined, length: 7 })).toBe(7);
    });

    it('takes both where they agree', () => {
      expect(read({ size: 7, length: 7 })).toBe(7);
    });

    it('refuses both where they differ, and names both', () => {
      expect(() => read({ size: 7, length: 8 })).toThrow(
        'Invalid option "length": got 8, expected the same value as "size" (7), or only one of the two',
      );
    });

    it('names the spelling that was used', () => {
      expect(() => read({ length: 0 })).toThrow('Invalid option "length": got 0');
      expect(() => read({ size: 0 })).toThrow('Invalid option "size": got 0');
    });
  });

  describe('#rejectUnknown', () => {
    it('passes over what was read, in either spelling, and what is undefined', () => {
      const reader = new OptionReader({ size: 1, length: 1, other: undefined });
      reader.integer('size', 5, { min: 1 }, 'length');
      expect(() => reader.rejectUnknown()).not.toThrow();
    });

    it('names what nobody has read, and the names that exist', () => {
      const reader = new OptionReader({ sise: 1 });
      reader.integer('size', 5, { min: 1 });
      expect(() => reader.rejectUnknown()).toThrow(
        'Invalid option "sise": got 1, expected one of the known options: size',
      );
    });
  });
});

describe('OptionReader#group', () => {
  const group = (cors: unknown): OptionReader => new OptionReader({ cors }).group('cors')!;

  it('gives null for an object that is not given', () => {
    expect(new OptionReader({}).group('cors')).toBeNull();
  });

  it.each([1, 'x', true, null, [1], () => {}])('refuses %p, which is no object', (given) => {
    expect(() => group(given)).toThrow('Invalid option "cors"');
  });

  it('names its options in full', () => {
    expect(() => group({ maxAge: -1 }).integer('maxAge', 5, { min: 0 })).toThrow(
      'Invalid option "cors.maxAge": got -1',
    );
  });

  it('is held by the reader that it came from', () => {
    const reader = new OptionReader({ cors: { orgin: 'x', origin: undefined } });
    reader.group('cors')!.raw('origin');
    expect(() => reader.rejectUnknown()).toThrow(
      'Invalid option "cors.orgin": got "x", expected one of the known options: origin; did you mean "cors.origin"?',
    );
  });

  it('suggests nothing where no name is near', () => {
    const reader = new OptionReader({ whatever: 1 });
    reader.raw('size');
    expect(() => reader.rejectUnknown()).toThrow(/known options: size$/);
  });
});

describe('OptionError', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;

  it.each([
    ['text', '"text"'],
    [NaN, 'NaN'],
    [null, 'null'],
    [{ a: 1 }, '{"a":1}'],
    [[1, 'b'], '[1,"b"]'],
    [function named() {}, 'function named'],
    [() => {}, 'function (anonymous)'],
    [cyclic, '[object Object]'],
    [Symbol('s'), 'Symbol(s)'],
    [10n, '10'],
  ])('says what was given: %p', (given, text) => {
    const error = new OptionError('name', given, 'something else');
    expect(error.message).toBe(`Invalid option "name": got ${text}, expected something else`);
    expect(error).toMatchObject({ name: 'OptionError', code: 'INVALID_OPTION', option: 'name', given });
  });
});
