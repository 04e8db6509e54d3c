import { pipeline } from 'node:stream/promises';
import { text } from 'node:stream/consumers';
import { MemorySocket } from '../../src/testing/memory-socket.js';
import { nextEvent } from '../support/until.js';

describe('MemorySocket', () => {
  it('carries bytes both ways, and its ends one by one', async () => {
    const [near, far] = MemorySocket.pair();
    near.end('question');
    far.once('end', () => far.end('answer'));
    const heard = text(near);
    expect(String((await nextEvent(far, 'data'))[0])).toBe('question');
    expect(await heard).toBe('answer');
    expect([near.bytesWritten, far.bytesRead, far.bytesWritten, near.bytesRead]).toEqual([8, 8, 6, 6]);
  });

  it('runs nothing of one side inside a call of the other', async () => {
    const [near, far] = MemorySocket.pair();
    const steps: string[] = [];
    far.on('data', (bytes) => steps.push(String(bytes)));
    near.write('late');
    await Promise.resolve();
    steps.push('written');
    await nextEvent(far, 'data');
    expect(steps).toEqual(['written', 'late']);
  });

  it('copies what it carries, since both sides may write into their bytes', async () => {
    const [near, far] = MemorySocket.pair();
    const single = Buffer.from('a');
    near.write(single);
    const [received] = (await nextEvent(far, 'data')) as [Buffer];
    received.fill('x');
    expect(String(single)).toBe('a');
    near.cork();
    near.write(single);
    near.uncork();
    single.fill('y');
    expect(String((await nextEvent(far, 'data'))[0])).toBe('a');
  });

  it('lets a writer wait for a reader', async () => {
    const [near, far] = MemorySocket.pair();
    const megabyte = Buffer.alloc(1_000_000, 'abc');
    let written = 0;
    const chunks = function* (): Generator<Buffer> {
      for (; written < megabyte.length; written += 10_000) yield megabyte.subarray(written, written + 10_000);
    };
    const writing = pipeline(chunks(), near);
    far.once('readable', () => {});
    await nextEvent(far, 'readable');
    expect(written).toBeLessThan(200_000);
    expect((await text(far)) === String(megabyte)).toBe(true);
    await writing;
  });

  it('delivers what was written before it was destroyed, then ends', async () => {
    const [near, far] = MemorySocket.pair();
    near.write('last words');
    near.destroy();
    expect(await text(far)).toBe('last words');
  });

  it.each(['a reader that has enough', 'a reader that reads nothing'])(
    'fails a writer whose peer goes: %s',
    async (way) => {
      const [near, far] = MemorySocket.pair();
      if (way === 'a reader that has enough') far.resume();
      near.write(Buffer.alloc(200_000));
      const failed = nextEvent(near, 'error');
      if (way === 'a reader that has enough') await nextEvent(far, 'data');
      far.destroy();
      near.write('more');
      expect((await failed)[0]).toMatchObject({ code: 'EPIPE' });
      expect(near.destroyed).toBe(true);
    },
  );

  it.each<[string, (near: MemorySocket) => unknown]>([
    ['ended', (near) => near.end()],
    ['destroyed', (near) => near.destroy()],
  ])('notices that its peer has %s also if no one reads, as a socket of net does', async (_how, leave) => {
    const [near, far] = MemorySocket.pair();
    const written = nextEvent(far, 'finish');
    far.end('401');
    await written;
    const closed = nextEvent(far, 'close');
    leave(near);
    await closed;
  });

  it('says what servers ask a socket', () => {
    const [near, far] = MemorySocket.pair(true);
    expect(far).toMatchObject({
      remoteAddress: '127.0.0.1',
      remoteFamily: 'IPv4',
      encrypted: true,
      alpnProtocol: 'http/1.1',
    });
    expect(far.address()).toEqual({ address: '127.0.0.1', family: 'IPv4', port: 80 });
    expect(near.setNoDelay().setKeepAlive().setTimeout().ref().unref()).toBe(near);
    expect(MemorySocket.pair()[1]).toMatchObject({ encrypted: false, alpnProtocol: false });
  });
});
