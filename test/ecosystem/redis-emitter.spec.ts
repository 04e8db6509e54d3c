import { createAdapter } from '@socket.io/redis-adapter';
import { Emitter } from '@socket.io/redis-emitter';
import { describeWith } from '../support/requirements.js';
import { nextEvent } from '../support/until.js';
import { Cluster, heard, roomsOf, type Member } from './support/cluster.js';
import { RedisServer, uniqueName } from './support/redis.js';

describeWith('redis-server', '@socket.io/redis-emitter', (program) => {
  const redis = new RedisServer(program);

  async function start() {
    const key = uniqueName();
    const cluster = await Cluster.start(2, async () =>
      createAdapter(await redis.connect(), await redis.connect(), { key }),
    );
    return { cluster, emitter: new Emitter(await redis.connect(), { key }) };
  }

  /** The emitter's events come from another process: their end is marked by it, not by a server. */
  function heardFrom(emitter: Emitter, members: readonly Member[], action: () => unknown) {
    return heard(members, action, (event) => emitter.emit(event));
  }

  it('emits to everybody', async () => {
    const { cluster, emitter } = await start();
    const members = await cluster.members();
    const got = await heardFrom(emitter, members, () => emitter.emit('news', 1, Buffer.from([2])));
    expect(got).toEqual([[['news', 1, Buffer.from([2])]], [['news', 1, Buffer.from([2])]]]);
  });

  it('emits to rooms, and past them', async () => {
    const { cluster, emitter } = await start();
    const members = await cluster.members(4);
    await members[0].socket.join('a');
    await members[1].socket.join('b');
    await members[2].socket.join(['a', 'c']);
    const got = await heardFrom(emitter, members, () => {
      emitter.to('a').emit('to a');
      emitter.to(['a', 'b']).except('c').emit('to a and b');
      emitter.except('a').emit('not to a');
    });
    expect(got).toEqual([[['to a'], ['to a and b']], [['to a and b'], ['not to a']], [['to a']], [['not to a']]]);
  });

  it('emits in a namespace', async () => {
    const { cluster, emitter } = await start();
    await cluster.open('/chat');
    const outside = await cluster.members();
    const inside = await cluster.members(2, '/chat');
    const chat = emitter.of('/chat');
    const gotInside = await heard(
      inside,
      () => chat.emit('inside'),
      (event) => chat.emit(event),
    );
    expect(gotInside).toEqual([[['inside']], [['inside']]]);
    expect(await heardFrom(emitter, outside, () => {})).toEqual([[], []]);
  });

  it('makes sockets join, leave and go', async () => {
    const { cluster, emitter } = await start();
    const members = await cluster.members();
    await members[0].socket.join('chosen');
    const joined = nextEvent(members[0].node.io.of('/').adapter, 'join-room');
    emitter.in('chosen').socketsJoin('new');
    expect(await joined).toEqual(['new', members[0].socket.id]);
    const left = nextEvent(members[0].node.io.of('/').adapter, 'leave-room');
    emitter.socketsLeave('chosen');
    expect(await left).toEqual(['chosen', members[0].socket.id]);
    expect(roomsOf(members)).toEqual([['new'], []]);
    const gone = nextEvent(members[0].client, 'disconnect');
    emitter.in('new').disconnectSockets(true);
    await gone;
    expect(members[1].socket.connected).toBe(true);
  });

  it('emits to the servers', async () => {
    const { cluster, emitter } = await start();
    const heardBy = cluster.nodes.map(({ io }) => nextEvent(io, 'reload'));
    emitter.serverSideEmit('reload', 'now');
    expect(await Promise.all(heardBy)).toEqual([['now'], ['now']]);
  });
});
