import type { Socket } from 'node:net';
import type { AllowRequest, ConnectionError, EngineOptions, Session } from '../../../src/engine/index.js';
import { cleanup } from '../../support/cleanup.js';
import {
  UpgradeRefused,
  openPolling,
  openWebSocket,
  poll,
  push,
  refusedWebSocket,
  request,
  type HttpAnswer,
} from '../../support/engine-client.js';
import { RawSocket, upgradeRequest } from '../../support/raw-socket.js';
import { startEngine, type RunningEngine } from '../../support/server.js';
import { nextEvent, until } from '../../support/until.js';
import { WebTransportPair } from '../../support/webtransport.js';

const { jest } = import.meta;

const clock = { now: 1_000_000 };

const POLLING = '?EIO=4&transport=polling';
const WEBSOCKET = '?EIO=4&transport=websocket';
const WAYS = ['polling', 'websocket'] as const;

interface Cap {
  options: EngineOptions;
  name: string;
  status: number;
  message: string;
  retryAfter: string | null;
}

const CAPS: [string, Cap][] = [
  [
    'maxConnections',
    {
      options: { maxConnections: 2 },
      name: 'TOO_MANY_CONNECTIONS',
      status: 503,
      message: 'Too many connections',
      retryAfter: '10',
    },
  ],
  [
    'maxConnectionsPerIp',
    {
      options: { maxConnectionsPerIp: 2 },
      name: 'TOO_MANY_CONNECTIONS_PER_IP',
      status: 429,
      message: 'Too many connections from this address',
      retryAfter: null,
    },
  ],
  [
    'maxHandshakesPerSecond',
    {
      options: { maxHandshakesPerSecond: 2 },
      name: 'TOO_MANY_HANDSHAKES',
      status: 503,
      message: 'Too many handshakes',
      retryAfter: '1',
    },
  ],
];

describe.each(CAPS)('%s', (_name, { options, name, status, message, retryAfter }) => {
  it('lets in as many as it says, and refuses one more before anything is asked, on both transports [L3] [limitation: rate limits]', async () => {
    const asked: unknown[] = [];
    const allowRequest: AllowRequest = (req, decide) => {
      asked.push(req);
      decide(null, true);
    };
    const engine = await started({ ...options, allowRequest });
    await openPolling(engine.url);
    await openWebSocket(engine.url);
    const body = JSON.stringify({ code: 4, message });

    const answer = await request(engine.url + POLLING);
    expect(answer).toMatchObject({ status, body });
    expect(answer.headers.get('retry-after')).toBe(retryAfter);
    const raw = new RawSocket(engine.port);
    raw.write(upgradeRequest(new URL(engine.url).pathname + WEBSOCKET));
    await raw.arrival(body);
    expect(raw.received).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(/Retry-After: (\d+)/.exec(raw.received)?.[1] ?? null).toBe(retryAfter);

    expect(asked).toHaveLength(2);
    expect(engine.errors).toMatchObject([
      { code: 4, message, context: { name } },
      { code: 4, message, context: { name } },
    ]);
    expect(engine.engine.stats()).toMatchObject({ refused: { [name]: 2 }, sessions: { now: 2, opened: 2 } });
  });

  it('never refuses a poll, a POST or the upgrade of a session', async () => {
    const { url, engine } = await started(options);
    const [session] = [await openPolling(url), await openPolling(url)];
    await refused(url);

    expect((await push(session, '4a')).body).toBe('ok');
    expect((await poll(session)).body).toBe('4a');
    const wire = await openWebSocket(url, { sid: session.sid });
    wire.send('2probe');
    expect(await wire.next()).toBe('3probe');
    wire.send('5');
    wire.send('4b');
    expect(await wire.next()).toBe('4b');
    expect(engine.stats().sessions).toEqual({
      now: 2,
      opened: 2,
      byTransport: { polling: 1, websocket: 1, webtransport: 0 },
    });
  });

  it('is off by default', async () => {
    const { url, engine } = await startEngine();
    await Promise.all(Array.from({ length: 20 }, () => openPolling(url)));
    expect(engine.clientsCount).toBe(20);
  });
});

