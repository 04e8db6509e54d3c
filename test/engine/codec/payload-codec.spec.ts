import { ProtocolError } from '../../../src/engine/index.js';
import {
  decodePayloadBinary,
  encodePayloadPacket,
  isBinaryPayloadPacket,
  splitPayload,
} from '../../../src/engine/codec/payload-codec.js';

describe('splitPayload', () => {
  it.each([
    ['4hello', ['4hello']],
    ['4a\x1e4b\x1e3', ['4a', '4b', '3']],
    ['', []],
    ['\x1e', []],
    ['\x1e\x1e\x1e', []],
    ['\x1e4a\x1e\x1e4b\x1e', ['4a', '4b']],
    ['4\x1d\x1f', ['4\x1d\x1f']],
  ])('takes %j apart', (payload, packets) => {
    expect(splitPayload(payload, 10)).toEqual(packets);
  });

  it('takes as many packets as allowed, empty parts not counted [R3]', () => {
    expect(splitPayload('\x1e4a\x1e\x1e4b\x1e4c\x1e', 3)).toHaveLength(3);
  });

  it('refuses one packet more, before it looks at the rest', () => {
    const payload = `4a\x1e4b\x1e${'4x\x1e'.repeat(100_000)}`;
    expect(() => splitPayload(payload, 2)).toThrow(protocolError('BATCH_TOO_LARGE'));
  });

  it('takes a million separators for nothing, quickly', () => {
    const started = performance.now();
    expect(splitPayload('\x1e'.repeat(1_000_000), 1)).toEqual([]);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('binary packets of a payload', () => {
  it.each([
    [[], 'b'],
    [[0], 'bAA=='],
    [[0, 1], 'bAAE='],
    [[0, 1, 2], 'bAAEC'],
    [[0xfb, 0xff], 'b+/8='],
  ])('encodes the bytes %j as %s, and back', (bytes, packet) => {
    expect(encodePayloadPacket(Buffer.from(bytes))).toBe(packet);
    expect(isBinaryPayloadPacket(packet)).toBe(true);
    expect([...decodePayloadBinary(packet)]).toEqual(bytes);
  });

  it('leaves text as it is', () => {
    expect(encodePayloadPacket('4bAA==')).toBe('4bAA==');
    expect(isBinaryPayloadPacket('4bAA==')).toBe(false);
  });

  it.each([
    ['lines, as Java writes them', 'bAAEC\r\n+/8=', [0, 1, 2, 0xfb, 0xff]],
    ['a line end behind them', 'bAAE=\n', [0, 1]],
    ['no padding', 'b+/8', [0xfb, 0xff]],
    ['the letters for URLs', 'b-_8=', [0xfb, 0xff]],
    ['all of that', 'bAAEC\n-_8\n', [0, 1, 2, 0xfb, 0xff]],
  ])('decodes bytes with %s', (_what, packet, bytes) => {
    expect([...decodePayloadBinary(packet)]).toEqual(bytes);
  });

  it.each(['bA', 'bA=', 'bA===', 'bAAAAA', 'b====', 'bAA===', 'bAA==AA==', 'bAA.', 'bAéA=', 'b***'])(
    'refuses %j, which is not base64 [R6]',
    (packet) => {
      expect(() => decodePayloadBinary(packet)).toThrow(protocolError('INVALID_BASE64'));
    },
  );

  it('checks a large packet in linear time', () => {
    const started = performance.now();
    const packet = `b${'A'.repeat(4_000_000)}`;
    expect(decodePayloadBinary(packet)).toHaveLength(3_000_000);
    expect(() => decodePayloadBinary(`${packet}!AAA`)).toThrow(ProtocolError);
    expect(() => decodePayloadBinary(`b${' '.repeat(4_000_000)}!`)).toThrow(ProtocolError);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

function protocolError(code: string): Error {
  return expect.objectContaining({ name: 'ProtocolError', code }) as Error;
}
