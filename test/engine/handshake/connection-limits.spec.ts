import type { Socket } from 'node:net';
import type { AllowRequest, ConnectionError, EngineOptions } from '../../../src/engine/index.js';
import { WireSocket, openPolling, openWebSocket, refusedWebSocket, request } from '../../support/engine-client.js';
import { RawSocket, upgradeRequest } from '../../support/raw-socket.js';
import { startEngine, type RunningEngine } from '../../support/server.js';
import { nextEvent, until } from '../../support/until.js';

const POLLING = '?EIO=4&transport=polling';
const WEBSOCKET = '?EIO=4&transport=websocket';

describe('allowRequest', () => {
  it.each<[string, AllowRequest]>([
    ['at once', (_request, decide) => decide(null, true)],
    ['later', (_request, decide) => void setImmediate(decide, null, true)],
    ['in an async function', (async (_request, decide) => decide(null, true)) as AllowRequest],
  ])('lets a handshake pass %s, on both transports', async (_when, allowRequest) => {
    const { url } = await startEngine({ allowRequest });

    expect((await openPolling(url)).sid).toHaveLength(20);
    expect(await (await openWebSocket(url)).next()).toMatch(/^0/);
  });

  it.each<[string, AllowRequest, string]>([
    ['at once', (_request, decide) => decide('no ticket', false), 'no ticket'],
    ['later', (_request, decide) => void setImmediate(decide, 'no ticket', false), 'no ticket'],
    ['without a reason', (_request, decide) => decide(undefined, false), 'Forbidden'],
    ['with an empty one', (_request, decide) => decide('', false), 'Forbidden'],
  ])('refuses a handshake %s, on both transports', async (_when, allowRequest, message) => {
    const { url, engine } = await startEngine({ allowRequest });
    const body = JSON.stringify({ code: 4, message });

    expect(await request(url + POLLING)).toMatchObject({ status: 403, body });
    expect(await refusedWebSocket(url + WEBSOCKET)).toMatchObject({ status: 403, body });
    expect(engine.clientsCount).toBe(0);
  });

  it.each<[string, AllowRequest]>([
    [
      'throws',
      () => {
        throw new Error('no database at 10.0.0.1');
      },
    ],
    ['rejects', (async () => Promise.reject(new Error('no database at 10.0.0.1'))) as AllowRequest],
  ])('refuses where it %s, tells the operator and not the peer', async (_how, allowRequest) => {
    const { url, warnings } = await startEngine({ allowRequest });

    expect(await request(url + POLLING)).toMatchObject({ status: 403, body: '{"code":4,"message":"Forbidden"}' });
    expect((await refusedWebSocket(url + WEBSOCKET)).status).toBe(403);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('no database at 10.0.0.1');
  });

  it.each([
    ['polling', POLLING],
    ['websocket', WEBSOCKET],
  ])('opens no session for a peer that left before the answer, over %s', async (transport, query) => {
    const answers: (() => void)[] = [];
    const server = await startEngine({
      allowRequest: (_request, decide) => void answers.push(() => decide(null, true)),
    });
    const connected = nextEvent(server.http, 'connection');
    const raw = new RawSocket(server.port);
    const path = new URL(server.url).pathname + query;
    raw.write(transport === 'websocket' ? upgradeRequest(path) : `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const [socket] = (await connected) as [Socket];
    await until(() => answers.length === 1);
    const gone = nextEvent(socket, 'close');
    raw.drop(true);
    await gone;
    await new Promise(setImmediate);
    answers[0]();

    expect(server.engine.stats().sessions).toMatchObject({ now: 0, opened: 0 });
  });

  it('believes its first word only', async () => {
    const first = await startEngine({
      allowRequest: (_request, decide) => {
        decide(null, true);
        decide('on second thought', false);
      },
    });
    expect((await openPolling(first.url)).sid).toHaveLength(20);

    const second = await startEngine({
      allowRequest: (_request, decide) => {
        decide('no', false);
        decide(null, true);
      },
    });
    expect((await request(second.url + POLLING)).status).toBe(403);
    expect(second.engine.clientsCount).toBe(0);
  });

  it('is asked about handshakes, not about requests of a session', async () => {
    const asked: string[] = [];
    const { url } = await startEngine({
      allowRequest: (req, decide) => {
        asked.push(`${req.method} ${req._query.transport}`);
        decide(null, true);
      },
    });

    const session = await openPolling(url);
    await request(session.url, { method: 'POST', body: '4a' });
    await request(session.url);
    await openWebSocket(url, { sid: session.sid });

    expect(asked).toEqual(['GET polling']);
  });

  it('opens nothing where the peer has left before it decided', async () => {
    const pending: (() => void)[] = [];
    const { url, engine, http } = await startEngine({
      allowRequest: (_request, decide) => void pending.push(() => decide(null, true)),
    });
    const asked = nextEvent(http, 'connection');
    const wire = new WireSocket(url + WEBSOCKET);
    wire.opened.catch(() => {});
    const [socket] = (await asked) as [Socket];
    await until(() => pending.length > 0);

    socket.destroy();
    pending[0]();

    expect(engine.clientsCount).toBe(0);
    expect(engine.wheel.size).toBe(0);
  });
});

describe('generateId', () => {
  it.each<[string, EngineOptions['generateId']]>([
    ['a function', (req) => `own-${req._query.n}`],
    ['an async function', async (req) => `own-${req._query.n}`],
  ])('names sessions by %s, on both transports', async (_kind, generateId) => {
    const { url, engine } = await startEngine({ generateId });

    expect((await openPolling(url, { n: '1' })).sid).toBe('own-1');
    expect(await (await openWebSocket(url, { query: { n: '2' } })).next()).toContain('"sid":"own-2"');
    expect([...engine.sessions.keys()]).toEqual(['own-1', 'own-2']);
  });

  it('may be overwritten on the engine', async () => {
    const { url, engine } = await startEngine();
    engine.generateId = () => 'overwritten';

    expect((await openPolling(url)).sid).toBe('overwritten');
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('out of ids');
      },
    ],
    ['rejects', () => Promise.reject(new Error('out of ids'))],
    ['gives nothing in the end', async () => undefined],
    ['gives an empty text', () => ''],
    ['gives no text', () => 42],
  ])('refuses the handshake with code 3 where it %s, on both transports', async (_how, generateId) => {
    const { url, engine } = await startEngine({ generateId: generateId as never });
    const errors = connectionErrors(engine);

    expect(await request(url + POLLING)).toMatchObject({ status: 400, body: '{"code":3,"message":"Bad request"}' });
    expect((await refusedWebSocket(url + WEBSOCKET)).status).toBe(400);

    expect(errors).toMatchObject([{ name: 'ID_GENERATION_ERROR' }, { name: 'ID_GENERATION_ERROR' }]);
    expect(engine.clientsCount).toBe(0);
  });

  it('never gives away the id of an open session', async () => {
    const { url, engine, sessions } = await startEngine({ generateId: async () => 'same' });
    await openPolling(url);
    const [first] = sessions();

    expect((await request(url + POLLING)).status).toBe(400);
    expect(sessions()).toEqual([first]);

    first.close(true);
    expect((await openPolling(url)).sid).toBe('same');
    expect(engine.clientsCount).toBe(1);
  });
});

describe('cookie', () => {
  it('goes out with the answer to the handshake, on both transports, and with no other', async () => {
    const { url, http } = await startEngine({ cookie: true });

    const answer = await request(url + POLLING);
    const { sid } = JSON.parse(answer.body.slice(1)) as { sid: string };
    expect(answer.headers.get('set-cookie')).toBe(`io=${sid}; Path=/; HttpOnly; SameSite=Lax`);
    const posted = await request(`${url}${POLLING}&sid=${sid}`, { method: 'POST', body: '4a' });
    expect(posted.headers.get('set-cookie')).toBeNull();

    const lines = await upgradeHead(url, http);
    expect(lines).toContainEqual(expect.stringMatching(/^Set-Cookie: io=[\w-]{20}; Path=\/; HttpOnly; SameSite=Lax$/));
  });

  it('has the name and the attributes that were given', async () => {
    const cookie = { name: 'sid', path: '/app', sameSite: 'strict', secure: true, maxAge: 60 } as const;
    const { url } = await startEngine({ cookie });

    expect((await request(url + POLLING)).headers.get('set-cookie')).toMatch(
      /^sid=[\w-]{20}; Max-Age=60; Path=\/app; HttpOnly; Secure; SameSite=Strict$/,
    );
  });

  it('encodes an id that a cookie could not carry', async () => {
    const { url } = await startEngine({ cookie: true, generateId: () => 'a;b c' });
    expect((await request(url + POLLING)).headers.get('set-cookie')).toMatch(/^io=a%3Bb%20c;/);
  });

  it('is off by default [P32]', async () => {
    const { url } = await startEngine();
    expect((await request(url + POLLING)).headers.get('set-cookie')).toBeNull();
  });
});

describe('stopAccepting', () => {
  it('refuses handshakes with 503 and lets sessions go on', async () => {
    const { url, engine } = await startEngine();
    const wire = await openWebSocket(url);
    await wire.next();

    engine.stopAccepting();

    expect(await request(url + POLLING)).toMatchObject({ status: 503 });
    expect((await refusedWebSocket(url + WEBSOCKET)).status).toBe(503);
    wire.send('4still here');
    expect(await wire.next()).toBe('4still here');
  });

  it('refuses a handshake that was being decided when it was called', async () => {
    let decide: () => void = () => {};
    const asked = new Promise<void>((resolve) => {
      decide = resolve;
    });
    let started: () => void = () => {};
    const pending = new Promise<void>((resolve) => {
      started = resolve;
    });
    const { url, engine } = await startEngine({
      allowRequest: (_request: unknown, answer: (message: null, allowed: boolean) => void) => {
        started();
        void asked.then(() => answer(null, true));
      },
    });
    const answer = request(url + POLLING);
    await pending;
    engine.stopAccepting();
    decide();
    expect(await answer).toMatchObject({ status: 503 });
    expect(engine.clientsCount).toBe(0);
  });
});

function connectionErrors(engine: RunningEngine['engine']): unknown[] {
  const contexts: unknown[] = [];
  engine.on('connection_error', (error: ConnectionError) => contexts.push(error.context));
  return contexts;
}

/** The header lines of the answer to a WebSocket handshake, as they travel. */
async function upgradeHead(url: string, http: RunningEngine['http']): Promise<string[]> {
  const connected = nextEvent(http, 'connection');
  const opening = openWebSocket(url);
  const [socket] = (await connected) as [Socket];
  const written: string[] = [];
  const write = socket.write.bind(socket);
  socket.write = (chunk: string | Uint8Array) => {
    written.push(String(chunk));
    return write(chunk);
  };
  await opening;
  return written.join('').split('\r\n\r\n', 1)[0].split('\r\n');
}