describe.each([
  ['maxConnections', { maxConnections: 1 }],
  ['maxConnectionsPerIp', { maxConnectionsPerIp: 1 }],
])('%s: the place of a session is free again', (_name, options: EngineOptions) => {
  it.each<[string, (session: Session, engine: RunningEngine) => unknown]>([
    ['this side closes it', (session) => session.close()],
    ['this side discards it', (session) => session.close(true)],
    ['it fails', (session) => session.closeOnError('parse error', { code: 'INVALID_PACKET', message: '' })],
    ['the server shuts it down', (session) => session.closeForShutdown()],
    ['it closes twice', (session) => [session.close(true), session.close(true)]],
  ])('where %s', async (_how, end) => {
    const engine = await started(options);
    for (const way of WAYS) {
      await open(engine.url, way);
      const [session] = engine.sessions();
      const closed = nextEvent(session, 'close');
      end(session, engine);
      if (way === 'polling') {
        const { id } = session;
        await request(`${engine.url}${POLLING}&sid=${id}`);
      }
      await closed;
      expect(await isExactlyOneIn(engine)).toBe(true);
    }
  });

  it('where its peer resets the connection, closes it, or breaks the protocol', async () => {
    const engine = await started({ ...options, pingInterval: 20, pingTimeout: 20 });
    const ends: ((raw: RawSocket) => unknown)[] = [
      (raw) => raw.drop(true),
      (raw) => raw.drop(false),
      (raw) => raw.write(Buffer.of(0x81, 0x81, 0, 0, 0, 0, '9'.charCodeAt(0))),
      (raw) => raw.write(Buffer.of(0x81, 0x81, 0, 0, 0, 0, '1'.charCodeAt(0))),
      // Silence.
      () => {},
    ];
    for (const end of ends) {
      const raw = new RawSocket(engine.port);
      raw.write(upgradeRequest(new URL(engine.url).pathname + WEBSOCKET));
      await raw.arrival('maxPayload');
      end(raw);
      await until(() => engine.engine.clientsCount === 0);
      expect(await isExactlyOneIn(engine)).toBe(true);
    }
    expect(Object.keys(engine.engine.stats().closed).sort()).toEqual(
      ['INVALID_PACKET', 'PEER_CLOSED', 'PING_TIMEOUT', 'SERVER_CLOSED', 'TRANSPORT_CLOSED'].sort(),
    );
  });

  it.each<[string, EngineOptions]>([
    ['allowRequest refuses', { allowRequest: (_request, decide) => decide('no', false) }],
    ['allowRequest refuses later', { allowRequest: (_request, decide) => void setImmediate(decide, 'no', false) }],
    ['allowRequest rejects', { allowRequest: (async () => Promise.reject(new Error('x'))) as AllowRequest }],
    ['generateId gives no id', { generateId: () => '' }],
    ['generateId rejects', { generateId: () => Promise.reject(new Error('x')) }],
  ])('where %s, so that it never came to be', async (_how, hooks) => {
    const { url, engine } = await started({ ...options, ...hooks });
    for (let i = 0; i < 3; i++) {
      for (const { status } of [await request(url + POLLING), await refusedWebSocket(url + WEBSOCKET)]) {
        expect([400, 403]).toContain(status);
      }
    }
    expect(engine.stats().sessions.opened).toBe(0);
  });

  it('where the request is no WebSocket handshake', async () => {
    const engine = await started(options);
    for (let i = 0; i < 3; i++) {
      const raw = new RawSocket(engine.port);
      raw.write(upgradeRequest(new URL(engine.url).pathname + WEBSOCKET).replace(/Sec-WebSocket-Key.*\r\n/, ''));
      await raw.arrival('HTTP/1.1 400');
    }
    expect(await isExactlyOneIn(engine)).toBe(true);
  });

  it.each(WAYS)('where the peer leaves while it is decided about, over %s; a late yes opens nothing', async (way) => {
    const answers: (() => void)[] = [];
    const hold: AllowRequest = (_request, decide) => void answers.push(() => decide(null, true));
    const engine = await started({ ...options, allowRequest: hold });

    for (let i = 0; i < 3; i++) {
      const connected = nextEvent(engine.http, 'connection');
      const raw = new RawSocket(engine.port);
      const { pathname } = new URL(engine.url);
      raw.write(way === 'websocket' ? upgradeRequest(pathname + WEBSOCKET) : getRequest(pathname + POLLING));
      const [socket] = (await connected) as [Socket];
      await until(() => answers.length === i + 1);
      expect(await refused(engine.url)).toMatchObject([{ status: statusOf(options) }, { status: statusOf(options) }]);
      const gone = nextEvent(socket, 'close');
      raw.drop(true);
      await gone;
      await new Promise(setImmediate);
    }
    for (const allow of answers) allow();
    expect(engine.engine.stats().sessions.opened).toBe(0);
    const opening = openPolling(engine.url);
    await until(() => answers.length === 4);
    answers[3]();
    await opening;
    expect(engine.engine.stats().sessions).toMatchObject({ now: 1, opened: 1 });
  });
});

