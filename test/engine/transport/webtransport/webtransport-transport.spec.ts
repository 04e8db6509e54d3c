import type { EngineOptions, Session } from '../../../../src/engine/index.js';
import { openPolling, openWebSocket, poll, push } from '../../../support/engine-client.js';
import { openPollingV3 } from '../../../support/engine-v3-client.js';
import { startEngine } from '../../../support/server.js';
import { elapse, nextEvent, until } from '../../../support/until.js';
import { StreamPeer, WebTransportPair, streamFrame } from '../../../support/webtransport.js';

const TRANSPORTS: EngineOptions = { transports: ['polling', 'websocket', 'webtransport'] };

async function start(options: EngineOptions = {}) {
  const server = await startEngine({ ...TRANSPORTS, ...options });
  /** A session that is handed in, with a stream on which nothing is said yet. */
  function connect(room?: number): { pair: WebTransportPair; peer: StreamPeer } {
    const pair = new WebTransportPair();
    server.engine.onWebTransportSession(pair.session);
    return { pair, peer: pair.openStream(room) };
  }
  async function open(room?: number) {
    const connected = connect(room);
    const created = nextEvent(server.engine, 'connection');
    connected.peer.send('0');
    const [session] = (await created) as [Session];
    const packet = String(await connected.peer.next());
    return { ...connected, session, opened: JSON.parse(packet.slice(1)) as Record<string, unknown> };
  }
  async function expectNothingLeft(): Promise<void> {
    await until(() => server.engine.clientsCount === 0 && server.engine.wheel.size === 0, 'nothing is left');
  }
  return { ...server, connect, open, expectNothingLeft };
}

describe('a WebTransport session', () => {
  it('opens with the packet 0, and is told its id', async () => {
    const { open, engine } = await start();

    const { opened, session } = await open();

    expect(opened).toEqual({
      sid: session.id,
      upgrades: [],
      pingInterval: 25_000,
      pingTimeout: 20_000,
      maxPayload: 1_000_000,
    });
    expect(engine.sessions.get(session.id)).toBe(session);
    expect([session.transport.name, session.protocol, session.upgraded]).toEqual(['webtransport', 4, false]);
    expect(session.requestSummary).toMatchObject({ method: 'GET', secure: true });
  });

  it.each([0, 1, 124, 125, 126, 1000, 65_534, 65_535, 65_536, 200_000])(
    'takes and gives text and binary of %i bytes',
    async (size) => {
      const { open } = await start();
      const { peer } = await open();
      const text = `4${'é'.repeat(size / 2)}${'x'.repeat(size % 2)}`;

      peer.send(text);
      expect(await peer.next()).toBe(text);
      peer.send(Buffer.alloc(size, 7));
      expect(await peer.next()).toEqual(Buffer.alloc(size, 7));
    },
  );

  it.each([1, 2, 3, 5, 7, 1000])('takes packets cut into chunks of %i bytes', async (size) => {
    const { open } = await start();
    const { peer } = await open();
    const packets = ['4a', `4${'€'.repeat(50)}`, Buffer.alloc(3, 1), Buffer.alloc(1500, 2), '4', Buffer.alloc(0)];
    const bytes = Buffer.concat(packets.map(streamFrame));

    for (let i = 0; i < bytes.length; i += size) peer.write(bytes.subarray(i, i + size));

    for (const packet of packets) expect(await peer.next()).toEqual(packet);
  });

  it('hands out bytes that later packets do not touch', async () => {
    const { open } = await start();
    const { peer, session } = await open();
    const received: Buffer[] = [];
    session.on('data', (data) => received.push(data as Buffer));
    const frames = [1, 2, 3].map((fill) => streamFrame(Buffer.alloc(2000, fill)));

    const bytes = Buffer.concat(frames);
    for (let i = 0; i < bytes.length; i += 700) peer.write(bytes.subarray(i, i + 700));

    await until(() => received.length === 3);
    expect(received).toEqual([1, 2, 3].map((fill) => Buffer.alloc(2000, fill)));
  });

  it('gives packets of one tick in order and in one chunk', async () => {
    const { open } = await start();
    const { peer, session } = await open();
    const drained = nextEvent(session, 'drain');

    session.send('a');
    session.send(Buffer.of(1));
    session.send('b');

    expect([await peer.next(), await peer.next(), await peer.next()]).toEqual(['4a', Buffer.of(1), '4b']);
    await drained;
  });

  it('is not writable while the peer takes nothing in, and says when it is again', async () => {
    const { open } = await start();
    const { peer, session } = await open(0);
    await until(() => session.transport.writable);

    session.send('a');
    expect(session.transport.writable).toBe(false);
    await elapse(10);
    expect(session.transport.writable).toBe(false);

    const drained = nextEvent(session, 'drain');
    await peer.next();
    await drained;
    expect(session.transport.writable).toBe(true);
  });

  it('is pinged, and ends where it does not answer', async () => {
    const { open, expectNothingLeft } = await start({ pingInterval: 40, pingTimeout: 30 });
    const { peer, pair, session } = await open();
    const closed = nextEvent(session, 'close');
    expect(await peer.next()).toBe('2');
    peer.send('3');
    expect(await peer.next()).toBe('2');

    expect((await closed)[0]).toBe('ping timeout');
    expect(await pair.closed).toBe('the server');
    await expectNothingLeft();
  });
});

