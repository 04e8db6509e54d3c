import { openPolling, openWebSocket, poll, push, refusedWebSocket, request } from '../../support/engine-client.js';
import { BRISK, startEngineServer, unlikeOfficial } from '../../support/conformance-server.js';

describe('Engine.IO v4: upgrade from HTTP long-polling to WebSocket', () => {
  it('answers the probe, releases the next GET with a noop packet and moves to the WebSocket [E6] [limitation: upgrade]', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);
    const wire = await openWebSocket(url, { sid: session.sid });

    wire.send('2probe');
    expect(await wire.next()).toBe('3probe');
    expect(await poll(session)).toMatchObject({ status: 200, body: '6' });
    wire.send('5');
    wire.send('4hello');

    expect(await wire.next()).toBe('4hello');
  });

  it('pain 41: releases a GET that already waits with a noop packet', async () => {
    const server = await startEngineServer();
    const session = await openPolling(server.url);
    const taken = server.nextRequest();
    const polled = poll(session);
    await taken;
    const wire = await openWebSocket(server.url, { sid: session.sid });

    wire.send('2probe');

    expect((await polled).body).toBe('6');
    expect(await wire.next()).toBe('3probe');
  });

  it('answers the probe before a request that comes in the same turn', async () => {
    const { url } = await startEngineServer();
    for (let attempt = 0; attempt < 20; attempt++) {
      const session = await openPolling(url);
      const wire = await openWebSocket(url, { sid: session.sid });
      wire.send('2probe');
      wire.send('5');
      await poll(session);
      expect(wire.unread).toEqual(['3probe']);
    }
  });

  it('sends no open packet on the WebSocket', async () => {
    const { url, sessions } = await startEngineServer();
    const session = await openPolling(url);
    const wire = await openWebSocket(url, { sid: session.sid });

    wire.send('2probe');

    expect(await wire.next()).toBe('3probe');
    expect(sessions.size).toBe(1);
  });

  it('keeps using long-polling until the upgrade packet', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);
    const wire = await openWebSocket(url, { sid: session.sid });
    wire.send('2probe');
    await wire.next();

    await push(session, '4over polling');

    expect((await poll(session)).body).toBe('4over polling');
    expect(wire.unread).toEqual([]);
  });

  it('loses nothing that the server sends in between, and keeps the order', async () => {
    const { url, sessions } = await startEngineServer();
    const session = await openPolling(url);
    const peer = sessions.get(session.sid)!;
    const wire = await openWebSocket(url, { sid: session.sid });
    wire.send('2probe');
    await wire.next();

    peer.send('one');
    peer.send('two');
    wire.send('5');
    wire.send('4three');

    expect(await wire.next()).toBe('4one');
    expect(await wire.next()).toBe('4two');
    expect(await wire.next()).toBe('4three');
  });

  it('pain 41: keeps the heartbeat going on the WebSocket', async () => {
    const { url } = await startEngineServer(BRISK);
    const session = await openPolling(url);
    const wire = await openWebSocket(url, { sid: session.sid });
    wire.send('2probe');
    await wire.next();
    wire.send('5');

    for (let round = 0; round < 3; round++) {
      expect(await wire.next()).toBe('2');
      wire.send('3');
    }
  });

  it('refuses HTTP requests of the session afterwards with code 3', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);
    const wire = await openWebSocket(url, { sid: session.sid });
    wire.send('2probe');
    await wire.next();
    wire.send('5');
    wire.send('4upgraded');
    await wire.next();

    for (const answer of [await poll(session), await push(session, '4hello')]) {
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body)).toEqual({ code: 3, message: 'Bad request' });
    }

    wire.send('4still here');
    expect(await wire.next()).toBe('4still here');
  });

  it('closes a second WebSocket afterwards and keeps the first', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);
    const wire = await openWebSocket(url, { sid: session.sid });
    wire.send('2probe');
    await wire.next();
    wire.send('5');
    wire.send('4upgraded');
    await wire.next();

    const second = await openWebSocket(url, { sid: session.sid }).catch(() => null);
    await second?.closed;

    wire.send('4still here');
    expect(await wire.next()).toBe('4still here');
  });

  it('closes a second WebSocket during the probe and keeps the first', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);
    const wire = await openWebSocket(url, { sid: session.sid });
    wire.send('2probe');
    await wire.next();

    const second = await openWebSocket(url, { sid: session.sid }).catch(() => null);
    await second?.closed;

    wire.send('5');
    wire.send('4upgraded');
    expect(await wire.next()).toBe('4upgraded');
  });

  it.each(['4hello', '2', '2other', '3probe', 'abc'])(
    'closes a WebSocket that sends "%s" instead of a probe and keeps long-polling',
    async (packet) => {
      const { url } = await startEngineServer();
      const session = await openPolling(url);
      const wire = await openWebSocket(url, { sid: session.sid });

      wire.send(packet);
      await wire.closed;
      await push(session, '4still here');

      expect(wire.unread).toEqual([]);
      expect((await poll(session)).body).toBe('4still here');
    },
  );

  it('moves to a WebSocket that sends the upgrade packet without a probe', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);
    const wire = await openWebSocket(url, { sid: session.sid });

    wire.send('5');
    wire.send('4still here');

    expect(await wire.next()).toBe('4still here');
  });

  unlikeOfficial('it answers any number of probes')(
    'closes a WebSocket that probes twice and keeps long-polling',
    async () => {
      const { url } = await startEngineServer();
      const session = await openPolling(url);
      const wire = await openWebSocket(url, { sid: session.sid });

      wire.send('2probe');
      wire.send('2probe');
      await wire.closed;
      await push(session, '4still here');

      expect(wire.unread).toEqual(['3probe']);
      expect(await pollMessage(session)).toBe('4still here');
    },
  );

  it('pain 41: keeps long-polling when the WebSocket breaks during the probe', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);
    const wire = await openWebSocket(url, { sid: session.sid });
    wire.send('2probe');
    await wire.next();

    wire.close();
    await wire.closed;
    await push(session, '4still here');

    expect(await pollMessage(session)).toBe('4still here');
  });

  it('lets a client try again after a failed attempt', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);
    const failed = await openWebSocket(url, { sid: session.sid });
    failed.send('4hello');
    await failed.closed;

    const wire = await openWebSocket(url, { sid: session.sid });
    wire.send('2probe');
    expect(await wire.next()).toBe('3probe');
    wire.send('5');
    wire.send('4hello');

    expect(await wire.next()).toBe('4hello');
  });

  it('pain 41: closes a WebSocket that does not finish within the upgrade timeout and keeps long-polling', async () => {
    const { url } = await startEngineServer({ upgradeTimeout: 50 });
    const session = await openPolling(url);
    const wire = await openWebSocket(url, { sid: session.sid });
    wire.send('2probe');

    await wire.closed;
    await push(session, '4still here');

    expect(await pollMessage(session)).toBe('4still here');
  });

  it('pain 41: closes the probing WebSocket together with the session', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);
    const wire = await openWebSocket(url, { sid: session.sid });
    wire.send('2probe');
    await wire.next();

    await push(session, '1');

    await wire.closed;
  });

  it('refuses another protocol version with 400 and keeps long-polling', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);

    const refusal = await refusedWebSocket(`${url}?EIO=3&transport=websocket&sid=${session.sid}`);
    await push(session, '4still here');

    expect(refusal.status).toBe(400);
    expect((await poll(session)).body).toBe('4still here');
  });

  it('refuses a plain GET that names the WebSocket transport with code 3 and keeps long-polling', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);

    const answer = await request(`${url}?EIO=4&transport=websocket&sid=${session.sid}`);
    await push(session, '4still here');

    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toEqual({ code: 3, message: 'Bad request' });
    expect((await poll(session)).body).toBe('4still here');
  });
});

/** The next message over long-polling; a noop of the abandoned upgrade may come first. */
async function pollMessage(session: Parameters<typeof poll>[0]): Promise<string> {
  const { body } = await poll(session);
  return body === '6' ? pollMessage(session) : body;
}
