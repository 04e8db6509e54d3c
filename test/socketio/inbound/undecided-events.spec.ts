import type { Socket } from '../../../src/socketio/index.js';
import { joinedPeer } from '../../support/peer.js';
import { startServer } from '../../support/server.js';
import { nextEvent, until } from '../../support/until.js';

/** Holds more than what may be decoded at once. */
const LARGE = 'x'.repeat(300_000);

describe.each(['websocket', 'polling'] as const)('events behind an asynchronous middleware, over %s', (transport) => {
  it('wait while one that is large is decided about, and come in order', async () => {
    const { io, url } = await startServer();
    const seen: unknown[] = [];
    const decisions: (() => void)[] = [];
    const heard: unknown[] = [];
    io.on('connection', (socket: Socket) => {
      socket.use(([, n], next) => {
        seen.push(n);
        decisions.push(next);
      });
      socket.on('e', (n, _bytes, ack?: () => void) => {
        heard.push(n);
        ack?.();
      });
    });
    const peer = await joinedPeer(transport, url);
    await peer.send(`42["e",1,"${LARGE}"]`, '42["e",2,0]', '427["e",3,0]');
    await until(() => seen.length === 1);

    await peer.send('42["e",4,0]');
    decisions.shift()!();
    await until(() => seen.length === 4);

    expect(heard).toEqual([1]);
    for (const decide of decisions) decide();
    expect(heard).toEqual([1, 2, 3, 4]);
    expect(await peer.next()).toBe('437[]');
  });

  it('that have waited give others a turn, and come in order', async () => {
    const { io, url } = await startServer();
    const heard: unknown[] = [];
    let decide!: () => void;
    io.on('connection', (socket: Socket) => {
      socket.use(([, n], next) => {
        if (n === 0) decide = next;
        else next();
      });
      socket.on('e', (n) => {
        heard.push(n);
        const end = performance.now() + 2;
        while (performance.now() < end);
      });
    });
    const peer = await joinedPeer(transport, url);
    await peer.send(`42["e",0,"${LARGE}"]`, ...Array.from({ length: 50 }, (_, n) => `42["e",${n + 1}]`));
    await until(() => decide !== undefined);
    await peer.send('42["e",51]');
    decide();
    expect(heard.length).toBeLessThan(20);
    await peer.send('42["e",52]');
    await until(() => heard.length === 53);
    expect(heard).toEqual(Array.from({ length: 53 }, (_, n) => n));
  });

  it('are decided about together if they are small', async () => {
    const { io, url } = await startServer();
    let waiting = 0;
    io.on('connection', (socket: Socket) => {
      socket.use(() => {
        waiting++;
      });
    });
    const peer = await joinedPeer(transport, url);
    await peer.send(...Array.from({ length: 200 }, (_, n) => `42["e",${n}]`));
    await until(() => waiting === 200);
  });

  it('come once the time of those before them is over', async () => {
    const { io, url } = await startServer({ connectTimeout: 100 });
    const heard: unknown[] = [];
    io.on('connection', (socket: Socket) => {
      socket.use(([, n], next) => {
        if (n !== 1) next();
      });
      socket.on('e', (n) => heard.push(n));
    });
    const peer = await joinedPeer(transport, url);
    const started = performance.now();
    await peer.send(`42["e",1,"${LARGE}"]`, '42["e",2]');
    await until(() => heard.length === 1);
    const waited = performance.now() - started;
    expect(heard).toEqual([2]);
    expect(waited).toBeGreaterThan(90);
    expect(io.stats().undecidedEvents).toBe(1);
  });
});

it('a middleware that passes events on at once has none wait, whatever they hold', async () => {
  const { io, url } = await startServer({ maxUndecidedBytes: 0 });
  const heard: unknown[] = [];
  io.on('connection', (socket: Socket) => {
    socket.use((_event, next) => next());
    socket.on('e', (n) => heard.push(n));
  });
  const peer = await joinedPeer('websocket', url);
  for (let n = 0; n < 4; n++) await peer.send(`42["e",${n},"${LARGE}"]`);
  await until(() => heard.length === 4);
  expect(heard).toEqual([0, 1, 2, 3]);
});

it('large events wait, also among others that are decided about at once', async () => {
  const { io, url } = await startServer();
  const seen: unknown[] = [];
  io.on('connection', (socket: Socket) => {
    socket.use(([, n, isQuick], next) => {
      seen.push(n);
      if (isQuick) next();
    });
    socket.on('e', () => {});
  });
  const peer = await joinedPeer('websocket', url);
  for (let n = 0; n < 10; n++) await peer.send(`42["e",${n},${n % 2 === 0},"${LARGE}"]`);
  await peer.send('420["nothing"]');
  await until(() => io.stats().packets.in === 12, 'all are there');
  // That the first of them has to wait is not known before.
  expect(seen).toEqual([0, 1, 2, 3]);
});

describe('maxUndecidedBytes', () => {
  it('lets so many wait, and disconnects a socket with one more', async () => {
    const { io, url } = await startServer({ maxUndecidedBytes: 100 });
    let seen = 0;
    io.on('connection', (socket: Socket) => void socket.use(() => void seen++));
    const peer = await joinedPeer('websocket', url);
    const gone = nextEvent([...io.sockets.sockets.values()][0], 'disconnect');
    const framing = '2["e",""]'.length;
    await peer.send(`42["e","${LARGE}"]`);
    await peer.send(`42["e","${'x'.repeat(100 - framing)}"]`);
    await until(() => seen === 1);
    expect(io.sockets.sockets.size).toBe(1);

    await peer.send('42["e"]');
    expect(await peer.next()).toBe('41');
    expect(await gone).toEqual([
      'server namespace disconnect',
      expect.objectContaining({ code: 'TOO_MANY_PENDING_EVENTS' }),
    ]);
    expect(seen).toBe(1);
    expect(io.stats().disconnected.TOO_MANY_PENDING_EVENTS).toBe(1);
  });
});
