import type { ConnectionError, HttpMiddleware } from '../../../src/engine/index.js';
import {
  UpgradeRefused,
  openPolling,
  openWebSocket,
  poll,
  push,
  refusedWebSocket,
  request,
} from '../../support/engine-client.js';
import { RawSocket, upgradeRequest } from '../../support/raw-socket.js';
import { startEngine, type RunningEngine } from '../../support/server.js';

const POLLING = '?EIO=4&transport=polling';
const WEBSOCKET = '?EIO=4&transport=websocket';

describe('EngineServer#use', () => {
  it('runs middlewares in order for every request and upgrade, before anything is checked', async () => {
    const { url, engine } = await startEngine();
    const seen: string[] = [];
    engine.use((req, _response, next) => {
      seen.push(`1 ${req.method}`);
      setImmediate(next);
    });
    engine.use((req, _response, next) => {
      seen.push(`2 ${req.method}`);
      next();
    });

    await request(`${url}?EIO=3`);
    expect(seen.splice(0)).toEqual(['1 GET', '2 GET']);
    const session = await openPolling(url);
    await push(session, '4a');
    expect(seen.splice(0)).toEqual(['1 GET', '2 GET', '1 POST', '2 POST']);
    await openWebSocket(url, { sid: session.sid });
    expect(seen).toEqual(['1 GET', '2 GET']);
  });

  it('sends the headers that a middleware sets, on both transports', async () => {
    const { url, engine } = await startEngine();
    engine.use((_request, response, next) => {
      response.setHeader('X-One', '1');
      response.setHeader('Set-Cookie', ['a=1', 'b=2']);
      response.setHeader('X-Gone', 'x');
      response.removeHeader('X-Gone');
      next();
    });

    const answer = await request(url + POLLING);
    expect(answer.headers.get('x-one')).toBe('1');
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);

    const head = await upgradeHead(url);
    expect(head).toEqual(expect.arrayContaining(['X-One: 1', 'Set-Cookie: a=1', 'Set-Cookie: b=2']));
    expect(head.join()).not.toContain('X-Gone');
  });

  it('lets a middleware hang its headers on the head, as some packages do', async () => {
    const { url, engine } = await startEngine();
    engine.use((_request, response, next) => {
      const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => typeof response;
      response.writeHead = ((...args: unknown[]) => {
        response.setHeader('X-Late', '1');
        return writeHead(...args);
      }) as typeof response.writeHead;
      next();
    });

    expect((await request(url + POLLING)).headers.get('x-late')).toBe('1');
    expect(await upgradeHead(url)).toContain('X-Late: 1');
  });

  it('ends the response of an upgrade, and leaves nothing of it on the connection', async () => {
    const { url, engine, errors } = await startEngine();
    const ends: boolean[] = [];
    engine.use((_request, response, next) => {
      const end = response.end.bind(response) as () => typeof response;
      response.end = (() => {
        ends.push(response.headersSent);
        response.write('late');
        end();
        throw new Error('of the end');
      }) as typeof response.end;
      next();
    });

    const session = await openWebSocket(url);
    expect(await session.next()).toMatch(/^0\{"sid"/);
    session.send('4hi');

    expect(await session.next()).toBe('4hi');
    expect(ends).toEqual([true]);
    expect(errors).toEqual([new Error('of the end')]);
  });

  it('leaves a request to a middleware that answers by itself', async () => {
    const { url, engine } = await startEngine();
    engine.use((_request, response) => response.writeHead(401).end('who are you?'));

    expect(await request(url + POLLING)).toMatchObject({ status: 401, body: 'who are you?' });
    await expect(openWebSocket(url)).rejects.toThrow();
    expect(engine.clientsCount).toBe(0);
  });

  it.each<[string, HttpMiddleware]>([
    ['passes an error on', (_request, _response, next) => next(new Error('secret'))],
    ['passes an error on later', (_request, _response, next) => void setImmediate(next, new Error('secret'))],
    [
      'throws',
      () => {
        throw new Error('secret');
      },
    ],
    ['rejects', (async () => Promise.reject(new Error('secret'))) as HttpMiddleware],
    [
      'throws nothing',
      () => {
        throw undefined;
      },
    ],
  ])('refuses with code 3 where a middleware %s, on both transports', async (_how, middleware) => {
    const { url, engine } = await startEngine();
    const contexts = refusals(engine);
    let reached = 0;
    engine.use(middleware).use((_request, _response, next) => {
      reached++;
      next();
    });

    expect(await request(url + POLLING)).toMatchObject({ status: 400, body: '{"code":3,"message":"Bad request"}' });
    expect(await refusedWebSocket(url + WEBSOCKET)).toMatchObject({ status: 400 });

    expect(contexts).toMatchObject([{ name: 'MIDDLEWARE_FAILURE' }, { name: 'MIDDLEWARE_FAILURE' }]);
    expect(reached).toBe(0);
  });

  it('takes the first next() of each middleware for its word', async () => {
    const { url, engine } = await startEngine();
    let reached = 0;
    engine.use((_request, _response, next) => {
      next();
      next();
      next(new Error('too late'));
    });
    engine.use((_request, _response, next) => {
      reached++;
      next();
    });

    const session = await openPolling(url);

    expect(session.sid).toHaveLength(20);
    expect(reached).toBe(1);
    expect(engine.clientsCount).toBe(1);
  });

  it('refuses header values that would write a header of their own into the 101', async () => {
    const { url, engine } = await startEngine();
    engine.use((_request, response, next) => {
      response.setHeader('X-Name', 'a\r\nX-Injected: 1');
      next();
    });

    expect((await request(url + POLLING)).status).toBe(400);
    expect(await refusedWebSocket(url + WEBSOCKET)).toBeInstanceOf(UpgradeRefused);
  });
});

