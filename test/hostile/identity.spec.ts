import type { ServerOptions } from '../../src/socketio/index.js';
import { openPolling, push, request } from '../support/engine-client.js';
import { answerOn, rawRequest, rawUpgrade, refusal, refusalOf } from './support/requests.js';
import { withBystander, type Scene } from './support/with-bystander.js';

const QUERY = '/socket.io/?EIO=4&transport=';

/** Origins that are not the server's, whose `Host` is `x`. */
const FOREIGN = [
  'http://evil.example',
  'https://x.evil.example',
  'http://x:81',
  'null',
  'file://',
  'x',
  '//x',
  'http://x@y',
].concat(['http://xx', 'http://x.', 'http://[::1]', 'https://x:80', 'http://x,http://evil.example']);

describe('a hostile origin', () => {
  it.each(FOREIGN)('%s gets 403, before the 101 as well', (origin) =>
    withBystander(async (scene) => {
      await expectForbidden(scene, [`Origin: ${origin}`]);
    }),
  );

  it.each(FOREIGN)('CVE-2020-28481: %s gets 403 and no permission where another one is allowed', (origin) =>
    withBystander(
      async (scene) => {
        const raw = scene.raw();
        raw.write(rawRequest('GET', `${QUERY}polling`, [`Origin: ${origin}`]));

        const { status, head } = await answerOn(raw);

        expect(status).toBe(403);
        expect(head).not.toContain(`: ${origin}\r\n`);
        expect(head).not.toMatch(/access-control-allow-origin: \*/i);
        await expectForbidden(scene, [`Origin: ${origin}`]);
      },
      { cors: { origin: 'https://app.example' } },
    ),
  );

  it('gets 403 for a session that is not its own, which lives on', () =>
    withBystander(async (scene) => {
      const session = await openPolling(scene.server.url);
      const sid = `&sid=${session.sid}`;

      await expectForbidden(scene, ['Origin: http://evil.example'], sid);
      const posted = rawRequest(
        'POST',
        `${QUERY}polling${sid}`,
        ['Origin: http://evil.example', 'Content-Length: 2'],
        '40',
      );
      expect(await refusalOf(scene.raw(), posted)).toEqual(refusal(403, 4));

      expect((await push(session, '1')).body).toBe('ok');
    }));

  it('is not believed to be another host’s by a header that any client can set', () =>
    withBystander(async (scene) => {
      await expectForbidden(scene, ['Origin: http://evil.example', 'X-Forwarded-Host: evil.example']);
    }));
});

describe('a hostile session id', () => {
  it('CVE-2017-16031: is not to be guessed from others', () =>
    withBystander(async (scene) => {
      const sessions = await Promise.all(Array.from({ length: 200 }, () => openPolling(scene.server.url)));
      const ids = sessions.map(({ sid }) => sid);

      expect(new Set(ids).size).toBe(200);
      for (const id of ids) expect(id).toMatch(/^[\w-]{20}$/);
      // No place has few characters, none counts up.
      for (let place = 0; place < 20; place++) {
        const characters = ids.map((id) => id[place]);
        expect(new Set(characters).size).toBeGreaterThan(35);
        expect(characters.join('')).not.toBe([...characters].sort().join(''));
      }
      await Promise.all(sessions.map((session) => push(session, '1')));
    }));

  it('is not that of a socket, which others may know', () =>
    withBystander(async (scene) => {
      const peer = await scene.joined('polling');
      const [socket] = [...scene.server.io.sockets.sockets.values()].slice(-1);

      const answer = await request(`${scene.server.url}?EIO=4&transport=polling&sid=${socket.id}`);

      expect([answer.status, JSON.parse(answer.body)]).toMatchObject([400, { code: 1 }]);
      await peer.send('42["echo"]');
      expect(await peer.next()).toBe('42["echo"]');
    }));

  it('in a cookie is not looked at', () =>
    withBystander(
      async (scene) => {
        const session = await openPolling(scene.server.url);

        const answer = await request(`${scene.server.url}?EIO=4&transport=polling`, {
          method: 'POST',
          body: '40',
          headers: { Cookie: `io=${session.sid}` },
        });

        expect([answer.status, JSON.parse(answer.body)]).toMatchObject([400, { code: 2 }]);
        await push(session, '1');
      },
      { cookie: true },
    ));
});

describe('hostile header values', () => {
  const SPLIT = 'a%0d%0aX-Injected:%201';

  it.each<[string, ServerOptions]>([
    ['an origin that is sent back', { cors: { origin: true, credentials: true } }],
    ['request headers that are sent back', { cors: { origin: '*' } }],
  ])('%s begin no header of their own', (_what, options) =>
    withBystander(async (scene) => {
      for (const value of ['a\rX-Injected: 1', 'a\x00b', 'a\x7fb']) {
        const raw = scene.raw();
        const headers = [`Origin: ${value}`, `Access-Control-Request-Headers: ${value}`];
        raw.socket.write(rawRequest('OPTIONS', `${QUERY}polling`, headers), 'latin1');

        const { status, head } = await answerOn(raw);

        expect(status).toBeGreaterThanOrEqual(200);
        expect(head).not.toMatch(/^X-Injected/im);
      }
    }, options),
  );

  it('that a listener takes from the query are left out of the answer and the 101, and reported', () =>
    withBystander(async (scene) => {
      const { engine } = scene.server.io;
      const listener = (headers: Record<string, string>, req: { _query: Record<string, string> }): void => {
        headers['X-Name'] = req._query.name;
      };
      engine.on('headers', listener);
      const [polling, upgrade] = [scene.raw(), scene.raw()];

      polling.write(rawRequest('GET', `${QUERY}polling&name=${SPLIT}`));
      upgrade.write(rawUpgrade(`${QUERY}websocket&name=${SPLIT}`));
      const answers = [await answerOn(polling), await answerOn(upgrade)];

      expect(answers.map(({ status }) => status)).toEqual([200, 101]);
      for (const { head } of answers) expect(head).not.toMatch(/X-Name|X-Injected/i);
      expect(scene.server.warnings.join()).toContain('X-Name');
      engine.off('headers', listener);
      const { sid } = JSON.parse(answers[0].body.slice(1)) as { sid: string };
      await push({ url: `${scene.server.url}?EIO=4&transport=polling&sid=${sid}` } as never, '1');
    }));

  it('that a middleware takes from the query refuse the request', () =>
    withBystander(async (scene) => {
      scene.server.io.engine.use((req, res, next) => {
        const { name } = (req as unknown as { _query: Record<string, string> })._query ?? {};
        res.setHeader('X-Name', name ?? decodeURIComponent(SPLIT));
        next();
      });

      expect(await refusalOf(scene.raw(), rawRequest('GET', `${QUERY}polling&name=${SPLIT}`))).toEqual(refusal(400, 3));
      expect(await refusalOf(scene.raw(), rawUpgrade(`${QUERY}websocket&name=${SPLIT}`))).toEqual(refusal(400, 3));
    }));
});

async function expectForbidden(scene: Scene, headers: string[], query = ''): Promise<void> {
  const { clientsCount } = scene.server.io.engine;
  const forbidden = refusal(403, 4);
  expect(await refusalOf(scene.raw(), rawRequest('GET', `${QUERY}polling${query}`, headers))).toEqual(forbidden);
  expect(await refusalOf(scene.raw(), rawUpgrade(`${QUERY}websocket${query}`, headers))).toEqual(forbidden);
  expect(scene.server.io.engine.clientsCount).toBe(clientsCount);
}
