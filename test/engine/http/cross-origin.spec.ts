import type { CorsSetting, EngineRequest } from '../../../src/engine/index.js';
import { CrossOrigin, type CrossOriginVerdict } from '../../../src/engine/http/cross-origin.js';
import { ProxyTrust } from '../../../src/engine/http/proxy-trust.js';

interface Asked {
  origin?: string;
  host?: string;
  forwarded?: string;
  cors?: CorsSetting;
  checkOrigin?: boolean;
  trustProxy?: boolean;
  method?: string;
  isUpgrade?: boolean;
}

describe('CrossOrigin: the same origin', () => {
  it.each([
    ['http://example.com', 'example.com'],
    ['https://example.com', 'example.com'],
    ['http://example.com', 'EXAMPLE.com'],
    ['http://example.com', 'example.com:80'],
    ['https://example.com', 'example.com:443'],
    ['http://example.com:8080', 'example.com:8080'],
    ['http://example.com:8000', 'example.com:8000'],
    ['http://example.com:80', 'example.com'],
    ['https://example.com:4433', 'example.com:4433'],
    ['http://localhost:8081', 'localhost:8081'],
    ['http://127.0.0.1:3000', '127.0.0.1:3000'],
    ['http://[::1]:3000', '[::1]:3000'],
    ['http://[::1]', '[::1]:80'],
  ])('passes %s at the host %s', async (origin, host) => {
    expect((await ask({ origin, host }))?.allowed).toBe(true);
  });

  it.each([
    ['http://example.com', 'example.org'],
    ['http://example.com', 'www.example.com'],
    ['http://www.example.com', 'example.com'],
    ['http://example.com:8080', 'example.com'],
    ['http://example.com', 'example.com:8080'],
    ['http://example.com:81', 'example.com:80'],
    ['http://example.com.evil.test', 'example.com'],
    ['http://example.com80', 'example.com:8080'],
    ['https://example.com', 'example.com:80'],
    ['null', 'null'],
    ['file://', ''],
    ['about:blank', ''],
    ['not a url', 'not a url'],
    ['', ''],
  ])('refuses %s at the host %s', async (origin, host) => {
    expect((await ask({ origin, host }))?.allowed).toBe(false);
  });

  it('passes a request without an origin, which no browser sends across', async () => {
    expect((await ask({}))?.allowed).toBe(true);
  });

  it('passes anything where nothing is to be checked', async () => {
    expect((await ask({ origin: 'http://evil.test', checkOrigin: false }))?.allowed).toBe(true);
  });

  it('knows the host that a trusted proxy was asked for, the first of several', async () => {
    const behind = { origin: 'https://example.com', host: 'inner:3000', forwarded: 'example.com, between' };
    expect((await ask({ ...behind, trustProxy: true }))?.allowed).toBe(true);
    expect((await ask({ ...behind, trustProxy: false }))?.allowed).toBe(false);
    expect((await ask({ ...behind, trustProxy: true, forwarded: 'between, example.com' }))?.allowed).toBe(false);
  });
});

