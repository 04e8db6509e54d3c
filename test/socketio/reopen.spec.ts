import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from '../../src/server.js';
import { MemoryAdapter } from '../../src/socketio/index.js';
import { reopenContract } from '../contract/reopen.contract.js';
import { overBus, overMemoryLedger } from '../ecosystem/support/memory-adapters.js';
import { cleanup } from '../support/cleanup.js';
import { freePort } from '../support/free-port.mjs';
import { connectClient } from '../support/official-client.js';
import { startServer } from '../support/server.js';
import { nextEvent } from '../support/until.js';

describe('a server that listens again', () => {
  describe('without a store', () => {
    reopenContract(() => () => undefined as never, { servers: 1, recovers: true });
  });

  describe('over the base of published adapters', () => {
    reopenContract(overBus, { servers: 2, recovers: false });
  });

  describe('over a ledger', () => {
    reopenContract(overMemoryLedger, { servers: 2, recovers: true });
  });

  it('opens and closes one adapter of each namespace for each of its lives', async () => {
    const { io, calls } = counted();
    io.of('/chat');
    await Promise.all([io.close(), io.close()]);
    await io.close();
    io.listen(0);
    io.of('/late');
    await io.close();
    expect(calls.toSorted()).toEqual(
      ['/', '/', '/chat', '/chat', '/late'].flatMap((name) => [`close ${name}`, `open ${name}`]).toSorted(),
    );
  });

  it('listens no earlier than the close before has ended, and binds nothing then', async () => {
    const { io } = await startServer();
    const closing = io.close();
    const http = createServer();
    expect(() => io.attach(http)).toThrow('the server is closing');
    expect(() => io.listen(0)).toThrow('the server is closing');
    expect(() => io.bind({ on: () => {} } as never)).toThrow('the server is closing');
    expect(http.listenerCount('upgrade')).toBe(0);
    await closing;
    io.attach(http);
    expect(http.listenerCount('upgrade')).toBe(1);
    await io.close();
  });

  it('listens from the callback of close()', async () => {
    const { io } = await startServer();
    await new Promise<void>((resolve) => void io.close(() => resolve(void io.listen(0))));
    cleanup(() => io.close());
    await nextEvent(io.httpServer as never, 'listening');
    const { port } = io.httpServer.address() as AddressInfo;
    await connectClient(`http://127.0.0.1:${port}`);
  });

  it('begins anew for an engine that is bound', async () => {
    const { io, calls } = counted();
    await io.close();
    io.bind({ on: () => {}, close: () => {} } as never);
    expect(calls).toEqual(['open /', 'close /', 'open /']);
  });

  it('says what an adapter throws, and listens once it does not any more', async () => {
    let fails = false;
    const { io } = counted(() => {
      if (fails) throw new Error('no broker');
    });
    await io.close();
    fails = true;
    expect(() => io.listen(0)).toThrow('no broker');
    expect(io.httpServer).toBeUndefined();
    fails = false;
    io.listen(0);
    await nextEvent(io.httpServer as never, 'listening');
    await io.close();
    expect(io.httpServer.listening).toBe(false);
  });

  it.each([
    [
      'throw',
      () => {
        throw new Error('adapter');
      },
    ],
    ['reject', () => Promise.reject(new Error('adapter'))],
    ['never answer', () => new Promise<void>(() => {})],
  ])('closes and listens though the init() and close() of its adapter %s', async (_what, answer) => {
    class Hostile extends MemoryAdapter {
      override init = answer as () => void;
      override close = answer as () => void;
    }
    const errors: unknown[] = [];
    const io = new Server({ adapter: Hostile as never, closeTimeout: 20, onError: (error) => errors.push(error) });
    io.on('connection', (socket) => socket.on('echo', (value, ack) => ack(value)));
    for (let life = 0; life < 3; life++) {
      io.listen(0);
      await nextEvent(io.httpServer as never, 'listening');
      const client = await connectClient(`http://127.0.0.1:${(io.httpServer.address() as AddressInfo).port}`);
      expect(await client.emitWithAck('echo', life)).toBe(life);
      await io.close();
    }
    expect(errors.every((error) => (error as Error).message === 'adapter')).toBe(true);
  });

  it('binds no port for a wrong option', async () => {
    const io = new Server();
    cleanup(() => io.close());
    const port = await freePort();
    expect(() => io.listen(port, { pingTimeout: -1 })).toThrow('Invalid option "pingTimeout"');
    const http = createServer().listen(port);
    cleanup(() => void http.close());
    await nextEvent(http, 'listening');
  });
});

function counted(onMade = (): void => {}): { io: Server; calls: string[] } {
  const calls: string[] = [];
  class Counted extends MemoryAdapter {
    constructor(nsp: ConstructorParameters<typeof MemoryAdapter>[0]) {
      onMade();
      super(nsp);
    }
    override init(): void {
      calls.push(`open ${this.nsp.name}`);
    }
    override close(): void {
      calls.push(`close ${this.nsp.name}`);
    }
  }
  const io = new Server({ adapter: Counted as never });
  cleanup(() => io.close());
  return { io, calls };
}
