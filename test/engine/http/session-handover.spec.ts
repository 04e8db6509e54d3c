import { createServer } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { OptionError } from '../../../src/engine/index.js';
import { cleanup } from '../../support/cleanup.js';
import { RawSocket } from '../../support/raw-socket.js';
import { startEngine, type RunningEngine } from '../../support/server.js';
import { until } from '../../support/until.js';

const UNKNOWN = { code: 1, message: 'Session ID unknown' };

describe('the option nodes', () => {
  it.each([
    [{ nodes: {} }, 'nodes.self'],
    [{ nodes: { self: '' } }, 'nodes.self'],
    [{ nodes: { self: 'a.b' } }, 'nodes.self'],
    [{ nodes: { self: 'x'.repeat(33) } }, 'nodes.self'],
    [{ nodes: { self: 'a', urlOf: {} } }, 'nodes.urlOf'],
    [{ nodes: { self: 'a', url: '' } }, 'nodes.url'],
  ])('refuses %j', async (options, name) => {
    await expect(startEngine(options as never)).rejects.toThrow(`Invalid option "${name}"`);
    await expect(startEngine(options as never)).rejects.toThrow(OptionError);
  });

  it('puts the name in front of ids, also of those that generateId makes', async () => {
    const plain = await startEngine({ nodes: { self: 'x'.repeat(32) } });
    expect((await open(plain)).sid).toMatch(/^x{32}\.[\w-]{20}$/);
    const own = await startEngine({ nodes: { self: 'a' }, generateId: () => Promise.resolve('own') });
    expect((await open(own)).sid).toBe('a.own');
  });
});

