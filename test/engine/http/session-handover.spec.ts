import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OptionError } from '../../../src/engine/index.js';
import { cleanup } from '../../support/cleanup.js';
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
