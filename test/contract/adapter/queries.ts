import { nextEvent } from '../../support/until.js';
import { heard, roomsOf, settled } from '../../ecosystem/support/cluster.js';
import type { StartCluster } from './adapter.contract.js';

/** For answers to come. Not longer: adapters keep a timer that long, whether the answers came or not. */
const TIME = 1_000;

export function describeQueries(start: StartCluster): void {
  describe('fetchSockets', () => {
    it('finds the sockets of all servers, with their data, rooms and handshake', async () => {
      const members = await (await start()).members(3, '/', { auth: { token: 't' }, query: { q: '1' } });
      for (const [i, { socket }] of members.entries()) {
        socket.data.name = `n${i}`;
        await socket.join(['all', `room-${i}`]);
      }
      const found = await members[0].node.io.fetchSockets();
      expect(found.length).toBe(3);
      for (const [i, { socket }] of members.entries()) {
        const remote = found.find(({ id }) => id === socket.id)!;
        expect(remote.data).toEqual({ name: `n${i}` });
        expect(remote.rooms).toEqual(new Set([socket.id, 'all', `room-${i}`]));
        expect(remote.handshake).toEqual(JSON.parse(JSON.stringify(socket.handshake)));
        expect(remote.handshake).toMatchObject({ auth: { token: 't' }, query: { q: '1' }, address: '127.0.0.1' });
      }
    });

    it('finds those of a room, and one by its id', async () => {
      const members = await (await start()).members(3);
      await members[1].socket.join('room');
      const { io } = members[0].node;
      expect((await io.in('room').fetchSockets()).map(({ id }) => id)).toEqual([members[1].socket.id]);
      expect((await io.in(members[2].socket.id).fetchSockets()).map(({ id }) => id)).toEqual([members[2].socket.id]);
      expect(await io.in('nobody').fetchSockets()).toEqual([]);
    });

    it('finds those of its own server with local', async () => {
      const members = await (await start()).members(3);
      const found = await members[0].node.io.local.fetchSockets();
      const here = members.filter(({ node }) => node === members[0].node).map(({ socket }) => socket.id);
      expect(found.map(({ id }) => id)).toEqual(here);
    });
  });

  describe('a socket that was fetched', () => {
    it('is emitted to', async () => {
      const members = await (await start()).members(3);
      const [remote] = await members[0].node.io.in(members[1].socket.id).fetchSockets();
      const got = await heard(members, () => remote.emit('direct', 1));
      expect(got).toEqual([[], [['direct', 1]], []]);
    });

    it('answers', async () => {
      const members = await (await start()).members(3);
      members[1].client.on('ask', (n: number, ack: (value: number) => void) => ack(n + 1));
      const [remote] = await members[0].node.io.in(members[1].socket.id).fetchSockets();
      expect(await remote.timeout(TIME).emitWithAck('ask', 1)).toBe(2);
    });

    it('joins, leaves and is disconnected', async () => {
      const members = await (await start()).members(3);
      await members[1].socket.join('old');
      const [remote] = await members[0].node.io.in('old').fetchSockets();
      await remote.join('new');
      await remote.leave('old');
      await settled(members);
      expect(roomsOf(members)).toEqual([[], ['new'], []]);
      const left = nextEvent(members[1].client, 'disconnect');
      remote.disconnect(true);
      expect((await left)[0]).toBe('io server disconnect');
    });
  });

  describe('serverCount', () => {
    it('counts the servers', async () => {
      const cluster = await start();
      const { adapter } = cluster.nodes[0].io.of('/');
      expect(await adapter.serverCount()).toBe(cluster.nodes.length);
    });
  });
}
