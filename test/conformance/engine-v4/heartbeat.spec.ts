import { openPolling, openWebSocket, poll, push } from '../../support/engine-client.js';
import { elapse, nextEvent } from '../../support/until.js';
import { BRISK, startEngineServer, unlikeOfficial } from '../../support/conformance-server.js';

/** Timers may fire within the millisecond before they are due. */
const ROUNDING = 2;

describe('Engine.IO v4: heartbeat over HTTP long-polling', () => {
  it('answers a waiting GET with a ping and takes the pong, again and again [B1]', async () => {
    const { url } = await startEngineServer(BRISK);
    const session = await openPolling(url);

    for (let round = 0; round < 3; round++) {
      expect(await poll(session)).toMatchObject({ status: 200, body: '2' });
      expect(await push(session, '3')).toMatchObject({ status: 200, body: 'ok' });
    }
  });

  it('closes the session when no pong comes back [B4]', async () => {
    const { url, sessions } = await startEngineServer(BRISK);
    const opened = performance.now();
    const session = await openPolling(url);
    const closed = nextEvent(sessions.get(session.sid)!, 'close');

    expect((await poll(session)).body).toBe('2');
    await poll(session);

    expect((await closed)[0]).toBe('ping timeout');
    expect(performance.now() - opened).toBeGreaterThanOrEqual(500 - ROUNDING);
    expect((await poll(session)).status).toBe(400);
  });

  it('closes a session that is never polled', async () => {
    const { url, sessions } = await startEngineServer(BRISK);
    const session = await openPolling(url);

    const [reason] = await nextEvent(sessions.get(session.sid)!, 'close');

    expect(reason).toBe('ping timeout');
    expect((await push(session, '3')).status).toBe(400);
  });
});

describe('Engine.IO v4: heartbeat over WebSocket', () => {
  it('sends a ping and takes the pong, again and again [B1]', async () => {
    const { url } = await startEngineServer(BRISK);
    const wire = await openWebSocket(url);
    await wire.next();

    for (let round = 0; round < 3; round++) {
      expect(await wire.next()).toBe('2');
      wire.send('3');
    }

    wire.send('4still here');
    expect(await wire.next()).toBe('4still here');
  });

  it('sends no ping before the interval has passed [B6]', async () => {
    const { url } = await startEngineServer(BRISK);
    const opening = performance.now();
    const wire = await openWebSocket(url);
    await wire.next();

    expect(await wire.next()).toBe('2');

    expect(performance.now() - opening).toBeGreaterThanOrEqual(300 - ROUNDING);
  });

  it('closes the session when no pong comes back, not earlier than it said [B7]', async () => {
    const { url } = await startEngineServer(BRISK);
    const opening = performance.now();
    const wire = await openWebSocket(url);
    await wire.next();

    expect(await wire.next()).toBe('2');
    await wire.closed;

    expect(performance.now() - opening).toBeGreaterThanOrEqual(500 - ROUNDING);
    expect(wire.unread).toEqual([]);
  });

  it('hands no pong to the application', async () => {
    const { url, sessions } = await startEngineServer(BRISK);
    const wire = await openWebSocket(url);
    const { sid } = JSON.parse(((await wire.next()) as string).slice(1)) as { sid: string };
    const received = nextEvent(sessions.get(sid)!, 'data');

    await wire.next();
    wire.send('3');
    wire.send('4hello');

    expect(await received).toEqual(['hello']);
  });

  unlikeOfficial('it extends the wait for a pong only once')('counts any frame as a sign of life [B4]', async () => {
    const { url } = await startEngineServer(BRISK);
    const wire = await openWebSocket(url);
    await wire.next();
    let pings = 0;

    wire.send('4echo');
    while (pings < 3) {
      if ((await wire.next()) === '2') pings++;
      else wire.send('4echo');
    }

    expect(pings).toBe(3);
  });

  unlikeOfficial('it starts the interval anew at every pong')(
    'is not postponed by a pong nobody asked for',
    async () => {
      const { url } = await startEngineServer({ pingInterval: 600, pingTimeout: 500 });
      const opened = performance.now();
      const wire = await openWebSocket(url);
      await wire.next();

      await elapse(400);
      wire.send('3');

      expect(await wire.next()).toBe('2');
      expect(performance.now() - opened).toBeLessThan(900);
    },
  );
});
