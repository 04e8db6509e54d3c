import { nextEvent } from '../../support/until.js';
import { roomsOf, settled } from '../../ecosystem/support/cluster.js';
import type { StartCluster } from './adapter.contract.js';

export function describeRooms(start: StartCluster): void {
  describe('socketsJoin', () => {
    it('makes every socket of every server join', async () => {
      const members = await (await start()).members(3);
      await members[0].node.io.socketsJoin(['a', 'b']);
      await settled(members);
      expect(roomsOf(members)).toEqual([
        ['a', 'b'],
        ['a', 'b'],
        ['a', 'b'],
      ]);
    });

    it('makes the sockets of a room join, without those of another', async () => {
      const members = await (await start()).members(3);
      await members[0].socket.join(['in', 'out']);
      await members[2].socket.join('in');
      await members[0].node.io.in('in').except('out').socketsJoin('joined');
      await settled(members);
      expect(roomsOf(members)).toEqual([['in', 'out'], [], ['in', 'joined']]);
    });

    it('stays on its server with local', async () => {
      const members = await (await start()).members(3);
      await members[0].node.io.local.socketsJoin('here');
      await settled(members);
      expect(roomsOf(members)).toEqual(members.map(({ node }) => (node === members[0].node ? ['here'] : [])));
    });
  });

  describe('socketsLeave', () => {
    it('makes every socket of every server leave', async () => {
      const members = await (await start()).members(3);
      for (const { socket } of members) await socket.join(['a', 'b', 'c']);
      await members[1].node.io.socketsLeave(['a', 'c']);
      await settled(members, members[1]);
      expect(roomsOf(members)).toEqual([['b'], ['b'], ['b']]);
    });

    it('makes the sockets of a room leave another', async () => {
      const members = await (await start()).members(3);
      for (const { socket } of members) await socket.join('common');
      await members[2].socket.join('chosen');
      await members[0].node.io.in('chosen').socketsLeave('common');
      await settled(members);
      expect(roomsOf(members)).toEqual([['common'], ['common'], ['chosen']]);
    });
  });

  describe('disconnectSockets', () => {
    it('disconnects every socket of every server', async () => {
      const members = await (await start()).members(3);
      const left = members.map(({ client }) => nextEvent(client, 'disconnect'));
      await members[0].node.io.disconnectSockets();
      const reasons = (await Promise.all(left)).map(([reason]) => reason);
      expect(reasons).toEqual(members.map(() => 'io server disconnect'));
    });

    it('disconnects the sockets of a room, with their connections where asked to', async () => {
      const members = await (await start()).members(3);
      await members[1].socket.join('out');
      const closed = nextEvent(members[1].socket.conn, 'close');
      const left = nextEvent(members[1].client, 'disconnect');
      await members[0].node.io.in('out').disconnectSockets(true);
      await Promise.all([left, closed]);
      await settled(members);
      expect(members.map(({ socket }) => socket.connected)).toEqual([true, false, true]);
    });

    it('lets what was emitted before go first', async () => {
      const members = await (await start()).members(3);
      const last = members.map(({ client }) => nextEvent(client, 'bye'));
      members[0].node.io.emit('bye', 'now');
      await members[0].node.io.disconnectSockets(true);
      expect(await Promise.all(last)).toEqual([['now'], ['now'], ['now']]);
    });
  });
}
