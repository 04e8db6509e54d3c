import type { Socket } from '../../src/socketio/index.js';
import { connectClient, openClient } from '../support/official-client.js';
import { startServer } from '../support/server.js';
import { nextEvent } from '../support/until.js';

const cycle: Record<string, unknown> = {};
cycle.self = cycle;

describe('an emit that cannot be encoded', () => {
  it.each([
    ['a cycle', cycle],
    ['a BigInt', 1n],
    [
      'a getter that throws',
      {
        get x() {
          throw new Error('x');
        },
      },
    ],
    [
      'a toJSON that throws',
      {
        toJSON() {
          throw new Error('x');
        },
      },
    ],
  ])('throws at its caller, and leaves no ack: %s', async (_kind, value) => {
    const { io, socket } = await connected();
    const callback = (): void => {};
    expect(() => socket.emit('x', value, callback)).toThrow();
    expect(() => socket.timeout(10).emit('x', value, callback)).toThrow();
    expect(() => io.emit('x', value)).toThrow();
    expect(() => io.timeout(10).emit('x', value, callback)).toThrow();
    await expect(socket.emitWithAck('x', value)).rejects.toThrow();
    await expect(io.timeout(10).emitWithAck('x', value)).rejects.toThrow();
    expect(io.stats().pendingAcks).toBe(0);
  });

  it('throws before the CONNECT reply as well', async () => {
    const { io, origin } = await startServer();
    const thrown: unknown[] = [];
    io.use((socket, next) => {
      try {
        socket.emit('x', cycle);
      } catch (error) {
        thrown.push(error);
      }
      next();
    });
    await connectClient(origin);
    expect(thrown).toHaveLength(1);
  });
});

describe('what is emitted', () => {
  it('is what it was at the emit, before the CONNECT reply', async () => {
    const { io, origin } = await startServer();
    io.use((socket, next) => {
      const early = { value: 'then', bytes: Buffer.from('then') };
      socket.emit('early', early);
      early.value = 'later';
      early.bytes.fill('x');
      next();
    });
    const client = openClient(origin);
    const [early] = await nextEvent(client, 'early');
    expect(early).toEqual({ value: 'then', bytes: Buffer.from('then') });
  });

  it.each(['polling', 'websocket'] as const)('does not change with its buffer, over %s', async (transport) => {
    const { client, socket } = await connected(transport);
    const got: Buffer[] = [];
    client.on('chunk', (bytes: Buffer) => got.push(bytes));
    for (const size of [10, 8_192, 100_000]) {
      const chunk = Buffer.alloc(size, 1);
      socket.emit('chunk', chunk);
      socket.broadcast.emit('chunk', chunk);
      chunk.fill(2);
    }
    const bytes = new ArrayBuffer(8_192);
    socket.emit('chunk', bytes);
    structuredClone(bytes, { transfer: [bytes] });
    socket.emit('end');
    await nextEvent(client, 'end');
    expect(got.map((each) => [each.length, each[0], each.at(-1)])).toEqual([
      [10, 1, 1],
      [8_192, 1, 1],
      [100_000, 1, 1],
      [8_192, 0, 0],
    ]);
  });
});

describe('a volatile emit that is dropped', () => {
  it('returns false, and settles its ack at once', async () => {
    const { client, socket } = await connected();
    socket.emit('first');
    expect(socket.volatile.emit('dropped')).toBe(false);
    const error = await new Promise((resolve) => socket.volatile.timeout(60_000).emit('dropped', resolve));
    expect(error).toMatchObject({ code: 'ACK_OVERFLOW' });
    socket.emit('second');
    await expect(socket.volatile.emitWithAck('dropped')).rejects.toMatchObject({ code: 'ACK_OVERFLOW' });
    expect(socket.acks.size).toBe(0);
    expect(client.connected).toBe(true);
  });

  it('keeps no broadcast waiting for its ack', async () => {
    const { io, socket } = await connected();
    socket.emit('first');
    expect(await io.volatile.timeout(60_000).emitWithAck('dropped')).toEqual([]);
  });

  it('returns false on a socket that has left', async () => {
    const { socket } = await connected();
    socket.disconnect();
    expect(socket.volatile.emit('x')).toBe(false);
  });
});

describe('timeout()', () => {
  it('takes the text of a number, as native timers do', async () => {
    const { client, socket, io } = await connected();
    client.on('ask', (ack: (answer: string) => void) => ack('here'));
    expect(await socket.timeout('1000' as never).emitWithAck('ask')).toBe('here');
    expect(await io.timeout('1000' as never).emitWithAck('ask')).toEqual(['here']);
    await expect(socket.timeout('10' as never).emitWithAck('never')).rejects.toMatchObject({ code: 'ACK_TIMEOUT' });
  });

  it.each([[NaN], ['soon'], [{}], [undefined]])('throws for %p', async (timeout) => {
    const { socket, io } = await connected();
    expect(() => socket.timeout(timeout as never)).toThrow(TypeError);
    expect(() => io.timeout(timeout as never)).toThrow(TypeError);
  });
});

async function connected(transport: 'polling' | 'websocket' = 'websocket') {
  const { io, origin } = await startServer();
  const joined = nextEvent(io, 'connection');
  const client = await connectClient(origin, { transports: [transport] });
  const [socket] = (await joined) as [Socket];
  await new Promise(setImmediate);
  return { io, client, socket };
}