describe('the end of a WebTransport session', () => {
  it.each<[string, (pair: WebTransportPair, peer: StreamPeer) => void]>([
    ['closes the session', (pair) => pair.close()],
    ['ends its stream', (_pair, peer) => peer.end()],
    ['sends a close packet', (_pair, peer) => peer.send('1')],
  ])('comes when the peer %s', async (_what, leave) => {
    const { open, expectNothingLeft } = await start();
    const { peer, pair, session } = await open();
    const closed = nextEvent(session, 'close');

    leave(pair, peer);

    expect((await closed)[0]).toBe('transport close');
    await pair.closed;
    await expectNothingLeft();
  });

  it('comes after what is queued when this side closes', async () => {
    const { open, expectNothingLeft } = await start();
    const { peer, pair, session } = await open(0);
    await until(() => session.transport.writable);
    const closed = nextEvent(session, 'close');

    session.send('last');
    session.close();

    expect(session.readyState).toBe('closing');
    expect(await peer.next()).toBe('4last');
    expect((await closed)[0]).toBe('forced close');
    expect(await pair.closed).toBe('the server');
    await expectNothingLeft();
  });

  it('comes after what is queued when the server shuts down', async () => {
    const { open, expectNothingLeft } = await start();
    const { peer, session } = await open();
    const closed = nextEvent(session, 'close');

    session.send('last');
    session.closeForShutdown();

    expect(await peer.next()).toBe('4last');
    expect((await closed)[0]).toBe('server shutting down');
    await expectNothingLeft();
  });

  it('waits for a peer that takes nothing in no longer than closeTimeout', async () => {
    const { open, expectNothingLeft } = await start({ closeTimeout: 40 });
    const { session } = await open(0);
    await until(() => session.transport.writable);
    const closed = nextEvent(session, 'close');
    const started = performance.now();
    session.send('last');
    session.close();

    await closed;

    expect(performance.now() - started).toBeGreaterThan(38);
    await expectNothingLeft();
  });

  it.each<[string, Buffer, string, string]>([
    ['is larger than the bound', streamFrame(Buffer.alloc(101)), 'transport error', 'PAYLOAD_TOO_LARGE'],
    ['says that it is', Buffer.of(127, 0, 0, 0, 1, 0, 0, 0, 0), 'transport error', 'PAYLOAD_TOO_LARGE'],
    ['says that it is, beyond all numbers', Buffer.alloc(9, 255), 'transport error', 'PAYLOAD_TOO_LARGE'],
    ['is empty', Buffer.of(0), 'parse error', 'INVALID_PACKET'],
    ['has no type', streamFrame('abc'), 'parse error', 'INVALID_PACKET'],
    ['is not UTF-8', Buffer.of(3, 0x34, 0xff, 0xfe), 'parse error', 'INVALID_PACKET'],
  ])('comes upon a packet that %s', async (_what, frame, reason, code) => {
    const { open, expectNothingLeft } = await start({ maxHttpBufferSize: 100 });
    const { peer, pair, session } = await open();
    const closed = nextEvent(session, 'close');

    peer.write(frame);

    expect(await closed).toEqual([reason, expect.objectContaining({ code })]);
    expect(await pair.closed).toBe('the server');
    await expectNothingLeft();
  });

  it('does not come upon a packet as large as the bound', async () => {
    const { open } = await start({ maxHttpBufferSize: 100 });
    const { peer } = await open();
    peer.send(Buffer.alloc(100, 1));
    expect(await peer.next()).toEqual(Buffer.alloc(100, 1));
  });

  it('comes with the engine’s, before the first packet as well', async () => {
    const { open, connect, engine, expectNothingLeft } = await start();
    const { pair } = await open();
    const waiting = connect();
    const streamless = new WebTransportPair();
    engine.onWebTransportSession(streamless.session);

    engine.close();

    await Promise.all([pair.closed, waiting.pair.closed, streamless.closed]);
    await expectNothingLeft();
  });
});

