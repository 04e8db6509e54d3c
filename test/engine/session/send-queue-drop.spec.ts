import type { EngineOptions } from '../../../src/engine/index.js';
import { openPolling, openWebSocket, poll } from '../../support/engine-client.js';
import { startEngine } from '../../support/server.js';
import { FILLER, openStalled } from '../../support/stalled-peer.js';
import { nextEvent, until } from '../../support/until.js';

/** An engine that drops, and a polling session that is not polled for the moment. */
async function openDropping(options: EngineOptions) {
  const engine = await startEngine({ dropFramesOnOverflow: true, sendTimeout: 10, ...options });
  const opened = await openPolling(engine.url);
  const [session] = engine.sessions();
  const reports: number[] = [];
  session.on('overflow', (dropped: number) => reports.push(dropped));
  const dropped = (): number => engine.engine.stats().dropped;
  return { ...engine, opened, session, reports, dropped };
}

describe('dropFramesOnOverflow', () => {
  it('drops what does not fit, and keeps what does', async () => {
    const { session, opened, dropped } = await openDropping({ sendQueueBytes: 10 });

    // Each counts with its type behind it in the queue.
    for (const text of ['1234', '5678', '', '9']) session.send(text);

    expect([session.queuedBytes, dropped()]).toEqual([10, 2]);
    expect((await poll(opened)).body).toBe('41234\x1e45678');
  });

  it.each([
    ['fits to the byte', '5678', 0],
    ['is a byte too long', '56789', 1],
  ])('takes into account what is to be sent: a message that %s', async (_case, text, expected) => {
    const { session, dropped } = await openDropping({ sendQueueBytes: 10 });
    session.send('1234');
    session.send(text);
    expect(dropped()).toBe(expected);
  });

  it('lets one message that is larger than the bound pass an empty queue', async () => {
    const { session, opened, dropped } = await openDropping({ sendQueueBytes: 10 });

    session.send('x'.repeat(1000));
    session.send('y');

    expect(dropped()).toBe(1);
    expect((await poll(opened)).body).toHaveLength(1001);
  });

  it('ends no session, however long its peer takes nothing', async () => {
    const { session, engine } = await openDropping({ sendQueueBytes: 10, sendTimeout: 1 });
    for (let i = 0; i < 1000; i++) session.send('x'.repeat(1000));
    // Only the heartbeat.
    expect(engine.wheel.size).toBe(1);
    expect(session.queuedBytes).toBe(1001);
  });

  it.each([
    [2, 1],
    [3, 0],
  ])('drops by packets as well: pollQueueMaxFrames %i', async (pollQueueMaxFrames, expected) => {
    const { session, dropped } = await openDropping({ pollQueueMaxFrames });
    for (let i = 0; i < 3; i++) session.send('x');
    expect(dropped()).toBe(expected);
  });

  it('reports the first of many drops, and how many they were once the peer has caught up', async () => {
    const { session, opened, reports, dropped } = await openDropping({ sendQueueBytes: 10 });
    session.send('12345678');

    for (let i = 0; i < 1000; i++) session.send('dropped');
    expect([reports, session.needsDrain]).toEqual([[1], true]);
    await poll(opened);

    expect([reports, session.needsDrain, dropped()]).toEqual([[1, 1000], false, 1000]);
    session.send('12345678');
    session.send('dropped');
    expect(reports).toEqual([1, 1000, 1]);
  });

  it('reports how many they were where the session ends before', async () => {
    const { session, reports } = await openDropping({ sendQueueBytes: 10 });
    for (let i = 0; i < 5; i++) session.send('12345678');
    session.close(true);
    expect(reports).toEqual([1, 4]);
  });

  it('is no trap for a listener that sends upon a drop', async () => {
    const { session, reports } = await openDropping({ sendQueueBytes: 10 });
    session.on('overflow', () => session.send('and now?'));
    for (let i = 0; i < 3; i++) session.send('12345678');
    expect(reports).toEqual([1]);
  });

  it('never drops a heartbeat', async () => {
    const { session, opened } = await openDropping({ sendQueueBytes: 10, pingInterval: 20 });
    session.send('x'.repeat(100));
    await nextEvent(session, 'ping');
    expect((await poll(opened)).body).toMatch(/^4x{100}(?:\x1e2)+$/);
  });

  it('ends a session that makes this side queue twice the bound of what is never dropped', async () => {
    const { session, opened, engine } = await openDropping({ sendQueueBytes: 100_000 });
    const closed = nextEvent(session, 'close');
    session.sendMessage('x'.repeat(199_999), false);
    expect([session.readyState, session.queuedBytes]).toEqual(['open', 200_000]);

    session.sendMessage('', false);

    expect(await closed).toEqual(['send queue overflow', expect.objectContaining({ code: 'SEND_QUEUE_OVERFLOW' })]);
    expect((await poll(opened)).status).toBe(400);
    expect(engine.wheel.size).toBe(0);
  });

  it('does not hold against that bound the one message that was larger than it', async () => {
    const { session } = await openDropping({ sendQueueBytes: 100_000 });
    session.send('x'.repeat(500_000));
    session.sendMessage('y'.repeat(100_000), false);
    expect(session.readyState).toBe('open');
  });

  it('holds the memory of a WebSocket whose peer reads nothing to the bound', async () => {
    const engine = await startEngine({ dropFramesOnOverflow: true, sendQueueBytes: 30_000_000 });
    const { session, peer } = await openStalled(engine);
    session.send(FILLER);
    await new Promise(setImmediate);

    for (let i = 0; i < 100; i++) {
      session.send('x'.repeat(1_000_000));
      if (i % 10 === 0) await new Promise(setImmediate);
    }

    expect(session.queuedBytes).toBeLessThanOrEqual(30_000_000);
    expect(engine.engine.stats().dropped).toBe(95);
    const drained = nextEvent(session, 'drain');
    peer.socket.resume();
    await drained;
    await until(() => session.queuedBytes === 0);
  });

  it('drops nothing over WebSocket that the kernel takes, however much is sent in one tick', async () => {
    const engine = await startEngine({ dropFramesOnOverflow: true, sendQueueBytes: 100_000, sendQueueSize: 50 });
    const wire = await openWebSocket(engine.url);
    await wire.next();
    const [session] = engine.sessions();

    for (let i = 0; i < 1000; i++) session.send('x'.repeat(1000));

    expect(engine.engine.stats().dropped).toBe(0);
    for (let i = 0; i < 1000; i++) await wire.next();
  });

  it('keeps the order where the queue makes room for a message, and somebody sends upon drain', async () => {
    const { session, opened, dropped } = await openDropping({ sendQueueBytes: 10 });
    const answer = poll(opened);
    await until(() => session.transport.writable, 'the poll waits');
    session.once('drain', () => session.send('3'));

    session.send('1111111');
    session.send('2222222');

    expect((await answer).body).toBe('41111111');
    expect((await poll(opened)).body).toBe('42222222');
    expect((await poll(opened)).body).toBe('43');
    expect(dropped()).toBe(0);
  });

  it('leaves the session as it was after it has lost a callback of a message that was dropped', async () => {
    const { session, opened } = await openDropping({ sendQueueBytes: 10 });
    const called: string[] = [];
    session.send('12345678', () => called.push('kept'));
    session.send('12345678', () => called.push('dropped'));
    await poll(opened);
    expect(called).toEqual(['kept']);
  });
});

