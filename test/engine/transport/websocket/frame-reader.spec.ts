import { EventEmitter } from 'node:events';
import type { Duplex, Writable } from 'node:stream';
import * as ws from 'ws';
import { NO_TYPE } from '../../../../src/engine/transport/frame-listener.js';
import { FrameReader, type FrameReaderListener } from '../../../../src/engine/transport/websocket/frame-reader.js';

/** Exported by ws, and left out of its types. */
const { Receiver, Sender } = ws as unknown as {
  Receiver: new (options: object) => Writable;
  Sender: { frame(data: Buffer, options: object): Buffer[] };
};

const MAX_PAYLOAD = 70_000;

/** The part of a socket that `ws` and the reader use. */
class PausableSocket extends EventEmitter {
  #paused = false;
  #waiting: Buffer[] = [];

  isPaused(): boolean {
    return this.#paused;
  }

  pause(): void {
    this.#paused = true;
  }

  unshift(chunk: Buffer): void {
    this.#waiting.unshift(chunk);
  }

  resume(): void {
    this.#paused = false;
    while (this.#waiting.length > 0 && !this.#paused) this.emit('data', this.#waiting.shift());
  }
}

/** A reader in front of ws's own receiver; what either of them reads is written down in order. */
class Reading implements FrameReaderListener {
  readonly socket = new PausableSocket();
  readonly seen: string[] = [];
  isOpen = true;
  direct = 0;
  refusals = 0;
  error: (Error & { code?: string }) | null = null;

