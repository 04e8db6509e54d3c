import { AckError, OverflowError, type ServerOptions, type Socket } from '../../src/socketio/index.js';
import { openPolling, poll, push } from '../support/engine-client.js';
import { connectClient } from '../support/official-client.js';
import { RawSocket, openRawWebSocket, textFrame } from '../support/raw-socket.js';
import { startServer, type RunningServer } from '../support/server.js';
import { nextEvent, until, within } from '../support/until.js';

/** More than the kernel holds for a peer that does not read. */
const FILLER = 'x'.repeat(24_000_000);

/** A polling client in `/` that has read everything so far and does not poll for the moment. */
async function joinPolling(server: RunningServer) {
  const joined = nextEvent(server.io, 'connection');
  const opened = await openPolling(server.url);
  await push(opened, '40');
  const [socket] = (await joined) as [Socket];
  await poll(opened);
  return { socket, opened };
}

/** A WebSocket client in `/` that reads nothing from now on. */
async function joinStalled(server: RunningServer): Promise<{ socket: Socket; peer: RawSocket }> {
  const joined = nextEvent(server.io, 'connection');
  const peer = await openRawWebSocket(server.port, '/socket.io/');
  peer.write(textFrame('40'));
  const [socket] = (await joined) as [Socket];
  await peer.arrival('40{');
  peer.socket.pause();
  return { socket, peer };
}

async function startDropping(options: ServerOptions = {}) {
  const server = await startServer({ dropFramesOnOverflow: true, sendQueueBytes: 100, ...options });
  const { socket, opened } = await joinPolling(server);
  return { ...server, socket, opened, dropped: () => server.io.stats().dropped };
}

describe('a client that does not keep up', () => {
  it('is disconnected with a reason of its own, counted, and its session gone', async () => {
    const server = await startServer({ sendQueueBytes: 100_000, sendTimeout: 100 });
    const { socket } = await joinStalled(server);

    socket.emit('large', FILLER);

    expect(await nextEvent(socket, 'disconnect')).toEqual([
      'send queue overflow',
      { code: 'SEND_QUEUE_OVERFLOW', message: expect.any(String) },
    ]);
    await until(() => server.io.engine.clientsCount === 0);
    expect(server.io.stats().disconnected).toEqual({ SEND_QUEUE_OVERFLOW: 1 });
    expect(server.io.stats().closed).toEqual({ SEND_QUEUE_OVERFLOW: 1 });
    expect(server.io.wheel.size).toBe(0);
  });

  it('comes back with what it has missed, where recovery is on', async () => {
    const server = await startServer({ sendQueueBytes: 100, sendTimeout: 20, connectionStateRecovery: {} });
    const joined = nextEvent(server.io, 'connection');
    const first = await openPolling(server.url);
    await push(first, '40');
    const [socket] = (await joined) as [Socket];
    const { pid } = JSON.parse((await poll(first)).body.slice(2)) as { pid: string };
    socket.emit('missed', 'x'.repeat(200));
    await nextEvent(socket, 'disconnect');

    const again = nextEvent(server.io, 'connection');
    const second = await openPolling(server.url);
    await push(second, `40${JSON.stringify({ pid })}`);

    const [recovered] = (await again) as [Socket];
    expect([recovered.recovered, recovered.id]).toEqual([true, socket.id]);
    expect((await poll(second)).body).toContain('"missed"');
  });

  it('leaves the latency of others unchanged, until it is gone [V4]', async () => {
    const server = await startServer({ sendTimeout: 1500, maxSendQueueBytes: 1_000_000_000 });
    const other = await connectClient(server.origin);
    const { socket } = await joinStalled(server);
    const calm = await latencyOf(other);
    const disconnected = nextEvent(socket, 'disconnect', 10_000);

    for (let i = 0; i < 3; i++) socket.emit('large', FILLER);
    const meanwhile = await latencyOf(other);

    expect(socket.connected).toBe(true);
    expect((await disconnected)[0]).toBe('send queue overflow');
    // Medians, of a machine that may do something else; what is in the way of others is counted in tens of milliseconds.
    expect(meanwhile).toBeLessThan(Math.max(5 * calm, 5));
  }, 20_000);

  it('holds up no broadcast: everyone else gets it, and what it costs is its own end', async () => {
    const server = await startServer({ sendQueueBytes: 100_000, sendTimeout: 100 });
    const { socket } = await joinStalled(server);
    const other = await connectClient(server.origin);
    const heard = nextEvent(other, 'large');
    const ended = nextEvent(socket, 'disconnect');

    server.io.emit('large', FILLER);

    expect((await heard)[0]).toHaveLength(FILLER.length);
    expect((await ended)[0]).toBe('send queue overflow');
    expect(other.connected).toBe(true);
  });
});