describe('a request for a session of another server', () => {
  it('is answered by that one, whatever it asks', async () => {
    const { a, b } = await pair();
    const { sid } = await open(a);
    const sent = await fetch(`${b.url}?EIO=4&transport=polling&sid=${sid}`, { method: 'POST', body: '4hällo' });
    expect([sent.status, await sent.text()]).toEqual([200, 'ok']);
    const polled = await fetch(`${b.url}?EIO=4&transport=polling&sid=${sid}`);
    expect(polled.headers.get('content-type')).toBe('text/plain; charset=UTF-8');
    expect(await polled.text()).toBe('4hällo');
    expect([a.sessions().length, b.sessions().length]).toEqual([1, 0]);
  });

  it('is refused as unknown if the name is, and nothing is dialled', async () => {
    const asked: string[] = [];
    const { b } = await pair((name) => {
      asked.push(name);
      return undefined;
    });
    const bait = await listener();
    const ids = [
      'nobody.x',
      `127.0.0.1:${bait.port}.x`,
      `http://127.0.0.1:${bait.port}/.x`,
      `//127.0.0.1:${bait.port}.x`,
      `user@127.0.0.1.x`,
      '../a.x',
      'a%00.x',
      '.x',
      'nobody',
      `${'n'.repeat(33)}.x`,
      '__proto__.x',
    ];
    for (const sid of ids) {
      const answer = await fetch(`${b.url}?EIO=4&transport=polling&sid=${encodeURIComponent(sid)}`);
      expect([answer.status, await answer.json()]).toEqual([400, UNKNOWN]);
    }
    expect(asked).toEqual(['nobody', '__proto__']);
    expect(bait.requests).toBe(0);
  });

  it('keeps to the server that a name stands for, whatever Host and target the client names', async () => {
    const { a, b } = await pair();
    const { sid } = await open(a);
    const bait = await listener();
    const headers = { host: `127.0.0.1:${bait.port}`, 'x-forwarded-host': `127.0.0.1:${bait.port}` };
    const answer = await fetch(`${b.url}?EIO=4&transport=polling&sid=${sid}`, { method: 'POST', body: '4x', headers });
    expect([answer.status, bait.requests]).toEqual([200, 0]);
  });

  it('is refused as unknown if that server is gone, does not know it, or answers nonsense', async () => {
    const { a, b } = await pair();
    expect(await refusal(b, 'a.gone')).toEqual(UNKNOWN);
    const { sid } = await open(a);
    await new Promise((resolve) => a.http.close(resolve).closeAllConnections());
    expect(await refusal(b, sid)).toEqual(UNKNOWN);
    const broken = await listener((socket) => socket.destroy());
    const c = await startEngine({ nodes: { self: 'c', urlOf: () => `http://127.0.0.1:${broken.port}` } });
    expect(await refusal(c, 'a.x')).toEqual(UNKNOWN);
  });

  it('is handed on once: servers that take each other for the one that has it do not go round in circles', async () => {
    const urls = new Map<string, string>();
    let hops = 0;
    const urlOf = (): string => {
      hops++;
      return urls.get('other')!;
    };
    const a = await startEngine({ nodes: { self: 'a', urlOf } });
    const b = await startEngine({ nodes: { self: 'b', urlOf } });
    urls.set('other', originOf(b));
    expect(await refusal(a, 'c.x')).toEqual(UNKNOWN);
    expect(hops).toBe(1);
  });

  it.each([
    ['throws', () => fail()],
    ['rejects', () => Promise.reject(new Error('away'))],
    ['gives no URL', () => 'not a url'],
    ['gives another protocol', () => 'file:///etc/passwd'],
  ])('is refused, and reported, if urlOf %s', async (_what, urlOf) => {
    const engine = await startEngine({ nodes: { self: 'a', urlOf } });
    expect(await refusal(engine, 'b.x')).toEqual(UNKNOWN);
    expect(engine.errors).toHaveLength(1);
  });

  it('waits for a name no longer than for any decision', async () => {
    const engine = await startEngine({ nodes: { self: 'a', urlOf: () => new Promise(() => {}) } }, 50);
    const answer = await fetch(`${engine.url}?EIO=4&transport=polling&sid=b.x`);
    expect(answer.ok).toBe(false);
  });

  it('lets go of the other server when the client leaves, and when this server closes', async () => {
    const { a, b } = await pair();
    const { sid } = await open(a);
    const controller = new AbortController();
    const poll = fetch(`${b.url}?EIO=4&transport=polling&sid=${sid}`, { signal: controller.signal }).catch(
      () => 'left',
    );
    await until(() => connectionsOf(a) > 0);
    controller.abort();
    expect(await poll).toBe('left');
    await until(() => a.sessions().length === 0);
    const other = await open(a);
    const cut = fetch(`${b.url}?EIO=4&transport=polling&sid=${other.sid}`).then(
      ({ status }) => status,
      () => 'cut',
    );
    await until(() => connectionsOf(a) > 0);
    b.engine.close();
    expect([400, 'cut']).toContain(await cut);
  });

  it('takes an answer that is as large as an answer may be, and no larger one', async () => {
    const { a, b } = await pair();
    const { sid } = await open(a);
    const body = `4${'x'.repeat(50_000)}`;
    await fetch(`${b.url}?EIO=4&transport=polling&sid=${sid}`, { method: 'POST', body });
    const answer = await fetch(`${b.url}?EIO=4&transport=polling&sid=${sid}`);
    expect(await answer.text()).toBe(body);
    const endless = await listener((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.write('x'.repeat(200_000));
    });
    const limits = { sendQueueBytes: 1_000, maxSendQueueBytes: 65_536 };
    const c = await startEngine({ ...limits, nodes: { self: 'c', urlOf: () => `http://127.0.0.1:${endless.port}` } });
    expect(await refusal(c, 'a.x')).toEqual(UNKNOWN);
  });
});

it('a request over HTTP/2 is handed on with its host, against which the other server holds its origin', async () => {
  const a = await startEngine({ checkOrigin: true, nodes: { self: 'a' } });
  const urls = new Map([['a', originOf(a)]]);
  const b = await startEngine({ checkOrigin: true, nodes: { self: 'b', urlOf: (name) => urls.get(name) } });
  const http = createHttp2Server();
  b.engine.attach(http as never);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  cleanup(() => void http.close());
  const authority = `localhost:${(http.address() as AddressInfo).port}`;
  const client = connectHttp2(`http://${authority}`);
  cleanup(() => client.destroy());
  const { sid } = await open(a);
  const target = `${new URL(a.url).pathname}?EIO=4&transport=polling&sid=${sid}`;

  const posted = client.request({ ':method': 'POST', ':path': target, origin: `http://${authority}` });
  posted.end('4hello');
  expect(await text(posted)).toBe('ok');
  const polled = client.request({ ':path': target, origin: `http://${authority}` });
  expect(await text(polled)).toBe('4hello');
  const foreign = client.request({ ':path': target, origin: 'http://elsewhere.example' });
  expect(JSON.parse(await text(foreign))).toMatchObject({ code: 4 });
});