describe('Session#needsDrain', () => {
  it.each([
    [500, false],
    [501, true],
  ])('with %i bytes of 1,000 queued is %p', async (size, expected) => {
    const engine = await startEngine({ sendQueueBytes: 1000 });
    await openPolling(engine.url);
    const [session] = engine.sessions();
    session.send('x'.repeat(size - 1));
    expect([session.queuedBytes, session.needsDrain]).toEqual([size, expected]);
  });

  it.each([
    [2, false],
    [3, true],
  ])('with %i packets of 4 queued is %p', async (count, expected) => {
    const engine = await startEngine({ pollQueueMaxFrames: 4 });
    await openPolling(engine.url);
    const [session] = engine.sessions();
    for (let i = 0; i < count; i++) session.send('x');
    expect(session.needsDrain).toBe(expected);
  });

  it('is over when drain tells so: at the mark, before everything is fetched', async () => {
    const engine = await startEngine({ sendQueueBytes: 1000, pollingMaxBufferSize: 300 });
    const opened = await openPolling(engine.url);
    const [session] = engine.sessions();
    const drains: number[] = [];
    session.on('drain', () => drains.push(session.queuedBytes));
    for (let i = 0; i < 8; i++) session.send('x'.repeat(99));

    const asked: boolean[] = [];
    for (let i = 0; i < 4; i++) {
      asked.push(session.needsDrain);
      await poll(opened);
    }

    expect(asked).toEqual([true, true, false, false]);
    expect(drains).toEqual([400, 0]);
  });

  it('is over for a WebSocket once the kernel has taken everything, and drain does not come sooner', async () => {
    const engine = await startEngine();
    const { session, peer } = await openStalled(engine);
    const drained = nextEvent(session, 'drain');
    let isDrained = false;
    void drained.then(() => (isDrained = true));

    session.send(FILLER);
    for (let i = 0; i < 5; i++) {
      await new Promise(setImmediate);
      expect([session.needsDrain, isDrained]).toEqual([true, false]);
    }
    peer.socket.resume();

    await drained;
    expect([session.needsDrain, session.queuedBytes]).toEqual([false, 0]);
  });

  it('ends for a producer that never lets the queue run dry', async () => {
    const engine = await startEngine({ sendQueueBytes: 60_000_000 });
    const { session, peer } = await openStalled(engine);
    session.send(FILLER);
    await new Promise(setImmediate);
    session.send(FILLER);
    await new Promise(setImmediate);
    expect(session.needsDrain).toBe(true);
    const queued: number[] = [];
    session.once('drain', () => queued.push(session.queuedBytes));

    peer.socket.resume();
    // The first write is through, the second under way: what is sent now is behind both.
    while (session.queuedBytes > 25_000_000) await new Promise(setImmediate);
    session.send(FILLER);

    await until(() => queued.length === 1, 'drain');
    expect(queued[0]).toBeGreaterThan(1_000_000);
  });
});
