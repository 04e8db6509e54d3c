import * as msgpack from 'socket.io-msgpack-parser';
import { Adapter } from '../../src/server.js';
import { MODULE_DEFAULTS } from '../../src/socketio/index.js';
import { cleanup } from '../support/cleanup.js';
import { connectClient } from '../support/official-client.js';
import { startServer, type RunningServer } from '../support/server.js';
import { nextEvent, until } from '../support/until.js';
import { adapterContract } from '../contract/adapter/adapter.contract.js';
import { Bus, BusAdapter, onBus } from './support/bus-adapter.js';
import { Cluster, heard } from './support/cluster.js';

describe('ClusterAdapterWithHeartbeat of socket.io-adapter', () => {
  const buses = new Map<string, Bus>();
  adapterContract(
    (name) => {
      if (!buses.has(name)) buses.set(name, new Bus());
      return onBus(buses.get(name)!);
    },
    { servers: 3 },
  );

  it('takes the place of the adapter in memory in every namespace', async () => {
    const { io } = await startServer();
    const [main, chat] = [io.of('/'), io.of('/chat')];
    expect(main.adapter).toBeInstanceOf(Adapter);
    io.adapter(onBus(new Bus()));
    for (const { adapter } of [main, chat, io.of('/later')]) expect(adapter).toBeInstanceOf(BusAdapter);
  });
});

describe('a published adapter', () => {
  it('that rejects a broadcast makes no unhandled rejection: the error is reported', async () => {
    const { nodes } = await Cluster.start(1, () => onBus(new Bus()));
    nodes[0].io.emit('number', 1n);
    await until(() => nodes[0].errors.length > 0);
    expect(nodes[0].errors).toEqual([expect.objectContaining({ message: 'Do not know how to serialize a BigInt' })]);
  });

  it('that cannot publish still delivers on its own server', async () => {
    class Mute extends BusAdapter {
      protected override doPublish(): Promise<string> {
        return Promise.reject(new Error('the broker is gone'));
      }
    }
    const cluster = await Cluster.start(1, () => onBus(new Bus(), Mute));
    const members = await cluster.members(2);
    expect(await heard(members, () => members[0].node.io.emit('news'))).toEqual([[['news']], [['news']]]);
    expect(members[0].node.errors).toEqual([]);
  });

  it('that cannot count the servers makes serverSideEmitWithAck reject, and emitWithAck in its time', async () => {
    class Lost extends BusAdapter {
      override serverCount(): Promise<number> {
        return Promise.reject(new Error('the broker is gone'));
      }

      override async serverSideEmit(): Promise<void> {
        await this.serverCount();
      }
    }
    const { io } = await startServer({ adapter: onBus(new Bus(), Lost) });
    await expect(io.serverSideEmitWithAck('ask')).rejects.toThrow('the broker is gone');
    await expect(io.fetchSockets()).rejects.toThrow('the broker is gone');
    await expect(io.timeout(20).emitWithAck('ask')).rejects.toThrow('operation has timed out');
  });

  it('that never calls back makes serverSideEmitWithAck reject after the default time for acks', async () => {
    class Silent extends BusAdapter {
      override async serverSideEmit(): Promise<void> {}
    }
    const { io } = await startServer({ adapter: onBus(new Bus(), Silent), ackTimeout: 20 });
    await expect(io.serverSideEmitWithAck('ask')).rejects.toMatchObject({ code: 'ACK_TIMEOUT', responses: [] });
  });

  it('gets the time of the server for acks that were asked without one', async () => {
    const bus = new Bus();
    const nodes: RunningServer[] = [];
    for (let i = 0; i < 2; i++) {
      nodes.push(await startServer({ adapter: onBus(bus), ackTimeout: 1_000 }, MODULE_DEFAULTS));
    }
    await until(() => bus.listenerCount('message') === 2);
    const clients = await Promise.all(nodes.map(({ origin }) => connectClient(origin)));
    for (const client of clients) {
      // Later than an adapter without a time would listen.
      client.on('ask', (ack: (value: string) => void) => setTimeout(ack, 20, 'yes'));
    }
    const answer = await new Promise((resolve) => nodes[0].io.emit('ask', (...args: unknown[]) => resolve(args)));
    expect(answer).toEqual([null, ['yes', 'yes']]);
  });

  it('that cannot recover sessions leaves no offset in the events, and is named in one warning', async () => {
    const cluster = await Cluster.start(2, onBus.bind(null, new Bus()), { connectionStateRecovery: {} });
    cluster.nodes[0].io.of('/chat');
    const members = await cluster.members();
    const got = await heard(members, () => members[0].node.io.emit('news', 1));
    expect(got).toEqual([[['news', 1]], [['news', 1]]]);
    for (const { warnings } of cluster.nodes) {
      expect(warnings).toEqual([expect.stringContaining('BusAdapter cannot recover sessions')]);
    }
  });

  it('sends on what a custom parser encodes', async () => {
    const parser = msgpack;
    const cluster = await Cluster.start(2, onBus.bind(null, new Bus()), { parser });
    const members = await cluster.members(2, '/', { parser });
    members.forEach(({ client }, i) => client.on('ask', (ack: (value: Buffer) => void) => ack(Buffer.of(i))));
    const got = await heard(members, () => members[0].node.io.emit('bytes', { in: Buffer.of(1) }));
    expect(got).toEqual([[['bytes', { in: Buffer.of(1) }]], [['bytes', { in: Buffer.of(1) }]]]);
    const answers: Buffer[] = await members[0].node.io.timeout(1_000).emitWithAck('ask');
    expect(answers.toSorted(Buffer.compare)).toEqual([Buffer.of(0), Buffer.of(1)]);
  });

  it('gives way to one that can recover them', async () => {
    const { io, origin } = await startServer({ connectionStateRecovery: {} });
    const Recovering = io.adapter();
    io.adapter(onBus(new Bus()));
    const replaced = io.of('/').adapter;
    cleanup(() => replaced.close());
    expect(io.opts.connectionStateRecovery).toBeUndefined();
    io.adapter(Recovering);
    const client = await connectClient(origin);
    const got = nextEvent(client, 'news');
    io.emit('news');
    expect(await got).toEqual([expect.any(String)]);
  });
});
