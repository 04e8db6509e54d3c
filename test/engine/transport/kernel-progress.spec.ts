import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import { bytesTaken } from '../../../src/engine/transport/kernel-progress.js';
import { cleanup } from '../../support/cleanup.js';
import { TEST_TLS } from '../../support/tls.js';
import { nextEvent, until } from '../../support/until.js';

/** More than the kernel holds for a peer that does not read. */
const SIZE = 24_000_000;

const KINDS = {
  TCP: { event: 'connection', listen: () => createServer(), connect: (port: number) => connect(port, '127.0.0.1') },
  TLS: {
    event: 'secureConnection',
    listen: () => tls.createServer(TEST_TLS),
    connect: (port: number) => tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }),
  },
};

describe.each(Object.entries(KINDS))('bytesTaken of a socket over %s', (_kind, { event, listen, connect: join }) => {
  async function open(): Promise<{ near: Socket; far: Socket }> {
    const server: Server = listen();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const accepted = nextEvent(server, event);
    const far = join((server.address() as AddressInfo).port);
    const [near] = (await accepted) as [Socket];
    for (const socket of [near, far]) socket.on('error', () => {});
    cleanup(() => {
      near.destroy();
      far.destroy();
      server.close();
    });
    return { near, far };
  }

  it('stands still while the peer reads nothing, and grows in the middle of one large write', async () => {
    const { near, far } = await open();
    far.pause();
    near.write(Buffer.alloc(SIZE));
    let stalled = -1;
    await until(() => {
      const before = stalled;
      stalled = bytesTaken(near);
      return before === stalled;
    }, 'the kernel takes no more');
    expect(stalled).toBeLessThan(SIZE);

    let read = 0;
    far.on('data', ({ length }) => {
      read += length;
      if (read > 8_000_000) far.pause();
    });
    far.resume();
    await until(() => bytesTaken(near) > stalled, 'it grows');

    // The stream itself knows nothing of it yet.
    expect(near.writableLength).toBe(SIZE);
    far.removeAllListeners('data').resume();
    await until(() => near.writableLength === 0, 'all is written');
    expect(bytesTaken(near)).toBeGreaterThanOrEqual(SIZE);
  });

  it('counts small writes as they are taken', async () => {
    const { near } = await open();
    const before = bytesTaken(near);
    near.write('x'.repeat(100));
    await until(() => bytesTaken(near) >= before + 100);
  });
});

describe('bytesTaken of a stream without a handle', () => {
  it('grows with whole writes', () => {
    const writes: (() => void)[] = [];
    const stream = new (class extends Duplex {
      bytesWritten = 0;
      override _read(): void {}
      override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
        this.bytesWritten += chunk.length;
        writes.push(done);
      }
    })();
    stream.write(Buffer.alloc(10));
    const before = bytesTaken(stream);
    expect(bytesTaken(stream)).toBe(before);

    writes.shift()!();

    expect(bytesTaken(stream)).toBe(before + 10);
  });
});
