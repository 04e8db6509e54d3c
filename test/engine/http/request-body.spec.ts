import { PassThrough } from 'node:stream';
import type { ProtocolError } from '../../../src/engine/index.js';
import { readBody } from '../../../src/engine/http/request-body.js';
import { collect } from '../../support/garbage.js';
import { nextEvent } from '../../support/until.js';

type Result = string | ProtocolError | null;

describe('readBody', () => {
  it('reads what comes in one piece', async () => {
    const { body, result } = read(100);
    body.end('hello');
    expect(await result).toBe('hello');
  });

  it('reads an empty body as empty text', async () => {
    const { body, result } = read(100);
    body.end();
    expect(await result).toBe('');
  });

  it('puts characters together that are cut between pieces', async () => {
    const { body, result } = read(100);
    for (const byte of Buffer.from('é€😀')) body.write(Buffer.of(byte));
    body.end();
    expect(await result).toBe('é€😀');
  });

  it('holds little more than what has arrived, however small the pieces are', () => {
    const body = new PassThrough();
    readBody(
      body,
      undefined,
      1_000_000,
      () => {},
      () => {},
    );
    const held = (): number => {
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const before = held();

    for (let i = 0; i < 900_000; i++) body.emit('data', Buffer.from('x'));

    expect(held() - before).toBeLessThan(4 * 900_000);
  });

  it('counts every byte that arrives as it arrives', async () => {
    const { body, result, counted } = read(100);
    body.write('abc');
    body.write('de');
    body.end();
    await result;
    expect(counted).toEqual([3, 2]);
  });

  it('takes a body of exactly the limit', async () => {
    const { body, result } = read(6);
    body.write('abc');
    body.end('def');
    expect(await result).toBe('abcdef');
  });

  it('refuses one byte more while it is still arriving', async () => {
    const { body, result } = read(6);
    body.write('abc');
    body.write('defg');
    expect(await result).toMatchObject({ name: 'ProtocolError', code: 'PAYLOAD_TOO_LARGE' });
  });

  it('reads on what follows a refusal, and keeps none of it', async () => {
    const { body, result } = read(6);
    body.write('abcdefg');
    await result;
    for (let i = 0; i < 100; i++) body.write('x'.repeat(10_000));
    const ended = nextEvent(body, 'end');
    body.end();
    await ended;
  });

  it('refuses a body that announces too much without reading it', async () => {
    const { body, result, counted } = read(6, '7');
    expect(await result).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect(counted).toEqual([]);
    expect(body.listenerCount('data')).toBe(0);
  });

  it.each([undefined, '6', 'many', '-1', ''])('goes by the bytes where %j is announced', async (contentLength) => {
    const { body, result } = read(6, contentLength);
    body.end('abcdef');
    expect(await result).toBe('abcdef');
  });

  it.each([
    ['a lone continuation byte', [0x80]],
    ['a character that is cut off', [0xe2, 0x82]],
    ['an overlong form', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
  ])('refuses %s, which is no UTF-8', async (_flaw, bytes) => {
    const { body, result } = read(100);
    body.end(Buffer.from(bytes));
    expect(await result).toMatchObject({ code: 'INVALID_PACKET' });
  });

  it.each([
    ['closes', undefined],
    ['fails', new Error('reset by the peer')],
  ])('gives null where the body %s in the middle', async (_how, error) => {
    const { body, result } = read(100);
    body.write('abc');
    body.destroy(error);
    expect(await result).toBeNull();
  });

  it('tells once, whatever happens to the body afterwards', async () => {
    const { body, result, told } = read(100);
    body.end('abc');
    await result;
    body.emit('close');
    body.emit('error', new Error('of the socket, later'));
    expect(told).toEqual(['abc']);
  });
});

function read(limit: number, contentLength?: string) {
  const body = new PassThrough();
  const counted: number[] = [];
  const told: Result[] = [];
  const result = new Promise<Result>((resolve) => {
    const done = (outcome: Result): void => {
      told.push(outcome);
      resolve(outcome);
    };
    readBody(body, contentLength, limit, (length) => void counted.push(length), done);
  });
  return { body, result, counted, told };
}
