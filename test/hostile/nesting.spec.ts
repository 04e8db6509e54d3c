import type { Frame } from '../support/engine-client.js';
import { TRANSPORTS } from '../support/peer.js';
import { withBystander } from './support/with-bystander.js';

const deep = (levels: number, open = '[', close = ']'): string => open.repeat(levels) + close.repeat(levels);
const SLOT = '{"_placeholder":true,"num":0}';

describe.each(TRANSPORTS)('hostile payloads, over %s', (transport) => {
  it.each<[string, Frame[]]>([
    ['257 levels of lists', [`42["e",${deep(256)}]`]],
    ['100,000 levels of lists', [`42["e",${deep(100_000)}]`]],
    ['100,000 levels of objects', [`42["e",${deep(100_000, '{"a":', '}').replace(':}', ':0}')}]`]],
    ['100,000 levels that are never closed', [`42["e",${'['.repeat(100_000)}`]],
    ['levels of both kinds', [`42["e",${deep(200, '[{"a":', '}]').replace(':}', ':0}')}]`]],
    ['levels behind a text full of brackets', [`42["e","${'['.repeat(300)}\\"",${deep(300)}]`]],
    ['levels in an ack', [`430[${deep(300)}]`]],
    ['levels around an attachment', [`451-["e",${'['.repeat(300)}${SLOT}${']'.repeat(300)}]`]],
  ])('%s are refused', (_what, packets) =>
    withBystander(async (scene) => {
      const peer = await scene.joined(transport);

      await scene.endWith(peer, packets, 'JSON_TOO_DEEP');
    }),
  );

  it('256 levels, and a text of brackets only, are taken and sent back', () =>
    withBystander(async (scene) => {
      const peer = await scene.joined(transport);
      const packets = [`42["echo",${deep(255)}]`, `42["echo","${'['.repeat(2_000)}"]`];

      for (const packet of packets) {
        await peer.send(packet);
        expect(await peer.next()).toBe(packet);
      }
    }));

  it.each([
    ['a key __proto__', '{"__proto__":{"polluted":1}}'],
    ['a key constructor', '{"constructor":{"prototype":{"polluted":1}}}'],
    ['a key __proto__ in a list', '[[{"__proto__":["polluted"]}]]'],
    ['a method that JSON would call', '{"toJSON":"x","toString":"y","then":"z","valueOf":1}'],
    ['a lone surrogate', '"\\ud800"'],
    ['surrogates in the wrong order', '"\\udc00\\ud800"'],
    ['separators and control characters', '"\\u001e\\u2028\\u0000"'],
    ['numbers beyond all bounds', '[1e+21,5e-324,-1.7976931348623157e+308]'],
    ['a list with a length', '{"length":4294967295,"0":1}'],
  ])('%s is data, and comes back as it was sent', (_what, json) =>
    withBystander(async (scene) => {
      const peer = await scene.joined(transport);

      await peer.send(`42["echo",${json}]`);
      const echoed = (await peer.next()) as string;

      expect(JSON.stringify(JSON.parse(echoed.slice(2)))).toBe(JSON.stringify(['echo', JSON.parse(json)]));
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      expect(Object.keys(Object.prototype)).toEqual([]);
    }),
  );

  it('a key __proto__ beside an attachment is data', () =>
    withBystander(async (scene) => {
      const peer = await scene.joined(transport);

      await peer.send(`451-["echo",{"__proto__":{"polluted":1},"a":${SLOT}}]`, Buffer.of(1, 2));

      expect(await peer.next()).toBe(`451-["echo",{"__proto__":{"polluted":1},"a":${SLOT}}]`);
      expect(await peer.next()).toEqual(Buffer.of(1, 2));
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    }));

  it('a key __proto__ in auth is data', () =>
    withBystander(async (scene) => {
      const auths: unknown[] = [];
      scene.server.io.of('/').use((socket, next) => {
        auths.push(socket.handshake.auth);
        next();
      });
      const peer = await scene.peer(transport);

      await peer.send('40{"__proto__":{"admin":true},"token":"x"}');
      await peer.next();

      expect((auths[0] as { admin?: boolean }).admin).toBeUndefined();
      expect(JSON.stringify(auths[0])).toBe('{"__proto__":{"admin":true},"token":"x"}');
    }));
});