describe('handshakes that are decided about at the same time', () => {
  it.each<[string, EngineOptions, number]>([
    ['maxConnections', { maxConnections: 7 }, 7],
    ['maxConnectionsPerIp', { maxConnectionsPerIp: 7 }, 7],
    ['maxHandshakesPerSecond', { maxHandshakesPerSecond: 7 }, 7],
    ['all of them', { maxConnections: 9, maxConnectionsPerIp: 7, maxHandshakesPerSecond: 8 }, 7],
  ])('do not exceed %s', async (_name, options, most) => {
    const pending: (() => void)[] = [];
    const engine = await started({
      ...options,
      allowRequest: (_request, decide) => void pending.push(() => decide(null, true)),
      generateId: async () => Math.random().toString(36),
    });
    let peak = 0;
    engine.engine.on('connection', () => (peak = Math.max(peak, engine.engine.clientsCount)));

    const statuses = Array.from({ length: 60 }, (_, i) => statusOfHandshake(engine.url, WAYS[i % 2]));
    await until(() => pending.length + engine.errors.length === 60);
    for (const allow of pending) allow();
    const all = await Promise.all(statuses);

    expect(all.filter((status) => status === 200)).toHaveLength(most);
    expect([peak, engine.engine.clientsCount, pending.length]).toEqual([most, most, most]);
  });

  it('give all places back where half of them are refused', async () => {
    let n = 0;
    const engine = await started({
      maxConnections: 10,
      maxConnectionsPerIp: 10,
      allowRequest: (_request, decide) => void setImmediate(decide, null, n++ % 2 === 0),
    });
    for (let round = 0; round < 4; round++) {
      await Promise.all(Array.from({ length: 30 }, (_, i) => statusOfHandshake(engine.url, WAYS[i % 2])));
      for (const session of engine.sessions()) session.close(true);
      expect(engine.engine.clientsCount).toBe(0);
    }
    const statuses = await Promise.all(Array.from({ length: 10 }, () => statusOfHandshake(engine.url, 'polling')));
    expect(statuses.sort()).toEqual([200, 200, 200, 200, 200, 403, 403, 403, 403, 403]);
  });
});

describe('maxConnectionsPerIp', () => {
  const at = (address: string): RequestInit => ({ headers: { 'X-Forwarded-For': address } });

  it('counts each address for itself, behind a trusted proxy', async () => {
    const { url, engine } = await started({ maxConnectionsPerIp: 1, trustProxy: 'loopback' });
    const statuses: number[] = [];
    for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.1', '::ffff:192.0.2.2', '2001:db8::1', '2001:db8::2']) {
      statuses.push((await request(url + POLLING, at(address))).status);
    }
    expect(statuses).toEqual([200, 200, 429, 429, 200, 429]);
    expect(engine.stats().refused).toEqual({ TOO_MANY_CONNECTIONS_PER_IP: 3 });
  });

  it('believes no peer about itself without trustProxy', async () => {
    const { url } = await started({ maxConnectionsPerIp: 1 });
    expect((await request(url + POLLING, at('192.0.2.1'))).status).toBe(200);
    expect((await request(url + POLLING, at('192.0.2.2'))).status).toBe(429);
  });

  it('lets one address use up nobody else’s handshakes', async () => {
    const { url } = await started({ maxConnectionsPerIp: 1, maxHandshakesPerSecond: 3, trustProxy: true });
    for (let i = 0; i < 10; i++) await request(url + POLLING, at('192.0.2.1'));
    expect((await request(url + POLLING, at('192.0.2.2'))).status).toBe(200);
    expect((await request(url + POLLING, at('192.0.2.3'))).status).toBe(200);
    expect((await request(url + POLLING, at('192.0.2.4'))).status).toBe(503);
  });
});

