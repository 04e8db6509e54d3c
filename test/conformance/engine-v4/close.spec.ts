import { openPolling, openWebSocket, poll, push, type PollingSession } from '../../support/engine-client.js';
import { nextEvent } from '../../support/until.js';
import { BRISK, startEngineServer, unlikeOfficial } from '../../support/conformance-server.js';

/** Polls until the server says that it closes, and returns all packets on the way there. */
async function pollUntilClose(session: PollingSession): Promise<string[]> {
  const packets: string[] = [];
  while (packets.at(-1) !== '1') packets.push(...(await poll(session)).body.split('\x1e'));
  return packets;
}

describe('Engine.IO v4: closing over HTTP long-polling', () => {
  it('releases the waiting GET with a noop packet when the client closes [P23]', async () => {
    const server = await startEngineServer();
    const session = await openPolling(server.url);
    const taken = server.nextRequest();
    const polled = poll(session);
    await taken;

    const pushed = await push(session, '1');

    expect(pushed.status).toBe(200);
    expect(await polled).toMatchObject({ status: 200, body: '6' });
    expect((await poll(session)).status).toBe(400);
  });

  it('ends the session when the client closes while no GET waits [I3, P20]', async () => {
    const { url, sessions } = await startEngineServer();
    const session = await openPolling(url);
    const closed = nextEvent(sessions.get(session.sid)!, 'close');

    await push(session, '1');

    expect((await closed)[0]).toBe('transport close');
    const answer = await poll(session);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toEqual({ code: 1, message: 'Session ID unknown' });
  });

  it('takes the packets that precede the close packet', async () => {
    const { url, sessions } = await startEngineServer();
    const session = await openPolling(url);
    const received = nextEvent(sessions.get(session.sid)!, 'data');

    await push(session, '4last words\x1e1');

    expect(await received).toEqual(['last words']);
  });

  it('sends a close packet to the waiting GET when the server closes the session [P20]', async () => {
    const server = await startEngineServer();
    const session = await openPolling(server.url);
    const taken = server.nextRequest();
    const polled = poll(session);
    await taken;

    server.sessions.get(session.sid)!.close();

    expect((await polled).body).toBe('1');
    expect((await poll(session)).status).toBe(400);
  });

  it('delivers what was sent before the server closed the session [P21]', async () => {
    const { url, sessions } = await startEngineServer();
    const session = await openPolling(url);
    const peer = sessions.get(session.sid)!;

    peer.send('last words');
    peer.close();

    const packets = await pollUntilClose(session);
    expect(packets[0]).toBe('4last words');
    expect((await poll(session)).status).toBe(400);
  });

  unlikeOfficial('it sends a close packet, after which some clients never come back')(
    'releases the waiting GET with a noop packet when the server shuts down',
    async () => {
      const server = await startEngineServer();
      const session = await openPolling(server.url);
      const taken = server.nextRequest();
      const polled = poll(session);
      await taken;

      void server.io.close();

      expect(await polled).toMatchObject({ status: 200, body: '6' });
    },
  );
});

describe('Engine.IO v4: closing over WebSocket', () => {
  it('closes the WebSocket upon a close packet', async () => {
    const { url } = await startEngineServer(BRISK);
    const wire = await openWebSocket(url);
    await wire.next();

    wire.send('1');

    await wire.closed;
  });

  unlikeOfficial('it ignores the packet and lets the heartbeat run out')(
    'closes the WebSocket upon a close packet without waiting for the heartbeat [I3]',
    async () => {
      const { url, sessions } = await startEngineServer();
      const wire = await openWebSocket(url);
      const { sid } = JSON.parse(((await wire.next()) as string).slice(1)) as { sid: string };
      const closed = nextEvent(sessions.get(sid)!, 'close');

      wire.send('1');

      expect((await closed)[0]).toBe('transport close');
      await wire.closed;
    },
  );

  it('closes the WebSocket after what was sent when the server closes the session', async () => {
    const { url, sessions } = await startEngineServer();
    const wire = await openWebSocket(url);
    const { sid } = JSON.parse(((await wire.next()) as string).slice(1)) as { sid: string };
    const peer = sessions.get(sid)!;

    peer.send('last words');
    peer.close();

    expect(await wire.next()).toBe('4last words');
    await wire.closed;
  });

  it('closes the WebSocket when the server shuts down', async () => {
    const { url, io } = await startEngineServer();
    const wire = await openWebSocket(url);
    await wire.next();

    void io.close();

    await wire.closed;
  });
});
