import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { EngineOptions, EngineServer, Session } from '../../../src/engine/index.js';
import { matchesPath } from '../../../src/engine/index.js';
import { cleanup } from '../../support/cleanup.js';
import {
  WireSocket,
  openPolling,
  openWebSocket,
  poll,
  push,
  refusedWebSocket,
  request,
} from '../../support/engine-client.js';
import { RawSocket, upgradeRequest } from '../../support/raw-socket.js';
import { createEngine, listen } from '../../support/server.js';
import { nextEvent, until } from '../../support/until.js';

describe('HttpAttachment: side by side with others', () => {
  it('leaves requests of other paths to the listeners that were there, in their order', async () => {
    const http = createServer();
    const seen: string[] = [];
    http.on('request', () => seen.push('first'));
    http.on('request', (_request, response) => {
      seen.push('second');
      response.end('theirs');
    });
    const { url } = await serve(http, {});

    expect(await request(`${url}/elsewhere`)).toMatchObject({ status: 200, body: 'theirs' });
    expect((await openPolling(`${url}/engine.io/`)).sid).toHaveLength(20);

    expect(seen).toEqual(['first', 'second']);
  });

  it('keeps its requests from listeners that came after it, which would answer a second time', async () => {
    const http = createServer();
    const { url } = await serve(http, {});
    const later: (string | undefined)[] = [];
    http.on('request', (request: IncomingMessage, response: ServerResponse) => {
      later.push(request.url);
      response.end('the application');
    });

    const session = await openPolling(`${url}/engine.io/`);

    expect(session.sid).toHaveLength(20);
    expect((await request(`${url}/elsewhere`)).body).toBe('the application');
    expect(later).toEqual(['/elsewhere']);
  });

  it('shows its requests to tools that patch emit of the prototype, or of the server before it', async () => {
    const http = createServer();
    const seen: string[] = [];
    const { emit } = http;
    http.emit = function (this: typeof http, ...args: unknown[]) {
      if (args[0] === 'request') seen.push((args[1] as IncomingMessage).url!.split('?')[0]);
      return Reflect.apply(emit, this, args) as boolean;
    } as typeof http.emit;
    const { url } = await serve(http, {});

    await openPolling(`${url}/engine.io/`);

    expect(seen).toEqual(['/engine.io/']);
  });

  it.each([
    [
      'a request for HTTP/2',
      'GET /api HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n',
      'GET /api ',
    ],
    [
      'one with a body',
      'POST /api HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 4\r\n\r\nbody',
      'POST /api body',
    ],
    [
      'one with a body in chunks',
      'POST /api HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n',
      'POST /api body',
    ],
  ])('leaves an upgrade to another protocol to the application: %s', async (_what, head, answer) => {
    const http = createServer(async (request, response) => {
      response.end(`${request.method} ${request.url} ${Buffer.concat(await request.toArray()).toString()}`);
    });
    const { url } = await serve(http, {});
    const raw = new RawSocket(Number(new URL(url).port));

    raw.write(head);
    await raw.arrival(answer);
    // The connection goes on.
    raw.write('GET /later HTTP/1.1\r\nHost: x\r\n\r\n');
    await raw.arrival('GET /later');
  });

  it('gives such a request to the application with the headers that it had, once, on the connection that it had', async () => {
    const seen: object[] = [];
    const http = createServer((request, response) => {
      const { headers, headersDistinct, rawHeaders, httpVersion } = request;
      // Left out of the typings of Node.
      const { upgrade } = request as IncomingMessage & { upgrade: boolean };
      seen.push({ headers: { ...headers }, distinct: { ...headersDistinct }, rawHeaders, upgrade, httpVersion });
      response.end('seen');
    });
    let connections = 0;
    http.on('connection', () => connections++);
    const port = await listen(http);
    cleanup(() => http.close());
    const head =
      'GET /api?q=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n' +
      'HTTP2-Settings: AA\r\nX-Empty:\r\nX-Two: 1\r\nX-Two: 2\r\nConnection: close\r\n\r\n';

    const before = new RawSocket(port);
    before.write(head);
    await before.ended;
    createEngine().attach(http);
    const after = new RawSocket(port);
    after.write(head);
    await after.ended;

    expect(seen).toHaveLength(2);
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[0]).toMatchObject({ headers: { upgrade: 'h2c', 'http2-settings': 'AA' } });
    expect(after.received.replace(/Date:.*/, '')).toBe(before.received.replace(/Date:.*/, ''));
    expect(connections).toBe(2);
  });

  it('gives a request that expects to be told to go on to who listens for that, with its headers', async () => {
    const http = createServer();
    http.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      response.writeContinue();
      request.on('data', (chunk: Buffer) => response.end(`${request.headers.upgrade}: ${chunk.toString()}`));
    });
    const { url } = await serve(http, {});
    const raw = new RawSocket(Number(new URL(url).port));

    raw.write(
      'POST /api HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n',
    );
    await raw.arrival('100 Continue');
    raw.write('body');

    await raw.arrival('h2c: body');
  });

  it('answers such requests in their order, behind others of the same connection', async () => {
    const waiting: (() => void)[] = [];
    const http = createServer((request, response) => {
      if (request.url === '/slow') waiting.push(() => response.end('slow'));
      else response.end(`${request.url} for ${request.headers.upgrade}`);
    });
    const { url } = await serve(http, {});
    const raw = new RawSocket(Number(new URL(url).port));
    const plain = 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n';

    raw.write(`${plain}${plain}GET /api HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`);
    await until(() => waiting.length === 2);
    for (const answer of waiting) answer();
    await raw.arrival('/api for h2c');
    raw.write('GET /later HTTP/1.1\r\nHost: x\r\n\r\n');
    await raw.arrival('/later');

    expect(raw.received.match(/slow/g)).toHaveLength(2);
    expect(raw.received.indexOf('/api')).toBeGreaterThan(raw.received.lastIndexOf('slow'));
  });

  it('survives a client that resets its connection before such a request had its turn', async () => {
    const sockets: Duplex[] = [];
    const http = createServer((incoming) => void sockets.push(incoming.socket));
    const { url } = await serve(http, {});
    const raw = new RawSocket(Number(new URL(url).port));
    const upgrade = 'GET /api HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n';

    raw.write(`GET /slow HTTP/1.1\r\nHost: x\r\n\r\n${upgrade}`);
    await until(() => sockets.length > 0);
    const gone = nextEvent(sockets[0], 'close');
    raw.drop(true);
    // No one reads the connection any more, so that a write finds its end.
    const writing = setInterval(() => sockets[0].write('x'), 5);
    cleanup(() => clearInterval(writing));

    await gone;
    expect((await request(`${url}/engine.io/?EIO=4&transport=polling`)).status).toBe(200);
  });

  it.each([false, true])(
    'cuts a client off that upgrades before it has the answer to an earlier request: middlewares %s',
    async (hasMiddlewares) => {
      const { url, engine } = await serve(createServer(), {});
      if (hasMiddlewares) engine.use((_request, _response, next) => next());
      const { sid } = await openPolling(`${url}/engine.io/`);
      const path = `/engine.io/?EIO=4&sid=${sid}&transport=`;
      const raw = new RawSocket(Number(new URL(url).port));

      raw.write(`GET ${path}polling HTTP/1.1\r\nHost: x\r\n\r\n${upgradeRequest(`${path}websocket`)}`);
      await raw.ended;

      expect(raw.received).not.toContain('101');
      await until(() => engine.clientsCount === 0, 'the session whose poll was aborted to end');
    },
  );

  it('serves a request of its own that asks for another protocol', async () => {
    const { url } = await serve(createServer(), {});
    const raw = new RawSocket(Number(new URL(url).port));

    raw.write(
      'GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
    );

    await raw.arrival('"sid"');
  });

  it('leaves upgrades of other paths to another WebSocket server, and that one leaves ours alone', async () => {
    const http = createServer();
    const other = new WebSocketServer({ server: http, path: '/other' });
    cleanup(() => other.close());
    other.on('connection', (websocket) => websocket.send('from the other'));
    const { url } = await serve(http, {});

    const theirs = new WireSocket(`${url}/other`);
    expect(await theirs.next()).toBe('from the other');
    const ours = await openWebSocket(`${url}/engine.io/`);
    expect(await ours.next()).toMatch(/^0\{/);
    ours.send('4hello');
    expect(await ours.next()).toBe('4hello');
  });

  it('does so where the other one came later', async () => {
    const http = createServer();
    const { url } = await serve(http, {});
    const other = new WebSocketServer({ server: http, path: '/other' });
    cleanup(() => other.close());
    other.on('connection', (websocket) => websocket.send('from the other'));

    expect(await new WireSocket(`${url}/other`).next()).toBe('from the other');
    expect(await (await openWebSocket(`${url}/engine.io/`)).next()).toMatch(/^0\{/);
  });

  it('serves two engines on one server under different paths', async () => {
    const http = createServer();
    const { url, engine: one } = await serve(http, { path: '/one' });
    const two = echoing(createEngine({ path: '/two' }));
    two.attach(http);

    const first = await openWebSocket(`${url}/one/`);
    const second = await openPolling(`${url}/two/`);
    await first.next();
    first.send('4a');
    await push(second, '4b');

    expect(await first.next()).toBe('4a');
    expect((await poll(second)).body).toBe('4b');
    expect([one.clientsCount, two.clientsCount]).toEqual([1, 1]);
  });

  it('answers an upgrade of a path that nobody serves with 404, also beside a second engine', async () => {
    const http = createServer();
    const { url } = await serve(http, { path: '/one' });
    expect((await refusedWebSocket(`${url}/nowhere`)).status).toBe(404);

    createEngine({ path: '/two' }).attach(http);
    expect((await refusedWebSocket(`${url}/nowhere`)).status).toBe(404);
  });

  it('leaves such an upgrade to others where one of them listens, or where it is told to', async () => {
    const http = createServer();
    const { url } = await serve(http, { destroyUpgrade: false });
    const before = nextEvent(http, 'upgrade');
    const first = new WireSocket(`${url}/nowhere`);
    first.opened.catch(() => {});
    const [, socket] = (await before) as [unknown, Duplex];
    cleanup(() => socket.destroy());

    http.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 418 Teapot\r\n\r\n'));
    expect((await refusedWebSocket(`${url}/nowhere`)).status).toBe(418);
    expect(first.unread).toEqual([]);
  });
});