describe('the first packet of a WebTransport session', () => {
  it.each<[string, (peer: StreamPeer) => void]>([
    ['a message', (peer) => peer.send('4hello')],
    ['bytes', (peer) => peer.send(Buffer.of(1))],
    ['a probe', (peer) => peer.send('2probe')],
    ['a close packet', (peer) => peer.send('1')],
    ['no packet', (peer) => peer.write(Buffer.of(0))],
    ['too large', (peer) => peer.write(Buffer.of(126, 255, 255))],
    ['no JSON', (peer) => peer.send('0{')],
    ['no object', (peer) => peer.send('0null')],
    ['no session id', (peer) => peer.send('0{"sid":1}')],
    ['an unknown session id', (peer) => peer.send('0{"sid":"nobody"}')],
    ['the name of a method', (peer) => peer.send('0{"sid":"constructor"}')],
    ['nothing, and the stream ends', (peer) => peer.end()],
  ])('must not be %s', async (_what, send) => {
    const { connect, engine, expectNothingLeft } = await start({ maxHttpBufferSize: 1000 });
    const { pair, peer } = connect();

    send(peer);

    expect(await pair.closed).toBe('the server');
    expect(engine.clientsCount).toBe(0);
    await expectNothingLeft();
  });

  it('must come within upgradeTimeout, and so must the stream', async () => {
    const { connect, engine, expectNothingLeft } = await start({ upgradeTimeout: 40 });
    const started = performance.now();
    const { pair, peer } = connect();
    peer.write(Buffer.of(5));
    const streamless = new WebTransportPair();
    engine.onWebTransportSession(streamless.session);

    expect(await pair.closed).toBe('the server');
    expect(await streamless.closed).toBe('the server');

    expect(performance.now() - started).toBeGreaterThan(38);
    expect(engine.stats().failedUpgrades).toEqual({ UPGRADE_TIMEOUT: 2 });
    await expectNothingLeft();
  });

  it('is not waited for when the peer leaves, or never came', async () => {
    const { engine, expectNothingLeft } = await start();
    const gone = new WebTransportPair();
    engine.onWebTransportSession(gone.session);
    gone.close();
    const failed = new WebTransportPair();
    const failure = Promise.reject(new Error('no connection'));
    engine.onWebTransportSession({ ...failed.session, ready: failure, closed: failure });

    await failed.closed;
    await expectNothingLeft();
  });

  it('is not read where the transport or the hooks of the server do not allow it', async () => {
    for (const options of [{ transports: ['polling'] }, { allowRequest: () => {} }] as EngineOptions[]) {
      const { connect, engine } = await start(options);
      const { pair, peer } = connect();
      peer.send('0');
      await pair.closed;
      expect(engine.clientsCount).toBe(0);
    }
    const { connect, engine, warnings } = await start();
    engine.use((_request, _response, next) => next());
    await connect().pair.closed;
    await connect().pair.closed;
    expect(warnings).toEqual([expect.stringContaining('"webtransport"')]);
  });

  it('opens nothing while the server shuts down', async () => {
    const { connect, engine } = await start();
    engine.stopAccepting();
    const { pair, peer } = connect();
    peer.send('0');
    expect(await pair.closed).toBe('the server');
  });
});

describe('an upgrade to WebTransport', () => {
  it('is offered where it is configured', async () => {
    const { url } = await start();
    expect((await openPolling(url)).open.upgrades).toEqual(['websocket', 'webtransport']);
    const without = await startEngine();
    expect((await openPolling(without.url)).open.upgrades).toEqual(['websocket']);
  });

  it('answers the probe, releases the poll and moves over with what is queued', async () => {
    const { url, connect, engine, expectNothingLeft } = await start();
    const polling = await openPolling(url);
    const session = engine.sessions.get(polling.sid)!;
    const { peer, pair } = connect();

    peer.write(Buffer.concat([streamFrame(`0{"sid":"${polling.sid}"}`), streamFrame('2probe')]));
    expect(await peer.next()).toBe('3probe');
    expect((await poll(polling)).body).toBe('6');
    session.send('queued');
    peer.send('5');
    peer.send('4hello');

    expect([await peer.next(), await peer.next()]).toEqual(['4queued', '4hello']);
    expect([session.transport.name, session.upgraded]).toEqual(['webtransport', true]);
    expect((await poll(polling)).status).toBe(400);

    pair.close();
    await expectNothingLeft();
  });

  it('must be completed in time, and else leaves the session as it was', async () => {
    const { url, connect } = await start({ upgradeTimeout: 40 });
    const polling = await openPolling(url);
    const { peer, pair } = connect();
    peer.send(`0{"sid":"${polling.sid}"}`);
    peer.send('2probe');
    await peer.next();

    expect(await pair.closed).toBe('the server');

    await push(polling, '4a');
    expect((await poll(polling)).body).toBe('4a');
  });

  it.each(['a session that has moved already', 'a session of WebSocket', 'a session of v3', 'one that may not'])(
    'is refused to %s',
    async (which) => {
      const server = await start({ allowEIO3: true, allowUpgrades: which !== 'one that may not' });
      const { url, connect, open } = server;
      const sid = {
        'a session that has moved already': async () => (await open()).session.id,
        'a session of WebSocket': async () =>
          JSON.parse(String(await (await openWebSocket(url)).next()).slice(1)).sid as string,
        'a session of v3': async () => (await openPollingV3(url)).sid,
        'one that may not': async () => (await openPolling(url)).sid,
      }[which]!;
      const { peer, pair } = connect();

      peer.send(`0{"sid":"${await sid()}"}`);

      expect(await pair.closed).toBe('the server');
      expect(server.engine.clientsCount).toBe(1);
    },
  );

  it('is let in behind allowRequest, which has seen the session', async () => {
    const { url, connect } = await start({ allowRequest: (_request, decide) => decide(null, true) });
    const polling = await openPolling(url);
    const { peer } = connect();
    peer.send(`0{"sid":"${polling.sid}"}`);
    peer.send('2probe');
    expect(await peer.next()).toBe('3probe');
  });
});