describe('what is about one connection', () => {
  it.each([
    'Trailer: x',
    'TE: trailers',
    'Connection: keep-alive, x-mine\r\nKeep-Alive: timeout=5',
    'Proxy-Connection: keep-alive',
    'Expect: 100-continue',
  ])('%j stays there: a POST and a poll are handed on without it', async (header) => {
    const { a, b } = await pair();
    const { sid } = await open(a);
    const target = `${new URL(b.url).pathname}?EIO=4&transport=polling&sid=${sid}`;
    const raw = new RawSocket(b.port);
    raw.write(`POST ${target} HTTP/1.1\r\nHost: x\r\n${header}\r\nContent-Length: 6\r\n\r\n4hello`);
    await raw.arrival('\r\nok\r\n');
    raw.write(`GET ${target} HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n`);
    await raw.arrival('\r\n4hello\r\n');
    expect([...a.errors, ...b.errors]).toEqual([]);
  });

  it.each(['chunked', 'Trailer: x and chunked'])('%s: a body without a length is handed on as one', async (how) => {
    const { a, b } = await pair();
    const { sid } = await open(a);
    const target = `${new URL(b.url).pathname}?EIO=4&transport=polling&sid=${sid}`;
    const trailer = how === 'chunked' ? '' : 'Trailer: x\r\n';
    const raw = new RawSocket(b.port);
    raw.write(`POST ${target} HTTP/1.1\r\nHost: x\r\n${trailer}Transfer-Encoding: chunked\r\n\r\n2\r\n4a\r\n`);
    raw.write('1\r\nb\r\n0\r\nx: y\r\n\r\n');
    await raw.arrival('\r\nok\r\n');
    expect(await (await fetch(`${a.url}?EIO=4&transport=polling&sid=${sid}`)).text()).toBe('4ab');
  });
});

describe('an answer of another server that is none', () => {
  it.each(['000', '099', '101 Switching Protocols', '101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c'])(
    '%j is refused as unknown',
    async (status) => {
      const odd = await listener((socket) => {
        socket.once('data', () => socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 2\r\n\r\nno`));
      });
      const engine = await startEngine({ nodes: { self: 'c', urlOf: () => `http://127.0.0.1:${odd.port}` } });
      expect(await refusal(engine, 'a.x')).toEqual(UNKNOWN);
      const answer = await fetch(`${engine.url}?EIO=4&transport=polling&sid=a.x`, { method: 'POST', body: '4x' });
      expect([answer.status, engine.errors]).toEqual([400, []]);
    },
  );

  it('does not keep the next request of the connection waiting, if it comes before the body has', async () => {
    const early = await listener((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 413 Payload Too Large\r\nContent-Length: 2\r\n\r\nno'));
    });
    const engine = await startEngine({ nodes: { self: 'c', urlOf: () => `http://127.0.0.1:${early.port}` } });
    const { pathname } = new URL(engine.url);
    const raw = new RawSocket(engine.port);
    const length = 400_000;
    raw.write(
      `POST ${pathname}?EIO=4&transport=polling&sid=a.x HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n4`,
    );
    await raw.arrival('413');
    raw.write('x'.repeat(length - 1));
    raw.write(`GET ${pathname}?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n`);
    await raw.arrival('"sid":"c.');
  });
});

/** Two servers that know each other; `b` hands on to `a`. */
async function pair(urlOf?: (name: string) => string | undefined) {
  const urls = new Map<string, string>();
  const lookUp = urlOf ?? ((name: string) => urls.get(name));
  const a = await startEngine({ nodes: { self: 'a', urlOf: lookUp } });
  const b = await startEngine({ nodes: { self: 'b', urlOf: lookUp } });
  urls.set('a', originOf(a)).set('b', originOf(b));
  return { a, b };
}

function originOf({ port }: RunningEngine): string {
  return `http://127.0.0.1:${port}`;
}

async function open({ url }: RunningEngine): Promise<{ sid: string }> {
  const answer = await fetch(`${url}?EIO=4&transport=polling`);
  return JSON.parse((await answer.text()).slice(1)) as { sid: string };
}

async function refusal({ url }: RunningEngine, sid: string): Promise<unknown> {
  const answer = await fetch(`${url}?EIO=4&transport=polling&sid=${sid}`);
  expect(answer.status).toBe(400);
  return answer.json();
}

function connectionsOf({ sessions }: RunningEngine): number {
  return sessions().filter(({ transport }) => transport.writable).length;
}

/** Something that nothing may reach. */
async function listener(onConnection?: (socket: import('node:net').Socket) => void) {
  const server = createServer();
  const seen = { requests: 0, port: 0 };
  server.on('connection', (socket) => {
    seen.requests++;
    socket.on('error', () => {});
    onConnection?.(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup(() => {
    server.closeAllConnections();
    server.close();
  });
  seen.port = (server.address() as AddressInfo).port;
  return seen;
}
