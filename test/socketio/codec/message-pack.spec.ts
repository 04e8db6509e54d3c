import * as msgpack from 'socket.io-msgpack-parser';
import { checkMessagePack } from '../../../src/socketio/codec/message-pack.js';
import { messageCheckOf, type Parser } from '../../../src/socketio/codec/parser.js';
import { openPeer, untilGone } from '../../support/peer.js';
import { connectClient } from '../../support/official-client.js';
import { startServer } from '../../support/server.js';
import { nextEvent, until } from '../../support/until.js';

const parser = msgpack as unknown as Parser;
const encode = (value: unknown): Buffer => (new msgpack.Encoder().encode(value as never) as unknown as Buffer[])[0];

describe('checkMessagePack', () => {
  it.each([
    [null],
    [true],
    [0],
    [-1],
    [127],
    [200],
    [70_000],
    [2 ** 40],
    [-200],
    [-70_000],
    [1.5],
    ['x'],
    ['x'.repeat(100)],
    ['x'.repeat(300)],
    ['x'.repeat(70_000)],
    [Buffer.alloc(10)],
    [Buffer.alloc(300)],
    [Buffer.alloc(70_000)],
    [new Date()],
    [[]],
    [Array.from({ length: 20 }, (_, i) => i)],
    [Array.from({ length: 70_000 }, () => null)],
    [{}],
    [{ a: { b: [{ c: undefined }] } }],
    [Object.fromEntries(Array.from({ length: 300 }, (_, i) => [i, i]))],
  ])('passes what the parser writes: %#', (value) => {
    expect(() => checkMessagePack(encode({ type: 2, nsp: '/', data: ['e', value] }), 10)).not.toThrow();
  });

  it.each([
    ['array 32', 'ddffffffff'],
    ['array 16', 'dcffff'],
    ['map 32', 'dfffffffff'],
    ['map 16', 'deffff'],
    ['a nested array 32', '81a464617461ddffffffff'],
    ['str 32', 'dbffffffff'],
    ['bin 32', 'c6ffffffff'],
    ['ext 32', 'c9ffffffff00'],
    ['a small array', '93c0'],
    ['a length that is cut off', 'dd'],
    ['a number that is cut off', 'cf00'],
    ['nothing', ''],
    ['two values', 'c0c0'],
  ])('refuses what declares more than there is: %s', (_kind, hex) => {
    expect(() => checkMessagePack(Buffer.from(hex, 'hex'), 10)).toThrow(
      expect.objectContaining({ code: 'INVALID_PACKET' }),
    );
  });

  it('refuses what nests too deep, without recursion', () => {
    const deep = Buffer.concat([Buffer.alloc(500_000, 0x91), Buffer.of(0xc0)]);
    expect(() => checkMessagePack(deep, 256)).toThrow(expect.objectContaining({ code: 'JSON_TOO_DEEP' }));
  });
});

describe('messageCheckOf', () => {
  it('knows a parser that writes MessagePack, and asks one that has a check of its own', () => {
    const asked: unknown[] = [];
    const own = messageCheckOf({ ...parser, check: (message) => void asked.push(message) });
    own!('x', { maxJsonDepth: 1 });
    expect(asked).toEqual(['x']);
    expect(messageCheckOf(parser)).not.toBeNull();
    class Broken {
      encode(): never {
        throw new Error('x');
      }
    }
    expect(messageCheckOf({ ...parser, Encoder: Broken })).toBeNull();
  });
});

describe('a server with a custom parser', () => {
  it('ends who declares more than it sends, before any decoder sees it', async () => {
    const { io, url } = await startServer({ parser });
    const peer = await openPeer('websocket', url);
    await peer.send(Buffer.from('ddffffffff', 'hex'));
    await untilGone(peer);
    expect(io.engine.stats().closed).toEqual({ INVALID_PACKET: 1 });
  });

  it('ends who sends more than a CONNECT can be before it', async () => {
    const { io, url } = await startServer({ parser });
    const peer = await openPeer('websocket', url);
    await peer.send(encode({ type: 2, nsp: '/', data: ['e', 'x'.repeat(20_000)] }));
    await untilGone(peer);
    await until(() => io.engine.clientsCount === 0, 'it is gone');
  });

  it('serves its clients', async () => {
    const { origin } = await startServer({ parser });
    const client = await connectClient(origin, { parser: msgpack });
    client.emit('echo', { list: [1, Buffer.of(1)] }, 'x'.repeat(100_000));
    expect((await nextEvent(client, 'echo'))[0]).toEqual({ list: [1, Buffer.of(1)] });
  });
});
