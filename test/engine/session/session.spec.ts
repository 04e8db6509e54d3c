import { request, type IncomingMessage } from 'node:http';
import type { Session } from '../../../src/engine/index.js';
import { cleanup } from '../../support/cleanup.js';
import { openPolling, openWebSocket, poll, push } from '../../support/engine-client.js';
import { startEngine } from '../../support/server.js';
import { FILLER } from '../../support/stalled-peer.js';
import { nextEvent, nextRequest, until, within } from '../../support/until.js';

describe('Session#send', () => {
  it('calls back once the message was handed to the network, over WebSocket', async () => {
    const { url, sessions } = await startEngine();
    const wire = await openWebSocket(url);
    await wire.next();
    const order: string[] = [];

    sessions()[0].send('a', () => order.push('a'));
    sessions()[0].send('b', { compress: false }, () => order.push('b'));
    sessions()[0].write('c', undefined, () => order.push('c'));
    order.push('sent');

    expect(order).toEqual(['sent']);
    expect([await wire.next(), await wire.next(), await wire.next()]).toEqual(['4a', '4b', '4c']);
    expect(order).toEqual(['sent', 'a', 'b', 'c']);
  });

  it('calls back, over polling, once a poll has carried all that is queued', async () => {
    const { url, sessions } = await startEngine({ pollingMaxBufferSize: 5 });
    const session = await openPolling(url);
    const called: string[] = [];
    for (const text of ['aaaa', 'bbbb']) sessions()[0].send(text, () => called.push(text));

    await poll(session);
    expect(called).toEqual([]);
    await poll(session);
    expect(called).toEqual(['aaaa', 'bbbb']);
  });

  it('keeps a callback for its message over an upgrade', async () => {
    const { url, sessions } = await startEngine();
    const session = await openPolling(url);
    const called: string[] = [];
    const wire = await openWebSocket(url, { sid: session.sid });
    wire.send('2probe');
    await wire.next();
    sessions()[0].send('a', () => called.push('a'));

    expect(called).toEqual([]);
    wire.send('5');

    expect(await wire.next()).toBe('4a');
    expect(called).toEqual(['a']);
  });

  it('calls back no sooner where the handshake has not left either, in whose tick more is sent than the kernel holds', async () => {
    const engine = await startEngine({ pingInterval: 60_000 });
    const told: unknown[] = [];
    const drained = new Promise((resolve) => {
      engine.engine.once('connection', (session: Session) => {
        session.send(FILLER, () => told.push(['called back', session.queuedBytes]));
        session.on('drain', () => resolve(told.push(['drain', session.needsDrain])));
      });
    });

    const wire = await openWebSocket(engine.url);

    expect(await wire.next()).toMatch(/^0/);
    expect(await wire.next()).toHaveLength(FILLER.length + 1);
    await drained;
    expect(told).toEqual([
      ['called back', 0],
      ['drain', false],
    ]);
  });

  it('calls back, over an upgrade, once the last answer of polling has left as well', async () => {
    const engine = await startEngine({ pollingMaxBufferSize: 30_000_000, httpCompression: false });
    const opened = await openPolling(engine.url);
    const [session] = engine.sessions();
    const unread = request(opened.url).end();
    cleanup(() => unread.destroy());
    const called = new Promise((resolve) => session.send(FILLER, () => resolve(session.transport.name)));
    const [answer] = (await nextEvent(unread, 'response')) as [IncomingMessage];
    const wire = await openWebSocket(engine.url, { sid: opened.sid });
    wire.send('2probe');
    await wire.next();
    const upgraded = nextEvent(session, 'upgrade');
    wire.send('5');
    await upgraded;
    expect([session.needsDrain, session.queuedBytes]).toEqual([false, 0]);

    answer.resume();

    expect(await within(called, 'the callback')).toBe('websocket');
  });

  it('frees callbacks uncalled where the session ends before', async () => {
    const { url, sessions } = await startEngine();
    const session = await openPolling(url);
    const [open] = sessions();
    const called: string[] = [];
    open.send('a', () => called.push('a'));
    const closed = nextEvent(open, 'close');

    await push(session, '1');

    await closed;
    open.send('b', () => called.push('b'));
    await new Promise(setImmediate);
    expect(called).toEqual([]);
  });

  it('emits flush, then drain, after what was sent in one tick left', async () => {
    const { url, sessions } = await startEngine();
    const wire = await openWebSocket(url);
    await wire.next();
    const order: string[] = [];
    for (const event of ['flush', 'drain']) sessions()[0].on(event, () => order.push(event));

    sessions()[0].send('a');
    sessions()[0].send('b', () => order.push('callback'));
    await wire.next();
    await wire.next();

    expect(order.filter((entry) => entry === 'drain')).toHaveLength(1);
    expect(order[0]).toBe('flush');
    expect(order.at(-1)).toBe('drain');
  });
});

describe('Session#close', () => {
  it.each(['websocket', 'polling'])('may be called again by who hears that all has left, over %s', async (name) => {
    const { url, sessions, engine } = await startEngine();
    const wire = name === 'polling' ? null : await openWebSocket(url);
    await wire?.next();
    const polled = wire === null ? poll(await openPolling(url)) : null;
    const [session] = sessions();
    await until(() => session.transport.writable);
    const closes: unknown[] = [];
    session.on('close', (reason) => closes.push(reason));
    session.on('drain', () => session.close(true));

    session.send('a');
    session.close();

    if (wire !== null) expect([await wire.next(), (await wire.closed).code]).toEqual(['4a', 1005]);
    else expect((await polled!).body).toBe('4a');
    expect([closes, session.readyState, engine.wheel.size]).toEqual([['forced close'], 'closed', 0]);
  });
});

