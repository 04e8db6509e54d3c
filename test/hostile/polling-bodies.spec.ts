import { openPolling, poll, push, pushInPieces, request, type PollingSession } from '../support/engine-client.js';
import type { RawSocket } from '../support/raw-socket.js';
import { nextRequest } from '../support/until.js';
import { answerOn, rawRequest } from './support/requests.js';
import { withBystander, type Scene } from './support/with-bystander.js';

const SEPARATOR = '\x1e';
const LIMIT = 100_000;
const SOON = { maxHttpBufferSize: LIMIT, closeTimeout: 100 };

/** What a POST says, the status that it gets, and why the session ends. */
const REFUSED: [string, string[], string, number, string][] = [
  ['CVE-2026-59725: bytes', ['Content-Type: application/octet-stream'], '4a', 400, 'INVALID_CONTENT_TYPE'],
  ['a body that announces too much', [`Content-Length: ${LIMIT + 1}`], '', 413, 'PAYLOAD_TOO_LARGE'],
  ['a body that announces a terabyte', ['Content-Length: 1000000000000'], '4', 413, 'PAYLOAD_TOO_LARGE'],
  ['a packet of no type', [], '9', 400, 'INVALID_PACKET'],
  ['form fields, as of v3', [], 'd=4a', 400, 'INVALID_PACKET'],
  ['a payload of v3', [], '2:4a', 200, 'HEARTBEAT_DIRECTION'],
  ['base64 that is none', [], 'b***', 400, 'INVALID_BASE64'],
  ['base64 that is cut off', [], 'bAQIDB', 400, 'INVALID_BASE64'],
  ['an open packet', [], '0{"sid":"x"}', 400, 'INVALID_PACKET'],
  ['a ping', [], '2', 200, 'HEARTBEAT_DIRECTION'],
  ['65,537 packets', [], Array<string>(65_537).fill('3').join(SEPARATOR).slice(0, 131_073), 400, 'BATCH_TOO_LARGE'],
  ['bytes that are not UTF-8', [], '4\xff\xfe', 400, 'INVALID_PACKET'],
];

describe('hostile bodies over polling', () => {
  it.each(REFUSED)('%s: the session ends', (_what, headers, body, status, code) =>
    withBystander(
      async (scene) => {
        const target = await opened(scene);
        const closed = scene.closeOfYoungest();

        const answer = await post(scene.raw(), target, headers, body);

        expect(answer.status).toBe(status);
        expect((await closed)[1]).toMatchObject({ code });
      },
      { ...SOON, maxHttpBufferSize: body.length > LIMIT ? 1_000_000 : LIMIT },
    ),
  );

  it('a body that grows beyond the bound without announcing it ends the session before it is whole', () =>
    withBystander(async (scene) => {
      const session = await openPolling(scene.server.url);
      const closed = scene.closeOfYoungest();
      const body = pushInPieces(session);

      for (let i = 0; i < 6; i++) await body.write('x'.repeat(20_000)).catch(() => {});

      expect((await body.answer).status).toBe(413);
      expect((await closed)[1]).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    }, SOON));

  it('CVE-2020-36048: 60,000 packets in one body are worked through beside everybody else', () =>
    withBystander(async (scene) => {
      const session = await joined(scene);
      const echoes = 2_000;
      const body = [...Array<string>(58_000).fill('3'), ...Array<string>(echoes).fill('42["echo"]')].join(SEPARATOR);

      expect((await push(session, body)).body).toBe('ok');

      const packets: string[] = [];
      while (packets.length < echoes) packets.push(...(await poll(session)).body.split(SEPARATOR));
      expect(packets.filter((packet) => packet === '42["echo"]')).toHaveLength(echoes);
      await push(session, '1');
    }));

  it('a body in 5,000 pieces of a byte each is read', () =>
    withBystander(async (scene) => {
      const target = await opened(scene);
      const raw = scene.raw();
      const pieces = Array.from('4'.padEnd(5_000, '0'), (byte) => `1\r\n${byte}\r\n`).join('');
      const closed = scene.closeOfYoungest();

      raw.write(rawRequest('POST', target, ['Transfer-Encoding: chunked'], `${pieces}0\r\n\r\n`));

      // A CONNECT with auth that is none.
      expect((await answerOn(raw)).status).toBe(200);
      raw.write(rawRequest('POST', target, ['Content-Length: 1'], '1'));
      await closed;
    }));

  it.each([true, false])('a body whose peer goes in the middle of it ends the session (reset: %p)', (abruptly) =>
    withBystander(async (scene) => {
      const target = await opened(scene);
      const closed = scene.closeOfYoungest();
      const asked = nextRequest(scene.server.http);
      const raw = scene.raw();

      raw.write(rawRequest('POST', target, ['Content-Length: 1000'], '4half'));
      await asked;
      raw.drop(abruptly);

      expect((await closed)[1]).toMatchObject({ code: 'PUSH_ABORTED' });
    }),
  );

  it('two at once end the session', () =>
    withBystander(async (scene) => {
      const target = await opened(scene);
      const closed = scene.closeOfYoungest();
      const asked = nextRequest(scene.server.http);
      scene.raw().write(rawRequest('POST', target, ['Content-Length: 1000'], '4a'));
      await asked;

      expect((await post(scene.raw(), target, [], '4b')).status).toBe(400);

      expect((await closed)[1]).toMatchObject({ code: 'PUSH_OVERLAP' });
    }));

  it.each(['42["echo"]', '430[]', '451-["e",{"_placeholder":true,"num":0}]', 'bAAAA', '41'])(
    '%s before CONNECT ends the session',
    (packet) =>
      withBystander(async (scene) => {
        const session = await openPolling(scene.server.url);
        const closed = scene.closeOfYoungest();

        await push(session, packet);

        expect((await closed)[0]).toBe('parse error');
      }, SOON),
  );

  it('one to a session that does not exist is refused without being read', () =>
    withBystander(async (scene) => {
      const url = `${scene.server.url}?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA`;

      const answer = await request(url, { method: 'POST', body: 'x'.repeat(90_000) });

      expect([answer.status, JSON.parse(answer.body)]).toEqual([400, { code: 1, message: 'Session ID unknown' }]);
    }, SOON));
});

/** A session, and the target of its requests. */
async function opened(scene: Scene): Promise<string> {
  const { url } = await openPolling(scene.server.url);
  return url.slice(url.indexOf('/socket.io/'));
}

async function joined(scene: Scene): Promise<PollingSession> {
  const session = await openPolling(scene.server.url);
  await push(session, '40');
  await poll(session);
  return session;
}

function post(raw: RawSocket, target: string, headers: string[], body: string): ReturnType<typeof answerOn> {
  const hasLength = headers.some((header) => header.startsWith('Content-Length'));
  const length = hasLength ? [] : [`Content-Length: ${body.length}`];
  raw.socket.write(rawRequest('POST', target, [...headers, ...length], body), 'latin1');
  return answerOn(raw);
}