describe('HttpAttachment#detach', () => {
  it.each([
    ['one engine', 1, [0]],
    ['two engines, the last first', 2, [1, 0]],
    ['two engines, the first first', 2, [0, 1]],
    ['three engines, the middle first', 3, [1, 0, 2]],
    ['three engines, in the order of attaching', 3, [0, 1, 2]],
    ['three engines, the last in the middle', 3, [0, 2, 1]],
  ])('leaves the server as it was found: %s', (_case, count, order) => {
    const http = createServer(() => {});
    http.on('upgrade', () => {});
    http.once('request', () => {});
    const found = snapshot(http);
    const attachments = Array.from({ length: count }, (_, i) => createEngine({ path: `/${i}` }).attach(http));

    for (const index of order) attachments[index].detach();

    expect(snapshot(http)).toEqual(found);
  });

  it('puts a function back that somebody had set as emit before', () => {
    const http = createServer(() => {});
    const emit = http.emit;
    http.emit = function wrapped(this: HttpServer, ...args: never[]): boolean {
      return Reflect.apply(emit, this, args);
    } as never;
    const found = snapshot(http);

    createEngine().attach(http).detach();

    expect(snapshot(http)).toEqual(found);
  });

  it('keeps what somebody set as emit after it, and stays out of the way', async () => {
    const http = createServer((_request, response) => response.end('theirs'));
    const { url, engine } = await serve(http, {});
    const emit = http.emit;
    const wrapped = function (this: HttpServer, ...args: never[]): boolean {
      return Reflect.apply(emit, this, args);
    } as never;
    http.emit = wrapped;

    engine.close();

    expect(http.emit).toBe(wrapped);
    expect(await request(`${url}/engine.io/?EIO=4&transport=polling`)).toMatchObject({ body: 'theirs' });
  });

  it('keeps the listeners that came after it, in their places', () => {
    const [one, two, three] = [() => {}, () => {}, () => {}];
    const http = createServer(one);
    const attachment = createEngine().attach(http);
    http.on('request', two);
    http.prependListener('request', three);

    attachment.detach();

    expect(http.listeners('request')).toEqual([three, one, two]);
  });

  it('takes no requests and no upgrades any more, while a second engine goes on', async () => {
    const http = createServer((_request, response) => response.end('theirs'));
    const { url, engine: one } = await serve(http, { path: '/one' });
    const two = echoing(createEngine({ path: '/two' }));
    two.attach(http);

    one.close();

    expect((await request(`${url}/one/?EIO=4&transport=polling`)).body).toBe('theirs');
    expect((await refusedWebSocket(`${url}/one/?EIO=4&transport=websocket`)).status).toBe(404);
    expect((await openPolling(`${url}/two/`)).sid).toHaveLength(20);
    expect(await (await openWebSocket(`${url}/two/`)).next()).toMatch(/^0/);
    expect(one.clientsCount).toBe(0);
  });

  it('happens by itself when the server closes', async () => {
    const http = createServer(() => {});
    const found = snapshot(http);
    createEngine().attach(http);
    await listen(http);

    await new Promise((resolve) => http.close(resolve));

    expect(snapshot(http)).toEqual(found);
  });

  it('calls a listener for one request once, before and after', async () => {
    const http = createServer((_request, response) => response.end());
    let calls = 0;
    http.once('request', () => calls++);
    const { url, engine } = await serve(http, {});

    await request(`${url}/a`);
    await request(`${url}/b`);
    engine.close();
    await request(`${url}/c`);

    expect(calls).toBe(1);
  });
});

