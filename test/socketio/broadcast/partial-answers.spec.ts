import { createAdapter } from '@socket.io/redis-adapter';
import { describeWith } from '../../support/requirements.js';
import { startServer } from '../../support/server.js';
import { connectClient } from '../../support/official-client.js';
import { Bus, BusAdapter, onBus } from '../../ecosystem/support/bus-adapter.js';
import { Cluster } from '../../ecosystem/support/cluster.js';
import { eventually } from '../../ecosystem/support/eventually.js';
import { startOfficialServer } from '../../ecosystem/support/official-server.js';
import { RedisServer, uniqueName } from '../../ecosystem/support/redis.js';

const { jest } = import.meta;

jest.setTimeout(20_000);

/** For answers that come; the adapters themselves wait longer. */
const TIME = 400;

/** Three servers, of which the last one stops to answer once it is frozen; only the others are at hand. */
interface Three {
  readonly cluster: Cluster;
  /** A client of the server that freezes, whose answer is `2`. */
  connectThere(): Promise<unknown>;
  freeze(): void;
}

describe('partial answers, through the base of published adapters', () => {
  describePartialAnswers(async () => {
    const bus = new Bus();
    let frozen = false;
    class Freezing extends BusAdapter {
      override onMessage(...args: Parameters<BusAdapter['onMessage']>): void {
        if (!frozen) super.onMessage(...args);
      }
    }
    const adapters = [onBus(bus), onBus(bus), onBus(bus, Freezing)];
    const whole = await Cluster.start(3, () => adapters.shift()!);
    const there = whole.nodes[2];
    there.io.on('ask', (ack: (value: string) => void) => ack('official'));
    return {
      cluster: Object.assign(Object.create(whole) as Cluster, { nodes: whole.nodes.slice(0, 2) }),
      connectThere: () => answering(there.origin),
      freeze: () => void (frozen = true),
    };
  });
});

describeWith('redis-server', 'partial answers, through @socket.io/redis-adapter', (program) => {
  const redis = new RedisServer(program);

  describePartialAnswers(async () => {
    const key = uniqueName();
    const { origin, daemon } = await startOfficialServer(redis, key);
    const adapter = async () =>
      createAdapter(await redis.connect(), await redis.connect(), { key, requestsTimeout: 2_500 });
    const nodes = [await startServer({ adapter: await adapter() }), await startServer({ adapter: await adapter() })];
    const cluster = Object.assign(Object.create(Cluster.prototype) as Cluster, { nodes });
    await eventually(async () => (await nodes[0].io.of('/').adapter.serverCount()) === 3, 'all know of each other');
    return { cluster, connectThere: () => answering(origin), freeze: () => daemon.freeze() };
  });

  it('give the local part where Redis does not answer', async () => {
    const node = await startServer({
      adapter: createAdapter(await redis.connect(), await redis.connect(), { key: uniqueName() }),
    });
    const client = await connectClient(node.origin);
    node.io.of('/').adapter.serverCount = () => Promise.reject(new Error('no connection'));
    const { sockets, missing } = await node.io.partial.fetchSockets();
    expect([sockets.map(({ id }) => id), missing]).toEqual([[client.id], true]);
  });
});

function describePartialAnswers(start: () => Promise<Three>): void {
  async function startWithClients() {
    const three = await start();
    const members = await three.cluster.members();
    members.forEach(({ client }, i) => client.on('ask', (ack: (value: number) => void) => ack(i)));
    await three.connectThere();
    const { io } = members[0].node;
    members[1].node.io.on('ask', (ack: (value: string) => void) => ack('here'));
    return { ...three, members, io };
  }

  it('are whole where every server answers', async () => {
    const { io } = await startWithClients();
    const found = await io.partial.fetchSockets();
    expect([found.sockets.length, found.missing]).toEqual([3, false]);
    const acks = await io.timeout(1_500).partial.emitWithAck('ask');
    expect([(acks.responses as number[]).toSorted(), acks.missing]).toEqual([[0, 1, 2], false]);
    const answers = await io.partial.serverSideEmitWithAck('ask');
    expect([answers.responses.toSorted(), answers.missing]).toEqual([['here', 'official'], false]);
  });

  it('pain 17: fetchSockets gives the sockets of this server, in time, and says that some are missing', async () => {
    const { io, members, freeze } = await startWithClients();
    await members[0].socket.join('room');
    freeze();
    const start = performance.now();
    const [all, room, nobody] = await Promise.all([
      io.timeout(TIME).partial.fetchSockets(),
      io.in('room').except('x').timeout(TIME).partial.fetchSockets(),
      io.except('room').timeout(TIME).partial.fetchSockets(),
    ]);
    expect(performance.now() - start).toBeLessThan(2_000);
    expect([all, room, nobody].map(({ missing }) => missing)).toEqual([true, true, true]);
    expect([all, room, nobody].map(({ sockets }) => sockets.map(({ id }) => id))).toEqual([
      [members[0].socket.id],
      [members[0].socket.id],
      [],
    ]);
  });

  it('pain 17: emitWithAck gives the acks that came, of every server', async () => {
    const { io, freeze } = await startWithClients();
    freeze();
    const { responses, missing } = await io.timeout(TIME).partial.emitWithAck('ask');
    expect([(responses as number[]).toSorted(), missing]).toEqual([[0, 1], true]);
  });

  it('leave nothing behind', async () => {
    const { io, members, freeze } = await startWithClients();
    freeze();
    const before = io.wheel.size;
    await Promise.all([io.timeout(TIME).partial.fetchSockets(), io.timeout(TIME).partial.emitWithAck('ask')]);
    await eventually(async () => io.wheel.size === before, 'no timer is left');
    expect(members.map(({ socket }) => socket.acks.size)).toEqual([0, 0]);
  });

  it('reject for a mistake of the caller', async () => {
    const { io } = await startWithClients();
    await expect(io.timeout(TIME).partial.emitWithAck('disconnect')).rejects.toThrow('disconnect');
  });

  it('pain 17: serverSideEmitWithAck gives the answers that came', async () => {
    const { io, freeze } = await startWithClients();
    freeze();
    // The adapter waits as long as it does by itself, and tells then.
    expect(await io.partial.serverSideEmitWithAck('ask')).toEqual({ responses: ['here'], missing: true });
  });
}

/** A client that gives the last of the answers. */
async function answering(origin: string): Promise<unknown> {
  const client = await connectClient(origin);
  return client.on('ask', (ack: (value: number) => void) => ack(2));
}
