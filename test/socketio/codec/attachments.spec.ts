import { TimerWheel } from '../../../src/engine/index.js';
import { AttachmentCollector } from '../../../src/socketio/codec/attachment-collector.js';
import { extractAttachments, insertAttachments, isPlain } from '../../../src/socketio/codec/attachments.js';
import { cleanup } from '../../support/cleanup.js';

const { jest } = import.meta;
const A = Buffer.of(1);
const B = Buffer.of(2);
const C = Buffer.of(3);

function place(num: unknown): unknown {
  return { _placeholder: true, num };
}

describe('isPlain', () => {
  it.each([[A], [[A]], [{ a: { b: [1, A] } }], [new ArrayBuffer(1)], [new Float64Array(1)]])(
    'says no to bytes in %p',
    (value) => {
      expect(isPlain(value)).toBe(false);
    },
  );

  it.each([[new Date()], [{ deep: [{ toJSON: () => 'text' }] }], [Object.assign([1], { toJSON: () => A })]])(
    'says no to what has toJSON, without calling it: %p',
    (value) => {
      expect(isPlain(value)).toBe(false);
    },
  );

  it.each([[1], ['b'], [null], [undefined], [{}], [[]], [place(0)]])('says yes to %p', (value) => {
    expect(isPlain(value)).toBe(true);
  });

  it('looks at what JSON would send, not at what is inherited', () => {
    expect(isPlain(Object.create({ inherited: A }))).toBe(true);
  });

  it('reports a cycle in the words of JSON', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    expect(() => isPlain(cyclic)).toThrow(/circular structure/);
  });

  it('takes what is deep, and what stands in several places', () => {
    let deep: unknown = [];
    for (let i = 0; i < 2_000; i++) deep = [deep];
    const shared = { a: 1 };
    let below: unknown = [shared, shared];
    for (let i = 0; i < 100; i++) below = [below];
    expect([isPlain(deep), isPlain([shared, { shared }]), isPlain(below)]).toEqual([true, true, true]);
  });
});

/** As a socket and its server: each part leads back to the whole on many ways. */
class Knot {
  readonly others: Knot[] = [];

  static tie(parts: number): Knot {
    const knots = Array.from({ length: parts }, () => new Knot());
    for (const knot of knots) knot.others.push(...knots);
    return knots[0];
  }
}

describe('a graph of cycles', () => {
  it('ends at the first one', () => {
    expect(() => isPlain(Knot.tie(20))).toThrow(/circular structure/);
    expect(() => extractAttachments([Buffer.alloc(1), Knot.tie(20)])).toThrow(
      'the value cannot be encoded: it has a cycle, or more than 1000 levels, in a Knot',
    );
  });
});

describe('extractAttachments', () => {
  it('writes what has no bytes as JSON.stringify does', () => {
    const value = {
      date: new Date(0),
      list: [new Date(1), undefined, () => 1, [Symbol('s')]],
      absent: undefined,
      method: () => 1,
      boxed: [Object(1), Object('x'), Object(false)],
      map: new Map([[1, 2]]),
      ['__proto__']: { own: 1 },
      keyed: { toJSON: (key: string) => `at ${key}` },
      indexed: [{ toJSON: (key: string) => `at ${key}` }],
      nothing: { toJSON: () => undefined },
    };
    expect(JSON.stringify(extractAttachments(value).value)).toBe(JSON.stringify(value));
  });

  it('calls toJSON once and takes its result as it is, bytes in it included', () => {
    let calls = 0;
    const user = {
      name: 'x',
      photo: A,
      password: 'p',
      toJSON(): unknown {
        calls++;
        delete (this as { password?: string }).password;
        return this;
      },
    };
    const { value, attachments } = extractAttachments([user]);
    expect(JSON.parse(JSON.stringify(value))).toEqual([{ name: 'x', photo: place(0) }]);
    expect(attachments).toEqual([A]);
    expect(calls).toBe(1);
  });

  it('takes the bytes that toJSON returns', () => {
    expect(extractAttachments([{ toJSON: () => A }])).toEqual({ value: [place(0)], attachments: [A] });
  });

  it.each([
    ['a Buffer', (bytes: Uint8Array) => Buffer.from(bytes.buffer)],
    ['a view', (bytes: Uint8Array) => new DataView(bytes.buffer)],
    ['an ArrayBuffer', (bytes: Uint8Array) => bytes.buffer],
  ])('copies the bytes of %s', (_kind, wrap) => {
    const bytes = new Uint8Array([1, 2, 3]);
    const { attachments } = extractAttachments([wrap(bytes)]);
    bytes.fill(9);
    expect(attachments).toEqual([Buffer.of(1, 2, 3)]);
  });

  it('throws for a cycle that has bytes', () => {
    const cyclic: Record<string, unknown> = { bytes: A };
    cyclic.self = cyclic;
    expect(() => extractAttachments([cyclic])).toThrow(TypeError);
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

  it('takes a number between two of them for nothing, as the official decoder does', () => {
    expect(insertAttachments(['e', place(0.5)], [A, B])).toEqual(['e', undefined]);
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
    ['is a text', [place('0')], [A]],
    ['is missing', [{ _placeholder: true }], [A]],
    ['is null', [place(null)], [A]],
    ['is a list', [place([0])], [A]],
    ['names a property of lists', [place('length')], [A]],
  ])('refuses a number that %s', (_flaw, args, attachments) => {
    expect(() => insertAttachments(['e', ...args], attachments)).toThrow(
      expect.objectContaining({ name: 'ProtocolError', code: 'INVALID_PLACEHOLDER' }),
    );
  });

  it('takes one that is named twice, and one that is not named, as the official decoder does', () => {
    expect(insertAttachments(['e', place(0), place(0)], [A, B])).toEqual(['e', A, A]);
    expect(insertAttachments(['e'], [A])).toEqual(['e']);
  });

  it('looks for none below __proto__', () => {
    const value = JSON.parse('[{"__proto__":{"_placeholder":true,"num":0}}]') as unknown[];
    expect(insertAttachments(value, [A])).toEqual(value);
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

  it.each([
    ['5', '1-', ''],
    ['5', '1-', '/chat,'],
    ['5', '1-', '/chat,12'],
    ['6', '1-', '12'],
  ])('gives the same arguments for a large packet, which it keeps as it travelled: %s%s%s', (type, count, head) => {
    const text = `${type}${count}${head}${JSON.stringify(['e', place(0), { text: '[{}]-,'.repeat(1_000) }])}`;
    const { collector } = collect(['replaced'], 1);
    collector.pack(text);
    expect(collector.add(A)).toEqual(['e', A, { text: '[{}]-,'.repeat(1_000) }]);
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
