import { nextEvent } from '../../support/until.js';
import { heard, type Member } from '../../ecosystem/support/cluster.js';
import type { StartCluster } from './adapter.contract.js';

export function describeBroadcasts(start: StartCluster): void {
  describe('a broadcast', () => {
    it('reaches every socket of every server', async () => {
      const members = await (await start()).members(3);
      const got = await heard(members, () => members[0].node.io.emit('news', 1, { two: ['3'] }));
      expect(got).toEqual(each(members, [['news', 1, { two: ['3'] }]]));
    });

    it('carries binary data', async () => {
      const members = await (await start()).members(3);
      const arrived = members.map(({ client }) => nextEvent(client, 'bytes'));
      members[0].node.io.emit('bytes', Buffer.from([1, 2]), { in: Buffer.from([3]) });
      expect(await Promise.all(arrived)).toEqual(each(members, [Buffer.from([1, 2]), { in: Buffer.from([3]) }]));
    });

    it('carries more than fits into one message of the broker', async () => {
      const members = await (await start()).members(3);
      const arrived = members.map(({ client }) => nextEvent(client, 'long'));
      const long = 'ä'.repeat(20_000);
      members[0].node.io.emit('long', long);
      expect(await Promise.all(arrived)).toEqual(each(members, [long]));
    });

    it('leaves the socket out that it comes from', async () => {
      const members = await (await start()).members(3);
      const got = await heard(members, () => members[0].socket.broadcast.emit('hello'));
      expect(got).toEqual([[], [['hello']], [['hello']]]);
    });

    it('reaches the sockets of a room only, on every server', async () => {
      const members = await (await start()).members(3);
      await members[1].socket.join('tea');
      await members[2].socket.join('tea');
      const got = await heard(members, () => members[0].node.io.to('tea').emit('milk?'));
      expect(got).toEqual([[], [['milk?']], [['milk?']]]);
    });

    it('reaches a socket in several of the rooms once', async () => {
      const members = await (await start()).members(3);
      await members[0].socket.join(['a', 'b']);
      await members[1].socket.join(['a', 'b', 'c']);
      await members[2].socket.join('c');
      const got = await heard(members, () => members[0].node.io.to('a').to('b').emit('once'));
      expect(got).toEqual([[['once']], [['once']], []]);
    });

    it('leaves the sockets of a room out', async () => {
      const members = await (await start()).members(3);
      await members[1].socket.join('deaf');
      const got = await heard(members, () => members[0].node.io.except('deaf').emit('noise'));
      expect(got).toEqual([[['noise']], [], [['noise']]]);
    });

    it('reaches a room without the sockets of another', async () => {
      const members = await (await start()).members(3);
      await members[0].socket.join(['a', 'b']);
      await members[1].socket.join('a');
      await members[2].socket.join(['a', 'b']);
      const got = await heard(members, () => members[0].node.io.to('a').except('b').emit('x'));
      expect(got).toEqual([[], [['x']], []]);
    });

    it('reaches one socket by its id, wherever it is', async () => {
      const members = await (await start()).members(3);
      const got = await heard(members, () => members[0].node.io.to(members[2].socket.id).emit('you'));
      expect(got).toEqual([[], [], [['you']]]);
    });

    it('stays on its server with local', async () => {
      const cluster = await start();
      const members = await cluster.members(3);
      const got = await heard(members, () => members[0].node.io.local.emit('here'));
      expect(got).toEqual(members.map(({ node }) => (node === members[0].node ? [['here']] : [])));
    });

    it('is delivered with volatile where the connection is ready', async () => {
      const members = await (await start()).members(3);
      // Awaited by itself: a volatile event may take another way than the event that marks the end, and be overtaken.
      const arrived = members.map(({ client }) => nextEvent(client, 'now'));
      members[0].node.io.volatile.emit('now', 1);
      expect(await Promise.all(arrived)).toEqual(each(members, [1]));
    });

    it('keeps the order of what one server emits', async () => {
      const members = await (await start()).members(3);
      const numbers = Array.from({ length: 50 }, (_, i) => ['n', i]);
      const got = await heard(members, () => numbers.forEach(([, i]) => members[0].node.io.emit('n', i)));
      expect(got).toEqual(each(members, numbers));
    });

    it('stays in its namespace', async () => {
      const cluster = await start();
      await cluster.open('/chat');
      const outside = await cluster.members(3);
      const inside = await cluster.members(3, '/chat');
      const got = await heard(outside, () =>
        heard(inside, () => inside[0].socket.nsp.emit('inside')).then((gotInside) =>
          expect(gotInside).toEqual(each(inside, [['inside']])),
        ),
      );
      expect(got).toEqual(each(outside, []));
    });

    it('is told to the listeners of outgoing events on every server', async () => {
      const members = await (await start()).members(3);
      const told: unknown[][] = [];
      for (const { socket } of members) socket.onAnyOutgoing((...args: unknown[]) => told.push(args));
      await heard(members, () => members[0].node.io.emit('out', 1));
      expect(told.filter(([name]) => name === 'out')).toEqual(each(members, ['out', 1]));
    });
  });
}

function each<T>(members: readonly Member[], value: T): T[] {
  return members.map(() => value);
}
