import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { Writable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import compression from 'compression';
import session from 'express-session';
import helmet from 'helmet';
import morgan from 'morgan';
import { Passport } from 'passport';
import { pinoHttp } from 'pino-http';
import { Server as OfficialServer } from 'socket.io';
import type { HttpMiddleware } from '../../src/engine/index.js';
import { cleanup } from '../support/cleanup.js';
import { connectClient } from '../support/nest-app.js';
import { listen, startServer } from '../support/server.js';
import { until, within } from '../support/until.js';
import { startWith } from '../nest/support/start-app.js';

interface Uses {
  use(middleware: HttpMiddleware): Uses;
}

/** Each starts a server and returns its origin, and the engine that takes middlewares. */
const SERVERS = {
  './server': async () => {
    const { origin, io } = await startServer();
    return { origin, engine: io.engine as unknown as Uses };
  },
  'the module on Express': async () => startModule('express'),
  'the module on Fastify': async () => startModule('fastify'),
};

const NAMES = Object.keys(SERVERS) as (keyof typeof SERVERS)[];
const DOORS = ['polling', 'websocket', 'upgrade'] as const;
type Door = (typeof DOORS)[number];

/** Which belong to the answer itself, and differ from one answer to the next or from one server to the other. */
const OF_THE_ANSWER = new Set([
  ...['cache-control', 'connection', 'content-length', 'content-type', 'date', 'keep-alive', 'transfer-encoding'],
  ...['sec-websocket-accept', 'upgrade'],
]);

describe.each(NAMES)('engine.use() of %s', (name) => {
  it.each(DOORS)('answers with the headers of helmet, as the official server does: %s', async (door) => {
    const { origin, engine } = await SERVERS[name]();
    const official = await startOfficial();
    engine.use(helmet());
    official.engine.use(helmet());

    const headers = headersOf(await knock(origin, door));

    expect(headers).toEqual(headersOf(await knock(official.origin, door)));
    expect(headers).toMatchObject({ 'x-frame-options': 'SAMEORIGIN', 'x-content-type-options': 'nosniff' });
  });

  it('answers a poll with what compression makes of it, as the official server does', async () => {
    const { origin, engine } = await SERVERS[name]();
    const official = await startOfficial();
    for (const each of [engine, official.engine]) each.use(compression({ threshold: 0 }));

    const answer = await knock(origin, 'polling', { 'Accept-Encoding': 'gzip' });

    expect(headersOf(answer)).toEqual(
      headersOf(await knock(official.origin, 'polling', { 'Accept-Encoding': 'gzip' })),
    );
    expect(answer.message.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
    expect(gunzipSync(answer.body).toString()).toMatch(/^0\{"sid"/);
  });

  it.each(['websocket', 'upgrade'] as const)(
    'has nothing for compression on a 101, even if it wants it: %s',
    async (door) => {
      const { origin, engine } = await SERVERS[name]();
      engine.use(compression({ threshold: 0, filter: () => true }));

      const { message } = await knock(origin, door, { 'Accept-Encoding': 'gzip' });

      expect(message.statusCode).toBe(101);
      expect(message.headers).not.toHaveProperty('content-encoding');
    },
  );

  it.each(DOORS)('is logged once by morgan, with its status: %s', async (door) => {
    const { origin, engine } = await SERVERS[name]();
    const lines: string[] = [];
    const before = door === 'upgrade' ? await openPolling(origin) : undefined;
    engine.use(morgan(':method :status', { stream: { write: (line) => void lines.push(line) } }));

    await knock(origin, door, {}, before);

    await until(() => lines.length > 0, 'a line of morgan');
    expect(lines).toEqual([door === 'polling' ? 'GET 200\n' : 'GET 101\n']);
  });

  it.each(DOORS)('is logged once by pino-http, with its status: %s', async (door) => {
    const { origin, engine } = await SERVERS[name]();
    const lines: { res: { statusCode: number }; msg: string }[] = [];
    const before = door === 'upgrade' ? await openPolling(origin) : undefined;
    const stream = new Writable({
      write(line: Buffer, _encoding, done) {
        lines.push(JSON.parse(line.toString()) as (typeof lines)[number]);
        done();
      },
    });
    engine.use(pinoHttp(stream) as HttpMiddleware);

    await knock(origin, door, {}, before);

    await until(() => lines.length > 0, 'a line of pino-http');
    expect(lines).toMatchObject([{ msg: 'request completed', res: { statusCode: door === 'polling' ? 200 : 101 } }]);
  });

  it.each(DOORS)('has the session of a cookie, which express-session sets and stores: %s', async (door) => {
    const { origin, engine } = await SERVERS[name]();
    engine.use(session({ secret: 's', resave: false, saveUninitialized: true })).use(countVisits);

    const first = await knock(origin, door);
    const cookie = cookieOf(first);
    const second = await knock(origin, door, { Cookie: cookie });

    // Before an upgrade comes the handshake of its session, each time.
    const visits = door === 'upgrade' ? 2 : 1;
    expect(visitsOf(first)).toBe(visits);
    expect(visitsOf(second)).toBe(2 * visits);
    expect(second.message.headers['set-cookie']).toBeUndefined();
  });

  it.each(['polling', 'websocket'] as const)(
    'keeps the cookie of express-session beside other headers of the same name: %s',
    async (door) => {
      const { origin, engine } = await SERVERS[name]();
      engine
        .use((_request, response, next) => {
          response.setHeader('Set-Cookie', 'theme=dark');
          response.setHeader('Vary', 'Cookie');
          next();
        })
        .use(session({ secret: 's', resave: false, saveUninitialized: true }))
        .use(compression({ threshold: 0 }));

      const { headers } = (await knock(origin, door, { 'Accept-Encoding': 'gzip' })).message;

      expect(headers['set-cookie']).toEqual(['theme=dark', expect.stringMatching(/^connect\.sid=/)]);
      expect(headers.vary).toBe(door === 'polling' ? 'Cookie, Accept-Encoding' : 'Cookie');
    },
  );

  it.each(DOORS)('knows the user that passport finds in the session: %s', async (door) => {
    const { origin, engine } = await SERVERS[name]();
    const passport = new Passport();
    passport.deserializeUser((id, done) => done(null, { id }));
    const seen: unknown[] = [];
    engine
      .use(session({ secret: 's', resave: false, saveUninitialized: true }))
      .use((request: IncomingMessage & { session?: Record<string, unknown> }, _response, next) => {
        request.session!.passport = { user: 'ada' };
        next();
      })
      .use(passport.initialize())
      .use(passport.session())
      .use((request: IncomingMessage & { user?: unknown }, _response, next) => {
        seen.push(request.user);
        next();
      });

    await knock(origin, door);

    expect(seen.at(-1)).toEqual({ id: 'ada' });
  });

  it('serves a client behind all of them, over each transport and the upgrade', async () => {
    const { origin, engine } = await SERVERS[name]();
    const log = new Writable({ write: (_line, _encoding, done) => done() });
    engine
      .use(pinoHttp(log) as HttpMiddleware)
      .use(morgan('tiny', { stream: { write: () => {} } }))
      .use(helmet())
      .use(compression({ threshold: 0 }))
      .use(session({ secret: 's', resave: true, saveUninitialized: true, rolling: true }))
      .use(new Passport().initialize());

    for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
      const client = await connectClient(origin, { transports });
      if (transports.length > 1) await until(() => client.io.engine.transport.name === 'websocket', 'the upgrade');
      const echoed = new Promise((resolve) => client.once('echo', resolve));
      client.emit('echo', Buffer.from('bytes'));
      expect(await within(echoed, 'the echo')).toEqual(Buffer.from('bytes'));
    }
  });
});

interface Knock {
  message: IncomingMessage;
  body: Buffer;
}

/** The answer at a door. The upgrade of a session that was opened with the same headers, unless one is given. */
async function knock(origin: string, door: Door, headers: Record<string, string> = {}, sid?: string): Promise<Knock> {
  if (door === 'polling') return send(origin, 'transport=polling', headers);
  if (door === 'websocket') return send(origin, 'transport=websocket', { ...headers, ...UPGRADE });
  const cookies: Record<string, string> = {};
  if (sid === undefined) {
    const opened = await send(origin, 'transport=polling', { ...headers, 'Accept-Encoding': 'identity' });
    sid = sidOf(opened);
    const cookie = (opened.message.headers['set-cookie'] ?? []).map((each) => each.split(';')[0]).join('; ');
    if (cookie !== '' && headers.Cookie === undefined) cookies.Cookie = cookie;
  }
  return send(origin, `transport=websocket&sid=${sid}`, { ...headers, ...cookies, ...UPGRADE });
}

async function openPolling(origin: string): Promise<string> {
  return sidOf(await send(origin, 'transport=polling', {}));
}

function sidOf({ body }: Knock): string {
  return (JSON.parse(body.toString().slice(1)) as { sid: string }).sid;
}

function send(origin: string, query: string, headers: Record<string, string>): Promise<Knock> {
  const sent = httpRequest(`${origin}/socket.io/?EIO=4&${query}`, { headers, agent: false });
  cleanup(() => sent.destroy());
  const answered = new Promise<Knock>((resolve, reject) => {
    sent.on('error', reject);
    sent.on('upgrade', (message, socket) => {
      cleanup(() => socket.destroy());
      resolve({ message, body: Buffer.alloc(0) });
    });
    sent.on('response', (message) => {
      const chunks: Buffer[] = [];
      message.on('data', (chunk: Buffer) => chunks.push(chunk));
      message.on('end', () => resolve({ message, body: Buffer.concat(chunks) }));
    });
  });
  sent.end();
  return within(answered, `an answer to ${query}`);
}

const UPGRADE = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'AQEBAQEBAQEBAQEBAQEBAQ==',
};

function headersOf({ message }: Knock): Record<string, unknown> {
  return Object.fromEntries(Object.entries(message.headers).filter(([name]) => !OF_THE_ANSWER.has(name)));
}

function cookieOf({ message }: Knock): string {
  // An upgrade brings the cookie of its handshake along, and gets none.
  const [cookie] = message.headers['set-cookie'] ?? [message.headers['x-cookie'] as string];
  return cookie.split(';')[0];
}

function visitsOf({ message }: Knock): number {
  return Number(message.headers['x-visits']);
}

/** Counts the visits of a session, and says the cookie that it came by. */
function countVisits(
  request: IncomingMessage & { session?: { visits?: number } },
  response: { setHeader(name: string, value: string): void },
  next: () => void,
): void {
  const visits = (request.session!.visits ?? 0) + 1;
  request.session!.visits = visits;
  response.setHeader('X-Visits', String(visits));
  if (request.headers.cookie !== undefined) response.setHeader('X-Cookie', request.headers.cookie);
  next();
}

async function startModule(platform: 'express' | 'fastify'): Promise<{ origin: string; engine: Uses }> {
  const { url, websocket } = await startWith({ platform });
  websocket.server.on('connection', (socket) => socket.on('echo', (value) => void socket.emit('echo', value)));
  return { origin: url, engine: websocket.server.engine as unknown as Uses };
}

async function startOfficial(): Promise<{ origin: string; engine: Uses }> {
  const http = createServer();
  const io = new OfficialServer(http);
  const port = await listen(http);
  cleanup(async () => {
    http.closeAllConnections();
    await io.close();
  });
  return { origin: `http://127.0.0.1:${port}`, engine: io.engine as unknown as Uses };
}