describe('CrossOrigin: cors.origin', () => {
  const GOOD = 'https://good.test';
  const BAD = 'https://bad.test';

  it.each<[string, CorsSetting]>([
    ['a string', { origin: GOOD }],
    ['a list', { origin: ['https://other.test', GOOD] }],
    ['a pattern', { origin: /good\.test$/ }],
    ['a list of patterns', { origin: [/other/, /good/] }],
    ['a callback', { origin: (origin, done) => done(null, origin === GOOD) }],
    ['a late callback', { origin: (origin, done) => void setImmediate(done, null, origin === GOOD) }],
    ['an async function', { origin: (async (origin: string) => origin === GOOD) as never }],
    ['an async function that gives an origin', { origin: (async () => GOOD) as never }],
    ['options per request', (request, done) => done(null, { origin: request.headers.origin === GOOD })],
    ['options per request, late', (_request, done) => void setImmediate(done, null, { origin: GOOD })],
    ['async origins per request', (_request, done) => done(null, { origin: (async () => [GOOD]) as never })],
  ])('is held as %s, on both transports', async (_form, cors) => {
    for (const isUpgrade of [false, true]) {
      expect(await ask({ origin: GOOD, cors, isUpgrade })).toMatchObject({ allowed: true });
      expect(await ask({ origin: BAD, cors, isUpgrade })).toMatchObject({ allowed: false });
    }
  });

  it.each([true, false])('counts for upgrades alone where the check is off (upgrade: %p)', async (isUpgrade) => {
    const verdict = await ask({ origin: BAD, cors: { origin: GOOD }, checkOrigin: false, isUpgrade });
    expect(verdict?.allowed).toBe(!isUpgrade);
  });

  it('answers every origin where it is not set', async () => {
    expect(await ask({ origin: BAD, cors: {} })).toMatchObject({
      allowed: true,
      headers: { 'Access-Control-Allow-Origin': '*' },
    });
  });

  it('lets null in where every origin may, and not else', async () => {
    expect(await ask({ origin: 'null', cors: { origin: '*' } })).toMatchObject({ allowed: true });
    expect(await ask({ origin: 'null', cors: { origin: GOOD } })).toMatchObject({ allowed: false });
  });

  it('lets the same origin in beside those that are named', async () => {
    expect(await ask({ origin: 'http://own.test', host: 'own.test', cors: { origin: GOOD } })).toMatchObject({
      allowed: true,
    });
  });

  it.each([false, []])('lets only the same origin in where it is %j', async (origin) => {
    const cors = { origin };
    expect(await ask({ origin: BAD, cors })).toMatchObject({ allowed: false });
    expect(await ask({ origin: 'http://own.test', host: 'own.test', cors })).toMatchObject({ allowed: true });
  });

  it.each<[string, CorsSetting]>([
    ['a callback', { origin: (_origin, done) => done(new Error('no database')) }],
    ['an async function', { origin: (async () => Promise.reject(new Error('no database'))) as never }],
    ['options per request', (_request, done) => done(new Error('no database'))],
    [
      'a function that throws',
      {
        origin: () => {
          throw new Error('no database');
        },
      },
    ],
    [
      'options per request that throw',
      () => {
        throw new Error('no database');
      },
    ],
    ['options per request that reject', (async () => Promise.reject(new Error('no database'))) as never],
  ])('decides nothing where %s fails', async (_form, cors) => {
    expect(await ask({ origin: GOOD, cors })).toBeNull();
  });

  it('is asked once, and believed once', async () => {
    let asked = 0;
    const cors: CorsSetting = {
      origin: (_origin, done) => {
        asked++;
        done(null, true);
        done(null, false);
      },
    };
    expect(await ask({ origin: GOOD, cors })).toMatchObject({ allowed: true });
    expect(asked).toBe(1);
  });
});

describe('CrossOrigin: headers', () => {
  it('names the origin, and varies by it', async () => {
    const verdict = await ask({ origin: 'https://a.test', cors: { origin: ['https://a.test'], credentials: true } });
    expect(verdict?.headers).toEqual({
      'Access-Control-Allow-Origin': 'https://a.test',
      'Access-Control-Allow-Credentials': 'true',
      Vary: 'Origin',
    });
  });

  it('answers a preflight as the options say', async () => {
    const cors = { origin: '*', methods: ['GET', 'POST'], allowedHeaders: ['x-one'], maxAge: 60 };
    expect(await ask({ origin: 'https://a.test', method: 'OPTIONS', cors })).toMatchObject({
      preflightStatus: 204,
      headers: {
        'Access-Control-Allow-Methods': 'GET,POST',
        'Access-Control-Allow-Headers': 'x-one',
        'Access-Control-Max-Age': '60',
      },
    });
    expect(await ask({ method: 'OPTIONS', cors: { ...cors, optionsSuccessStatus: 200 } })).toMatchObject({
      preflightStatus: 200,
    });
    expect(await ask({ method: 'OPTIONS', cors: { ...cors, preflightContinue: true } })).toMatchObject({
      preflightStatus: null,
    });
  });
});

/** The verdict about a request; fails where it comes twice. */
async function ask(asked: Asked): Promise<CrossOriginVerdict | null> {
  const { origin, host = 'server.test', forwarded, cors = null, checkOrigin = true, trustProxy = false } = asked;
  const headers = { host, origin, 'x-forwarded-host': forwarded };
  const socket = { remoteAddress: '127.0.0.1' };
  const request = { method: asked.method ?? 'GET', headers, socket } as unknown as EngineRequest;
  const proxies = new ProxyTrust(trustProxy ? () => true : null, () => {});
  const verdicts: (CrossOriginVerdict | null)[] = [];
  await new Promise<void>((resolve) => {
    new CrossOrigin({ cors, checkOrigin }, proxies).check(request, asked.isUpgrade ?? false, (verdict) => {
      verdicts.push(verdict);
      resolve();
    });
  });
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(verdicts).toHaveLength(1);
  return verdicts[0];
}
