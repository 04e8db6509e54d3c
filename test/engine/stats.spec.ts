import type { Session } from '../../src/engine/index.js';
import { openPolling, openWebSocket, poll, push, request } from '../support/engine-client.js';
import { openRawWebSocket, textFrame, upgradeRequest } from '../support/raw-socket.js';
import { createEngine, startEngine } from '../support/server.js';
import { nextEvent, until } from '../support/until.js';

describe('EngineServer#stats', () => {
  it('is all zeros before anything has happened', () => {
    expect(createEngine().stats()).toEqual({
      sessions: { now: 0, opened: 0, byTransport: { polling: 0, websocket: 0, webtransport: 0 } },
      packets: { in: 0, out: 0 },
      bytes: { in: 0, out: 0 },
      refused: {},
      closed: {},
      failedUpgrades: {},
      queued: { bytes: 0, largest: 0, sessions: 0 },
      dropped: 0,
    });
  });

  it('counts sessions, packets, refusals and ends to the last one', async () => {
    const { url, engine, sessions } = await startEngine();
    const wire = await openWebSocket(url);
    await wire.next();
    for (const text of ['4a', '4b', '4c']) {
      wire.send(text);
      await wire.next();
    }
    wire.send(Uint8Array.of(1, 2, 3));
    await wire.next();
    const polling = await openPolling(url);
    await push(polling, '4a\x1e4b\x1ebAQI=');
    await poll(polling);
    const upgrading = await openPolling(url);
    const moved = await openWebSocket(url, { sid: upgrading.sid });
    moved.send('2probe');
    await moved.next();
    moved.send('5');
    moved.send('4a');
    await moved.next();
    for (const query of [
      '?EIO=4&transport=polling&sid=unknown',
      '?EIO=4&transport=pigeon',
      '?EIO=4&transport=pigeon',
    ]) {
      await request(url + query);
    }

    expect(engine.stats()).toMatchObject({
      sessions: { now: 3, opened: 3, byTransport: { polling: 1, websocket: 2, webtransport: 0 } },
      // Three open packets and eight echoes.
      packets: { in: 8, out: 11 },
      refused: { UNKNOWN_SID: 1, UNKNOWN_TRANSPORT: 2 },
      closed: {},
    });

    const closed = sessions().map((session: Session) => nextEvent(session, 'close'));
    wire.send('1');
    await push(polling, '9');
    moved.close();
    await Promise.all(closed);

    expect(engine.stats()).toMatchObject({
      sessions: { now: 0, opened: 3, byTransport: { polling: 0, websocket: 0, webtransport: 0 } },
      packets: { in: 9, out: 11 },
      closed: { PEER_CLOSED: 1, INVALID_PACKET: 1, TRANSPORT_CLOSED: 1 },
    });
  });

  it('counts the bytes of a WebSocket as they travel, while it is open and once it is gone', async () => {
    const { url, port, engine } = await startEngine();
    const { pathname } = new URL(url);
    const raw = await openRawWebSocket(port, pathname);
    const frames = [textFrame('4héllo'), textFrame(`4${'x'.repeat(100)}`)];
    for (const frame of frames) raw.write(frame);
    await raw.arrival('x'.repeat(100));
    const sent = upgradeRequest(`${pathname}?EIO=4&transport=websocket`).length + frames[0].length + frames[1].length;

    const open = engine.stats().bytes;
    expect(open).toEqual({ in: sent, out: raw.received.length });

    raw.drop(false);
    await until(() => engine.clientsCount === 0);
    expect(engine.stats().bytes.in).toBe(open.in);
    expect(engine.stats().bytes.out).toBeGreaterThanOrEqual(open.out);
  });

  it('counts upgrades that came to nothing, by code, and the bytes of their transports', async () => {
    const { url, engine } = await startEngine();
    const { sid } = await openPolling(url);
    const before = engine.stats().bytes;

    const wrong = await openWebSocket(url, { sid });
    wrong.send('4a');
    await wrong.closed;
    const gone = await openWebSocket(url, { sid });
    const second = await openWebSocket(url, { sid });
    await second.closed;
    gone.close();
    await until(() => engine.stats().failedUpgrades.TRANSPORT_CLOSED === 1);

    expect(engine.stats().failedUpgrades).toEqual({ UPGRADE_INVALID: 1, ALREADY_UPGRADED: 1, TRANSPORT_CLOSED: 1 });
    expect(engine.stats().bytes.in).toBeGreaterThan(before.in + 3 * 'GET /engine.io/?EIO=4&transport=websocket'.length);
    expect(engine.stats().sessions).toMatchObject({ now: 1, byTransport: { polling: 1 } });
  });

  it('counts the bodies of polling, also those from before an upgrade', async () => {
    const { url, engine } = await startEngine();
    const session = await openPolling(url);
    const opened = `0${JSON.stringify(session.open)}`.length;
    await push(session, '4é');
    expect((await poll(session)).body).toBe('4é');
    expect(engine.stats().bytes).toEqual({ in: 3, out: opened + 3 });

    const wire = await openWebSocket(url, { sid: session.sid });
    wire.send('2probe');
    await wire.next();
    wire.send('5');
    wire.send('4a');
    await wire.next();
    const { bytes } = engine.stats();

    const [{ transport }] = engine.sessions.values();
    expect(bytes.in).toBe(3 + transport.bytesReceived);
    expect(bytes.out).toBe(opened + 3 + transport.bytesSent);
  });

  it('gives a snapshot of its own each time', async () => {
    const { url, engine } = await startEngine();
    const before = engine.stats();
    await openPolling(url);
    await request(`${url}?EIO=4&transport=pigeon`);

    expect(before).toMatchObject({ sessions: { now: 0 }, refused: {} });
    expect(JSON.parse(JSON.stringify(engine.stats()))).toEqual(engine.stats());
    expect(engine.clientsCount).toBe(engine.stats().sessions.now);
  });

  it('takes no key from a peer', async () => {
    const { url, engine } = await startEngine();
    for (const name of ['__proto__', 'constructor', 'a', 'b', 'c']) {
      await request(`${url}?EIO=4&transport=${name}`);
      await request(`${url}?EIO=4&transport=polling&sid=${name}`);
      await request(`${url}?EIO=${name}&transport=polling`);
    }
    expect(engine.stats().refused).toEqual({ UNKNOWN_TRANSPORT: 5, UNKNOWN_SID: 5, UNSUPPORTED_PROTOCOL_VERSION: 5 });
  });
});
