import { deflateRawSync } from 'node:zlib';
import { clientFrame as frame, type RawSocket } from '../support/raw-socket.js';
import { collect } from '../support/garbage.js';
import { until } from '../support/until.js';
import { answerOn, rawUpgrade } from './support/requests.js';
import { withBystander, type Scene } from './support/with-bystander.js';

const TARGET = '/socket.io/?EIO=4&transport=websocket';
const LIMIT = 1_000;
/** A peer that does not answer a close frame is cut off after this time. */
const SOON = { maxHttpBufferSize: LIMIT, closeTimeout: 100 };
const MEGABYTE = 1_048_576;

const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(' ', ''), 'hex');
const times = (count: number, bytes: Buffer): Buffer => Buffer.alloc(count * bytes.length, bytes);
const ECHO = frame(0x81, '42["echo",1]');

/** Bytes behind the handshake, the code of the close frame that answers them, and why the session ends. */
const REFUSED: [string, Buffer, number, string][] = [
  ['a length of 1,001 bytes', hex('82 fe 03e9 00000000'), 1009, 'PAYLOAD_TOO_LARGE'],
  ['a length of 2 GB', hex('82 ff 0000000080000000 00000000'), 1009, 'PAYLOAD_TOO_LARGE'],
  ['a length past 2^53', hex('82 ff ffffffffffffffff 00000000'), 1009, 'PAYLOAD_TOO_LARGE'],
  ['a text of 2 GB', hex('81 ff 0000000080000000 00000000'), 1009, 'PAYLOAD_TOO_LARGE'],
  [
    'fragments of 1,001 bytes together',
    Buffer.concat([frame(0x02, Buffer.alloc(600)), frame(0x80, Buffer.alloc(401))]),
    1009,
    'PAYLOAD_TOO_LARGE',
  ],
  [
    'CVE-2026-48779: 16,385 fragments without a byte',
    Buffer.concat([frame(0x01, ''), times(16_384, frame(0x00, ''))]),
    1008,
    'PAYLOAD_TOO_LARGE',
  ],
  ['CVE-2022-21676: the reserved bits 2 and 3', frame(0xb1, '4'), 1002, 'TRANSPORT_ERROR'],
  ['the reserved bit 1 without compression', frame(0xc1, '4'), 1002, 'TRANSPORT_ERROR'],
  ['the opcode 3', frame(0x83, '4'), 1002, 'TRANSPORT_ERROR'],
  ['the opcode 15', frame(0x8f, ''), 1002, 'TRANSPORT_ERROR'],
  ['a frame without a mask', hex('81 01 34'), 1002, 'TRANSPORT_ERROR'],
  ['a continuation of nothing', frame(0x80, '4'), 1002, 'TRANSPORT_ERROR'],
  ['a message inside of another', Buffer.concat([frame(0x01, '4'), frame(0x81, '4')]), 1002, 'TRANSPORT_ERROR'],
  ['a ping of 126 bytes', frame(0x89, 'p'.repeat(126)), 1002, 'TRANSPORT_ERROR'],
  ['a ping in fragments', frame(0x09, 'p'), 1002, 'TRANSPORT_ERROR'],
  ['text that is not UTF-8', frame(0x81, '4\xc3('), 1007, 'INVALID_UTF8'],
  ['text with a surrogate', frame(0x81, '4\xed\xa0\x80'), 1007, 'INVALID_UTF8'],
  ['text with an overlong character', frame(0x81, '4\xc0\xaf'), 1007, 'INVALID_UTF8'],
  ['text that ends inside of a character', frame(0x81, '4\xf0\x9f\x98'), 1007, 'INVALID_UTF8'],
  [
    'text that is not UTF-8, in fragments',
    Buffer.concat([frame(0x01, '4\xf0\x9f'), frame(0x80, '\x41')]),
    1007,
    'INVALID_UTF8',
  ],
  ['text that is not UTF-8, in a frame that has not ended', hex('81 fe 0200 00000000 34 c3 28'), 1007, 'INVALID_UTF8'],
  ['text that is not UTF-8, in a message that has not ended', frame(0x01, '4\xf4\x90'), 1007, 'INVALID_UTF8'],
  ['a close frame of one byte', frame(0x88, '\x03'), 1002, 'TRANSPORT_ERROR'],
  ['a close frame with the code 1005', frame(0x88, '\x03\xed'), 1002, 'TRANSPORT_ERROR'],
  ['a close frame with the code 65535', frame(0x88, '\xff\xff'), 1002, 'TRANSPORT_ERROR'],
  ['a close frame with a reason that is not UTF-8', frame(0x88, '\x03\xe8\xc3('), 1007, 'INVALID_UTF8'],
];

