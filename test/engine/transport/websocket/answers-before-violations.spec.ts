import { RawSocket, clientFrame, textFrame } from '../../../support/raw-socket.js';
import { startEngine } from '../../../support/server.js';

const KINDS = {
  'ws creates at its first special frame': { query: 'EIO=4', extensions: '' },
  'ws has from the start': { query: 'EIO=3', extensions: '' },
  'is compressed': { query: 'EIO=4', extensions: 'permessage-deflate' },
};

const FRAGMENTS = Buffer.concat([clientFrame(0x01, '4be'), clientFrame(0x80, 'fore')]);
const WHOLE = textFrame('4before');

const VIOLATIONS: [what: string, code: number, frames: Buffer][] = [
  ['the continuation of no message', 1002, clientFrame(0x00, 'x')],
  ['a message inside another', 1002, Buffer.concat([clientFrame(0x01, '4x'), textFrame('4y')])],
  ['a fragmented ping', 1002, clientFrame(0x09, '')],
  ['a ping that is too long', 1002, clientFrame(0x89, 'x'.repeat(126))],
  ['a close frame with a code that does not exist', 1002, clientFrame(0x88, '\x00\x00')],
  ['a close frame of one byte', 1002, clientFrame(0x88, 'x')],
  ['a close frame whose reason is no UTF-8', 1007, clientFrame(0x88, '\x03\xe8\xff')],
  ['a reserved opcode', 1002, clientFrame(0x83, 'x')],
  ['text that is no UTF-8', 1007, clientFrame(0x81, '4\xff')],
  ['a message that is too large', 1009, clientFrame(0x82, 'x'.repeat(1001))],
  [
    'fragments that are too large together',
    1009,
    Buffer.concat([clientFrame(0x02, 'x'.repeat(900)), clientFrame(0x80, 'x'.repeat(900))]),
  ],
];

const CASES = Object.keys(KINDS).flatMap((kind) =>
  VIOLATIONS.flatMap((violation) =>
    [FRAGMENTS, WHOLE].map(
      (message) => [kind, message === WHOLE ? 'a' : 'a fragmented', ...violation, message] as const,
    ),
  ),
);

describe('a WebSocket that', () => {
  it.each(CASES)(
    '%s gives the answer to %s message before %s of the same chunk',
    async (kind, _how, _what, code, frames, message) => {
      const { port, url } = await startEngine({
        allowEIO3: true,
        perMessageDeflate: { threshold: 1 },
        maxHttpBufferSize: 1000,
      });
      const { query, extensions } = KINDS[kind as keyof typeof KINDS];
      const peer = new RawSocket(port);
      peer.write(handshake(`${new URL(url).pathname}?${query}&transport=websocket`, extensions));
      await peer.arrival(extensions === '' ? 'pingTimeout' : '\r\n\r\n');
      await peer.arrivalOf(peer.received.indexOf('\r\n\r\n') + 40);
      const begun = peer.received.length;

      peer.write(Buffer.concat([message, frames, textFrame('4behind')]));
      await peer.ended;

      const answer = peer.received.slice(begun);
      const close = `\x88\x02${String.fromCharCode(code >> 8, code & 0xff)}`;
      expect(answer.indexOf(close)).toBeGreaterThan(0);
      if (extensions === '') expect(answer).toBe(`\x81\x074before${close}`);
      else expect(Buffer.from(answer, 'latin1')[0]).toBe(0xc1);
    },
  );
});

function handshake(path: string, extensions: string): string {
  return (
    `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
    `Sec-WebSocket-Key: AQEBAQEBAQEBAQEBAQEBAQ==\r\n${extensions && `Sec-WebSocket-Extensions: ${extensions}\r\n`}\r\n`
  );
}
