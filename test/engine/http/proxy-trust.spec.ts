import { OptionReader, ENGINE_DEFAULTS, resolveEngineOptions, type EngineOptions } from '../../../src/engine/index.js';
import { ProxyTrust } from '../../../src/engine/http/proxy-trust.js';
import { openPolling, openWebSocket, request } from '../../support/engine-client.js';
import { connectClient } from '../../support/official-client.js';
import { startEngine, startServer } from '../../support/server.js';

type Trust = EngineOptions['trustProxy'];

describe('trustProxy', () => {
  it.each<[string, Trust, string, string | undefined, string]>([
    ['off', false, '10.0.0.1', '203.0.113.9', '10.0.0.1'],
    ['unset', undefined, '10.0.0.1', '203.0.113.9', '10.0.0.1'],
    ['no hop', 0, '10.0.0.1', '203.0.113.9', '10.0.0.1'],
    ['everyone', true, '10.0.0.1', '203.0.113.9, 10.0.0.2', '203.0.113.9'],
    ['everyone, who says nothing', true, '10.0.0.1', undefined, '10.0.0.1'],
    ['one hop', 1, '10.0.0.1', '203.0.113.9, 10.0.0.2', '10.0.0.2'],
    ['two hops', 2, '10.0.0.1', '203.0.113.9, 10.0.0.2', '203.0.113.9'],
    ['three hops of two', 3, '10.0.0.1', '203.0.113.9, 10.0.0.2', '203.0.113.9'],
    ['an address', '10.0.0.1', '10.0.0.1', '203.0.113.9, 10.0.0.2', '10.0.0.2'],
    ['another address', '10.0.0.9', '10.0.0.1', '203.0.113.9', '10.0.0.1'],
    ['a subnet', '10.0.0.0/8', '::ffff:10.0.0.1', '198.51.100.4, 203.0.113.9, 10.0.0.2', '203.0.113.9'],
    ['a list', ['loopback', '2001:db8::/32'], '127.0.0.1', '203.0.113.9, 2001:db8::7', '203.0.113.9'],
    ['a list in one text', 'loopback, 10.0.0.0/8', '::1', '203.0.113.9, 10.1.1.1', '203.0.113.9'],
    ['a function', (address) => address.startsWith('10.'), '10.0.0.1', '203.0.113.9, 10.0.0.2', '203.0.113.9'],
    ['who writes ports', 2, '10.0.0.1', '203.0.113.9:4711, 10.0.0.2:80', '203.0.113.9'],
    ['who writes ports of IPv6', true, '10.0.0.1', '[2001:db8::9]:4711', '2001:db8::9'],
    ['who names nobody', true, '10.0.0.1', 'unknown', '10.0.0.1'],
    ['who passes on what is no address', 2, '10.0.0.1', '<script>, 10.0.0.2', '10.0.0.2'],
  ])('%s: the address is that of whom the last trusted hop saw', (_case, trustProxy, peer, forwarded, expected) => {
    expect(addressOf(trustProxy, peer, forwarded)).toBe(expected);
  });

  it('is warned of where it throws, and trusts nobody then', () => {
    const warnings: string[] = [];
    const failing = (): never => {
      throw new Error('no list of proxies');
    };
    expect(addressOf(failing, '10.0.0.1', '203.0.113.9', warnings)).toBe('10.0.0.1');
    expect(warnings[0]).toContain('no list of proxies');
  });

  it('is the address of the session, on both transports', async () => {
    const { url, sessions } = await startEngine({ trustProxy: 'loopback' });
    const headers = { 'X-Forwarded-For': '198.51.100.1, 203.0.113.9' };

    await request(`${url}?EIO=4&transport=polling`, { headers });
    await (await openWebSocket(url, { headers })).next();
    await openPolling(url);

    expect(sessions().map((session) => session.remoteAddress)).toEqual(['203.0.113.9', '203.0.113.9', '127.0.0.1']);
  });

  it('is the address in the handshake of a socket, which without it is that of the connection, as in Socket.IO', async () => {
    const extraHeaders = { 'X-Forwarded-For': '203.0.113.9' };
    const addresses: string[] = [];
    for (const trustProxy of [true, false]) {
      const { io, origin } = await startServer({ trustProxy });
      io.on('connection', (socket) => addresses.push(socket.handshake.address));
      await connectClient(origin, { extraHeaders });
    }
    expect(addresses).toEqual(['203.0.113.9', '127.0.0.1']);
  });

  it('lets X-Forwarded-Host pass from trusted peers only', async () => {
    const headers = { Origin: 'https://app.example', 'X-Forwarded-Host': 'app.example' };
    const trusting = await startEngine({ checkOrigin: true, trustProxy: '127.0.0.1' });
    const other = await startEngine({ checkOrigin: true, trustProxy: '10.0.0.1' });

    expect((await request(`${trusting.url}?EIO=4&transport=polling`, { headers })).status).toBe(200);
    expect((await request(`${other.url}?EIO=4&transport=polling`, { headers })).status).toBe(403);
  });
});

function addressOf(trustProxy: Trust, peer: string, forwarded: string | undefined, warnings: string[] = []): string {
  const { trustProxy: trust } = resolveEngineOptions(new OptionReader({ trustProxy }), ENGINE_DEFAULTS);
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  const proxies = new ProxyTrust(trust, (message) => warnings.push(message));
  return proxies.addressOf({ headers, socket: { remoteAddress: peer } } as never);
}
