import type { Frame } from '../support/engine-client.js';
import { TRANSPORTS, untilGone, type Peer } from '../support/peer.js';
import { until } from '../support/until.js';
import { withBystander } from './support/with-bystander.js';

describe.each(TRANSPORTS)('hostile connections, over %s', (transport) => {
  it('a CONNECT sent a hundred times at once gives one socket', () =>
    withBystander(async (scene) => {
      const { io } = scene.server;
      const waiting: (() => void)[] = [];
      let sockets = 0;
      io.of(/^\/slow-\d$/)
        .use((_socket, next) => void waiting.push(next))
        .on('connection', () => sockets++);
      const peer = await scene.joined(transport);

      await peer.send(...Array<string>(100).fill('40/slow-1,'), '42["echo"]');
      expect(await peer.next()).toBe('42["echo"]');
      for (const next of waiting) next();

      expect(await peer.next()).toMatch(/^40\/slow-1,\{/);
      expect([waiting.length, sockets, io.of('/slow-1').sockets.size]).toEqual([1, 1, 1]);
    }));

  it('thousands of namespaces are refused beyond the cap, and leave none behind', () =>
    withBystander(
      async (scene) => {
        scene.server.io.of(/^\/room-\d+$/);
        const peer = await scene.peer(transport);

        await peer.send(...Array.from({ length: 3_000 }, (_, i) => `40/room-${i},`));

        const answers = await take(peer, 3_000);
        expect(answers.filter((answer) => answer.includes('{"sid"'))).toHaveLength(10);
        expect(answers.filter((answer) => answer.includes('Too many namespaces'))).toHaveLength(2_990);
        expect(scene.server.io._nsps.size).toBe(11);
      },
      { ...UNHURRIED, maxNamespaces: 10 },
    ));

  it('namespaces that do not exist are refused one by one, and leave none behind', () =>
    withBystander(async (scene) => {
      const peer = await scene.peer(transport);

      await peer.send(...Array.from({ length: 1_000 }, (_, i) => `40/none-${i},`));

      for (const answer of await take(peer, 1_000)) expect(answer).toContain('Invalid namespace');
      expect(scene.server.io._nsps.size).toBe(1);
    }, UNHURRIED));

  it('a namespace that is joined and left a thousand times leaves nothing behind', () =>
    withBystander(async (scene) => {
      scene.server.io.of(/^\/room-\d+$/).on('connection', (socket) => void socket.join(['a', 'b']));
      const peer = await scene.joined(transport);

      for (let i = 0; i < 1_000; i += 100) {
        const packets = Array.from({ length: 100 }, (_, j) => [`40/room-${i + j},`, `41/room-${i + j},`]).flat();
        await peer.send(...packets);
        await take(peer, 100);
      }

      await peer.send('42["echo"]');
      expect(await peer.next()).toBe('42["echo"]');
      await until(() => scene.server.io._nsps.size === 1, 'the namespaces are gone');
    }, UNHURRIED));

  it('a thousand names that are guessed get ten answers, and end the connection', () =>
    withBystander(async (scene) => {
      const peer = await scene.joined(transport);
      const closed = scene.closeOfYoungest();

      await peer.send(...Array.from({ length: 1_000 }, (_, i) => `40/none-${i},`));

      const answers = await takeAll(peer);
      expect(answers).toEqual(Array.from({ length: 10 }, (_, i) => `44/none-${i},{"message":"Invalid namespace"}`));
      expect(await closed).toEqual(['forced close', expect.objectContaining({ code: 'TOO_MANY_REFUSALS' })]);
      expect(scene.server.io._nsps.size).toBe(1);
    }));

  it('a thousand CONNECTs to one namespace are slowed down, and end the connection', () =>
    withBystander(
      async (scene) => {
        const peer = await scene.joined(transport);
        const closed = scene.closeOfYoungest();

        const began = performance.now();
        await peer.send(...Array<string>(1_000).fill('40'));

        const answers = await takeAll(peer);
        const seconds = (performance.now() - began) / 1_000;
        expect(answers.filter((answer) => answer === '44{"message":"Too many connects"}')).toHaveLength(10);
        const joins = answers.filter((answer) => answer.startsWith('40{"sid"'));
        expect(joins).toHaveLength(answers.length - 10);
        // A few more come in time while these are read.
        expect(joins.length).toBeGreaterThanOrEqual(20);
        expect(joins.length).toBeLessThanOrEqual(20 + Math.ceil(20 * seconds));
        expect(await closed).toEqual(['forced close', expect.objectContaining({ code: 'TOO_MANY_REFUSALS' })]);
        expect(scene.server.io.stats().connectRefused).toEqual({ TOO_MANY_CONNECTS: 10 });
      },
      { maxNamespaces: 10 },
    ));

  it('a handshake that is never finished ends in time', () =>
    withBystander(
      async (scene) => {
        const peers = await Promise.all(Array.from({ length: 20 }, () => scene.peer(transport)));
        const closed = scene.closeOfYoungest();

        expect(await closed).toEqual(['forced close', expect.objectContaining({ code: 'CONNECT_TIMEOUT' })]);
        await Promise.all(peers.map(untilGone));
      },
      { connectTimeout: 150, closeTimeout: 150 },
    ));

  it('leaving every namespace starts the time for a handshake again', () =>
    withBystander(
      async (scene) => {
        const peer = await scene.joined(transport);
        const closed = scene.closeOfYoungest();

        await peer.send('41');

        await untilGone(peer);
        await closed;
      },
      { connectTimeout: 150, closeTimeout: 150 },
    ));

  it('a client that is refused again and again is let go in time', () =>
    withBystander(
      async (scene) => {
        scene.server.io.use((socket, next) => next(socket.handshake.auth.no ? new Error('no') : undefined));
        const peer = await scene.peer(transport);
        const closed = scene.closeOfYoungest();
        const state = { isOver: false };
        void closed.then(() => (state.isOver = true));

        while (!state.isOver) {
          await peer.send('40{"no":true}');
          if ((await peer.next().catch(() => null)) === null) break;
        }

        await closed;
      },
      { connectTimeout: 150, closeTimeout: 150 },
    ));

  it('a recovery id is good for one recovery', () =>
    withBystander(
      async (scene) => {
        const first = await scene.peer(transport);
        await first.send('40');
        const { sid, pid } = connectReply(await first.next());
        const gone = scene.closeOfYoungest();
        await first.leave();
        await gone;

        const thieves = await Promise.all(Array.from({ length: 5 }, () => scene.peer(transport)));
        for (const thief of thieves) await thief.send(`40{"pid":"${pid}"}`);
        const replies = await Promise.all(thieves.map(async (thief) => connectReply(await thief.next())));

        expect(replies.filter((reply) => reply.sid === sid)).toHaveLength(1);
        expect(replies.filter((reply) => reply.pid === pid).length).toBeLessThanOrEqual(1);
      },
      { connectionStateRecovery: { maxDisconnectionDuration: 700 } },
    ));

  it.each(['"__proto__"', '"constructor"', '{}', '[]', '1', 'null', `"${'x'.repeat(5_000)}"`])(
    'the recovery id %s gives a new session',
    (pid) =>
      withBystander(
        async (scene) => {
          const peer = await scene.peer(transport);

          await peer.send(`40{"pid":${pid},"offset":{"a":1}}`);

          expect(connectReply(await peer.next()).sid).toHaveLength(20);
        },
        { connectionStateRecovery: { maxDisconnectionDuration: 300 } },
      ),
  );
});

/** For what only a client that nothing slows down and that may be refused can do. */
const UNHURRIED = { maxConnectsPerSecond: 10_000, maxConnectRefusals: 10_000 };

/** What comes until the session is over, as its peer sees it. */
async function takeAll(peer: Peer): Promise<string[]> {
  const packets: Frame[] = [];
  for (;;) {
    const packet = await peer.next().catch(() => null);
    if (packet === null) return packets as string[];
    packets.push(packet);
  }
}

async function take(peer: Peer, count: number): Promise<string[]> {
  const packets: Frame[] = [];
  while (packets.length < count) packets.push(await peer.next());
  return packets as string[];
}

function connectReply(packet: Frame): { sid: string; pid: string } {
  return JSON.parse((packet as string).slice(2)) as { sid: string; pid: string };
}
