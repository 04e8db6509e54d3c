import { openPolling, openWebSocket, refusedWebSocket, request } from '../../support/engine-client.js';
import { startEngineServer, unlikeOfficial } from '../../support/conformance-server.js';

const APP = 'https://app.example';
const FOREIGN = 'https://foreign.example';

describe('Engine.IO v4: requests from other origins', () => {
  it('answers a preflight request with 204 and the permissions [limitation: cors]', async () => {
    const { url } = await startEngineServer({ cors: { origin: APP, methods: ['GET', 'POST'], credentials: true } });

    const answer = await request(`${url}?EIO=4&transport=polling`, {
      method: 'OPTIONS',
      headers: {
        Origin: APP,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'x-token',
      },
    });

    expect(answer.status).toBe(204);
    expect(answer.body).toBe('');
    expect(answer.headers.get('access-control-allow-origin')).toBe(APP);
    expect(answer.headers.get('access-control-allow-methods')).toBe('GET,POST');
    expect(answer.headers.get('access-control-allow-headers')).toBe('x-token');
    expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
  });

  it('lets the allowed origin read the answers to GET and POST [limitation: cors]', async () => {
    const { url } = await startEngineServer({ cors: { origin: APP } });
    const session = await openPolling(url);
    const headers = { Origin: APP };

    const posted = await request(session.url, { method: 'POST', headers, body: '4hello' });
    const polled = await request(session.url, { headers });

    expect(posted.headers.get('access-control-allow-origin')).toBe(APP);
    expect(polled.headers.get('access-control-allow-origin')).toBe(APP);
    expect(polled.headers.get('vary')).toMatch(/\borigin\b/i);
    expect(polled.body).toBe('4hello');
  });

  it('lets the allowed origin read why a request failed', async () => {
    const { url } = await startEngineServer({ cors: { origin: APP } });

    const answer = await request(`${url}?EIO=4&transport=abc`, { headers: { Origin: APP } });

    expect(answer.status).toBe(400);
    expect(answer.headers.get('access-control-allow-origin')).toBe(APP);
  });

  it('answers any origin with an asterisk where every one is allowed', async () => {
    const { url } = await startEngineServer({ cors: { origin: '*' } });

    const answer = await request(`${url}?EIO=4&transport=polling`, { headers: { Origin: FOREIGN } });

    expect(answer.status).toBe(200);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('names each of several allowed origins to itself only', async () => {
    const { url } = await startEngineServer({ cors: { origin: [APP, /\.trusted\.example$/] } });
    const ask = (origin: string) => request(`${url}?EIO=4&transport=polling`, { headers: { Origin: origin } });

    const app = await ask(APP);
    const trusted = await ask('https://a.trusted.example');
    const foreign = await ask(FOREIGN);

    expect(app.headers.get('access-control-allow-origin')).toBe(APP);
    expect(trusted.headers.get('access-control-allow-origin')).toBe('https://a.trusted.example');
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('sends no such headers where nothing is configured [P32]', async () => {
    const { url } = await startEngineServer();

    const answer = await request(`${url}?EIO=4&transport=polling`, { headers: { Origin: FOREIGN } });

    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('opens a WebSocket for the allowed origin and for a peer that sends none', async () => {
    const { url } = await startEngineServer({ cors: { origin: APP } });

    const browser = await openWebSocket(url, { headers: { Origin: APP } });
    const program = await openWebSocket(url);

    expect(await browser.next()).toMatch(/^0\{/);
    expect(await program.next()).toMatch(/^0\{/);
  });

  it('opens a WebSocket for a page of the same host', async () => {
    const { url } = await startEngineServer({ cors: { origin: APP } });

    const wire = await openWebSocket(url, { headers: { Origin: new URL(url).origin } });

    expect(await wire.next()).toMatch(/^0\{/);
  });

  unlikeOfficial('it never looks at the origin of a WebSocket').each([FOREIGN, 'null'])(
    'refuses a WebSocket from the origin "%s" with 403 instead of 101 [E8]',
    async (origin) => {
      const { url } = await startEngineServer({ cors: { origin: APP } });

      const refusal = await refusedWebSocket(`${url}?EIO=4&transport=websocket`, { Origin: origin });

      expect(refusal.status).toBe(403);
    },
  );
});
