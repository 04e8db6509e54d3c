import { request, type ClientRequest } from 'node:http';
import { connect } from 'node:net';
import { openPolling, openWebSocket, poll } from '../../support/engine-client.js';
import type { Session } from '../../../src/engine/index.js';
import { cleanup } from '../../support/cleanup.js';
import { startEngine, type RunningEngine } from '../../support/server.js';
import { FILLER, openStalled } from '../../support/stalled-peer.js';
import { elapse, nextEvent, nextRequest, until } from '../../support/until.js';
import { WebTransportPair } from '../../support/webtransport.js';

/** The end of a session whose queue was over a bound for too long. */
const OVERFLOW = ['send queue overflow', { code: 'SEND_QUEUE_OVERFLOW', message: expect.any(String) }];

/** A session that is polled no more. */
async function openUnpolled(engine: RunningEngine): Promise<Session> {
  await openPolling(engine.url);
  return engine.sessions().at(-1)!;
}

describe('a queue over sendQueueBytes', () => {
  it('ends a session over WebSocket whose peer reads nothing for sendTimeout, at once and with nothing left [V2, V6] [limitation: write deadline]', async () => {
    const engine = await startEngine({ sendQueueBytes: 100_000, sendTimeout: 100, closeTimeout: 60_000 });
    const connected = nextEvent(engine.http, 'connection');
    const { session } = await openStalled(engine);
    const [served] = (await connected) as [NodeJS.EventEmitter & { destroyed: boolean }];
    const start = performance.now();
    session.send(FILLER);
    const ended = await nextEvent(session, 'close');

    expect(ended).toEqual(OVERFLOW);
    expect(performance.now() - start).toBeGreaterThan(95);
    expect(served.destroyed).toBe(true);
    expect([session.readyState, engine.engine.clientsCount, engine.engine.wheel.size]).toEqual(['closed', 0, 0]);
    expect(session.queuedBytes).toBe(0);
    expect(engine.engine.stats().closed).toEqual({ SEND_QUEUE_OVERFLOW: 1 });
  });

  it('ends a session over polling whose peer does not poll for sendTimeout [P24]', async () => {
    const engine = await startEngine({ sendQueueBytes: 1000, sendTimeout: 50 });
    const session = await openUnpolled(engine);

    session.send('x'.repeat(1000));

    expect(await nextEvent(session, 'close')).toEqual(OVERFLOW);
    expect([engine.engine.clientsCount, engine.engine.wheel.size]).toEqual([0, 0]);
    expect(session.queuedBytes).toBe(0);
  });

  it('ends a session over polling whose peer polls and does not read the answer, and its connection', async () => {
    const engine = await startEngine({
      sendQueueBytes: 100_000,
      pollingMaxBufferSize: 30_000_000,
      sendTimeout: 100,
      httpCompression: false,
    });
    const opened = await openPolling(engine.url);
    const [session] = engine.sessions();
    const polled = stalledRequest(opened.url);
    const [, response] = (await nextRequest(engine.http)) as [unknown, NodeJS.EventEmitter];
    const dropped = nextEvent(response, 'close');

    session.send(FILLER);

    expect(await nextEvent(session, 'close')).toEqual(OVERFLOW);
    await dropped;
    polled.destroy();
    expect(engine.engine.wheel.size).toBe(0);
  });

  it('ends a session over WebTransport whose stream takes nothing for sendTimeout', async () => {
    const engine = await startEngine({ transports: ['webtransport'], sendQueueBytes: 1000, sendTimeout: 50 });
    const { session, pair } = await openWebTransport(engine, 1);

    session.send('x'.repeat(1000));

    expect(await nextEvent(session, 'close')).toEqual(OVERFLOW);
    expect(await pair.closed).toBe('the server');
    await until(() => engine.engine.wheel.size === 0);
  });

  it('ends a session that compresses, too', async () => {
    const engine = await startEngine({
      perMessageDeflate: true,
      sendQueueBytes: 100_000,
      sendTimeout: 100,
    });
    const created = nextEvent(engine.engine, 'connection');
    const raw = connect(engine.port, '127.0.0.1');
    cleanup(() => raw.destroy());
    raw.on('error', () => {}).pause();
    raw.write(
      `GET ${new URL(engine.url).pathname}?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n` +
        'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQEBAQEBAQEBAQEBAQEBAQ==\r\n' +
        'Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n',
    );
    const [session] = (await created) as [Session];

    session.send(FILLER, { compress: false });

    expect(session.queuedBytes).toBeGreaterThan(100_000);
    expect(await nextEvent(session, 'close')).toEqual(OVERFLOW);
    expect(engine.engine.wheel.size).toBe(0);
  });

  it.each([
    [999, 1],
    [1000, 2],
  ])('is watched from the first byte above the bound: %i bytes and their type need %i timers', async (size, timers) => {
    const engine = await startEngine({ sendQueueBytes: 1000 });
    const session = await openUnpolled(engine);

    session.send('x'.repeat(size));

    expect(engine.engine.wheel.size).toBe(timers);
  });

  it('counts bytes of UTF-8', async () => {
    const engine = await startEngine({ sendQueueBytes: 1000 });
    const session = await openUnpolled(engine);
    session.send('€'.repeat(333));
    expect([session.queuedBytes, engine.engine.wheel.size]).toEqual([1000, 1]);
    session.send('');
    expect([session.queuedBytes, engine.engine.wheel.size]).toEqual([1001, 2]);
  });

  it('counts, over WebSocket, what this tick has collected, text and bytes', async () => {
    const { url, sessions } = await startEngine();
    await openWebSocket(url);
    const [session] = sessions();
    await new Promise(setImmediate);
    const counted: number[] = [];
    for (const data of ['a', Buffer.alloc(10), 'bc', Buffer.alloc(5000)]) counted.push(session.send(data).queuedBytes);

    expect(counted).toEqual([4, 16, 21, 5025]);
    await new Promise(setImmediate);
    expect(session.queuedBytes).toBe(0);
  });

  it('ends nobody who reads, however large one packet is', async () => {
    const engine = await startEngine({ sendQueueBytes: 1000, sendTimeout: 1000 });
    const wire = await openWebSocket(engine.url);
    await wire.next();
    const [session] = engine.sessions();

    session.send(FILLER);

    expect(await wire.next()).toHaveLength(FILLER.length + 1);
    await until(() => engine.engine.wheel.size === 1, 'the queue is watched no more');
    expect(session.readyState).toBe('open');
  });

  it('ends nobody who polls, whatever it takes to fetch everything [limitation: bursts]', async () => {
    const engine = await startEngine({ sendQueueBytes: 1000, pollingMaxBufferSize: 1000, sendTimeout: 1000 });
    const opened = await openPolling(engine.url);
    const [session] = engine.sessions();
    for (let i = 0; i < 10; i++) session.send('x'.repeat(999));

    const start = performance.now();
    for (let i = 0; i < 10; i++) {
      expect((await poll(opened)).body).toHaveLength(1000);
      await elapse(200);
    }

    expect(performance.now() - start).toBeGreaterThan(1500);
    expect(session.readyState).toBe('open');
    await until(() => engine.engine.wheel.size === 1, 'the queue is watched no more');
  });

  it('moves with an upgrade, and goes on to count', async () => {
    const engine = await startEngine({ sendQueueBytes: 1510, sendTimeout: 60_000 });
    const opened = await openPolling(engine.url);
    const [session] = engine.sessions();
    for (let i = 0; i < 5; i++) session.send('x'.repeat(299));
    expect([session.queuedBytes, session.needsDrain, engine.engine.wheel.size]).toEqual([1500, true, 1]);
    const wire = await openWebSocket(engine.url, { sid: opened.sid });
    wire.send('2probe');
    await wire.next();
    const drained = nextEvent(session, 'drain');
    const counted = new Promise((resolve) =>
      session.once('upgrade', () => resolve([session.queuedBytes, engine.engine.wheel.size])),
    );

    wire.send('5');

    // Five frames of 300 bytes, each behind a header of four: over the bound, and watched.
    expect(await counted).toEqual([1520, 2]);
    await drained;
    for (let i = 0; i < 5; i++) expect(await wire.next()).toHaveLength(300);
    expect([session.queuedBytes, session.needsDrain, session.transport.name]).toEqual([0, false, 'websocket']);
  });

  it('still ends a session that stalls after its upgrade', async () => {
    const engine = await startEngine({ sendQueueBytes: 100_000, sendTimeout: 100 });
    const opened = await openPolling(engine.url);
    const [session] = engine.sessions();
    session.send(FILLER);
    const wire = await openWebSocket(engine.url, { sid: opened.sid });
    wire.send('2probe');
    await wire.next();
    const upgraded = nextEvent(session, 'upgrade');
    wire.send('5');
    wire.pause();
    await upgraded;

    expect(await nextEvent(session, 'close')).toEqual(OVERFLOW);
    expect(engine.engine.wheel.size).toBe(0);
  });
});

