import type { ConnectionError, EngineOptions } from '../../../src/engine/index.js';
import { openPolling, openWebSocket, refusedWebSocket, request } from '../../support/engine-client.js';
import { startEngine, type RunningEngine } from '../../support/server.js';
import { UNREADABLE } from '../../support/unreadable.js';
import { until } from '../../support/until.js';

const POLLING = '?EIO=4&transport=polling';
const WEBSOCKET = '?EIO=4&transport=websocket';

/** What foreign code can do instead of its work. */
const MISDEEDS: [string, () => unknown][] = [
  ['throws', () => fail()],
  ['rejects', () => Promise.reject(new Error('secret'))],
  ['never answers', () => new Promise(() => {})],
  ['returns nothing', () => undefined],
];

const BORDERS: [
  string,
  (misdeed: () => never, server: RunningEngine) => void,
  (misdeed: () => never) => EngineOptions,
][] = [
  ['a middleware', (misdeed, { engine }) => void engine.use(misdeed), () => ({})],
  ['cors', () => {}, (misdeed) => ({ cors: misdeed })],
  ['cors.origin', () => {}, (misdeed) => ({ cors: { origin: misdeed } })],
  ['allowRequest', () => {}, (misdeed) => ({ allowRequest: misdeed })],
  ['generateId', () => {}, (misdeed) => ({ generateId: misdeed })],
];

const CASES = BORDERS.flatMap(([border, prepare, options]) =>
  // Without an id from the option, the server makes one.
  MISDEEDS.filter(([how]) => border !== 'generateId' || how !== 'returns nothing').map(
    ([how, misdeed]) => [`${border} that ${how}`, misdeed as () => never, prepare, options] as const,
  ),
);

describe('HandshakeDecision', () => {
  it.each(CASES)('refuses because of %s, once, and gives its place back', async (_what, misdeed, prepare, options) => {
    const work = Reflect.apply.bind(null, misdeed, null, []) as () => never;
    const given = options(work);
    const server = await startEngine({ maxConnections: 1, ...given }, 60);
    const errors: ConnectionError[] = [];
    server.engine.on('connection_error', (error: ConnectionError) => errors.push(error));
    prepare(work, server);
    const headers = { origin: 'https://a.example' };

    const polling = await request(server.url + POLLING, { headers });
    const websocket = await refusedWebSocket(server.url + WEBSOCKET, headers);

    expect([polling.status, websocket.status].every((status) => status >= 400)).toBe(true);
    expect(polling.body).not.toContain('secret');
    expect(errors.length).toBe(2);
    expect(errors.map(({ context }) => context.name)).not.toContain('TOO_MANY_CONNECTIONS');
    await until(() => server.engine.wheel.size === 0);
    expect(server.engine.clientsCount).toBe(0);
  });

  it.each<[string, EngineOptions['allowRequest'], number]>([
    ['true', () => true, 200],
    ['false', () => false, 403],
    ['a promise of true', async () => true, 200],
    ['a promise of false', async () => false, 403],
    ['true after it refused', (_request, decide) => (decide('no', false), true), 403],
  ])('takes %s of allowRequest for its decision', async (_what, allowRequest, status) => {
    const { url } = await startEngine({ allowRequest });

    expect((await request(url + POLLING)).status).toBe(status);
  });

  it('answers 503 once the time for a decision is up, and is deaf afterwards', async () => {
    const decisions: (() => void)[] = [];
    const { url, engine } = await startEngine(
      { allowRequest: (_request, decide) => void decisions.push(() => decide(null, true)) },
      40,
    );

    expect(await request(url + POLLING)).toMatchObject({
      status: 503,
      body: '{"code":4,"message":"The server did not decide in time"}',
    });
    decisions[0]();

    expect(engine.stats()).toMatchObject({ sessions: { opened: 0 }, refused: { DECISION_TIMEOUT: 1 } });
  });

  it('decides about the requests of a session as well', async () => {
    const { url, engine } = await startEngine({}, 40);
    const session = await openPolling(url);
    engine.use(() => {});

    expect((await request(session.url)).status).toBe(503);
  });

  it('leaves no timer behind a middleware that answers by itself, at once or later', async () => {
    const { url, engine } = await startEngine();
    engine.use((_request, response) => void setImmediate(() => response.writeHead(401).end('who are you?')));

    expect((await request(url + POLLING)).status).toBe(401);
    expect((await refusedWebSocket(url + WEBSOCKET)).status).toBe(401);

    await until(() => engine.wheel.size === 0);
    expect(engine.stats().refused).toEqual({});
  });

  it.each(['connection', 'connection_error', 'headers', 'initial_headers'])(
    'goes on although a listener of %s throws, or rejects',
    async (event) => {
      const { url, engine, errors, warnings } = await startEngine();
      engine.on(event, () => fail());
      engine.on(event, () => Promise.reject(new Error('secret')));

      await request(`${url}?EIO=3`);
      const session = await openPolling(url);
      const wire = await openWebSocket(url);

      expect(await wire.next()).toMatch(/^0/);
      expect((await request(session.url, { method: 'POST', body: '4a' })).status).toBe(200);
      await until(() => errors.length + warnings.length >= 2);
    },
  );

  it.each(UNREADABLE)('refuses with, or because of, an error whose %s', async (_what, make) => {
    const ways: NonNullable<EngineOptions['allowRequest']>[] = [
      (_request, decide) => decide(make() as never, false),
      (_request, decide) => void setImmediate(() => decide(make() as never, false)),
      () => Promise.reject(make()),
      () => {
        throw make();
      },
    ];
    for (const allowRequest of ways) {
      const { url } = await startEngine({ allowRequest });
      expect((await request(url + POLLING)).status).toBe(403);
    }
  });

  it.each([
    'data',
    'message',
    'packet',
    'packetCreate',
    'flush',
    'drain',
    'ping',
    'heartbeat',
    'upgrading',
    'upgrade',
    'close',
  ])('keeps a session of which a listener of %s throws, or rejects', async (event) => {
    const { url, engine, errors, sessions } = await startEngine({ pingInterval: 50 });
    engine.on('connection', (session: { on(name: string, listener: () => unknown): void }) => {
      session.on(event, () => fail());
      session.on(event, () => Promise.reject(new Error('secret')));
    });
    const session = await openPolling(url);
    const [open] = sessions();
    const wire = await openWebSocket(url, { sid: session.sid });
    wire.send('2probe');
    wire.send('5');
    wire.send('4a');
    while ((await wire.next()) !== '2');
    wire.send('3');
    wire.send('4b');
    while ((await wire.next()) !== '4b');
    open.close();

    await until(() => errors.length >= 2);
    expect(engine.clientsCount).toBe(0);
  });
});

function fail(): never {
  throw new Error('secret');
}