  constructor() {
    const receiver = new Receiver({ isServer: true, maxPayload: MAX_PAYLOAD, binaryType: 'nodebuffer' });
    receiver.on('message', (data: Buffer, isBinary: boolean) => this.#see(data, isBinary));
    receiver.on('ping', (data: Buffer) => this.seen.push(`ping:${data.toString()}`));
    receiver.on('conclude', (code: number) => this.seen.push(`close:${code}`));
    receiver.on('drain', () => this.socket.resume());
    receiver.on('error', (error: Error) => {
      this.error = error;
      FrameReader.remove(this.socket as unknown as Duplex);
      this.socket.resume();
    });
    this.socket.on('data', (chunk: Buffer) => {
      if (!receiver.write(chunk)) this.socket.pause();
    });
    FrameReader.install(this.socket as unknown as Duplex, this, MAX_PAYLOAD);
  }

  beforeInput(): void {}

  onBytes(): void {}

  onControlFrame(): void {}

  writeNow(): void {}

  receiveText(type: number, text: string): void {
    this.direct++;
    this.#see(Buffer.from(type === NO_TYPE ? text : String.fromCharCode(type) + text), false);
  }

  onInvalidText(): void {
    this.refusals++;
  }

  receiveBinary(bytes: Buffer): void {
    this.direct++;
    this.#see(bytes, true);
  }

  feed(bytes: Buffer, sizes: () => number): void {
    for (let at = 0; at < bytes.length;) {
      const size = Math.max(1, sizes());
      // Each chunk has memory of its own, as those of a socket do: they are unmasked in place.
      this.socket.emit('data', Buffer.from(bytes.subarray(at, at + size)));
      at += size;
    }
  }

  #see(data: Buffer, isBinary: boolean): void {
    this.seen.push(`${isBinary ? 'binary' : 'text'}:${data.toString('base64')}`);
  }
}

interface FrameOptions {
  opcode: number;
  fin?: boolean;
}

/** A client's frame: masked. */
function frame(payload: Buffer, { opcode, fin = true }: FrameOptions): Buffer {
  return Buffer.concat(Sender.frame(Buffer.from(payload), { fin, opcode, mask: true, rsv1: false, readOnly: true }));
}

const text = (value: string): Buffer => frame(Buffer.from(value), { opcode: 1 });
const binary = (value: Buffer): Buffer => frame(value, { opcode: 2 });

describe('FrameReader', () => {
  const messages = [
    '4hello',
    '4hällo wörld – 你好',
    '4' + 'a'.repeat(125),
    '4' + 'a'.repeat(126),
    '4' + 'ü'.repeat(300),
    '4' + 'x'.repeat(65_535),
    '4' + 'x'.repeat(65_536),
    'ünusual',
  ].map((value) => ({ value, length: value.length }));

  it.each(messages)('reads text of $length characters as it was sent, whatever way it is cut', ({ value }) => {
    const bytes = text(value);
    for (let cut = 0; cut < Math.min(bytes.length, 40); cut++) {
      const reading = new Reading();
      let first = true;
      reading.feed(Buffer.concat([bytes, text('4end')]), () =>
        first ? ((first = false), cut || bytes.length) : bytes.length,
      );
      expect(reading.seen).toEqual([value, '4end'].map((each) => `text:${Buffer.from(each).toString('base64')}`));
    }
  });

  it('reads whole frames itself and leaves the rest to ws, in order', () => {
    const reading = new Reading();
    const stream = [
      text('4a'),
      frame(Buffer.from('beat'), { opcode: 9 }),
      frame(Buffer.from('4par'), { opcode: 1, fin: false }),
      frame(Buffer.from('between'), { opcode: 9 }),
      frame(Buffer.from('ts'), { opcode: 0 }),
      binary(Buffer.from([1, 2, 255])),
    ];
    reading.feed(Buffer.concat(stream), () => 10_000);
    const [a, parts] = ['4a', '4parts'].map((each) => Buffer.from(each).toString('base64'));
    expect(reading.seen).toEqual([`text:${a}`, 'ping:beat', 'ping:between', `text:${parts}`, 'binary:AQL/']);
    expect(reading.direct).toBe(2);
  });

  it.each([
    ['invalid UTF-8', frame(Buffer.from([0x34, 0xc3, 0x28]), { opcode: 1 }), 'WS_ERR_INVALID_UTF8'],
    ['a frame without a mask', Buffer.from([0x81, 0x01, 0x34]), 'WS_ERR_EXPECTED_MASK'],
    ['a reserved bit', Buffer.from([0xc1, 0x80, 0, 0, 0, 0]), 'WS_ERR_UNEXPECTED_RSV_1'],
    ['an unknown opcode', Buffer.from([0x83, 0x80, 0, 0, 0, 0]), 'WS_ERR_INVALID_OPCODE'],
    ['a length over the bound', binary(Buffer.alloc(MAX_PAYLOAD + 1)), 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'],
    [
      'a length past 2^53',
      Buffer.from([0x82, 0xff, 255, 255, 255, 255, 255, 255, 255, 255]),
      'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
    ],
    ['a continuation of nothing', frame(Buffer.from('x'), { opcode: 0 }), 'WS_ERR_INVALID_OPCODE'],
  ])('leaves %s to ws, which refuses it', async (_what, bytes, code) => {
    const reading = new Reading();
    reading.feed(Buffer.concat([text('4before'), bytes]), () => 100_000);
    await new Promise(setImmediate);
    expect(reading.seen).toHaveLength(1);
    expect(reading.error?.code).toBe(code);
  });

  it.each([
    [
      'fragments over the bound together',
      [frame(Buffer.alloc(40_000), { opcode: 2, fin: false }), frame(Buffer.alloc(40_000), { opcode: 0 })],
      'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
    ],
    [
      'a ping of more than 125 bytes',
      [Buffer.concat([Buffer.from([0x89, 0xfe, 0, 126, 0, 0, 0, 0]), Buffer.alloc(126)])],
      'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH',
    ],
    ['a ping in fragments', [frame(Buffer.from('p'), { opcode: 9, fin: false })], 'WS_ERR_EXPECTED_FIN'],
    ['a continuation of nothing', [frame(Buffer.from('x'), { opcode: 0 })], 'WS_ERR_INVALID_OPCODE'],
  ])('reads nothing behind %s, in the same chunk or a later one', async (_what, frames, code) => {
    const reading = new Reading();

    reading.feed(Buffer.concat([text('4before'), ...frames, text('4behind')]), () => 200_000);
    await new Promise(setImmediate);
    reading.feed(text('4later'), () => 200_000);

    expect(reading.seen).toEqual([`text:${Buffer.from('4before').toString('base64')}`]);
    expect(reading.error?.code).toBe(code);
  });

  describe('text that is no UTF-8 and not yet complete', () => {
    // A message begins with `4é`; what makes it invalid is the last byte.
    const invalid = ['ff', '80', 'c0', 'c1', 'e080', 'e28228', 'eda0', 'f08f', 'f490', 'f8', 'c328', 'f09f9828'];

    it.each(invalid)('is refused at its first wrong byte: %s, in a frame that has not ended', (hex) => {
      const bytes = Buffer.concat([Buffer.from('4é'), Buffer.from(hex, 'hex'), Buffer.alloc(50, 'x')]);
      const unfinished = frame(bytes, { opcode: 1 });
      const wrong = unfinished.length - 50;
      for (let size = 1; size < 5; size++) {
        const reading = new Reading();
        reading.feed(unfinished.subarray(0, wrong - 1), () => size);
        expect(reading.refusals).toBe(0);
        reading.feed(unfinished.subarray(wrong - 1), () => size);
        expect(reading.refusals).toBe(1);
        expect(reading.seen).toEqual([]);
      }
    });

    it.each(invalid)('is refused at its first wrong byte: %s, in a message of more frames', (hex) => {
      const reading = new Reading();
      const bytes = Buffer.from(hex, 'hex');
      reading.feed(frame(Buffer.from('4é'), { opcode: 1, fin: false }), () => 100);
      for (const byte of bytes.subarray(0, -1)) {
        reading.feed(frame(Buffer.of(byte), { opcode: 0, fin: false }), () => 100);
        reading.feed(frame(Buffer.of(0xff), { opcode: 9 }), () => 100);
      }
      expect(reading.refusals).toBe(0);
      reading.feed(frame(bytes.subarray(-1), { opcode: 0, fin: false }), () => 100);
      reading.feed(text('4behind'), () => 100);
      expect(reading.refusals).toBe(1);
      expect(reading.seen).not.toContain(expect.stringMatching(/^text/));
    });

    it('is told from characters that are cut anywhere, and from binary', () => {
      const value = '4é€😀\u{10ffff}\ud7ff\ue000'.repeat(3_000);
      for (const size of [1, 2, 3, 5, 1_021, 16_384, 70_000]) {
        const reading = new Reading();
        const bytes = Buffer.from(value);
        const middle = 20_001;
        const parts = [
          frame(bytes.subarray(0, middle), { opcode: 1, fin: false }),
          frame(bytes.subarray(middle), { opcode: 0 }),
          frame(Buffer.of(0xff), { opcode: 2, fin: false }),
          frame(Buffer.of(0xfe), { opcode: 0 }),
        ];
        reading.feed(Buffer.concat(parts), () => size);
        expect(reading.refusals).toBe(0);
        expect(reading.seen).toEqual([`text:${bytes.toString('base64')}`, 'binary://4=']);
      }
    });
  });

  it('takes what lies behind a large fragment once ws has taken that', async () => {
    const reading = new Reading();
    const large = Buffer.alloc(40_000, 7);
    const parts = [frame(large, { opcode: 2, fin: false }), frame(large.subarray(20_000), { opcode: 0 })];

    reading.feed(Buffer.concat([...parts, text('4behind')]), () => 200_000);
    await new Promise(setImmediate);

    expect(reading.seen).toHaveLength(2);
    expect(reading.seen[1]).toBe(`text:${Buffer.from('4behind').toString('base64')}`);
  });

  it('takes a message of exactly the bound', () => {
    const reading = new Reading();
    reading.feed(binary(Buffer.alloc(MAX_PAYLOAD, 7)), () => 100_000);
    expect(reading.seen).toHaveLength(1);
    expect(reading.direct).toBe(1);
  });

  it('passes nothing on behind a close frame', async () => {
    const reading = new Reading();
    const close = frame(Buffer.from([0x03, 0xe8]), { opcode: 8 });
    reading.feed(Buffer.concat([close, text('4late'), text('4later')]), () => 5);
    await new Promise(setImmediate);
    expect(reading.seen).toEqual(['close:1000']);
    expect(reading.error).toBeNull();
  });

  it('leaves everything to ws once the connection closes', () => {
    const reading = new Reading();
    reading.isOpen = false;
    reading.feed(Buffer.concat([text('4a'), frame(Buffer.alloc(0), { opcode: 8 })]), () => 1_000);
    expect(reading.direct).toBe(0);
    expect(reading.seen.at(-1)).toBe('close:1005');
  });

  it('gives what ws alone gives, for random streams in random chunks', () => {
    const random = seeded(20_261_125);
    for (let round = 0; round < 150; round++) {
      const stream = Buffer.concat(Array.from({ length: 1 + (random() % 12) }, () => randomFrames(random)));
      const alone: string[] = [];
      const receiver = new Receiver({ isServer: true, maxPayload: MAX_PAYLOAD });
      receiver.on('message', (data: Buffer, isBinary: boolean) =>
        alone.push(`${isBinary ? 'binary' : 'text'}:${data.toString('base64')}`),
      );
      receiver.on('ping', (data: Buffer) => alone.push(`ping:${data.toString()}`));
      receiver.write(Buffer.from(stream));
      const reading = new Reading();
      const largest = 1 + (random() % 900);
      reading.feed(stream, () => random() % largest);
      expect(reading.seen).toEqual(alone);
    }
  });
});

/** One frame, or a message in fragments. */
function randomFrames(random: () => number): Buffer {
  const payload = randomPayload(random);
  switch (random() % 6) {
    case 0:
      return frame(Buffer.from('p'), { opcode: 9 });
    case 1:
      return Buffer.concat([
        frame(payload, { opcode: 2, fin: false }),
        frame(Buffer.from('q'), { opcode: 9 }),
        frame(payload, { opcode: 0 }),
      ]);
    case 2:
      return binary(payload);
    case 3:
      return text('4ünï' + payload.toString('hex'));
    default:
      return text('4' + payload.toString('hex'));
  }
}

function randomPayload(random: () => number): Buffer {
  const length = [0, 1, 3, 60, 62, 63, 127, 128, 250, 600, 30_000][random() % 11];
  return Buffer.from(Array.from({ length }, () => random() & 0xff));
}

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 8;
}