describe('Socket#emit', () => {
  it('returns false over half of sendQueueBytes, until the connection emits drain', async () => {
    const server = await startServer({ sendQueueBytes: 200 });
    const { socket, opened } = await joinPolling(server);
    // 42["e","…"]
    const size = (bytes: number): string => 'x'.repeat(bytes - 10);

    expect(socket.emit('e', size(100))).toBe(true);
    expect(socket.emit('e', size(11))).toBe(false);
    expect(socket.emit('e', size(11))).toBe(false);
    const drained = nextEvent(socket.conn, 'drain');
    await poll(opened);
    await drained;
    expect(socket.emit('e', size(100))).toBe(true);
  });

  it('returns true once the client is gone: no drain would come', async () => {
    const server = await startServer({ sendQueueBytes: 200 });
    const { socket } = await joinPolling(server);
    expect(socket.emit('e', 'x'.repeat(200))).toBe(false);
    socket.conn.close(true);
    expect([socket.connected, socket.emit('e')]).toEqual([false, true]);
  });

  it('returns true for everything, however much in one tick, to a client that reads', async () => {
    const server = await startServer();
    const joined = nextEvent(server.io, 'connection');
    const client = await connectClient(server.origin);
    const [socket] = (await joined) as [Socket];
    const results = new Set<boolean>();
    for (let i = 0; i < 1000; i++) results.add(socket.emit('e', 'x'.repeat(1000), Buffer.alloc(1000)));
    client.emit('echo');
    await nextEvent(client, 'echo');
    expect([...results]).toEqual([true]);
  });

  it('tells a producer that waits for drain how fast a slow client is: it holds no more than the bound', async () => {
    const server = await startServer({ sendQueueBytes: 8_000_000 });
    const { socket, peer } = await joinStalled(server);
    const chunk = Buffer.alloc(1_000_000);
    let [sent, held] = [0, 0];
    const produce = (): void => {
      while (sent < 60) {
        sent++;
        const goesOn = socket.emit('chunk', chunk);
        held = Math.max(held, socket.conn.queuedBytes);
        if (!goesOn) {
          socket.conn.once('drain', produce);
          return;
        }
      }
    };

    produce();
    await new Promise(setImmediate);
    expect(sent).toBeLessThan(60);
    let read = 0;
    peer.socket.removeAllListeners('data').on('data', ({ length }) => (read += length));
    peer.socket.resume();

    await until(() => sent === 60 && read > 60_000_000, 'all has arrived', 10_000);
    expect(held).toBeLessThan(8_000_000);
  }, 20_000);
});

