import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { gunzipSync, inflateSync } from 'node:zlib';
import { negotiateEncoding } from '../../../src/engine/index.js';
import { openPolling, push, type PollingSession } from '../../support/engine-client.js';
import { startEngine } from '../../support/server.js';
import { nextRequest, within } from '../../support/until.js';

const LONG = `4${'abc'.repeat(1000)}`;

describe('httpCompression', () => {
  it.each([
    ['gzip', gunzipSync],
    ['deflate', inflateSync],
  ] as const)('sends an answer of the threshold or more as %s to who accepts it', async (encoding, decompress) => {
    const { url } = await startEngine();
    const session = await openPolling(url);
    await push(session, LONG);

    const answer = await poll(session, encoding);

    expect(answer.headers['content-encoding']).toBe(encoding);
    expect(Number(answer.headers['content-length'])).toBe(answer.body.length);
    expect(decompress(answer.body).toString()).toBe(LONG);
  });

  it.each([
    ['below the threshold', {}, 'gzip', '4short'],
    ['to who accepts nothing', {}, undefined, LONG],
    ['to who accepts something else', {}, 'br, identity', LONG],
    ['where it is switched off', { httpCompression: false }, 'gzip', LONG],
    ['below a threshold of its own', { httpCompression: { threshold: 5000 } }, 'gzip', LONG],
  ])('sends an answer as it is %s', async (_case, options, accepts, packet) => {
    const { url } = await startEngine(options);
    const session = await openPolling(url);
    await push(session, packet);

    const answer = await poll(session, accepts);

    expect(answer.headers['content-encoding']).toBeUndefined();
    expect(answer.body.toString()).toBe(packet);
  });

  it('counts from exactly the threshold', async () => {
    const { url } = await startEngine({ httpCompression: { threshold: 10 } });
    const session = await openPolling(url);

    await push(session, `4${'x'.repeat(8)}`);
    expect((await poll(session, 'gzip')).headers['content-encoding']).toBeUndefined();
    await push(session, `4${'x'.repeat(9)}`);
    expect((await poll(session, 'gzip')).headers['content-encoding']).toBe('gzip');
  });

  it('sends messages as they are that are not to be compressed [limitation: flags]', async () => {
    const { url, sessions } = await startEngine();
    const session = await openPolling(url);
    sessions()[0].send(LONG.slice(1), { compress: false });

    expect((await poll(session, 'gzip')).headers['content-encoding']).toBeUndefined();
  });

  it('keeps the order of what is sent while an answer is being compressed', async () => {
    const { url, http, sessions } = await startEngine();
    const session = await openPolling(url);
    const [open] = sessions();
    const asked = nextRequest(http);
    const polled = poll(session, 'gzip');
    await asked;

    open.send(LONG.slice(1));
    await new Promise(setImmediate);
    open.send('behind it');

    expect(gunzipSync((await polled).body).toString()).toBe(LONG);
    expect((await poll(session, 'gzip')).body.toString()).toBe('4behind it');
  });

  it('lives on where the peer leaves while its answer is being compressed', async () => {
    const { url, http, sessions } = await startEngine();
    const session = await openPolling(url);
    const asked = nextRequest(http);
    const leaving = httpRequest(session.url, { headers: { 'accept-encoding': 'gzip' } });
    leaving.on('error', () => {});
    leaving.end();
    await asked;

    sessions()[0].send('x'.repeat(500_000));
    leaving.destroy();
    await new Promise(setImmediate);

    expect((await openPolling(url)).sid).toHaveLength(20);
  });
});

describe('negotiateEncoding', () => {
  it.each([
    ['gzip', 'gzip'],
    ['deflate', 'deflate'],
    ['deflate, gzip', 'gzip'],
    ['gzip;q=0.5', 'gzip'],
    ['gzip; q=1.0, deflate', 'gzip'],
    ['gzip;q=0, deflate', 'deflate'],
    ['gzip;q=0.000', null],
    ['GZIP', 'gzip'],
    ['x-gzip, br', null],
    ['gzipped', null],
    ['', null],
    ['*', null],
    [undefined, null],
  ])('of %j is %j', (accepted, encoding) => {
    expect(negotiateEncoding(accepted)).toBe(encoding);
  });

  it.each([' ', '\t', 'gzip ', ';', ';q=', ';q=1 ', ','])('reads 60 KB of %j in no time', (part) => {
    const started = process.cpuUsage();
    negotiateEncoding(`gzip;q=0,${part.repeat(60_000 / part.length)}x`);
    // Of this process, in microseconds: what others do on the machine does not count. Steps that grow with the square take seconds.
    expect(process.cpuUsage(started).user).toBeLessThan(1_000_000);
  });
});

interface RawAnswer {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** A GET whose answer is not decompressed. */
function poll(session: PollingSession, acceptEncoding?: string): Promise<RawAnswer> {
  const headers = acceptEncoding === undefined ? {} : { 'accept-encoding': acceptEncoding };
  const answered = new Promise<RawAnswer>((resolve, reject) => {
    const outgoing = httpRequest(session.url, { headers }, async (response) => {
      resolve({ headers: response.headers, body: Buffer.concat(await response.toArray()) });
    });
    outgoing.on('error', reject).end();
  });
  return within(answered, 'an answer');
}
