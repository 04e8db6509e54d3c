import { PayloadCodecV3 } from '../../../src/engine/codec/payload-codec-v3.js';
import type { EncodedPacket } from '../../../src/engine/codec/packet.js';

const inText = new PayloadCodecV3(false);
const inBytes = new PayloadCodecV3(true);

describe('PayloadCodecV3#take', () => {
  it('puts the length in UTF-16 units in front of a text, of base64 included', () => {
    expect(inText.take(['4hello', '4€', '4😀', Buffer.of(1, 2, 3, 4)], 1000)).toBe('6:4hello2:4€3:4😀10:b4AQIDBA==');
  });

  it('writes bytes where there is a binary packet and the peer reads them', () => {
    const payload = inBytes.take(['4€', Buffer.of(1, 2, 3, 4)], 1000) as Buffer;
    expect(payload.toString('hex')).toBe('0004ff34e282ac0105ff0401020304');
    expect(inBytes.take(['4€'], 1000)).toBe('2:4€');
  });

  it.each([
    ['text', inText, 8],
    ['bytes', inBytes, 10],
  ])('takes as many as fit exactly, and leaves the rest: %s', (_what, codec, size) => {
    const queue: EncodedPacket[] = ['4a', '4b', Buffer.alloc(3)];
    expect(codec.take(queue, size)).toHaveLength(size);
    expect(queue).toEqual([Buffer.alloc(3)]);
  });

  it.each([
    ['text', inText, 7],
    ['bytes', inBytes, 9],
  ])('takes one less where a byte is too much: %s', (_what, codec, size) => {
    const queue: EncodedPacket[] = ['4a', '4b', Buffer.alloc(3)];
    codec.take(queue, size);
    expect(queue).toEqual(['4b', Buffer.alloc(3)]);
  });

  it('takes one at least', () => {
    const queue: EncodedPacket[] = ['4long'];
    expect(inText.take(queue, 1)).toBe('5:4long');
    expect(queue).toEqual([]);
  });
});

describe('PayloadCodecV3#split', () => {
  it.each<[string, EncodedPacket[]]>([
    ['6:4hello2:4€', ['4hello', '4€']],
    ['0:2:4a0:', ['4a']],
    ['10:b4AQIDBA==1:2', [Buffer.of(1, 2, 3, 4), '2']],
    ['2:b4', [Buffer.alloc(0)]],
  ])('takes %j apart', (payload, packets) => {
    expect(inBytes.split(payload, 10)).toEqual(packets);
  });

  it('takes bytes apart, whatever is written to the peer', () => {
    const payload = inBytes.take(['4€', Buffer.alloc(300, 1), '2', Buffer.alloc(0)], Infinity);
    expect(inText.split(payload, 10)).toEqual(['4€', Buffer.alloc(300, 1), '2', Buffer.alloc(0)]);
  });

  it.each(['', ':', '1', '1:', '2:4', 'a:4', '+1:4', '1 :4', `${'1'.repeat(400)}:4`, '1:b', '3:b5A', '4:b4A='])(
    'refuses %j',
    (payload) => {
      expect(() => inBytes.split(payload, 10)).toThrow(expect.objectContaining({ name: 'ProtocolError' }));
    },
  );

  it.each([
    '',
    '00',
    '0001',
    '0001ff',
    '000aff34',
    '00ff34',
    '02ff',
    '0102ff0500',
    '0100ff',
    '0001ffff',
    `00${'01'.repeat(400)}ff`,
  ])('refuses the bytes %s', (hex) => {
    const payload = Buffer.from(hex, 'hex');
    expect(() => inBytes.split(payload, 10)).toThrow(expect.objectContaining({ name: 'ProtocolError' }));
  });

  it('takes as many packets as allowed and not one more', () => {
    expect(inBytes.split('1:2'.repeat(3), 3)).toHaveLength(3);
    const code = expect.objectContaining({ code: 'BATCH_TOO_LARGE' });
    expect(() => inBytes.split('1:2'.repeat(4), 3)).toThrow(code);
    expect(() => inBytes.split(Buffer.from('0001ff32'.repeat(4), 'hex'), 3)).toThrow(code);
  });

  it('takes a million bytes without a colon, or of empty packets, in linear time', () => {
    const started = performance.now();
    expect(() => inBytes.split('1'.repeat(1_000_000), 10)).toThrow();
    expect(inBytes.split('0:'.repeat(500_000), 10)).toEqual([]);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