describe('a poll while the answer to the one before it is not read', () => {
  it('ends the session, so that unread answers do not pile up [P18]', async () => {
    const engine = await startEngine({ pollingMaxBufferSize: 30_000_000, httpCompression: false });
    const opened = await openPolling(engine.url);
    const [session] = engine.sessions();
    const closed = nextEvent(session, 'close');
    session.send(FILLER);
    const first = stalledRequest(opened.url);
    await nextEvent(first, 'response');
    expect(session.queuedBytes).toBeGreaterThan(1_000_000);

    const second = await poll(opened);

    expect(second.status).toBe(400);
    expect(await closed).toEqual(['transport error', expect.objectContaining({ code: 'POLL_OVERLAP' })]);
  });
});

describe.each([
  ['sendQueueSize', 'WebTransport'],
  ['pollQueueMaxFrames', 'polling'],
] as const)('%s, in packets, over %s', (option, transport) => {
  async function open(bound: number) {
    const engine = await startEngine({
      transports: ['polling', 'websocket', 'webtransport'],
      sendTimeout: 50,
      [option]: bound,
    });
    const session = transport === 'polling' ? await openUnpolled(engine) : (await openWebTransport(engine, 1)).session;
    return { engine, session };
  }

  it('ends a session with more packets than that for sendTimeout, and none with as many [P24]', async () => {
    const { engine, session } = await open(3);
    for (let i = 0; i < 3; i++) session.send('x');
    expect(engine.engine.wheel.size).toBe(1);

    session.send('x');

    expect(engine.engine.wheel.size).toBe(2);
    expect(await nextEvent(session, 'close')).toEqual(OVERFLOW);
  });

  it('is off with 0 [V1]', async () => {
    const { engine, session } = await open(0);
    for (let i = 0; i < 100_000; i++) session.send('x');
    expect(engine.engine.wheel.size).toBe(1);
  });
});

