import { openPolling, openWebSocket, poll, push, type PollingSession } from '../support/engine-client.js';
import { RawSocket, textFrame, upgradeRequest } from '../support/raw-socket.js';
import { startServer, type RunningServer } from '../support/server.js';
import { nextEvent, nextRequest, until } from '../support/until.js';

const PATH = '/socket.io/';

/** Silence that a server notices soon. */
const BRISK = { pingInterval: 200, pingTimeout: 150 };

/** What other servers got wrong about an upgrade, played again. */
describe('pain 41: during an upgrade', () => {
  it('every poll is answered at once, however often the client polls', async () => {
    const server = await startServer();
    const session = await joined(server);
    const wire = await openWebSocket(server.url, { sid: session.sid });
    wire.send('2probe');
    expect(await wire.next()).toBe('3probe');
    const started = performance.now();
    for (let i = 0; i < 5; i++) expect((await poll(session)).body).toBe('6');
    expect(performance.now() - started).toBeLessThan(1_000);
    wire.send('5');
    wire.send('42["echo",1]');
    expect(await wire.next()).toBe('42["echo",1]');
  });

  it('a WebSocket that breaks after its probe leaves the session on polling, which waits again', async () => {
    const server = await startServer({ maxPollWait: 100 });
    const session = await joined(server);
    const wire = await openWebSocket(server.url, { sid: session.sid });
    wire.send('2probe');
    await wire.next();
    const [{ conn }] = server.io.sockets.sockets.values();
    wire.close();
    await wire.closed;
    await until(() => !conn.upgrading);
    const started = performance.now();
    const polled = poll(session);
    expect((await polled).body).toBe('6');
    expect(performance.now() - started).toBeGreaterThan(90);
    await push(session, '42["echo",1]');
    expect((await poll(session)).body).toBe('42["echo",1]');
  });

  it('the heartbeat goes on over polling, and its answer keeps the session', async () => {
    const server = await startServer({ ...BRISK, upgradeTimeout: 10_000 });
    const session = await joined(server);
    const wire = await openWebSocket(server.url, { sid: session.sid });
    wire.send('2probe');
    await wire.next();
    for (let beats = 0; beats < 3;) {
      const { body } = await poll(session);
      if (body !== '2') continue;
      beats++;
      expect((await push(session, '3')).status).toBe(200);
    }
    expect(server.io.engine.clientsCount).toBe(1);
  });

  it('a client that answers no heartbeat is gone in time, with its WebSocket and all timers', async () => {
    const server = await startServer({ ...BRISK, upgradeTimeout: 60_000 });
    const session = await joined(server);
    const wire = await openWebSocket(server.url, { sid: session.sid });
    wire.send('2probe');
    await wire.next();
    const [socket] = server.io.sockets.sockets.values();
    expect((await nextEvent(socket, 'disconnect'))[0]).toBe('ping timeout');
    await wire.closed;
    await expectNothingLeft(server);
  });

  it.each([
    ['before the probe', []],
    ['after the probe', ['2probe']],
  ])('a client whose connections all break %s is gone in time', async (_when, frames) => {
    const server = await startServer({ ...BRISK, upgradeTimeout: 60_000 });
    const { sid } = await joined(server);
    const raw = new RawSocket(server.port);
    raw.write(upgradeRequest(`${PATH}?EIO=4&transport=websocket&sid=${sid}`));
    await raw.arrival('\r\n\r\n');
    for (const frame of frames) {
      raw.write(textFrame(frame));
      await raw.arrival('3probe');
    }
    raw.drop(true);
    await expectNothingLeft(server);
  });
});

describe('pain 41: a polling client that is not heard of again', () => {
  it.each([
    ['after its handshake', (server: RunningServer) => openPolling(server.url)],
    ['once it has joined', (server: RunningServer) => joined(server)],
    [
      'in the middle of a poll',
      async (server: RunningServer) => {
        const { sid } = await joined(server);
        const asked = nextRequest(server.http);
        const raw = new RawSocket(server.port);
        raw.write(`GET ${PATH}?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: x\r\n\r\n`);
        await asked;
        raw.drop(true);
      },
    ],
  ])('is gone in time: %s', async (_when, leave) => {
    const server = await startServer({ ...BRISK, connectTimeout: 500 });
    await leave(server);
    await expectNothingLeft(server);
  });
});

async function joined({ url }: RunningServer): Promise<PollingSession> {
  const session = await openPolling(url);
  await push(session, '40');
  await poll(session);
  return session;
}

async function expectNothingLeft({ io }: RunningServer): Promise<void> {
  await until(() => io.engine.clientsCount === 0 && io.wheel.size === 0, 'the session and its timers are gone');
  expect(io.sockets.sockets.size).toBe(0);
  expect(io.sockets.adapter.rooms.size).toBe(0);
}