describe('hostile frames', () => {
  it.each(REFUSED)('%s end the session, and nothing behind is read', (_what, bytes, closeCode, code) =>
    withBystander(async (scene) => {
      const raw = await joined(scene);
      const closed = scene.closeOfYoungest();
      const before = raw.received.length;

      raw.write(Buffer.concat([bytes, ECHO]));
      await raw.ended;

      expect(raw.received.slice(before)).toBe(`\x88\x02${String.fromCharCode(closeCode >> 8, closeCode & 0xff)}`);
      expect(await closed).toEqual(['transport error', expect.objectContaining({ code })]);
    }, SOON),
  );

  it('CVE-2026-45736: a close frame is answered with what it said and no other byte', () =>
    withBystander(async (scene) => {
      const raw = await joined(scene);
      const before = raw.received.length;

      raw.write(frame(0x88, '\x03\xe8bye'));
      await raw.ended;

      expect(raw.received.slice(before)).toBe('\x88\x05\x03\xe8bye');
    }, SOON));

  it.each([
    ['pongs that nobody asked for', times(20_000, frame(0x8a, 'p'))],
    ['pongs without a byte', times(20_000, frame(0x8a, ''))],
    [
      'messages in fragments without a byte',
      times(2_000, Buffer.concat([frame(0x01, ''), frame(0x00, ''), frame(0x80, '6')])),
    ],
  ])('20,000 %s pass by', (_what, bytes) =>
    withBystander(async (scene) => {
      const raw = await joined(scene);

      raw.write(Buffer.concat([bytes, ECHO]));

      await raw.arrival('42["echo",1]');
    }, SOON),
  );

  it('20,000 pings are answered, or end the session, whether the pongs are read or not', () =>
    withBystander(async (scene) => {
      const [reading, stalled] = [await joined(scene), await joined(scene)];
      stalled.socket.pause();
      const before = scene.server.io.engine.clientsCount;

      for (const raw of [reading, stalled]) raw.write(times(20_000, frame(0x89, 'p'.repeat(125))));

      const arrived = reading.received.length;
      await until(
        () => scene.server.io.engine.clientsCount < before || reading.received.length >= arrived + 20_000 * 127,
        'the pings are dealt with',
      );
    }, SOON));

  it('control frames between fragments are answered before the message is whole', () =>
    withBystander(async (scene) => {
      const raw = await joined(scene);

      raw.write(Buffer.concat([frame(0x01, '42["ec'), frame(0x89, 'between'), frame(0x80, 'ho",2]')]));

      await raw.arrival('\x8a\x07between');
      await raw.arrival('42["echo",2]');
    }, SOON));

  it('bytes that come one by one are put together', () =>
    withBystander(async (scene) => {
      const raw = await joined(scene);
      raw.socket.setNoDelay(true);

      for (const byte of Buffer.concat([frame(0x89, 'p'), ECHO])) {
        await new Promise<void>((sent) => raw.socket.write(Buffer.of(byte), () => sent()));
      }

      await raw.arrival('42["echo",1]');
    }, SOON));
});

