import { TimerWheel } from '../../../src/engine/index.js';
import { AttachmentCollector } from '../../../src/socketio/codec/attachment-collector.js';
import { extractAttachments, hasBinary, insertAttachments } from '../../../src/socketio/codec/attachments.js';
import { cleanup } from '../../support/cleanup.js';

const { jest } = import.meta;
const A = Buffer.of(1);
const B = Buffer.of(2);
const C = Buffer.of(3);

function place(num: unknown): unknown {
  return { _placeholder: true, num };
}

describe('hasBinary', () => {
  it.each([[A], [[A]], [{ a: { b: [1, A] } }], [{ toJSON: () => A }], [new ArrayBuffer(1)], [new Float64Array(1)]])(
    'finds bytes in %p',
    (value) => {
      expect(hasBinary(value)).toBe(true);
    },
  );

  it.each([
    [1],
    ['b'],
    [null],
    [undefined],
    [{}],
    [[]],
    [new Date()],
    [{ toJSON: () => 'text', bytes: A }],
    [place(0)],
  ])('finds none in %p', (value) => {
    expect(hasBinary(value)).toBe(false);
  });

  it('looks at what JSON would send, not at what is inherited', () => {
    expect(hasBinary(Object.create({ inherited: A }))).toBe(false);
  });

  it('returns from a cycle', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    expect(hasBinary(cyclic)).toBe(false);
  });
});

describe('insertAttachments', () => {
  it('is the way back of extractAttachments', () => {
    const value = ['e', A, { b: [B, { c: C }], plain: [1, null, 'x'] }];
    const { value: extracted, attachments } = extractAttachments(value);
    expect(attachments).toEqual([A, B, C]);
    expect(insertAttachments(JSON.parse(JSON.stringify(extracted)), attachments)).toEqual(value);
  });

  it('goes by the number, in any order', () => {
    expect(insertAttachments(['e', place(2), place(0), place(1)], [A, B, C])).toEqual(['e', C, A, B]);
  });

  it('keeps own keys called __proto__ as data', () => {
    const value = JSON.parse('["e",{"__proto__":{"x":1},"bytes":{"_placeholder":true,"num":0}}]') as unknown[];
    const restored = insertAttachments(value, [A]) as Record<string, unknown>[];
    expect(Object.keys(restored[1])).toEqual(['__proto__', 'bytes']);
    expect(restored[1].bytes).toBe(A);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  it.each([
    ['names none', [place(1)], [A]],
    ['is negative', [place(-1)], [A]],
    ['is a fraction', [place(0.5)], [A, B]],
    ['is a text', [place('0')], [A]],
    ['is missing', [{ _placeholder: true }], [A]],
    ['is null', [place(null)], [A]],
    ['is a list', [place([0])], [A]],
    ['names one twice', [place(0), place(0)], [A]],
    ['names a property of lists', [place('length')], [A]],
    ['leaves one unnamed', [place(0)], [A, B]],
    ['does not occur', ['text'], [A]],
    ['stands only below __proto__', JSON.parse('[{"__proto__":{"_placeholder":true,"num":0}}]') as unknown[], [A]],
  ])('refuses a number that %s', (_flaw, args, attachments) => {
    expect(() => insertAttachments(['e', ...args], attachments)).toThrow(
      expect.objectContaining({ name: 'ProtocolError', code: 'INVALID_PLACEHOLDER' }),
    );
  });

  it.each([[{ _placeholder: false, num: 0 }], [{ _placeholder: 1, num: 0 }], [{ _placeholder: 'true' }]])(
    'takes %j for data',
    (value) => {
      expect(insertAttachments(['e', value, place(0)], [A])).toEqual(['e', value, A]);
    },
  );
});

describe('AttachmentCollector', () => {
  it('gives the arguments once the last attachment is there, and takes its timer down', () => {
    const { collector, wheel } = collect(['e', place(0), place(1)], 2);
    expect(collector.add(A)).toBeNull();
    expect(wheel.size).toBe(1);
    expect(collector.add(B)).toEqual(['e', A, B]);
    expect(wheel.size).toBe(0);
  });

  it('takes attachments up to the bound together, and not one byte more', () => {
    const { collector } = collect(['e', place(0), place(1)], 2, { maxAttachmentBytes: 10 });
    collector.add(Buffer.alloc(6));
    expect(collector.add(Buffer.alloc(4))).toHaveLength(3);

    const { collector: other } = collect(['e', place(0), place(1)], 2, { maxAttachmentBytes: 10 });
    other.add(Buffer.alloc(6));
    expect(() => other.add(Buffer.alloc(5))).toThrow(expect.objectContaining({ code: 'ATTACHMENTS_TOO_LARGE' }));
  });

  it('tells its owner once the time is over', () => {
    jest.useFakeTimers();
    const { timeouts } = collect(['e', place(0)], 1, { attachmentTimeout: 1000 });
    jest.advanceTimersByTime(999);
    expect(timeouts).toEqual([]);
    jest.advanceTimersByTime(2);
    jest.useRealTimers();
    expect(timeouts).toEqual(['timeout']);
  });
});

function collect(args: unknown[], expected: number, limits: Partial<typeof LIMITS> = {}) {
  const wheel = new TimerWheel();
  const timeouts: string[] = [];
  const owner = { onAttachmentTimeout: () => void timeouts.push('timeout') };
  const collector = new AttachmentCollector(5, '/', args, -1, expected, owner, wheel, { ...LIMITS, ...limits });
  cleanup(() => collector.release());
  return { collector, wheel, timeouts };
}

const LIMITS = { maxAttachmentBytes: 1000, attachmentTimeout: 10_000 };
