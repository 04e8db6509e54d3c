import {
  framesUntilEnd,
  openPolling,
  openWebSocket,
  poll,
  push,
  refusedWebSocket,
  request,
} from '../../support/engine-client.js';
import { BRISK, startSocketIoServer } from '../../support/conformance-server.js';

/** Socket.IO rides on Engine.IO at another path; what is particular to Engine.IO is pinned in engine-v4. */
describe('Socket.IO v5: handshake of the transport', () => {
  const opening = {
    sid: expect.any(String),
    pingInterval: 300,
    pingTimeout: 200,
    maxPayload: 1_000_000,
  };

  it('opens a session over long-polling', async () => {
    const { url } = await startSocketIoServer(BRISK);

    const answer = await request(`${url}?EIO=4&transport=polling`);

    expect(answer.status).toBe(200);
    expect(answer.body[0]).toBe('0');
    expect(JSON.parse(answer.body.slice(1))).toEqual({ ...opening, upgrades: ['websocket'] });
  });

  it.each(['transport=polling', 'EIO=abc&transport=polling', 'EIO=4', 'EIO=4&transport=abc'])(
    'refuses a GET of "?%s"',
    async (query) => {
      const { url } = await startSocketIoServer();

      expect((await request(`${url}?${query}`)).status).toBe(400);
    },
  );

  it.each(['POST', 'PUT'])('refuses a handshake by %s', async (method) => {
    const { url } = await startSocketIoServer();

    expect((await request(`${url}?EIO=4&transport=polling`, { method })).status).toBe(400);
  });

  it('opens a session over WebSocket', async () => {
    const { url } = await startSocketIoServer(BRISK);
    const wire = await openWebSocket(url);

    const frame = (await wire.next()) as string;

    expect(frame[0]).toBe('0');
    expect(JSON.parse(frame.slice(1))).toEqual({ ...opening, upgrades: [] });
  });

  it.each(['transport=websocket', 'EIO=abc&transport=websocket'])(
    'opens no WebSocket session for "?%s"',
    async (query) => {
      const { url } = await startSocketIoServer();

      expect(await framesUntilEnd(`${url}?${query}`)).toEqual([]);
    },
  );

  it.each(['EIO=4', 'EIO=4&transport=abc'])('refuses a WebSocket of "?%s"', async (query) => {
    const { url } = await startSocketIoServer();

    expect((await refusedWebSocket(`${url}?${query}`)).status).toBe(400);
  });
});

describe('Socket.IO v5: life of the transport', () => {
  it('exchanges pings and pongs over long-polling', async () => {
    const { url } = await startSocketIoServer(BRISK);
    const session = await openPolling(url);

    for (let round = 0; round < 3; round++) {
      expect((await poll(session)).body).toBe('2');
      expect((await push(session, '3')).status).toBe(200);
    }
  });

  it('exchanges pings and pongs over WebSocket', async () => {
    const { url } = await startSocketIoServer(BRISK);
    const wire = await openWebSocket(url);
    await wire.next();

    for (let round = 0; round < 3; round++) {
      expect(await wire.next()).toBe('2');
      wire.send('3');
    }
  });

  it('closes a long-polling session without pongs', async () => {
    const { url } = await startSocketIoServer(BRISK);
    const session = await openPolling(url);

    expect((await poll(session)).body).toBe('2');
    await poll(session);

    expect((await poll(session)).status).toBe(400);
  });

  it('closes a WebSocket session without pongs', async () => {
    const { url } = await startSocketIoServer(BRISK);

    await (
      await openWebSocket(url)
    ).closed;
  });

  it('lets a client close its long-polling session', async () => {
    const server = await startSocketIoServer();
    const session = await openPolling(server.url);
    const taken = server.nextRequest();
    const polled = poll(session);
    await taken;

    await push(session, '1');

    expect((await polled).body).toBe('6');
    expect((await poll(session)).status).toBe(400);
  });

  it('lets a client close its WebSocket session', async () => {
    const { url } = await startSocketIoServer(BRISK);
    const wire = await openWebSocket(url);
    await wire.next();

    wire.send('1');

    await wire.closed;
  });
});

describe('Socket.IO v5: upgrade of the transport', () => {
  it('carries a namespace joined over long-polling on to the WebSocket', async () => {
    const { url } = await startSocketIoServer();
    const session = await openPolling(url);
    await push(session, '40');
    expect((await poll(session)).body).toMatch(/^40\{"sid":"[\w-]{20}"\}\x1e42\["auth",\{\}\]$/);
    const wire = await openWebSocket(url, { sid: session.sid });

    wire.send('2probe');
    expect(await wire.next()).toBe('3probe');
    expect((await poll(session)).body).toBe('6');
    wire.send('5');
    wire.send('42["message","over the WebSocket"]');

    expect(await wire.next()).toBe('42["message-back","over the WebSocket"]');
  });

  it('refuses long-polling after the upgrade', async () => {
    const { url } = await startSocketIoServer();
    const session = await openPolling(url);
    const wire = await openWebSocket(url, { sid: session.sid });
    wire.send('2probe');
    await wire.next();
    wire.send('5');
    wire.send('40');
    await wire.next();

    expect((await poll(session)).status).toBe(400);
  });

  it('refuses a second WebSocket after the upgrade', async () => {
    const { url } = await startSocketIoServer();
    const session = await openPolling(url);
    const wire = await openWebSocket(url, { sid: session.sid });
    wire.send('2probe');
    await wire.next();
    wire.send('5');
    wire.send('40');
    await wire.next();

    const second = await openWebSocket(url, { sid: session.sid }).catch(() => null);
    await second?.closed;

    wire.send('42["message","still here"]');
    expect(await wire.next()).toBe('42["auth",{}]');
    expect(await wire.next()).toBe('42["message-back","still here"]');
  });
});
