import { WireSocket, openPolling, openWebSocket, refusedWebSocket, request } from '../../support/engine-client.js';
import { openPollingV3, openWebSocketV3 } from '../../support/engine-v3-client.js';
import { startEngineServer, unlikeOfficial } from '../../support/conformance-server.js';

describe('Engine.IO v3: handshake', () => {
  it('opens a session over long-polling with a packet behind its length', async () => {
    const { url } = await startEngineServer({ allowEIO3: true, pingInterval: 300, pingTimeout: 200 });

    const answer = await request(`${url}?EIO=3&transport=polling`);

    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=UTF-8');
    const [, length, packet] = /^(\d+):(0\{.*)$/.exec(answer.body)!;
    expect(Number(length)).toBe(packet.length);
    expect(JSON.parse(packet.slice(1))).toMatchObject({
      sid: expect.any(String),
      upgrades: ['websocket'],
      pingInterval: 300,
      pingTimeout: 200,
    });
  });

  it('opens a session over WebSocket', async () => {
    const { url } = await startEngineServer({ allowEIO3: true });
    const wire = await openWebSocketV3(url);

    const packet = String(await wire.next());

    expect(packet.charAt(0)).toBe('0');
    expect(JSON.parse(packet.slice(1))).toMatchObject({ sid: expect.any(String), upgrades: [] });
  });

  it('takes a request without a revision for one of v3, on both transports', async () => {
    const { url, sessions } = await startEngineServer({ allowEIO3: true });

    const answer = await request(`${url}?transport=polling`);
    expect(answer.body).toMatch(/^\d+:0\{/);
    await opensWebSocket(`${url}?transport=websocket`);

    expect([...sessions.values()].map((session) => (session as { protocol?: number }).protocol)).toEqual([3, 3]);
  });

  it('goes on serving v4 beside it', async () => {
    const { url, sessions } = await startEngineServer({ allowEIO3: true });

    await openPolling(url);
    await (await openWebSocket(url)).next();

    expect([...sessions.values()].map((session) => (session as { protocol?: number }).protocol)).toEqual([4, 4]);
  });

  unlikeOfficial('takes any other revision for v3')('refuses all other revisions with code 5', async () => {
    const { url } = await startEngineServer({ allowEIO3: true });

    for (const query of ['EIO=&transport=polling', 'EIO=2&transport=polling', 'EIO=abc&transport=polling']) {
      const answer = await request(`${url}?${query}`);
      expect([answer.status, JSON.parse(answer.body).code]).toEqual([400, 5]);
    }
    expect(await refusedWebSocket(`${url}?EIO=5&transport=websocket`)).toMatchObject({ status: 400 });
  });

  it('refuses v3 with code 5 where it is not allowed', async () => {
    const { url } = await startEngineServer();

    const answer = await request(`${url}?EIO=3&transport=polling`);
    expect([answer.status, JSON.parse(answer.body)]).toEqual([
      400,
      { code: 5, message: 'Unsupported protocol version' },
    ]);
  });

  unlikeOfficial('looks at the revision of a handshake only')(
    'refuses requests of a session in another revision with code 3, and the session lives on',
    async () => {
      const { url } = await startEngineServer({ allowEIO3: true });
      const old = await openPollingV3(url);
      const present = await openPolling(url);

      for (const address of [
        old.url.replace('EIO=3', 'EIO=4'),
        present.url.replace('EIO=4', 'EIO=3'),
        present.url.replace('EIO=4&', ''),
      ]) {
        for (const init of [{}, { method: 'POST', body: '4a' }]) {
          const answer = await request(address, init);
          expect([answer.status, JSON.parse(answer.body).code]).toEqual([400, 3]);
        }
      }
      const upgrade = `${url}?EIO=4&transport=websocket&sid=${old.sid}`;
      expect(await refusedWebSocket(upgrade)).toMatchObject({ status: 400 });

      expect((await request(old.url, { method: 'POST', body: '2:4a' })).body).toBe('ok');
      expect((await request(old.url)).body).toBe('2:4a');
    },
  );

  it.each(['transport=abc&EIO=3', 'EIO=3'])('refuses the transport of ?%s', async (query) => {
    const { url } = await startEngineServer({ allowEIO3: true });
    expect((await request(`${url}?${query}`)).status).toBe(400);
  });

  it('refuses a POST without a session', async () => {
    const { url } = await startEngineServer({ allowEIO3: true });
    expect((await request(`${url}?EIO=3&transport=polling`, { method: 'POST' })).status).toBe(400);
  });
});

/** Opens a WebSocket at exactly this address and reads its open packet. */
async function opensWebSocket(address: string): Promise<void> {
  const wire = new WireSocket(address);
  await wire.opened;
  expect(await wire.next()).toMatch(/^0\{/);
}