describe('sendQueueSize over WebSocket', () => {
  it('counts what the kernel has not taken', async () => {
    const engine = await startEngine({ sendQueueSize: 10, sendTimeout: 100 });
    const { session } = await openStalled(engine);
    for (let i = 0; i < 30; i++) session.send('taken');
    await new Promise(setImmediate);
    expect(session.transport.queuedPackets).toBe(0);

    session.send(FILLER);
    for (let i = 0; i < 9; i++) session.send('waits');
    await new Promise(setImmediate);
    expect([session.transport.queuedPackets, session.needsDrain, session.readyState]).toEqual([10, true, 'open']);
    session.send('one more');

    expect(await nextEvent(session, 'close')).toEqual(OVERFLOW);
  });

  it('counts packets once, whichever flush they belong to', async () => {
    const engine = await startEngine({ sendQueueSize: 1000 });
    const { session, peer } = await openStalled(engine);
    session.send(FILLER);
    for (let i = 1; i < 20; i++) {
      await new Promise(setImmediate);
      session.send('waits');
      expect(session.transport.queuedPackets).toBe(1 + i);
    }
    const drained = nextEvent(session, 'drain');
    peer.socket.resume();
    await drained;
    expect(session.transport.queuedPackets).toBe(0);
  });

  it('counts packets that are being compressed', async () => {
    const engine = await startEngine({ sendQueueSize: 10, perMessageDeflate: { threshold: 0 } });
    const { WebSocket } = await import('ws');
    const socket = new WebSocket(`${engine.url.replace('http', 'ws')}?EIO=4&transport=websocket`);
    cleanup(() => socket.terminate());
    await nextEvent(socket, 'message');
    const [session] = engine.sessions();
    await until(() => session.transport.queuedPackets === 0);

    for (let i = 0; i < 6; i++) session.send('x'.repeat(1000));

    expect([session.transport.queuedPackets, session.needsDrain]).toEqual([6, true]);
    await nextEvent(session, 'drain');
    expect([session.transport.queuedPackets, session.needsDrain]).toEqual([5, false]);
    await until(() => session.transport.queuedPackets === 0);
  });
});

/** A GET whose answer is not read. */
function stalledRequest(url: string): ClientRequest {
  const polled = request(url, { agent: false }, (response) => response.pause());
  cleanup(() => polled.destroy());
  polled.on('error', () => {}).end();
  return polled;
}

/** `room`: chunks that the peer takes in without asking for them. */
async function openWebTransport(engine: RunningEngine, room: number) {
  const pair = new WebTransportPair();
  const created = nextEvent(engine.engine, 'connection');
  engine.engine.onWebTransportSession(pair.session);
  pair.openStream(room).send('0');
  const [session] = (await created) as [Session];
  await until(() => session.queuedBytes === 0, 'the open packet is taken');
  return { pair, session };
}
