import type { Writable } from 'node:stream';
import * as ws from 'ws';
import { binaryHeader, frameBinary, frameText } from '../../../src/engine/codec/websocket-frame.js';

/** The part of `ws` that reads frames; its typings leave it out. */
const { Receiver } = ws as unknown as { Receiver: new (options: object) => Writable };

/** Where the header of a frame grows, and where a text leaves the string path, each with its neighbours. */
const LENGTHS = [0, 1, 124, 125, 126, 127, 128, 255, 256, 4096, 15_999, 16_000, 16_001, 65_534, 65_535, 65_536, 70_000];

describe('frameText', () => {
  it.each(LENGTHS)('frames %i bytes of ASCII', async (length) => {
    const text = 'x'.repeat(length);
    expect(await received(frameText(text))).toEqual([text]);
  });

  it.each(LENGTHS.filter((length) => length >= 2))('frames %i bytes that are not all ASCII', async (length) => {
    const text = `${'x'.repeat(length - 2)}é`;
    expect(Buffer.byteLength(text)).toBe(length);
    expect(await received(frameText(text))).toEqual([text]);
  });

  it.each(['ÿ', '€', '😀', '\u2028', '\0', '\x7f\x80', 'mixed 😀 é €', '\ud83d\ude00'.repeat(20_000)])(
    'frames %j as UTF-8',
    async (text) => {
      expect(await received(frameText(text))).toEqual([text]);
    },
  );

  it('sends the replacement character for a lone surrogate, which has no UTF-8', async () => {
    expect(await received(frameText('a\ud800b'))).toEqual(['a\ufffdb']);
  });

  it('gives strings that may be joined and written at once', async () => {
    const texts = LENGTHS.filter((length) => length <= 16_000).map((length) => 'y'.repeat(length));
    expect(await received(texts.map(frameText).join(''))).toEqual(texts);
  });
});

describe('frameBinary', () => {
  it.each(LENGTHS)('frames %i bytes', async (length) => {
    const bytes = Buffer.alloc(length, 0xa5);
    expect(await received(frameBinary(bytes))).toEqual([bytes]);
  });

  it('gives small ones as strings that hold every byte and may be joined with text', async () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const frames = [frameText('a'), frameBinary(all), frameText('b')];
    expect(frames.map((frame) => typeof frame)).toEqual(['string', 'string', 'string']);
    expect(await received(frames.join(''))).toEqual(['a', all, 'b']);
  });

  it('copies the payload, so that the caller may go on with it', () => {
    const bytes = Buffer.from([1, 2, 3]);
    const frame = frameBinary(bytes);
    bytes.fill(9);
    expect([...bytesOf(frame)]).toEqual([0x82, 3, 1, 2, 3]);
  });

  it.each(LENGTHS)('frames %i bytes with the header apart as in one piece', (length) => {
    const bytes = Buffer.alloc(length, 7);
    expect(Buffer.concat([binaryHeader(length), bytes])).toEqual(bytesOf(frameBinary(bytes)));
  });

  it('writes a length beyond 32 bits in full', () => {
    expect([...binaryHeader(2 ** 32 + 5)]).toEqual([0x82, 127, 0, 0, 0, 1, 0, 0, 0, 5]);
  });
});

function bytesOf(frame: string | Buffer): Buffer {
  return typeof frame === 'string' ? Buffer.from(frame, 'latin1') : frame;
}

/** What the receiver of `ws` reads from bytes as they travel: text as strings, binary as Buffers. */
async function received(bytes: string | Buffer): Promise<(string | Buffer)[]> {
  const receiver = new Receiver({ isServer: false, maxPayload: 1_000_000 });
  const messages: (string | Buffer)[] = [];
  receiver.on('message', (data: Buffer, isBinary: boolean) => messages.push(isBinary ? data : data.toString()));
  await new Promise<void>((resolve, reject) => {
    receiver.on('error', reject).on('finish', resolve);
    receiver.end(bytesOf(bytes));
  });
  return messages;
}