describe('matchesPath', () => {
  it.each([
    ['/socket.io/', '/socket.io/', true],
    ['/socket.io/?EIO=4', '/socket.io/', true],
    ['/socket.io/socket.io.js', '/socket.io/', true],
    ['/socket.io', '/socket.io/', false],
    ['/socket.io?EIO=4', '/socket.io/', false],
    ['/socket.iox/', '/socket.io/', false],
    ['/socket.io', '/socket.io', true],
    ['/socket.io?EIO=4', '/socket.io', true],
    ['/socket.io/', '/socket.io', true],
    ['/socket.iox', '/socket.io', false],
    ['//socket.io/', '/socket.io/', false],
    ['/%73ocket.io/', '/socket.io/', false],
    ['/SOCKET.IO/', '/socket.io/', false],
  ])('of %s below %s is %p', (url, path, matches) => {
    expect(matchesPath(url, path)).toBe(matches);
  });
});

/** Attaches an engine and listens. */
async function serve(http: HttpServer, options: EngineOptions): Promise<{ url: string; engine: EngineServer }> {
  const engine = echoing(createEngine(options));
  engine.attach(http);
  const port = await listen(http);
  cleanup(async () => {
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });
  cleanup(() => engine.close());
  return { url: `http://127.0.0.1:${port}`, engine };
}

function echoing(engine: EngineServer): EngineServer {
  engine.on('connection', (session: Session) => session.on('data', (data) => session.send(data)));
  return engine;
}

/** Everything that attaching may touch. */
function snapshot(http: HttpServer) {
  return {
    listeners: Object.fromEntries(http.eventNames().map((event) => [event, http.rawListeners(event as string)])),
    emit: http.emit,
    hasOwnEmit: Object.hasOwn(http, 'emit'),
  };
}