describe('dropFramesOnOverflow', () => {
  it('makes emit return false, drops the event and keeps the client', async () => {
    const { socket, opened, dropped } = await startDropping();
    expect(socket.emit('kept', 'x'.repeat(20))).toBe(true);

    expect(socket.emit('dropped', 'x'.repeat(80))).toBe(false);

    expect([dropped(), socket.connected]).toEqual([1, true]);
    expect((await poll(opened)).body).toBe(`42["kept","${'x'.repeat(20)}"]`);
  });

  it.each<[string, (server: RunningServer, socket: Socket, ...args: unknown[]) => void]>([
    ['emitted', (_server, socket, ...args) => void socket.emit('binary', ...args)],
    ['broadcast', ({ io }, _socket, ...args) => void io.emit('binary', ...args)],
  ])('drops an event that is %s with its attachments, or not at all', async (_how, send) => {
    const server = await startDropping();
    const bytes = Buffer.alloc(20, 1);
    // The text alone would fit.
    server.socket.emit('kept');
    send(server, server.socket, bytes, Buffer.alloc(80));
    send(server, server.socket, bytes);

    expect(server.dropped()).toBe(1);
    expect((await poll(server.opened)).body.split('\x1e')).toEqual([
      '42["kept"]',
      '451-["binary",{"_placeholder":true,"num":0}]',
      `b${bytes.toString('base64')}`,
    ]);
  });

  it.each([
    [3, 0],
    [2, 1],
  ])('counts an event with two attachments as three packets of %i', async (pollQueueMaxFrames, expected) => {
    const { socket, dropped } = await startDropping({
      pollQueueMaxFrames: pollQueueMaxFrames + 1,
      sendQueueBytes: 1e6,
    });
    socket.emit('first');
    socket.emit('binary', Buffer.alloc(1), Buffer.alloc(1));
    expect(dropped()).toBe(expected);
  });

  it('reports the first of many drops, and their number at the end, to the server and to the socket [V3]', async () => {
    const { socket, opened, errors } = await startDropping();
    const own: Error[] = [];
    socket.on('error', (error: Error) => own.push(error));
    socket.emit('kept', 'x'.repeat(60));

    for (let i = 0; i < 500; i++) socket.emit('dropped', 'x'.repeat(60));
    await poll(opened);

    const reports = [1, 500].map((count) =>
      expect.objectContaining({
        name: 'OverflowError',
        code: 'SEND_QUEUE_OVERFLOW',
        dropped: count,
        sockets: [socket.id],
      }),
    );
    expect(errors).toEqual(reports);
    expect(own).toEqual(reports);
    expect(own[0]).toBeInstanceOf(OverflowError);
  });

  it('is no trap for a listener that emits upon a drop [V7]', async () => {
    const { socket, errors } = await startDropping();
    socket.on('error', () => void socket.emit('and now', 'x'.repeat(60)));
    for (let i = 0; i < 3; i++) socket.emit('large', 'x'.repeat(60));
    expect(errors).toHaveLength(1);
  });

  it('settles the ack of a dropped event at once, with an error that says so [Q12]', async () => {
    const { socket, io } = await startDropping({ ackTimeout: 60_000 });
    socket.emit('kept', 'x'.repeat(60));
    const plain: unknown[] = [];
    socket.emit('dropped', 'x'.repeat(60), (...args: unknown[]) => plain.push(args));
    const withTimeout = new Promise((resolve) =>
      socket.timeout(60_000).emit('dropped', 'x'.repeat(60), (error: unknown) => resolve(error)),
    );

    const rejected = within(
      socket.emitWithAck('dropped', 'x'.repeat(60)).catch((error: unknown) => error),
      'the ack',
    );

    for (const error of [await rejected, await withTimeout]) {
      expect(error).toBeInstanceOf(AckError);
      expect(error).toMatchObject({ code: 'ACK_OVERFLOW' });
    }
    // A plain callback is freed uncalled.
    expect([plain, socket.acks.size, io.stats().pendingAcks]).toEqual([[], 0, 0]);
  });

  it('settles such an ack in a later turn, so that whoever tries again does not run in circles', async () => {
    const { socket } = await startDropping();
    socket.emit('kept', 'x'.repeat(60));
    const order: string[] = [];
    socket.timeout(60_000).emit('dropped', 'x'.repeat(60), () => order.push('ack'));
    order.push('emitted');
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(order).toEqual(['emitted', 'ack']);
  });

  it('counts a recipient for whom a broadcast was dropped out of its acks', async () => {
    const server = await startDropping({ ackTimeout: 60_000, sendQueueBytes: 10_000 });
    const other = await connectClient(server.origin);
    other.on('question', (_text: string, answer: (value: string) => void) => answer('yes'));
    server.socket.emit('kept', 'x'.repeat(9_000));

    const answers = within(server.io.timeout(60_000).emitWithAck('question', 'x'.repeat(2_000)), 'the answers');

    expect(await answers).toEqual(['yes']);
    expect([server.dropped(), server.socket.acks.size]).toEqual([1, 0]);
  });

  it('rejects the ack of the only recipient, asked from elsewhere', async () => {
    const server = await startDropping({ ackTimeout: 60_000 });
    server.socket.emit('kept', 'x'.repeat(60));
    const [remote] = await server.io.fetchSockets();
    const asked = remote.timeout(60_000).emitWithAck('question', 'x'.repeat(60));
    await expect(within(asked, 'the ack')).rejects.toMatchObject({ code: 'ACK_OVERFLOW' });
  });

  it.each([
    ['a CONNECT reply', '40/other,', /40\/other,\{"sid"/],
    ['a refused CONNECT', '40/nowhere,', /44\/nowhere,\{"message":"Invalid namespace"\}/],
  ])('never drops %s [P25]', async (_what, packet, expected) => {
    const { socket, opened, io } = await startDropping();
    io.of('/other');
    socket.emit('kept', 'x'.repeat(85));
    await push(opened, packet);
    expect((await poll(opened)).body).toMatch(expected);
  });

  it('never drops a DISCONNECT [P25]', async () => {
    const { socket, opened, io } = await startDropping();
    io.of('/other');
    await push(opened, '40/other,');
    await poll(opened);
    socket.emit('kept', 'x'.repeat(89));
    socket.disconnect();
    expect((await poll(opened)).body).toMatch(/\x1e41$/);
  });

  it('does not count what is volatile', async () => {
    const { socket, dropped, errors } = await startDropping();
    socket.emit('kept', 'x'.repeat(60));
    for (let i = 0; i < 10; i++) socket.volatile.emit('volatile', 'x'.repeat(60));
    expect([dropped(), errors]).toEqual([0, []]);
  });

  it('keeps the memory of a client that floods this side with questions to the bound: it is ended', async () => {
    const limits = { maxConnectsPerSecond: 10_000, maxConnectRefusals: 10_000 };
    const options = { dropFramesOnOverflow: true, sendQueueBytes: 100_000, sendTimeout: 60_000, ...limits };
    const server = await startServer(options);
    const { socket, opened } = await joinPolling(server);
    socket.emit('kept', 'x'.repeat(95_000));
    const ended = nextEvent(socket, 'disconnect');
    // Each is answered with a CONNECT_ERROR, which cannot be dropped.
    const questions = Array.from({ length: 2_000 }, (_, i) => `40/${'n'.repeat(40)}${i},`).join('\x1e');

    await push(opened, questions);

    expect((await ended)[0]).toBe('send queue overflow');
  });

  it('lets a client that recovers have what was dropped behind the last packet that it got', async () => {
    const server = await startServer({ dropFramesOnOverflow: true, sendQueueBytes: 400, connectionStateRecovery: {} });
    const joined = nextEvent(server.io, 'connection');
    const first = await openPolling(server.url);
    await push(first, '40');
    const [socket] = (await joined) as [Socket];
    const { pid } = JSON.parse((await poll(first)).body.slice(2)) as { pid: string };
    const results = ['first', 'second'].map((name) => socket.emit(name, 'x'.repeat(300)));
    const [, , offset] = JSON.parse((await poll(first)).body.slice(2)) as string[];
    expect(results).toEqual([false, false]);
    expect(server.io.stats().dropped).toBe(1);
    socket.conn.close(true);

    const again = nextEvent(server.io, 'connection');
    const second = await openPolling(server.url);
    await push(second, `40${JSON.stringify({ pid, offset })}`);

    expect(((await again) as [Socket])[0].recovered).toBe(true);
    expect((await poll(second)).body).toMatch(/42\["second"/);
  });
});

/** The median time of an acknowledged event, in milliseconds. */
async function latencyOf(client: {
  emitWithAck(event: string, ...args: unknown[]): Promise<unknown>;
}): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 100; i++) {
    const start = performance.now();
    await client.emitWithAck('echo', i);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[50];
}
