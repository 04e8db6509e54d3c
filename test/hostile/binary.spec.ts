import type { Frame } from '../support/engine-client.js';
import { TRANSPORTS, untilGone } from '../support/peer.js';
import { collect } from '../support/garbage.js';
import { until } from '../support/until.js';
import { withBystander } from './support/with-bystander.js';

const slot = (num: unknown): string => `{"_placeholder":true,"num":${String(num)}}`;
const ONE = Buffer.of(1);

const REFUSED: [string, Frame[], string][] = [
  ['CVE-2026-33151: a million attachments', ['451000000-["e"]'], 'TOO_MANY_ATTACHMENTS'],
  ['CVE-2026-33151: as many attachments as ten digits count', ['459999999999-["e"]'], 'TOO_MANY_ATTACHMENTS'],
  ['65 attachments', ['4565-["e"]'], 'TOO_MANY_ATTACHMENTS'],
  ['no attachments', ['450-["e"]'], 'INVALID_PACKET'],
  ['a number of attachments that is none', ['45-["e"]'], 'INVALID_PACKET'],
  ['a negative number of attachments', ['45-1-["e"]'], 'INVALID_PACKET'],
  ['1.5 attachments', ['451.5-["e"]'], 'INVALID_PACKET'],
  ['1e9 attachments', ['451e9-["e"]'], 'TOO_MANY_ATTACHMENTS'],
  ['CVE-2022-2421: an index that is a method', [`451-["e",${slot('"splice"')}]`, ONE], 'INVALID_PLACEHOLDER'],
  ['CVE-2022-2421: an index that is __proto__', [`451-["e",${slot('"__proto__"')}]`, ONE], 'INVALID_PLACEHOLDER'],
  ['CVE-2022-2421: the index length', [`451-["e",${slot('"length"')}]`, ONE], 'INVALID_PLACEHOLDER'],
  ['an index that is a text of digits', [`451-["e",${slot('"0"')}]`, ONE], 'INVALID_PLACEHOLDER'],
  ['an index past the end', [`451-["e",${slot(1)}]`, ONE], 'INVALID_PLACEHOLDER'],
  ['a negative index', [`451-["e",${slot(-1)}]`, ONE], 'INVALID_PLACEHOLDER'],
  ['an index past the end, with a fraction', [`451-["e",${slot(1.5)}]`, ONE], 'INVALID_PLACEHOLDER'],
  ['an index of null', [`451-["e",${slot(null)}]`, ONE], 'INVALID_PLACEHOLDER'],
  ['an index that is a list', [`451-["e",${slot('[0]')}]`, ONE], 'INVALID_PLACEHOLDER'],
  ['no index', ['451-["e",{"_placeholder":true}]', ONE], 'INVALID_PLACEHOLDER'],
  ['text instead of an attachment', [`451-["e",${slot(0)}]`, '42["echo"]'], 'UNEXPECTED_ATTACHMENT'],
  ['a packet among attachments', [`452-["e",${slot(0)},${slot(1)}]`, ONE, '41'], 'UNEXPECTED_ATTACHMENT'],
  ['an attachment too many', [`451-["e",${slot(0)}]`, ONE, ONE], 'UNEXPECTED_ATTACHMENT'],
  ['an attachment of nothing', [ONE], 'UNEXPECTED_ATTACHMENT'],
  ['a binary ack with a wrong index', [`461-0[${slot(7)}]`, ONE], 'INVALID_PLACEHOLDER'],
  ['attachments of a namespace that was not joined', [`451-/other,["e",${slot(0)}]`, ONE], 'NOT_CONNECTED'],
  ['a name that is an attachment', [`451-[${slot(0)}]`, ONE], 'INVALID_EVENT'],
];

describe.each(TRANSPORTS)('hostile attachments, over %s', (transport) => {
  it.each(REFUSED)('%s: the session ends', (_what, packets, code) =>
    withBystander(async (scene) => {
      const peer = await scene.joined(transport);

      await scene.endWith(peer, packets, code);
    }),
  );

  it.each<[string, Frame[], string]>([
    ['an attachment', [ONE], 'UNEXPECTED_ATTACHMENT'],
    ['a binary event', [`451-["e",${slot(0)}]`], 'NOT_CONNECTED'],
    ['a binary ack', [`461-0[${slot(0)}]`], 'NOT_CONNECTED'],
  ])('%s before CONNECT ends the session', (_what, packets, code) =>
    withBystander(async (scene) => {
      const peer = await scene.peer(transport);

      await scene.endWith(peer, packets, code);
    }),
  );

  it('CVE-2026-69185: attachments that are larger than allowed together end the session before the last of them', () =>
    withBystander(
      async (scene) => {
        const peer = await scene.joined(transport);
        const event = `453-["e",${slot(0)},${slot(1)},${slot(2)}]`;

        await scene.endWith(peer, [event, Buffer.alloc(600), Buffer.alloc(600)], 'ATTACHMENTS_TOO_LARGE');
      },
      { maxAttachmentBytes: 1_000 },
    ));

  it('CVE-2026-69185: attachments that never arrive end the session in time', () =>
    withBystander(
      async (scene) => {
        const peer = await scene.joined(transport);
        const closed = scene.closeOfYoungest();

        await peer.send(`452-["e",${slot(0)},${slot(1)}]`, Buffer.alloc(1_000));

        expect(await closed).toEqual(['parse error', expect.objectContaining({ code: 'ATTACHMENT_TIMEOUT' })]);
      },
      { attachmentTimeout: 100, closeTimeout: 100 },
    ));

  it('the bytes of what is half received are freed when the session ends', () =>
    withBystander(async (scene) => {
      const held = bytesOfBuffers();
      const peers = await Promise.all(Array.from({ length: 20 }, () => scene.joined(transport)));
      for (const peer of peers) await peer.send(`452-["e",${slot(0)},${slot(1)}]`, Buffer.alloc(500_000));

      for (const peer of peers) await peer.send('42["text instead"]');
      for (const peer of peers) await untilGone(peer);

      await until(() => bytesOfBuffers() < held + 5_000_000, 'ten million bytes are given back');
    }));
});

describe('placeholders without a binary packet', () => {
  it.each(TRANSPORTS)('are data, over %s', (transport) =>
    withBystander(async (scene) => {
      const peer = await scene.joined(transport);

      await peer.send(`42["echo",${slot(0)}]`);

      expect(await peer.next()).toBe(`42["echo",${slot(0)}]`);
    }),
  );
});

function bytesOfBuffers(): number {
  collect();
  return process.memoryUsage().arrayBuffers;
}
