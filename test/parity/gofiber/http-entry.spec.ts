import { gzipSync } from 'node:zlib';
import {
  openPolling,
  openWebSocket,
  push,
  refusedWebSocket,
  request,
  type HttpAnswer,
} from '../../support/engine-client.js';
import { TRANSPORTS } from '../../support/peer.js';
import { startEngine, startServer } from '../../support/server.js';
import { nextEvent } from '../../support/until.js';

/** Status, body and the headers that a refused request is answered with. */
function exactly({ status, headers, body }: HttpAnswer): unknown[] {
  return [status, body, headers.get('content-type'), headers.get('cache-control')];
}

function refusal(status: number, body: string): unknown[] {
  return [status, body, 'application/json', 'no-store'];
}

describe('a refused request', () => {
  it.each([
    ['EIO=3&transport=polling', '{"code":5,"message":"Unsupported protocol version"}'],
    ['EIO=04&transport=polling', '{"code":5,"message":"Unsupported protocol version"}'],
    ['EIO=5&transport=abc&sid=x&j=0', '{"code":5,"message":"Unsupported protocol version"}'],
    ['transport=polling', '{"code":5,"message":"Unsupported protocol version"}'],
    ['EIO=4&transport=abc', '{"code":0,"message":"Transport unknown"}'],
    ['EIO=4&transport=abc&sid=x', '{"code":0,"message":"Transport unknown"}'],
    ['EIO=4&transport=polling&sid=x', '{"code":1,"message":"Session ID unknown"}'],
    ['EIO=4&transport=polling&sid=x&j=0', '{"code":3,"message":"Bad request"}'],
  ])('by ?%s is answered with exactly %s [E2, E5, E9]', async (query, body) => {
    const { url } = await startEngine();
    expect(exactly(await request(`${url}?${query}`))).toEqual(refusal(400, body));
  });

  it('is answered with 403 and exactly {"code":4,"message":"Forbidden"} where it may not come in [E9]', async () => {
    const { url } = await startEngine({ allowRequest: (_request, decide) => decide(null, false) });
    const answer = await request(`${url}?EIO=4&transport=polling`);
    expect(exactly(answer)).toEqual(refusal(403, '{"code":4,"message":"Forbidden"}'));
  });

  it.each([
    ['EIO=3&transport=websocket', '{"code":5,"message":"Unsupported protocol version"}'],
    ['EIO=4&transport=abc', '{"code":0,"message":"Transport unknown"}'],
    ['EIO=4&transport=websocket&sid=x', '{"code":1,"message":"Session ID unknown"}'],
  ])('for a WebSocket by ?%s is answered with exactly %s, before a 101 [E2]', async (query, body) => {
    const { url, sessions } = await startEngine();
    expect(await refusedWebSocket(`${url}?${query}`)).toMatchObject({ status: 400, body });
    expect(sessions()).toEqual([]);
  });
});

describe('the open packet', () => {
  it.each(TRANSPORTS)('is first, and the same to the letter, over %s [H2, P2]', async (transport) => {
    const { url, sessions } = await startEngine();
    const limits = '"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}';

    if (transport === 'websocket') {
      const wire = await openWebSocket(url);
      expect(await wire.next()).toBe(`0{"sid":"${sessions()[0].id}","upgrades":[],${limits}`);
    } else {
      const answer = await request(`${url}?EIO=4&transport=polling`);
      expect(answer.body).toBe(`0{"sid":"${sessions()[0].id}","upgrades":["websocket"],${limits}`);
      expect(exactly(answer).slice(2)).toEqual(['text/plain; charset=UTF-8', 'no-store']);
      expect(answer.headers.get('set-cookie')).toBeNull();
    }
  });
});

describe('a request of a session over polling', () => {
  it.each<[string, string, RequestInit, number, string]>([
    ['JSONP comes before anything about the session', 'sid=nobody&j=1', {}, 400, '{"code":3,"message":"Bad request"}'],
    ['OPTIONS needs no session', '', { method: 'OPTIONS' }, 204, ''],
    ['OPTIONS looks at none', 'sid=nobody', { method: 'OPTIONS' }, 204, ''],
    ['a handshake is a GET', '', { method: 'POST' }, 400, '{"code":2,"message":"Bad handshake method"}'],
    ['the session has to be there', 'sid=nobody', {}, 400, '{"code":1,"message":"Session ID unknown"}'],
    ['other methods', 'sid=SID', { method: 'PUT' }, 400, '{"code":2,"message":"Bad handshake method"}'],
    ['a session over WebSocket', 'sid=WEBSOCKET', {}, 400, '{"code":3,"message":"Bad request"}'],
    ['a POST to such a session', 'sid=WEBSOCKET', { method: 'POST' }, 400, '{"code":3,"message":"Bad request"}'],
  ])('is answered in the order of the checks: %s [P1]', async (_what, query, init, status, body) => {
    const { url, sessions } = await startEngine();
    const { sid } = await openPolling(url);
    await openWebSocket(url);
    const filled = query.replace('SID', sid).replace('WEBSOCKET', sessions()[1].id);

    const answer = await request(`${url}?EIO=4&transport=polling&${filled}`, init);

    expect([answer.status, answer.body]).toEqual([status, body]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect(sessions()).toHaveLength(2);
  });

  it.each(['40', '40/nowhere,', '40[1]', '3', ''])('that sends %j is answered "ok" as HTML [P6]', async (body) => {
    const { url } = await startServer();
    const session = await openPolling(url);

    const answer = await push(session, body);

    expect(exactly(answer)).toEqual([200, 'ok', 'text/html', 'no-store']);
  });

  it('that breaks the protocol is answered with 400, or 413 where it is too large [P5, P6]', async () => {
    const { url } = await startServer({ maxHttpBufferSize: 100 });

    const [broken, large] = [await openPolling(url), await openPolling(url)];

    expect(exactly(await push(broken, 'x'))).toEqual(refusal(400, '{"code":3,"message":"Bad request"}'));
    expect(exactly(await push(large, '4'.repeat(101)))).toEqual(refusal(413, '{"code":3,"message":"Bad request"}'));
  });

  it('is not decoded: a compressed body is no payload [P31]', async () => {
    const { url, sessions } = await startEngine();
    const { url: target } = await openPolling(url);
    const closed = nextEvent(sessions()[0], 'close');

    const headers = { 'content-encoding': 'gzip' };
    const answer = await request(target, { method: 'POST', body: new Uint8Array(gzipSync('4hello')), headers });

    expect(answer.status).toBe(400);
    expect(await closed).toEqual(['parse error', expect.objectContaining({ code: 'INVALID_PACKET' })]);
  });
});
