import parser from 'socket.io-msgpack-parser';
import type { Socket as ClientSocket } from 'socket.io-client';
import type { Ledger } from '../../../src/ledger/index.js';
import type { ServerOptions, Socket } from '../../../src/socketio/index.js';
import { Cluster, type Member } from '../../ecosystem/support/cluster.js';
import { record as recordChannels } from '../../diagnostics/support/recorder.js';
import { cleanup } from '../../support/cleanup.js';
import { openClient } from '../../support/official-client.js';
import { nextEvent, until } from '../../support/until.js';

/** What every ledger does; `createFor` is called for each server. */
export function recoveryContract(createFor: () => Ledger | Promise<Ledger>): void {
  it('goes on at another node, with id, rooms, data and what was missed, in order', async () => {
    const { cluster } = await started();
    const [a, b] = cluster.nodes;
    const member = await cluster.join(0);
    const { client, socket } = member;
    const received = record(client);
    await socket.join('room');
    socket.data.name = 'Ada';
    socket.emit('first', 1);
    await until(() => received.length === 1);
    const { id } = client;
    await cutOff(member);
    a.io.emit('all', 2);
    a.io.to('room').emit('room', 3, Buffer.from([3]));
    a.io.to('elsewhere').emit('not for it');
    a.io.except('room').emit('not for it');
    a.io.to(id!).emit('direct', 4);
    const restored = await comeBack(client, b);
    a.io.to('room').emit('after');
    await until(() => received.length === 5);
    expect(received.map((args) => args.slice(0, -1))).toEqual([
      ['first', 1],
      ['all', 2],
      ['room', 3, Buffer.from([3])],
      ['direct', 4],
      ['after'],
    ]);
    expect([client.recovered, client.id, restored.recovered]).toEqual([true, id, true]);
    expect([...restored.rooms].sort()).toEqual([id, 'room'].sort());
    expect(restored.data).toEqual({ name: 'Ada' });
  });

  it.each([
    ['at its node', 0],
    ['at another', 1],
  ])('tells what was missed and for how long the client was away: %s', async (_where, index) => {
    const { cluster } = await started();
    const member = await cluster.join(0);
    await cutOff(member);
    cluster.nodes[0].io.emit('missed');
    const published = recordChannels('recover');
    const cutAt = Date.now();
    await until(() => Date.now() - cutAt >= 50);
    await comeBack(member.client, cluster.nodes[index]);
    expect(published).toHaveLength(1);
    expect(published[0].payload).toMatchObject({ missed: 1, reason: undefined });
    expect(published[0].payload.away).toBeGreaterThanOrEqual(50);
    expect(published[0].payload.away).toBeLessThan(10_000);
  });

  it('gives what was missed behind the CONNECT reply, each event once, though the client is cut off on the way', async () => {
    const { cluster } = await started();
    const [a, b] = cluster.nodes;
    const member = await cluster.join(0);
    const { client } = member;
    const received = record(client);
    client.on('connect', () => received.push(['connect']));
    await cutOff(member);
    for (let i = 0; i < 4; i++) a.io.emit('missed', i);
    // The reply, and half of what was missed.
    client.io.once('open', () => loseTouchAfter(client, 3));
    await comeBack(client, b);
    await until(() => client.disconnected);
    await comeBack(client, a);
    await until(() => received.length >= 6);
    expect(received.map(([event, i]) => [event, i])).toEqual([
      ['connect', undefined],
      ['missed', 0],
      ['missed', 1],
      ['connect', undefined],
      ['missed', 2],
      ['missed', 3],
    ]);
  });

  it('goes on where a client had got nothing yet', async () => {
    const { cluster } = await started();
    const member = await cluster.join(0);
    const { id } = member.client;
    await cutOff(member);
    cluster.nodes[0].io.emit('missed');
    const received = record(member.client);
    await comeBack(member.client, cluster.nodes[1]);
    await until(() => received.length === 1);
    expect([member.client.recovered, member.client.id]).toEqual([true, id]);
  });

  it('gives direct events once each, those that the client has and those that it lacks', async () => {
    const { cluster } = await started();
    const member = await cluster.join(0);
    const { client, socket } = member;
    const received = record(client);
    for (let i = 0; i < 5; i++) {
      socket.emit('direct', i);
      if (i % 2 === 0) cluster.nodes[0].io.emit('all', i);
    }
    await until(() => received.length === 8);
    const before = received.map(([event, i]) => `${String(event)} ${String(i)}`);
    expect(before).toEqual(['direct 0', 'all 0', 'direct 1', 'direct 2', 'all 2', 'direct 3', 'direct 4', 'all 4']);
    // Written to a connection that no longer reaches the client.
    deafen(client);
    for (let i = 5; i < 8; i++) socket.emit('direct', i);
    await cutOff(member);
    await comeBack(client, cluster.nodes[1]);
    cluster.nodes[1].io.emit('end');
    await until(() => received.at(-1)?.[0] === 'end');
    expect(received.slice(8, -1).map(([event, i]) => `${String(event)} ${String(i)}`)).toEqual([
      'direct 5',
      'direct 6',
      'direct 7',
    ]);
    expect(client.recovered).toBe(true);
  });

  it('takes a session over from a node that still believes its connection alive', async () => {
    const { cluster } = await started();
    const member = await cluster.join(0);
    const { client, socket } = member;
    const received = record(client);
    const closed = nextEvent(socket, 'disconnect');
    loseTouch(client);
    socket.emit('direct', 1);
    cluster.nodes[0].io.emit('all', 2);
    await settled(cluster.nodes[0].io);
    await saved();
    const restored = await comeBack(client, cluster.nodes[1]);
    const [reason, details] = await closed;
    expect(reason).toBe('transport close');
    expect(details).toMatchObject({ code: 'TAKEN_OVER' });
    // Emitted through what is left of the old socket.
    socket.emit('late', 3);
    await until(() => received.length === 3);
    expect(received.map(([event, i]) => `${String(event)} ${String(i)}`)).toEqual(['direct 1', 'all 2', 'late 3']);
    expect(restored.recovered).toBe(true);
    const found = await cluster.nodes[0].io.fetchSockets();
    expect(found.map(({ id }) => id)).toEqual([client.id]);
  });

  it('does to a session what is asked of its socket while the client is away', async () => {
    const { cluster } = await started();
    const [a, b] = cluster.nodes;
    const member = await cluster.join(0);
    await member.socket.join(['kept', 'left']);
    const { id } = member.client;
    await cutOff(member);
    await b.io.in(id!).socketsJoin('joined');
    await a.io.in('kept').socketsLeave('left');
    a.io.to('joined').emit('joined');
    a.io.to('left').emit('not for it');
    const received = record(member.client);
    const restored = await comeBack(member.client, b);
    await until(() => received.length === 1);
    expect([...restored.rooms].sort()).toEqual([id, 'joined', 'kept'].sort());
  });

  it('ends a session that is disconnected while its client is away', async () => {
    const { cluster } = await started();
    const member = await cluster.join(0);
    const { id } = member.client;
    await cutOff(member);
    await cluster.nodes[1].io.in(id!).disconnectSockets();
    const restored = await comeBack(member.client, cluster.nodes[1]);
    await until(() => restored.disconnected);
    expect(cluster.nodes[1].io.sockets.sockets.size).toBe(0);
  });

  it('does not give what went to a room before the client joined it, nor less because it left', async () => {
    const { cluster } = await started();
    const [a] = cluster.nodes;
    const member = await cluster.join(0);
    const { client, socket } = member;
    const received = record(client);
    loseTouch(client);
    a.io.to('room').emit('before');
    a.io.emit('all');
    await settled(a.io);
    await socket.join('room');
    a.io.to('room').emit('while');
    await settled(a.io);
    await socket.leave('room');
    a.io.to('room').emit('after');
    await settled(a.io);
    await comeBack(client, cluster.nodes[1]);
    await until(() => received.length === 2);
    expect(received.map(([event]) => event)).toEqual(['all', 'while']);
  });

  it('starts anew, without an error, where the client has left for good or was never there', async () => {
    const { cluster } = await started();
    const member = await cluster.join(0);
    const auth = idsOf(member.client);
    member.client.disconnect();
    await until(() => member.socket.disconnected);
    await settled(cluster.nodes[0].io);
    const others = [auth, { pid: 'x'.repeat(20), offset: '1-0' }, { pid: 'x'.repeat(20), offset: '*' }];
    for (const each of others) {
      const { client } = await cluster.join(1, '/', { auth: each });
      expect(client.recovered).toBe(false);
    }
    expect(cluster.nodes.flatMap(({ errors }) => errors)).toEqual([]);
  });

  it('is not broken by volatile and local events in between', async () => {
    const { cluster } = await started();
    const [a, b] = cluster.nodes;
    const member = await cluster.join(0);
    const { client, socket } = member;
    const received = record(client);
    socket.emit('direct');
    a.io.emit('all');
    await until(() => received.length === 2);
    b.io.volatile.emit('volatile', 'text');
    await until(() => received.length === 3);
    a.io.local.emit('local', 'text');
    await until(() => received.length === 4);
    socket.volatile.emit('volatile', 'text');
    await until(() => received.length === 5);
    await cutOff(member);
    a.io.emit('missed');
    await comeBack(client, b);
    await until(() => received.length === 6);
    expect(client.recovered).toBe(true);
    expect(received.at(-1)![0]).toBe('missed');
  });

  it('keeps the order of one node between broadcasts and events to one socket', async () => {
    const { cluster } = await started();
    const { client, socket } = await cluster.join(0);
    const received = record(client);
    for (let i = 0; i < 50; i++) {
      if (i % 3 === 0) socket.nsp.emit('n', i);
      else socket.emit('n', i);
      if (i % 10 === 9) await until(() => received.length === i + 1);
    }
    expect(received.map(([, i]) => i)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it('gives the clients of all nodes one order', async () => {
    const { cluster } = await started();
    const members = await cluster.members(4);
    const orders = members.map(({ client }) => record(client));
    for (let i = 0; i < 100; i++) {
      for (const [n, { io }] of cluster.nodes.entries()) io.emit('n', n, i);
      if (i % 10 === 0) await nextEvent(members[0].client, 'n');
    }
    await until(() => orders.every((order) => order.length === 200));
    for (const order of orders) expect(order).toEqual(orders[0]);
  });

  it('recovers for a custom parser', async () => {
    const { cluster } = await started({ parser } as unknown as ServerOptions);
    const member = await cluster.join(0, '/', { parser } as never);
    const { client, socket } = member;
    const received = record(client);
    socket.emit('direct', 1, Buffer.from([1]));
    await until(() => received.length === 1);
    await cutOff(member);
    cluster.nodes[1].io.emit('missed', 2, Buffer.from([2]));
    await comeBack(client, cluster.nodes[1]);
    await until(() => received.length === 2);
    expect(received.map((args) => args.slice(0, -1))).toEqual([
      ['direct', 1, Buffer.from([1])],
      ['missed', 2, Buffer.from([2])],
    ]);
  });

  it('ends the socket from which a session is taken at the entry that says so: two never share an id for longer', async () => {
    const { cluster } = await started();
    const { client, socket } = await cluster.join(0);
    const [before, after] = [record(client), [] as unknown[][]];
    let n = 0;
    const traffic = setInterval(() => cluster.nodes[n % 2].io.emit('n', n++), 1);
    cleanup(() => clearInterval(traffic));
    await until(() => before.length > 5);
    const { pid, offset } = idsOf(client);
    const closed = nextEvent(socket, 'disconnect');
    const other = openClient(cluster.nodes[1].origin, { autoConnect: false });
    other.onAny((...args: unknown[]) => after.push(args));
    Object.assign(other, { _pid: pid, _lastOffset: offset });
    other.connect();
    await closed;
    const last = numberOf(before.at(-1)!.at(-1));
    await until(() => after.length > 0 && numberOf(after.at(-1)!.at(-1)) > last + 5);
    expect(other.id).toBe(socket.id);
    // All numbers but that of the entry by which the session was taken, behind which the first socket got nothing.
    const got = new Set(after.map((args) => numberOf(args.at(-1))));
    const first = numberOf(offset) + 1;
    const missing = Array.from({ length: Math.max(...got) - first }, (_, i) => first + i).filter((i) => !got.has(i));
    expect(missing).toHaveLength(1);
    expect(last).toBeLessThan(missing[0]);
  });

  it('forgets an ack where the node of a client that owes it is gone', async () => {
    const { cluster } = await started();
    const [a, b] = await cluster.members();
    a.client.on('ask', (answer: (value: string) => void) => answer('a'));
    b.client.on('ask', () => void cluster.nodes[1].close());
    expect(await cluster.nodes[0].io.timeout(10_000).emitWithAck('ask')).toEqual(['a']);
  });

  async function started(options: ServerOptions = {}): Promise<{ cluster: Cluster }> {
    return { cluster: await start(createFor, options) };
  }
}

/** Two servers, each with what `createFor` gives: one ledger for both where it is in memory. */
export function start(createFor: () => Ledger | Promise<Ledger>, options: ServerOptions = {}): Promise<Cluster> {
  ledgers.clear();
  async function create(): Promise<Ledger['adapter']> {
    const ledger = await createFor();
    ledgers.add(ledger);
    return ledger.adapter;
  }
  return Cluster.start(2, create, { connectionStateRecovery: {}, ...options });
}

/** Those of the running test. */
const ledgers = new Set<Ledger>();

/** Resolves once the store has all sessions as they are. */
function saved(): Promise<void> {
  return until(() => [...ledgers].every((ledger) => ledger.stats().every(({ isSaving }) => !isSaving)));
}

/** Cuts the client off; resolves once its node has noticed and stored that. */
export async function cutOff({ client, socket }: Pick<Member, 'client' | 'socket'>): Promise<void> {
  const left = nextEvent(socket, 'disconnect');
  client.io.engine.close();
  await left;
  await saved();
}

/** The client hears nothing more. */
function deafen(client: ClientSocket): void {
  (client.io.engine.transport as unknown as { ws: { onmessage: unknown } }).ws.onmessage = () => {};
}

/** The client has lost its connection, and its node does not notice. */
export function loseTouch(client: ClientSocket): void {
  const { engine } = client.io;
  deafen(client);
  engine.transport.close = () => engine.transport;
  (engine as unknown as { _onClose(reason: string): void })._onClose('transport error');
}

/** The same behind so many further messages. */
function loseTouchAfter(client: ClientSocket, messages: number): void {
  const { ws } = client.io.engine.transport as unknown as { ws: { onmessage: (message: unknown) => void } };
  const { onmessage } = ws;
  let left = messages;
  ws.onmessage = (message) => {
    if (left-- > 0) onmessage(message);
    if (left === 0) setImmediate(() => loseTouch(client));
  };
}

/** Connects the client again, to this node. */
export async function comeBack(client: ClientSocket, node: Cluster['nodes'][number]): Promise<Socket> {
  (client.io as unknown as { uri: string }).uri = node.origin;
  await until(() => client.disconnected);
  const [[socket]] = await Promise.all([
    nextEvent(node.io, 'connection') as Promise<[Socket]>,
    nextEvent(client, 'connect'),
    client.connect(),
  ]);
  return socket;
}

/** Resolves once this node has read back all that it has written. */
async function settled(io: Cluster['nodes'][number]['io']): Promise<void> {
  await io.in('nobody').socketsJoin('nothing');
}

function record(client: ClientSocket): unknown[][] {
  const events: unknown[][] = [];
  client.onAny((...args: unknown[]) => events.push(args));
  return events;
}

/** The number of an entry, by the offset with which an event comes. */
function numberOf(offset: unknown): number {
  return Number(String(offset).split('-')[1]);
}

function idsOf(client: ClientSocket): { pid: string; offset: string | undefined } {
  const { _pid: pid, _lastOffset: offset } = client as never as { _pid: string; _lastOffset?: string };
  return { pid, offset };
}
