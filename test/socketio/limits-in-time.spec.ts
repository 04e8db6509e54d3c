import { MODULE_DEFAULTS, type ServerOptions } from '../../src/socketio/index.js';
import { openPolling, openWebSocket, poll, push, type Frame } from '../support/engine-client.js';
import { TRANSPORTS, joinedPeer, openPeer, untilGone, type Peer } from '../support/peer.js';
import { startServer, type RunningServer } from '../support/server.js';
import { elapse, nextEvent, until } from '../support/until.js';

/** Short enough to wait for, long enough to do something in. */
const TIME = 120;
const ROUNDING = 2;

describe.each(TRANSPORTS)('connectTimeout, over %s', (transport) => {
  it('ends a connection that joins nothing, not before its time [H3, P29, L4]', async () => {
    const { server, bystander } = await serve({ connectTimeout: TIME });
    const started = performance.now();
    const peer = await openPeer(transport, server.url);
    const closed = nextClose(server);
    await untilGone(peer);

    expect((await closed)[0]).toBe('forced close');
    expect(performance.now() - started).toBeGreaterThanOrEqual(TIME - ROUNDING);
    expect(await echoes(bystander)).toBe(true);
  });

  it('lets a connection be that has joined in time [P29]', async () => {
    const { server } = await serve({ connectTimeout: TIME });
    const peer = await openPeer(transport, server.url);
    await elapse(TIME / 2);
    await peer.send('40');
    await peer.next();

    await elapse(TIME);

    expect(await echoes(peer)).toBe(true);
    expect(server.io.wheel.size).toBe(await idleTimers(server));
  });

  it('is armed again when the last namespace is left, by either side', async () => {
    const { server, bystander } = await serve({ connectTimeout: TIME });
    for (const leave of ['client', 'server']) {
      const peer = await joinedPeer(transport, server.url);
      await elapse(TIME);
      expect(await echoes(peer)).toBe(true);
      const closed = nextClose(server);
      const started = performance.now();

      if (leave === 'client') await peer.send('41');
      else [...server.io.sockets.sockets.values()].at(-1)!.disconnect();
      await untilGone(peer);

      await closed;
      expect(performance.now() - started).toBeGreaterThanOrEqual(TIME - ROUNDING);
      expect(await echoes(bystander)).toBe(true);
    }
  });

  it('is not armed again where another namespace is left, nor where one is refused', async () => {
    const { server } = await serve({ connectTimeout: TIME });
    server.io.of('/refusing').use((_socket, next) => next(new Error('no')));
    const peer = await joinedPeer(transport, server.url);

    await peer.send('40/a,', '41/a,', '40/refusing,', '40/unknown,');
    await elapse(TIME * 1.5);

    expect(await echoes(peer)).toBe(true);
  });

  it('is not put off by a client that is refused again and again', async () => {
    const { server } = await serve({ connectTimeout: TIME });
    server.io.of('/refusing').use((_socket, next) => next(new Error('no')));
    const peer = await openPeer(transport, server.url);
    const gone = untilGone(peer).then(() => performance.now());

    for (let attempt = 0; attempt < 30; attempt++) {
      await peer.send('40/refusing,').catch(() => {});
      await elapse(TIME / 6);
    }

    const stopped = performance.now();

    expect(await gone).toBeLessThan(stopped);
  });
});

