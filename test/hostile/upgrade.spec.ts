import type { Peer } from '../support/peer.js';
import { textFrame, type RawSocket } from '../support/raw-socket.js';
import { nextEvent, until } from '../support/until.js';
import { answerOn, rawUpgrade, refusal, refusalOf } from './support/requests.js';
import { withBystander, type Scene } from './support/with-bystander.js';

const TARGET = '/socket.io/?EIO=4&transport=websocket';
const SOON = { closeTimeout: 100 };

/** What comes in one segment with the handshake; the first is the bytes of CVE-2022-21676. */
const GARBAGE: [string, Buffer][] = [
  ['CVE-2022-21676: a frame with reserved bits', Buffer.from('f181000000003400', 'hex')],
  ['a frame without a mask', Buffer.from('810134', 'hex')],
  ['no frame at all', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['a length of 2 GB', Buffer.from('82ff000000008000000000000000', 'hex')],
  ['the beginning of a frame', Buffer.from('82fe', 'hex')],
  ['a close frame', Buffer.from('888000000000', 'hex')],
  ['text that is not UTF-8', Buffer.from('81820000000034ff', 'hex')],
];

describe('a hostile WebSocket handshake', () => {
  it.each(GARBAGE)('with %s in the same segment harms nobody', (_what, bytes) =>
    withBystander(async (scene) => {
      const raw = scene.raw();

      raw.write(Buffer.concat([Buffer.from(rawUpgrade(TARGET)), bytes]));

      expect((await answerOn(raw)).status).toBe(101);
    }, SOON),
  );

  it('with packets in the same segment is served', () =>
    withBystander(async (scene) => {
      const raw = scene.raw();

      raw.write(Buffer.concat([Buffer.from(rawUpgrade(TARGET)), textFrame('40'), textFrame('42["echo",1]')]));

      await raw.arrival('42["echo",1]');
    }));

  it.each(GARBAGE)('of a polling session, with %s in the same segment, leaves the session as it is', (_what, bytes) =>
    withBystander(async (scene) => {
      const { peer, target } = await polling(scene);
      const raw = scene.raw();

      raw.write(Buffer.concat([Buffer.from(rawUpgrade(target)), bytes]));
      await answerOn(raw);
      raw.drop(false);

      await expectEcho(peer);
    }, SOON),
  );

  it('CVE-2022-41940: that is reset at any moment harms nobody', () =>
    withBystander(async (scene) => {
      const { peer, target } = await polling(scene);
      for (const request of [rawUpgrade(TARGET), rawUpgrade(target), rawUpgrade('/elsewhere/')]) {
        for (let length = 1; length <= request.length; length += length < request.length - 3 ? 31 : 1) {
          const raw = scene.raw();
          await nextEvent(raw.socket, 'connect');
          raw.write(request.slice(0, length));
          await new Promise<void>((sent) => raw.socket.write('', () => sent()));
          raw.drop(length % 2 === 1);
        }
      }

      await expectEcho(peer);
    }));

  it('CVE-2022-41940: that is reset upon its answer harms nobody', () =>
    withBystander(async (scene) => {
      const { peer, target } = await polling(scene);
      for (const request of [rawUpgrade(TARGET), rawUpgrade(target), rawUpgrade(`${TARGET}&sid=unknown`)]) {
        const raw = scene.raw();
        raw.socket.once('data', () => raw.drop(true));
        raw.write(request);
        await raw.ended;
      }

      await until(() => scene.server.io.engine.clientsCount === 2, 'the sessions of the others are left');
      await expectEcho(peer);
    }));

  it.each(['/elsewhere/', '/', '/socket.io.js', '/socket.iox/', '*', '/socket.io'])('of the path %s gets 404', (path) =>
    withBystander(async (scene) => {
      const raw = scene.raw();

      expect(await refusalOf(raw, rawUpgrade(`${path}?EIO=4&transport=websocket`))).toEqual(refusal(404));
      await raw.ended;
    }),
  );

  it('of another version of the protocol leaves the session as it is', () =>
    withBystander(async (scene) => {
      const { peer, target } = await polling(scene);

      const answer = await refusalOf(scene.raw(), rawUpgrade(target.replace('EIO=4', 'EIO=3')));

      expect(answer).toEqual(refusal(400, 5));
      await expectEcho(peer);
    }));

  it('of another version of the protocol that is served leaves the session as it is', () =>
    withBystander(
      async (scene) => {
        const { peer, target } = await polling(scene);

        const answer = await refusalOf(scene.raw(), rawUpgrade(target.replace('EIO=4', 'EIO=3')));

        expect(answer).toEqual(refusal(400, 3));
        await expectEcho(peer);
      },
      { allowEIO3: true },
    ));
});

describe('a hostile upgrade of a polling session', () => {
  it.each<[string, string[]]>([
    ['a second probe', ['2probe', '2probe']],
    ['a hundred probes', Array<string>(100).fill('2probe')],
    ['another probe', ['2other']],
    ['a message instead of the upgrade', ['2probe', '42["echo"]']],
    ['a CONNECT', ['40']],
    ['a pong', ['3probe']],
    ['nothing that is a packet', ['x']],
    ['a close', ['2probe', '1']],
  ])('by %s ends, and leaves the session as it is', (_what, packets) =>
    withBystander(async (scene) => {
      const { peer, target } = await polling(scene);
      const raw = await upgrading(scene, target);

      raw.write(Buffer.concat(packets.map(textFrame)));
      await raw.ended;

      await expectEcho(peer);
    }, SOON),
  );

  it('without a probe ends in time, and leaves the session as it is', () =>
    withBystander(
      async (scene) => {
        const { peer, target } = await polling(scene);
        const raw = await upgrading(scene, target);

        await raw.ended;

        await expectEcho(peer);
      },
      { upgradeTimeout: 100, ...SOON },
    ));

  it('beside another one ends, and leaves the other one as it is', () =>
    withBystander(async (scene) => {
      const { target } = await polling(scene);
      const first = await upgrading(scene, target);
      first.write(textFrame('2probe'));
      await first.arrival('3probe');

      const second = await upgrading(scene, target);
      second.write(Buffer.concat([textFrame('2probe'), textFrame('5')]));
      await second.ended;
      expect(second.received).not.toContain('3probe');

      first.write(Buffer.concat([textFrame('5'), textFrame('42["echo",1]')]));
      await first.arrival('42["echo",1]');
    }, SOON));

  it('after another one ends, and leaves that one as it is', () =>
    withBystander(async (scene) => {
      const { target } = await polling(scene);
      const first = await upgrading(scene, target);
      first.write(Buffer.concat([textFrame('2probe'), textFrame('5'), textFrame('42["echo",1]')]));
      await first.arrival('42["echo",1]');

      const second = await upgrading(scene, target);
      second.write(Buffer.concat([textFrame('2probe'), textFrame('5'), textFrame('42["echo",2]')]));
      await second.ended;

      expect(second.received).not.toContain('echo');
      first.write(textFrame('42["echo",3]'));
      await first.arrival('42["echo",3]');
    }, SOON));

  it(
    'a thousand times over ends each time',
    () =>
      withBystander(async (scene) => {
        const { peer, target } = await polling(scene);

        for (let i = 0; i < 200; i++) {
          const raws = Array.from({ length: 5 }, () => scene.raw());
          for (const raw of raws) raw.write(rawUpgrade(target));
          for (const raw of raws) await raw.arrival('\r\n\r\n');
          for (const raw of raws) raw.drop(i % 2 === 0);
        }

        await expectEcho(peer);
      }),
    30_000,
  );
});

/** A session in the main namespace, and where its upgrade goes. */
async function polling(scene: Scene): Promise<{ peer: Peer; target: string }> {
  const peer = await scene.joined('polling');
  const sid = [...scene.server.io.engine.sessions.keys()].at(-1)!;
  return { peer, target: `${TARGET}&sid=${sid}` };
}

async function upgrading(scene: Scene, target: string): Promise<RawSocket> {
  const raw = scene.raw();
  raw.write(rawUpgrade(target));
  await raw.arrival('\r\n\r\n');
  return raw;
}

async function expectEcho(peer: Peer): Promise<void> {
  await peer.send('42["echo","alive"]');
  expect(await peer.next()).toBe('42["echo","alive"]');
}