describe('hostile frames with permessage-deflate', () => {
  const DEFLATE = { perMessageDeflate: true, closeTimeout: 100 };
  const BOMB = deflateRawSync(Buffer.alloc(50 * MEGABYTE));

  it.each([
    ['a message of 50 MB in 50 KB', [long(0xc2, BOMB)]],
    ['the same in fragments', [long(0x42, BOMB.subarray(0, 30_000)), long(0x80, BOMB.subarray(30_000))]],
  ])('%s is refused before it is inflated', (_what, frames) =>
    withBystander(async (scene) => {
      const raw = await joined(scene, ['Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover']);
      const closed = scene.closeOfYoungest();
      const held = heldBytes();

      raw.write(Buffer.concat(frames));
      await raw.ended;

      expect(await closed).toEqual(['transport error', expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' })]);
      expect(heldBytes() - held).toBeLessThan(20 * MEGABYTE);
    }, DEFLATE),
  );

  it('what is no deflated data ends the session', () =>
    withBystander(async (scene) => {
      const raw = await joined(scene, ['Sec-WebSocket-Extensions: permessage-deflate']);
      const closed = scene.closeOfYoungest();

      raw.write(frame(0xc2, Buffer.alloc(100, 0xff)));
      await raw.ended;

      expect(await closed).toEqual(['transport error', expect.objectContaining({ code: 'TRANSPORT_ERROR' })]);
    }, DEFLATE));

  it.each([
    'permessage-deflate; server_max_window_bits=7',
    'permessage-deflate; server_max_window_bits=99999999999',
    'permessage-deflate; client_max_window_bits=0',
    'permessage-deflate; server_no_context_takeover=1',
    'permessage-deflate; server_no_context_takeover; server_no_context_takeover',
    'permessage-deflate; constructor; __proto__',
    'permessage-deflate; =',
    ';;;,,,',
    '"',
    'permessage-deflate; a="\\',
  ])('the extension header %s is refused or passed over', (value) =>
    withBystander(async (scene) => {
      const raw = scene.raw();

      raw.write(rawUpgrade(TARGET, [`Sec-WebSocket-Extensions: ${value}`]));

      const { status, head } = await answerOn(raw);
      expect([400, 101]).toContain(status);
      if (status === 101) expect(head).not.toContain('Extensions');
    }, DEFLATE),
  );
});

describe('hostile headers of a WebSocket handshake', () => {
  it.each([
    ['CVE-2021-32640: a protocol header of spaces', [`Sec-WebSocket-Protocol: a${' '.repeat(12_000)},b`], 101],
    ['a protocol header of separators', [`Sec-WebSocket-Protocol: ${','.repeat(12_000)}`], 400],
    ['an extension header of separators', [`Sec-WebSocket-Extensions: ${'a;'.repeat(6_000)}`], 101],
    ['a version that does not exist', ['Sec-WebSocket-Version: 99'], 400],
    ['two keys', ['Sec-WebSocket-Key: AQEBAQEBAQEBAQEBAQEBAQ=='], 400],
  ])('%s is answered at once', (_what, headers, status) =>
    withBystander(async (scene) => {
      const raw = scene.raw();

      raw.write(rawUpgrade(TARGET, headers));

      expect((await answerOn(raw)).status).toBe(status);
    }),
  );

  it('CVE-2024-37890: more headers than are kept, those of the upgrade behind them', () =>
    withBystander(async (scene) => {
      const raw = scene.raw();
      const many = Array.from({ length: 2_000 }, () => 'a: b').join('\r\n');

      raw.write(rawUpgrade(TARGET).replace('Host: x', `Host: x\r\n${many}`));

      expect((await answerOn(raw)).status).toBe(400);
    }));
});

/** A WebSocket in the main namespace. */
async function joined(scene: Scene, headers: string[] = []): Promise<RawSocket> {
  const raw = scene.raw();
  raw.write(rawUpgrade(TARGET, headers));
  await raw.arrival('\r\n\r\n');
  if (headers.length > 0) return raw;
  raw.write(frame(0x81, '40'));
  await raw.arrival('40{"sid"');
  return raw;
}

/** A frame of up to 64 KB and beyond. */
function long(first: number, payload: Buffer): Buffer {
  const length = Buffer.alloc(9);
  length[0] = 0xff;
  length.writeBigUInt64BE(BigInt(payload.length), 1);
  return Buffer.concat([Buffer.of(first), length, Buffer.alloc(4), payload]);
}

function heldBytes(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