describe.each(TRANSPORTS)('attachmentTimeout, over %s', (transport) => {
  it('takes attachments that come in time, and leaves no timer', async () => {
    const { server } = await serve({ attachmentTimeout: TIME });
    const peer = await joinedPeer(transport, server.url);
    await peer.send('452-["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
    await peer.send(Buffer.of(1));
    await elapse(TIME / 2);
    await peer.send(Buffer.of(2));

    expect(await peer.next()).toMatch(/^452-/);
    await elapse(TIME);
    expect([await peer.next(), await peer.next()]).toEqual([Buffer.of(1), Buffer.of(2)]);
    expect(server.io.wheel.size).toBe(await idleTimers(server));
  });

  it('ends the session where one of them does not come, not before its time', async () => {
    const { server, bystander } = await serve({ attachmentTimeout: TIME });
    const peer = await joinedPeer(transport, server.url);
    const closed = nextClose(server);
    const started = performance.now();

    await peer.send('452-["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', Buffer.of(1));
    await untilGone(peer);

    expect(await closed).toEqual(['parse error', expect.objectContaining({ code: 'ATTACHMENT_TIMEOUT' })]);
    expect(performance.now() - started).toBeGreaterThanOrEqual(TIME - ROUNDING);
    expect(await echoes(bystander)).toBe(true);
  });
});

describe('upgradeTimeout', () => {
  it.each(['before the probe', 'after the probe'])(
    'closes a WebSocket that stops %s; polling goes on',
    async (when) => {
      const { server, bystander } = await serve({ upgradeTimeout: TIME });
      const session = await openPolling(server.url);
      await push(session, '40');
      await poll(session);
      const started = performance.now();
      const wire = await openWebSocket(server.url, { sid: session.sid });
      if (when === 'after the probe') wire.send('2probe');

      await wire.closed;

      expect(performance.now() - started).toBeGreaterThanOrEqual(TIME - ROUNDING);
      await push(session, '42["echo",1]');
      let body = '6';
      while (body === '6') ({ body } = await poll(session));
      expect(body).toBe('42["echo",1]');
      expect(await echoes(bystander)).toBe(true);
    },
  );

  it('counts no longer once the upgrade is done', async () => {
    const { server } = await serve({ upgradeTimeout: TIME });
    const session = await openPolling(server.url);
    await push(session, '40');
    await poll(session);
    const wire = await openWebSocket(server.url, { sid: session.sid });
    wire.send('2probe');
    await wire.next();
    wire.send('5');
    await elapse(TIME * 1.5);

    wire.send('42["echo",1]');

    expect(await wire.next()).toBe('42["echo",1]');
    expect(server.io.wheel.size).toBe(await idleTimers(server));
  });
});

describe.each(TRANSPORTS)('maxPendingEvents, over %s', (transport) => {
  it('holds as many events as allowed and disconnects the socket upon one more', async () => {
    const { server, bystander } = await serve({ maxPendingEvents: 3 });
    const received: unknown[] = [];
    const connects: (() => void)[] = [];
    server.io.of('/a').handlerTable().connect = () => new Promise((resolve) => connects.push(resolve));
    server.io.of('/a').on('connection', (socket) => socket.on('n', (n) => received.push(n)));
    const peer = await openPeer(transport, server.url);
    await peer.send('40/a,');
    await peer.next();

    await peer.send('42/a,["n",1]', '42/a,["n",2]', '42/a,["n",3]');
    await until(() => connects.length === 1);
    connects[0]();
    await until(() => received.length === 3);

    const flooding = await openPeer(transport, server.url);
    await flooding.send('40/a,');
    await flooding.next();
    const [socket] = [...server.io.of('/a').sockets.values()].slice(-1);
    const gone = nextEvent(socket, 'disconnect');
    await flooding.send('42/a,["n",1]', '42/a,["n",2]', '42/a,["n",3]', '42/a,["n",4]');

    expect(await gone).toEqual([
      'server namespace disconnect',
      expect.objectContaining({ code: 'TOO_MANY_PENDING_EVENTS' }),
    ]);
    expect(await flooding.next()).toBe('41/a,');
    expect(received).toEqual([1, 2, 3]);
    expect(await echoes(bystander)).toBe(true);
  });
});

async function serve(options: ServerOptions): Promise<{ server: RunningServer; bystander: Peer }> {
  const server = await startServer(options, { ...MODULE_DEFAULTS, ackTimeout: 0 });
  server.io.of('/a');
  return { server, bystander: await joinedPeer('websocket', server.url) };
}

async function echoes(peer: Peer): Promise<boolean> {
  await peer.send('42["echo"]');
  let packet: Frame;
  do packet = await peer.next();
  while (packet !== '42["echo"]');
  return true;
}

function nextClose(server: RunningServer): Promise<unknown[]> {
  return nextEvent([...server.io.engine.sessions.values()].at(-1)!, 'close');
}

/** One heartbeat for each session: what is scheduled where nothing is going on. */
async function idleTimers(server: RunningServer): Promise<number> {
  return server.io.engine.clientsCount;
}