describe('maxHandshakesPerSecond', () => {
  it('lets the next one in as soon as its part of the second has passed', async () => {
    const { url } = await started({ maxHandshakesPerSecond: 4 });
    const statuses = async (count: number): Promise<number[]> =>
      Promise.all(Array.from({ length: count }, () => statusOfHandshake(url, 'polling')));
    expect((await statuses(6)).sort()).toEqual([200, 200, 200, 200, 503, 503]);

    clock.now += 249;
    expect(await statuses(1)).toEqual([503]);
    clock.now += 1;
    expect((await statuses(2)).sort()).toEqual([200, 503]);
    clock.now += 60_000;
    expect((await statuses(6)).sort()).toEqual([200, 200, 200, 200, 503, 503]);
  });
});

describe('over WebTransport', () => {
  it('maxConnections holds, and a session without an address is not counted by it', async () => {
    const transports: EngineOptions['transports'] = ['polling', 'websocket', 'webtransport'];
    const { engine } = await started({ transports, maxConnections: 2, maxConnectionsPerIp: 1 });
    const open = (): WebTransportPair => {
      const pair = new WebTransportPair();
      engine.onWebTransportSession(pair.session);
      pair.openStream().send('0');
      return pair;
    };
    const [first] = [open(), open()];
    await until(() => engine.clientsCount === 2);

    expect(await open().closed).toBe('the server');
    expect(engine.stats()).toMatchObject({
      refused: { TOO_MANY_CONNECTIONS: 1 },
      sessions: { byTransport: { webtransport: 2 } },
    });
    first.close();
    await until(() => engine.clientsCount === 1);
    open();
    await until(() => engine.clientsCount === 2);
  });
});

/** With a bound per second the clock stands still, however slow the machine is, until `clock.now` is moved on. */
async function started(options: EngineOptions): Promise<RunningEngine & { errors: ConnectionError[] }> {
  if (options.maxHandshakesPerSecond !== undefined) {
    const spy = jest.spyOn(performance, 'now').mockImplementation(() => clock.now);
    cleanup(() => spy.mockRestore());
  }
  const running = await startEngine(options);
  const errors: ConnectionError[] = [];
  running.engine.on('connection_error', (error: ConnectionError) => errors.push(error));
  return { ...running, errors };
}

async function open(url: string, way: (typeof WAYS)[number]): Promise<void> {
  if (way === 'polling') await openPolling(url);
  else await (await openWebSocket(url)).next();
}

/** What one more handshake is answered with, on each transport. */
async function refused(url: string): Promise<(HttpAnswer | UpgradeRefused)[]> {
  return [await request(url + POLLING), await refusedWebSocket(url + WEBSOCKET)];
}

async function statusOfHandshake(url: string, way: (typeof WAYS)[number]): Promise<number> {
  if (way === 'polling') return (await request(url + POLLING)).status;
  return openWebSocket(url).then(
    () => 200,
    (error: UpgradeRefused) => error.status,
  );
}

/** Opens the one session that may be, sees the next one refused, and leaves none. */
async function isExactlyOneIn({ url, engine, sessions }: RunningEngine): Promise<boolean> {
  await openPolling(url);
  const { status } = await request(url + POLLING);
  for (const session of sessions()) session.close(true);
  return status === statusOf(engine.opts) && engine.clientsCount === 0;
}

function statusOf(options: Pick<EngineOptions, 'maxConnections'>): number {
  return (options.maxConnections ?? Infinity) < Infinity ? 503 : 429;
}

function getRequest(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
}
