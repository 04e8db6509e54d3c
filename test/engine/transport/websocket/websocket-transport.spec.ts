import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { cleanup } from '../../../support/cleanup.js';
import { openWebSocket } from '../../../support/engine-client.js';
import { RawSocket, openRawWebSocket, textFrame, upgradeRequest } from '../../../support/raw-socket.js';
import { startEngine, type RunningEngine } from '../../../support/server.js';
import { nextEvent, until, within } from '../../../support/until.js';
import type { Session } from '../../../../src/engine/index.js';

describe('perMessageDeflate', () => {
  it('is off unless it is asked for [E8]', async () => {
    const { url } = await startEngine();
    expect((await openCompressed(url)).websocket.extensions).toBe('');
  });

  it('carries text and bytes both ways, above and below the threshold', async () => {
    const { url } = await startEngine({ perMessageDeflate: { threshold: 100 } });
    const { websocket, next } = await openCompressed(url);
    expect(websocket.extensions).toMatch(/^permessage-deflate/);

    for (const text of ['', 'short', 'é€😀', 'x'.repeat(100), 'y'.repeat(200_000)]) {
      websocket.send(`4${text}`);
      expect(await next()).toBe(`4${text}`);
    }
    for (const bytes of [Buffer.of(1), Buffer.alloc(99, 2), Buffer.alloc(200_000, 3)]) {
      websocket.send(bytes);
      expect(await next()).toEqual(bytes);
    }
  });

  it('compresses what has as many bytes as the threshold, and nothing shorter, the handshake neither', async () => {
    const { url, sessions } = await startEngine({ perMessageDeflate: { threshold: 100 } });
    const { websocket, next } = await openCompressed(url);
    const { _socket: socket, _extensions: extensions } = websocket as unknown as {
      _socket: Socket;
      _extensions: Record<string, { _inflate: unknown }>;
    };
    expect(extensions['permessage-deflate']._inflate).toBeNull();

    for (const [text, isCompressed] of [
      ['x'.repeat(98), false],
      ['x'.repeat(99), true],
      ['é'.repeat(50), true],
    ] as const) {
      const before = socket.bytesRead;
      sessions()[0].send(text);
      await next();
      expect(socket.bytesRead - before < 50).toBe(isCompressed);
    }
  });

  it('keeps the order of text and bytes, compressed and not', async () => {
    const { url, sessions } = await startEngine({ perMessageDeflate: { threshold: 0 } });
    const { next } = await openCompressed(url);
    const expected: unknown[] = [];

    for (let i = 0; i < 40; i++) {
      const data = i % 3 === 0 ? Buffer.alloc(i % 2 === 0 ? 50_000 : 5, i) : `${i}`.repeat(i % 2 === 0 ? 30_000 : 1);
      sessions()[0].send(data, { compress: i % 4 !== 0 });
      expected.push(typeof data === 'string' ? `4${data}` : data);
    }

    for (const data of expected) expect(await next()).toEqual(data);
  });

  it('sends what was queued before a close', async () => {
    const { url, sessions } = await startEngine({ perMessageDeflate: { threshold: 0 } });
    const { next, closed } = await openCompressed(url);

    sessions()[0].send('z'.repeat(300_000));
    sessions()[0].send('last words');
    sessions()[0].close();

    expect((await next()).length).toBe(300_001);
    expect(await next()).toBe('4last words');
    await closed;
  });

  it('is not writable, for volatile packets, while it compresses', async () => {
    const { url, sessions } = await startEngine({ perMessageDeflate: { threshold: 0 } });
    const { next } = await openCompressed(url);
    const [session] = sessions();
    expect(session.transport.writable).toBe(true);

    session.send('z'.repeat(2_000_000));
    const flushed = nextEvent(session, 'drain');
    expect(session.transport.writable).toBe(false);
    await new Promise(setImmediate);
    expect(session.transport.writable).toBe(false);

    await flushed;
    expect(session.transport.writable).toBe(true);
    await next();
  });

  it('closes with 1009 upon a message that is too large once it is inflated', async () => {
    const { url, sessions } = await startEngine({ perMessageDeflate: true, maxHttpBufferSize: 1000 });
    const { websocket, closed } = await openCompressed(url);
    const ended = nextEvent(sessions()[0], 'close');

    websocket.send(`4${'x'.repeat(1000)}`);

    expect(await closed).toBe(1009);
    expect(await ended).toEqual(['transport error', expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' })]);
  });

  it('serves peers that do not compress as ever', async () => {
    const { url } = await startEngine({ perMessageDeflate: true });
    const wire = await openWebSocket(url);
    await wire.next();
    wire.send(`4${'x'.repeat(5000)}`);
    expect(await wire.next()).toBe(`4${'x'.repeat(5000)}`);
  });
});

describe('joined frames', () => {
  it('are split, in order, empty parts passed over [R1]', async () => {
    const { url } = await startEngine();
    const wire = await openWebSocket(url);
    await wire.next();

    wire.send('4a\x1e\x1e3\x1e4b\x1e');

    expect([await wire.next(), await wire.next()]).toEqual(['4a', '4b']);
  });

  it('end the session at the first malformed part, the parts before it taken', async () => {
    const { url, sessions } = await startEngine();
    const wire = await openWebSocket(url);
    await wire.next();
    const received: unknown[] = [];
    sessions()[0].on('data', (data) => received.push(data));
    const closed = nextEvent(sessions()[0], 'close');

    wire.send('4a\x1ejunk\x1e4b');

    expect(await closed).toEqual(['parse error', expect.objectContaining({ code: 'INVALID_PACKET' })]);
    expect((await wire.closed).code).toBe(1002);
    expect(received).toEqual(['a']);
  });
});

describe('a long joined frame', () => {
  it('is dispatched in slices, in order, with what arrives behind it', async () => {
    const { url, engine } = await startEngine();
    const got: string[] = [];
    engine.on('connection', (session: Session) => session.on('data', (data) => got.push(String(data))));
    const wire = await openWebSocket(url);
    await wire.next();
    const perTurn: number[] = [];
    const watch = (): void => void (perTurn.push(got.length), got.length < 1_002 && setImmediate(watch));
    const packets = Array.from({ length: 1_000 }, (_, i) => `4${i}`);

    wire.send(packets.join('\x1e'));
    wire.send('4behind');
    wire.send(Buffer.of(55));
    watch();
    await until(() => got.length === 1_002);

    expect(got).toEqual([...packets.map((each) => each.slice(1)), 'behind', '7']);
    expect(new Set(perTurn.filter((count) => count < 1_000)).size).toBeGreaterThan(1);
  });

  it('that is malformed far behind ends the session there', async () => {
    const { url, engine } = await startEngine();
    let count = 0;
    engine.on('connection', (session: Session) => session.on('data', () => count++));
    const wire = await openWebSocket(url);
    await wire.next();

    wire.send([...Array.from({ length: 300 }, () => '4x'), 'z', '4never'].join('\x1e'));

    expect((await wire.closed).code).toBe(1002);
    expect(count).toBe(300);
    await until(() => engine.clientsCount === 0);
  });
});

describe('a session that is closed as soon as it is opened', () => {
  it.each([false, true])(
    'is answered with the 101, the open packet and the close frame (discard: %s)',
    async (discard) => {
      const { url, engine } = await startEngine();
      engine.on('connection', (session: Session) => session.close(discard));
      const wire = await openWebSocket(url);
      expect(await wire.next()).toMatch(/^0\{"sid"/);
      await wire.closed;
      expect(engine.clientsCount).toBe(0);
    },
  );

  it('is not disturbed by a second WebSocket, which is opened and closed', async () => {
    const { url, engine } = await startEngine();
    const first = await openWebSocket(url);
    const { sid } = JSON.parse(String(await first.next()).slice(1)) as { sid: string };
    const second = await openWebSocket(url, { sid });
    expect((await second.closed).code).toBe(1000);
    expect(engine.clientsCount).toBe(1);
    first.send('4still here');
    expect(await first.next()).toBe('4still here');
  });
});

describe('a peer that does not read', () => {
  async function stalled(options = {}): Promise<RunningEngine & { peer: Socket }> {
    const running = await startEngine(options);
    const { socket: peer } = await openRawWebSocket(running.port, new URL(running.url).pathname);
    await until(() => running.engine.clientsCount === 1);
    peer.pause();
    running.sessions()[0].send('x'.repeat(16_000_000));
    return { ...running, peer };
  }

  it('is waited for by a graceful close, and gets everything once it reads', async () => {
    const { sessions, engine, peer } = await stalled();
    const [session] = sessions();
    const closed = nextEvent(session, 'close');

    session.close();
    await new Promise(setImmediate);

    expect(session.readyState).toBe('closing');
    let bytes = 0;
    peer.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      // The answer of a client that has read the close frame.
      if (chunk.at(-1) === 0 && bytes > 16_000_000) peer.end(Buffer.of(0x88, 0x80, 0, 0, 0, 0));
    });
    peer.resume();
    expect((await closed)[0]).toBe('forced close');
    expect(bytes).toBeGreaterThan(16_000_000);
    expect(engine.clientsCount).toBe(0);
  });

  it('is waited for no longer than the close timeout', async () => {
    const { sessions, engine } = await stalled({ closeTimeout: 50 });
    const closed = nextEvent(sessions()[0], 'close');
    sessions()[0].close();
    expect((await closed)[0]).toBe('forced close');
    expect(engine.clientsCount).toBe(0);
  });

  it('is cut off at once where nobody is to be waited for', async () => {
    const { sessions, engine, peer } = await stalled();
    const gone = nextEvent(peer, 'close');
    sessions()[0].close();
    sessions()[0].close(true);
    expect(engine.clientsCount).toBe(0);
    peer.resume();
    await gone;
  });
});

describe('the raw socket behind a WebSocket', () => {
  it.each([
    ['a frame that is too large', Buffer.of(0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4)],
    ['reserved bits', Buffer.of(0xf1, 0x81, 1, 2, 3, 4, 0x35)],
    ['a frame without a mask', Buffer.of(0x81, 1, 0x34)],
    ['an unknown packet type', Buffer.of(0x81, 0x81, 0, 0, 0, 0, 0x78)],
  ])('is let go when the peer leaves, also where it went on sending after %s [C8]', async (_flaw, bytes) => {
    const engine = await startEngine({ closeTimeout: 60_000 });
    const { peer, served } = await openRaw(engine);
    const ended = nextEvent(engine.sessions()[0], 'close');

    peer.write(bytes);
    await ended;
    // What is no close frame: it does not help the closing handshake on.
    for (let i = 0; i < 20; i++) peer.write(Buffer.alloc(10_000, 0x81));
    peer.end();

    await until(() => served.destroyed, 'the socket was let go');
    expect(engine.engine.clientsCount).toBe(0);
  });

  it('is let go after the close timeout where the peer does not answer the close frame [C8]', async () => {
    const engine = await startEngine({ closeTimeout: 50 });
    const { served } = await openRaw(engine);

    engine.sessions()[0].close();

    await until(() => served.destroyed, 'the socket was let go');
  });

  it('that is reset ends the session and nothing else [V5]', async () => {
    const engine = await startEngine();
    const { peer } = await openRaw(engine);
    const ended = nextEvent(engine.sessions()[0], 'close');

    peer.resetAndDestroy();

    expect((await ended)[0]).toMatch(/^transport (close|error)$/);
    expect(engine.engine.clientsCount).toBe(0);
    expect(engine.engine.wheel.size).toBe(0);
  });
});

describe('what comes behind a frame that is refused', () => {
  it.each([
    ['reserved bits', Buffer.of(0xf1, 0x81, 0, 0, 0, 0, 0x34)],
    ['an unknown opcode', Buffer.of(0x83, 0x81, 0, 0, 0, 0, 0x34)],
    ['an unknown control opcode', Buffer.of(0x8b, 0x80, 0, 0, 0, 0)],
    ['no mask', Buffer.of(0x81, 1, 0x34)],
    ['bytes that are not UTF-8', Buffer.of(0x81, 0x82, 0, 0, 0, 0, 0x34, 0xff)],
    ['too many bytes', Buffer.concat([Buffer.of(0x82, 0xfe, 0x03, 0xe9, 0, 0, 0, 0), Buffer.alloc(1001)])],
    ['a close frame', Buffer.of(0x88, 0x80, 0, 0, 0, 0)],
  ])('is not read, where it has %s, though it came with it', async (_flaw, bytes) => {
    const engine = await startEngine({ maxHttpBufferSize: 1000 });
    const { peer } = await openRaw(engine);
    const received: unknown[] = [];
    engine.sessions()[0].on('data', (data) => received.push(data));
    const closed = nextEvent(engine.sessions()[0], 'close');

    peer.write(Buffer.concat([textFrame('4before'), bytes, textFrame('4behind')]));

    await closed;
    expect(received).toEqual(['before']);
  });

  it('is read as ever behind control frames and fragments', async () => {
    const engine = await startEngine();
    const { peer } = await openRaw(engine);
    const received: unknown[] = [];
    engine.sessions()[0].on('data', (data) => received.push(data));
    const ping = Buffer.of(0x89, 0x80, 0, 0, 0, 0);
    const pong = Buffer.of(0x8a, 0x80, 0, 0, 0, 0);
    const fragments = Buffer.of(0x01, 0x82, 0, 0, 0, 0, 0x34, 0x61, 0x80, 0x81, 0, 0, 0, 0, 0x62);

    peer.write(Buffer.concat([ping, textFrame('4one'), pong, fragments, textFrame('4two')]));

    await until(() => received.length === 3);
    expect(received).toEqual(['one', 'ab', 'two']);
  });
});

/** A WebSocket that offers permessage-deflate; its open packet is read. */
async function openCompressed(url: string) {
  const websocket = new WebSocket(`${url.replace('http', 'ws')}?EIO=4&transport=websocket`, {
    perMessageDeflate: true,
  });
  cleanup(() => websocket.terminate());
  const unread: (string | Buffer)[] = [];
  websocket.on('message', (data: Buffer, isBinary) => unread.push(isBinary ? data : data.toString()));
  websocket.on('error', () => {});
  const closed = new Promise<number>((resolve) => websocket.on('close', resolve));
  async function next(): Promise<string | Buffer> {
    await until(() => unread.length > 0, 'a frame came');
    return unread.shift()!;
  }
  await next();
  return {
    websocket,
    next,
    /** Waited for from when it is asked for. */
    get closed() {
      return within(closed, 'the WebSocket to close');
    },
  };
}

/** A WebSocket by hand: the peer's end of its socket, and the server's. */
async function openRaw({ http, port, url }: RunningEngine): Promise<{ peer: Socket; served: Socket }> {
  const connected = nextEvent(http, 'connection');
  const raw = await openRawWebSocket(port, new URL(url).pathname);
  const [served] = (await connected) as [Socket];
  return { peer: raw.socket, served };
}

describe('a WebSocket of OkHttp, which tells its owner of no close frame', () => {
  it.each([
    ['close', (session: Session) => session.close()],
    ['shutdown', (session: Session) => session.closeForShutdown()],
    ['end of the server', (session: Session) => session.closeWithServer()],
  ])('gets all that was sent, and the end of the connection: %s', async (_how, end) => {
    const { port, url, sessions } = await startEngine();
    const raw = new RawSocket(port);
    const head = upgradeRequest(`${new URL(url).pathname}?EIO=4&transport=websocket`);
    raw.write(head.replace('Host: x', 'Host: x\r\nUser-Agent: okhttp/3.12.12'));
    await raw.arrival('maxPayload');
    const begun = raw.received.length;
    const [session] = sessions();
    const closed = nextEvent(session, 'close');

    session.send('last words');
    end(session);
    await raw.ended;

    expect(raw.received.slice(begun)).toBe('\x81\x0b4last words');
    await closed;
  });
});