describe('Session: events about packets', () => {
  it('shows every packet in and out', async () => {
    const { url, engine } = await startEngine();
    const seen: string[] = [];
    engine.on('connection', (session: Session) => {
      session.on('packet', ({ type, data }) => seen.push(`in ${type} ${data ?? ''}`));
      session.on('packetCreate', ({ type, data }) => seen.push(`out ${type} ${data ?? ''}`));
      session.on('heartbeat', () => seen.push('heartbeat'));
    });
    const wire = await openWebSocket(url);
    await wire.next();

    wire.send('4a');
    await wire.next();
    wire.send(Uint8Array.of(0x62));
    await wire.next();
    wire.send('3');
    wire.send('4b');
    await wire.next();

    expect(seen).toEqual([
      'in message a',
      'out message a',
      'in message b',
      'out message b',
      'in pong ',
      'heartbeat',
      'in message b',
      'out message b',
    ]);
  });

  it('tells of an upgrade, and which transport it is on', async () => {
    const { url, sessions } = await startEngine();
    const { sid } = await openPolling(url);
    const [open] = sessions();
    const events: unknown[] = [];
    for (const event of ['upgrading', 'upgrade']) {
      open.on(event, ({ name }) => events.push([event, name, open.transport.name, open.upgrading, open.upgraded]));
    }

    const wire = await openWebSocket(url, { sid });
    wire.send('2probe');
    await wire.next();
    const upgraded = nextEvent(open, 'upgrade');
    wire.send('5');
    await upgraded;

    expect(events).toEqual([
      ['upgrading', 'websocket', 'polling', true, false],
      ['upgrade', 'websocket', 'websocket', false, true],
    ]);
  });
});

describe('Session#close', () => {
  it('delivers what is queued, then closes, over WebSocket', async () => {
    const { url, sessions } = await startEngine();
    const wire = await openWebSocket(url);
    await wire.next();
    const [open] = sessions();
    const closed = nextEvent(open, 'close');

    open.send('last words');
    open.close();

    expect(await wire.next()).toBe('4last words');
    await wire.closed;
    expect(await closed).toEqual(['forced close', { code: 'SERVER_CLOSED', message: expect.any(String) }]);
    expect(open.readyState).toBe('closed');
  });

  it('waits over polling until all was fetched, and is closing meanwhile', async () => {
    const { url, sessions, engine } = await startEngine();
    const session = await openPolling(url);
    const [open] = sessions();
    const closed = nextEvent(open, 'close');
    open.send('last words');

    open.close();
    open.send('too late');
    open.close();

    expect([open.readyState, engine.clientsCount]).toEqual(['closing', 1]);
    expect((await poll(session)).body).toBe('4last words');
    expect((await poll(session)).body).toMatch(/1$/);
    expect((await closed)[0]).toBe('forced close');
    expect(engine.clientsCount).toBe(0);
  });

  describe('while an upgrade has been probed', () => {
    async function probed() {
      const { url, sessions } = await startEngine();
      const session = await openPolling(url);
      const wire = await openWebSocket(url, { sid: session.sid });
      wire.send('2probe');
      await wire.next();
      const ended: unknown[] = [];
      const closed = nextEvent(sessions()[0], 'close').then((args) => ended.push(...args));
      return { session, wire, server: sessions()[0], ended, closed };
    }

    it('delivers what is queued over the new transport: the peer does not poll any more', async () => {
      const { wire, server, ended, closed } = await probed();
      server.send('last');
      server.close();
      expect([server.readyState, ended]).toEqual(['closing', []]);
      wire.send('5');
      expect(await wire.next()).toBe('4last');
      await closed;
      expect(ended).toEqual(['forced close', expect.objectContaining({ code: 'SERVER_CLOSED' })]);
    });

    it('delivers it over polling where the peer gives the upgrade up', async () => {
      const { session, wire, server, ended, closed } = await probed();
      server.send('last');
      server.close();
      wire.close();
      expect((await poll(session)).body).toBe('4last');
      await poll(session);
      await closed;
      expect(ended[0]).toBe('forced close');
    });

    it('waits for nobody where it discards, also afterwards', async () => {
      const { server, ended, closed } = await probed();
      server.close();
      server.close(true);
      expect(server.readyState).toBe('closed');
      await closed;
      expect(ended[0]).toBe('forced close');
    });
  });

  it('waits for nobody where it discards: a waiting poll gets what is queued', async () => {
    const { url, sessions, engine, http } = await startEngine();
    const session = await openPolling(url);
    const [open] = sessions();
    const asked = nextRequest(http);
    const polled = poll(session);
    await asked;

    open.send('last words');
    open.close(true);

    expect(engine.clientsCount).toBe(0);
    expect((await polled).body).toBe('4last words\x1e1');
    expect((await poll(session)).status).toBe(400);
  });

  it('may discard after it had waited', async () => {
    const { url, sessions, engine } = await startEngine();
    await openPolling(url);
    const [open] = sessions();
    open.send('never fetched');
    open.close();

    open.close(true);

    expect(open.readyState).toBe('closed');
    expect(engine.clientsCount).toBe(0);
    expect(engine.wheel.size).toBe(0);
  });

  it.each([false, true])('tells once, however often it is called (discard: %p)', async (discard) => {
    const { url, sessions } = await startEngine();
    const wire = await openWebSocket(url);
    await wire.next();
    const [open] = sessions();
    let closes = 0;
    open.on('close', () => {
      closes++;
      open.close(discard);
      open.send('nobody hears this');
    });

    open.close(discard);
    open.close(discard);
    await wire.closed;

    expect(closes).toBe(1);
    expect(wire.unread).toEqual([]);
  });
});