describe('EngineServer: events about headers', () => {
  it('shows the headers of the handshake as initial_headers and headers, of all answers as headers', async () => {
    const { url, engine } = await startEngine();
    const seen: string[] = [];
    engine.on('initial_headers', (headers: Record<string, string>, req: { method: string }) => {
      seen.push(`initial ${req.method}`);
      headers['X-Initial'] = '1';
    });
    engine.on('headers', (headers: Record<string, string>, req: { method: string }) => {
      seen.push(`any ${req.method}`);
      headers['X-Any'] = '1';
    });

    const opened = await request(url + POLLING);
    const { sid } = JSON.parse(opened.body.slice(1)) as { sid: string };
    const session = { url: `${url}${POLLING}&sid=${sid}` } as never;
    const pushed = await push(session, '4a');
    const polled = await poll(session);

    expect([opened, pushed, polled].map(({ headers }) => [headers.get('x-initial'), headers.get('x-any')])).toEqual([
      ['1', '1'],
      [null, '1'],
      [null, '1'],
    ]);
    expect(seen.splice(0)).toEqual(['initial GET', 'any GET', 'any POST', 'any GET']);
    expect(await upgradeHead(url)).toEqual(expect.arrayContaining(['X-Initial: 1', 'X-Any: 1']));
    expect(seen).toEqual(['initial GET', 'any GET']);
  });

  it('leave a value out that would write a header of its own, and say so', async () => {
    const { url, engine, warnings } = await startEngine();
    engine.on('headers', (headers: Record<string, string>, req: { method: string }) => {
      headers['X-Name'] = `${req.method}\r\nX-Injected: 1`;
      headers['X-Other'] = '1';
    });

    const session = await openPolling(url);
    const pushed = await push(session, '4a');
    const polled = await poll(session);

    expect([pushed.body, polled.body]).toEqual(['ok', '4a']);
    for (const { headers } of [pushed, polled]) {
      expect([headers.get('x-name'), headers.get('x-injected'), headers.get('x-other')]).toEqual([null, null, '1']);
    }
    const head = (await upgradeHead(url)).join('\n');
    expect(head).toContain('X-Other: 1');
    expect(head).not.toMatch(/X-Name|X-Injected/);
    expect(warnings[0]).toContain('["X-Name"]');
  });

  it('let the answer pass where a listener throws, and say so', async () => {
    const { url, engine, warnings } = await startEngine();
    engine.on('headers', () => {
      throw new Error('of the listener');
    });

    const session = await openPolling(url);

    expect((await push(session, '4a')).body).toBe('ok');
    expect(await upgradeHead(url)).toContain('Upgrade: websocket');
    expect(warnings[0]).toContain('of the listener');
  });
});

describe('EngineServer: connection_error', () => {
  it.each([
    ['GET', '?EIO=3&transport=polling', 5, { protocol: '3' }],
    ['GET', '?transport=polling', 5, {}],
    ['GET', '?EIO=4&transport=pigeon', 0, { transport: 'pigeon' }],
    ['GET', '?EIO=4&transport=polling&j=1', 3, { name: 'JSONP' }],
    ['GET', '?EIO=4&transport=polling&sid=unknown', 1, { sid: 'unknown' }],
    ['POST', '?EIO=4&transport=polling', 2, { method: 'POST' }],
    ['GET', '?EIO=4&transport=websocket', 3, { name: 'TRANSPORT_HANDSHAKE_ERROR' }],
  ])('tells why %s %s was refused', async (method, query, code, context) => {
    const { url, engine } = await startEngine();
    const errors: ConnectionError[] = [];
    engine.on('connection_error', (error: ConnectionError) => errors.push(error));

    const answer = await request(url + query, { method });

    expect(JSON.parse(answer.body)).toMatchObject({ code });
    expect(errors).toMatchObject([{ code, context, message: (JSON.parse(answer.body) as Error).message }]);
    expect(errors[0].req.url).toContain(query);
  });

  it('tells of an upgrade that is no valid WebSocket handshake [E7]', async () => {
    const { url, port, engine } = await startEngine();
    const contexts = refusals(engine);

    const request = upgradeRequest(new URL(url).pathname + WEBSOCKET).replace(/Sec-WebSocket-Key.*\r\n/, '');
    const head = await headOf(port, request);

    expect(head[0]).toBe('HTTP/1.1 400 Bad Request');
    expect(contexts).toMatchObject([{ name: 'INVALID_WEBSOCKET_HANDSHAKE' }]);
    expect(engine.clientsCount).toBe(0);
  });
});

function refusals(engine: RunningEngine['engine']): unknown[] {
  const contexts: unknown[] = [];
  engine.on('connection_error', (error: ConnectionError) => contexts.push(error.context));
  return contexts;
}

/** The head of the 101, line by line. */
async function upgradeHead(url: string): Promise<string[]> {
  const { port, pathname } = new URL(url);
  const lines = await headOf(Number(port), upgradeRequest(pathname + WEBSOCKET));
  expect(lines[0]).toBe('HTTP/1.1 101 Switching Protocols');
  return lines;
}

/** Sends a request and gives the head of the answer, line by line. */
async function headOf(port: number, request: string): Promise<string[]> {
  const raw = new RawSocket(port);
  raw.write(request);
  await raw.arrival('\r\n\r\n');
  return raw.received.split('\r\n\r\n', 1)[0].split('\r\n');
}
