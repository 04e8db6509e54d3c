import { framesUntilEnd, openPolling, openWebSocket, refusedWebSocket, request } from '../../support/engine-client.js';
import { BRISK, startEngineServer, unlikeOfficial } from '../../support/conformance-server.js';

describe('Engine.IO v4: handshake over HTTP long-polling', () => {
  it('answers with an open packet of exactly five fields [E4]', async () => {
    const { url } = await startEngineServer(BRISK);

    const answer = await request(`${url}?EIO=4&transport=polling`);

    expect(answer.status).toBe(200);
    expect(answer.body[0]).toBe('0');
    expect(JSON.parse(answer.body.slice(1))).toEqual({
      sid: expect.any(String),
      upgrades: ['websocket'],
      pingInterval: 300,
      pingTimeout: 200,
      maxPayload: 1_000_000,
    });
  });

  it('declares the open packet as UTF-8 text that must not be stored', async () => {
    const { url } = await startEngineServer();

    const { headers } = await request(`${url}?EIO=4&transport=polling`);

    expect(headers.get('content-type')?.toLowerCase()).toBe('text/plain; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('gives every session an id of its own, 20 characters that fit a URL [H1]', async () => {
    const { url } = await startEngineServer();

    const first = await openPolling(url);
    const second = await openPolling(url);

    expect(first.sid).toMatch(/^[\w-]{20}$/);
    expect(second.sid).toMatch(/^[\w-]{20}$/);
    expect(second.sid).not.toBe(first.sid);
  });

  it('advertises the configured limits', async () => {
    const { url } = await startEngineServer({ pingInterval: 1234, pingTimeout: 567, maxHttpBufferSize: 89 });

    const { open } = await openPolling(url);

    expect(open).toMatchObject({ pingInterval: 1234, pingTimeout: 567, maxPayload: 89 });
  });

  it('advertises no upgrade where upgrades are switched off', async () => {
    const { url } = await startEngineServer({ allowUpgrades: false });

    expect((await openPolling(url)).open.upgrades).toEqual([]);
  });

  it('advertises no upgrade where polling is the only transport', async () => {
    const { url } = await startEngineServer({ transports: ['polling'] });

    expect((await openPolling(url)).open.upgrades).toEqual([]);
  });

  it('takes no notice of query parameters that are not its own', async () => {
    const { url } = await startEngineServer();

    expect((await request(`${url}?t=N8hyd6w&EIO=4&x=%00&transport=polling`)).status).toBe(200);
  });

  it.each(['transport=polling', 'EIO=&transport=polling', 'EIO=3&transport=polling', 'EIO=abc&transport=polling'])(
    'refuses the protocol version of "?%s" with code 5',
    async (query) => {
      const { url } = await startEngineServer();

      const answer = await request(`${url}?${query}`);

      expect(answer.status).toBe(400);
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      expect(JSON.parse(answer.body)).toEqual({ code: 5, message: 'Unsupported protocol version' });
    },
  );

  it.each(['EIO=4', 'EIO=4&transport=abc', 'EIO=4&transport=constructor', 'EIO=4&transport=__proto__'])(
    'refuses the transport of "?%s" with code 0 [E5]',
    async (query) => {
      const { url } = await startEngineServer();

      const answer = await request(`${url}?${query}`);

      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body)).toEqual({ code: 0, message: 'Transport unknown' });
    },
  );

  it('refuses a transport that is switched off with code 0 [E3]', async () => {
    const { url } = await startEngineServer({ transports: ['websocket'] });

    const answer = await request(`${url}?EIO=4&transport=polling`);

    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toEqual({ code: 0, message: 'Transport unknown' });
  });

  it.each(['POST', 'PUT', 'DELETE'])('refuses a handshake by %s with code 2', async (method) => {
    const { url } = await startEngineServer();

    const answer = await request(`${url}?EIO=4&transport=polling`, { method });

    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toEqual({ code: 2, message: 'Bad handshake method' });
  });

  it.each([
    ['GET', 'lv_VI97HAXpY6yYWAAAC'],
    ['POST', 'lv_VI97HAXpY6yYWAAAC'],
    ['GET', '__proto__'],
  ])('refuses a %s for the session "%s", which it never opened, with code 1', async (method, sid) => {
    const { url } = await startEngineServer();

    const answer = await request(`${url}?EIO=4&transport=polling&sid=${sid}`, { method });

    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toEqual({ code: 1, message: 'Session ID unknown' });
  });

  it('refuses a WebSocket handshake that asks for no upgrade with code 3 [E7]', async () => {
    const { url } = await startEngineServer();

    const answer = await request(`${url}?EIO=4&transport=websocket`);

    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toEqual({ code: 3, message: 'Bad request' });
  });

  it('answers 403 with code 4 and the reason where the application turns a request away', async () => {
    const { url } = await startEngineServer({ allowRequest: (_request, decide) => decide('no seats left', false) });

    const answer = await request(`${url}?EIO=4&transport=polling`);

    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body)).toEqual({ code: 4, message: 'no seats left' });
  });

  it('answers 403 with code 4 and "Forbidden" where the application gives no reason', async () => {
    const { url } = await startEngineServer({ allowRequest: (_request, decide) => decide(null, false) });

    const answer = await request(`${url}?EIO=4&transport=polling`);

    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body)).toEqual({ code: 4, message: 'Forbidden' });
  });

  unlikeOfficial('it speaks JSONP only in v3 and opens a plain session here')(
    'refuses a JSONP handshake with code 3 [limitation: jsonp]',
    async () => {
      const { url } = await startEngineServer();

      const answer = await request(`${url}?EIO=4&transport=polling&j=0`);

      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body)).toEqual({ code: 3, message: 'Bad request' });
    },
  );

  it('leaves requests for other paths to the HTTP server', async () => {
    const { url } = await startEngineServer();

    const answer = await request(new URL('/elsewhere/?EIO=4&transport=polling', url).href);

    expect(answer.body).toBe('elsewhere');
  });
});

describe('Engine.IO v4: handshake over WebSocket', () => {
  it('sends an open packet that offers no upgrade as its first frame', async () => {
    const { url } = await startEngineServer(BRISK);

    const wire = await openWebSocket(url);
    const frame = (await wire.next()) as string;

    expect(frame[0]).toBe('0');
    expect(JSON.parse(frame.slice(1))).toEqual({
      sid: expect.stringMatching(/^[\w-]{20}$/),
      upgrades: [],
      pingInterval: 300,
      pingTimeout: 200,
      maxPayload: 1_000_000,
    });
  });

  const foreignVersions = ['transport=websocket', 'EIO=3&transport=websocket', 'EIO=abc&transport=websocket'];

  it.each(foreignVersions)('opens no session for the protocol version of "?%s"', async (query) => {
    const { url, sessions } = await startEngineServer();

    expect(await framesUntilEnd(`${url}?${query}`)).toEqual([]);
    expect(sessions.size).toBe(0);
  });

  unlikeOfficial('it sends the 101 first and breaks the connection afterwards').each(foreignVersions)(
    'refuses the protocol version of "?%s" with 400 instead of 101',
    async (query) => {
      const { url } = await startEngineServer();

      const refusal = await refusedWebSocket(`${url}?${query}`);

      expect(refusal.status).toBe(400);
      expect(refusal.body).toContain('Unsupported protocol version');
    },
  );

  it.each(['EIO=4', 'EIO=4&transport=abc', 'EIO=4&transport=__proto__'])(
    'refuses the transport of "?%s" with 400 [E6]',
    async (query) => {
      const { url } = await startEngineServer();

      const refusal = await refusedWebSocket(`${url}?${query}`);

      expect(refusal.status).toBe(400);
      expect(refusal.body).toContain('Transport unknown');
    },
  );

  it('opens no session for a WebSocket that names the polling transport', async () => {
    const { url, sessions } = await startEngineServer();

    expect(await framesUntilEnd(`${url}?EIO=4&transport=polling`)).toEqual([]);
    expect(sessions.size).toBe(0);
  });

  it('refuses a session that it never opened with 400', async () => {
    const { url } = await startEngineServer();

    const refusal = await refusedWebSocket(`${url}?EIO=4&transport=websocket&sid=lv_VI97HAXpY6yYWAAAC`);

    expect(refusal.status).toBe(400);
    expect(refusal.body).toContain('Session ID unknown');
  });

  it('refuses the WebSocket transport with 400 where it is switched off', async () => {
    const { url } = await startEngineServer({ transports: ['polling'] });

    expect((await refusedWebSocket(`${url}?EIO=4&transport=websocket`)).status).toBe(400);
  });

  it('tells the reason where the application turns a request away', async () => {
    const { url } = await startEngineServer({ allowRequest: (_request, decide) => decide('no seats left', false) });

    const refusal = await refusedWebSocket(`${url}?EIO=4&transport=websocket`);

    expect([400, 403]).toContain(refusal.status);
    expect(refusal.body).toContain('no seats left');
  });
});
