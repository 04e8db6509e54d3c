import type { PresenceChange, ServerOptions } from '../../src/socketio/index.js';
import { Cluster, type AdapterFactory, type Member } from '../ecosystem/support/cluster.js';
import { startServer } from '../support/server.js';
import { nextEvent, until } from '../support/until.js';

const GRACE_MS = 1_200;
const BEAT_MS = 150;
/** Far above the grace period, on a busy machine. */
const PATIENCE_MS = 8_000;

/** What holds of presence, over any adapter. */
export function presenceContract(createFactory: () => AdapterFactory, { servers }: { servers: number }): void {
  it('lists who is online, with all sockets, the same on every server', async () => {
    const { cluster, changes } = await start();
    const tabs = await identified(cluster, 'ada', servers + 1);
    const [other] = await identified(cluster, 'bob', 1);
    await cluster.join(0);
    await everyList(cluster, { ada: tabs.map(({ socket }) => socket.id), bob: [other.socket.id] });
    for (const { io } of cluster.nodes) {
      expect(io.presence().count()).toBe(2);
      expect([io.presence().has('ada'), io.presence().has('eve')]).toEqual([true, false]);
    }
    await until(() => changes.length === 2, 'it is announced', PATIENCE_MS);
    expect(changes.map(({ key, state }) => `${key} ${state}`).toSorted()).toEqual(['ada online', 'bob online']);
  });

  it('announces nothing for tabs that close, nor for a reload within the grace period', async () => {
    const { cluster, changes } = await start();
    const [one, two] = await identified(cluster, 'ada', 2);
    await until(() => changes.length === 1, 'it is announced', PATIENCE_MS);
    await leave(one);
    await leave(two);
    expect(cluster.nodes.every(({ io }) => io.presence().has('ada'))).toBe(true);
    const [back] = await identified(cluster, 'ada', 1, '/', servers - 1);
    await everyList(cluster, { ada: [back.socket.id] });
    const [other] = await identified(cluster, 'bob', 1);
    await leave(other);
    // The other one's offline is announced after the grace period: by then one for the reload would have been.
    await until(
      () => changes.some(({ key, state }) => key === 'bob' && state === 'offline'),
      'it is announced',
      PATIENCE_MS,
    );
    expect(changes.filter(({ key }) => key === 'ada').map(({ state }) => state)).toEqual(['online']);
  });

  it('announces who is gone for longer, once, by one server', async () => {
    const { cluster, changes } = await start();
    const tabs = await identified(cluster, 'ada', 3);
    await until(() => changes.length === 1, 'it is announced', PATIENCE_MS);
    const began = performance.now();
    await Promise.all(tabs.map(leave));
    await until(() => changes.length > 1, 'it is announced', PATIENCE_MS);
    expect(performance.now() - began).toBeGreaterThan(GRACE_MS - 50);
    await everyList(cluster, {});
    const [again] = await identified(cluster, 'ada', 1);
    await until(() => changes.length > 2, 'it is announced', PATIENCE_MS);
    expect(changes.map(({ state }) => state)).toEqual(['online', 'offline', 'online']);
    expect(changes[2]).toEqual({
      key: 'ada',
      state: 'online',
      namespace: '/',
      room: undefined,
      sockets: [again.socket.id],
    });
  });

  it('knows rooms and namespaces apart', async () => {
    const { cluster, changes } = await start({ rooms: ['lobby', /^team:/] });
    const [one] = await identified(cluster, 'ada', 1);
    const [two] = await identified(cluster, 'bob', 1, '/chat');
    await one.socket.join(['lobby', 'team:1', 'elsewhere']);
    await until(() => changes.length === 4, 'it is announced', PATIENCE_MS);
    const last = cluster.nodes.at(-1)!.io;
    await until(() => last.presence('lobby').count() === 1 && last.presence(undefined, '/chat').count() === 1);
    expect(last.presence('lobby').list()).toEqual([{ key: 'ada', sockets: [one.socket.id] }]);
    expect(last.presence('team:1').count()).toBe(1);
    expect(last.presence('elsewhere').count()).toBe(0);
    expect(last.presence(undefined, '/chat').list()).toEqual([{ key: 'bob', sockets: [two.socket.id] }]);
    await one.socket.leave('lobby');
    await until(() => changes.length === 5, 'it is announced', PATIENCE_MS);
    expect(changes[4]).toEqual({ key: 'ada', state: 'offline', namespace: '/', room: 'lobby', sockets: [] });
    expect(last.presence().has('ada')).toBe(true);
  });

  if (servers === 1) return;

  it('notices a server that is gone without a word, and one that leaves', async () => {
    const { cluster, changes } = await start();
    const lost = await identified(cluster, 'ada', 1, '/', 0);
    const leaving = await identified(cluster, 'bob', 1, '/', 1);
    const staying = await identified(cluster, 'eve', 1, '/', 2);
    await until(() => changes.length === 3, 'it is announced', PATIENCE_MS);
    await everyList(cluster, { ada: idsOf(lost), bob: idsOf(leaving), eve: idsOf(staying) });
    // As killed: it tells nothing more.
    silence(cluster, 0);
    await cluster.nodes[1].close();
    const { io } = cluster.nodes[2];
    await until(() => io.presence().count() === 1, 'both are gone', PATIENCE_MS);
    expect(
      changes
        .map(({ key, state }) => `${key} ${state}`)
        .slice(3)
        .toSorted(),
    ).toEqual(['ada offline', 'bob offline']);
  });

  it('heals where a server has missed changes', async () => {
    const { cluster } = await start();
    const { io } = cluster.nodes[0];
    await identified(cluster, 'eve', 1, '/', 0);
    const hear = io.sockets._onServerSideEmit.bind(io.sockets);
    io.sockets._onServerSideEmit = () => {};
    const missed = await identified(cluster, 'ada', 1, '/', 1);
    await until(() => cluster.nodes[2].io.presence().has('ada'));
    io.sockets._onServerSideEmit = hear;
    await until(() => io.presence().has('ada'));
    expect(io.presence().list()).toContainEqual({ key: 'ada', sockets: idsOf(missed) });
  });

  it('knows who has left until the grace period is over, though the word of the leader comes late', async () => {
    const { cluster, changes } = await start();
    const { io } = cluster.nodes[1];
    // The leader knows all others, which this server may be: one that cannot hear of them does not become ready.
    const [eve] = await identified(cluster, 'eve', 1, '/', 1);
    await until(() => changes.length === 1, 'it is announced', PATIENCE_MS);
    const heard: [string, ...unknown[]][] = [];
    const hear = io.sockets._onServerSideEmit.bind(io.sockets);
    // Heartbeats come through: a leader of which none is heard is one that is gone, and this server would lead.
    io.sockets._onServerSideEmit = (args) => (isBeat(args) ? hear(args) : void heard.push(args));
    const [ada] = await identified(cluster, 'ada', 1, '/', 1);
    await until(() => changes.length === 2, 'it is announced', PATIENCE_MS);
    await leave(ada);
    expect(io.presence().list()).toContainEqual({ key: 'ada', sockets: [] });
    io.sockets._onServerSideEmit = hear;
    for (const args of heard) hear(args);
    expect(io.presence().has('ada')).toBe(true);
    await until(() => changes.length === 3, 'it is announced', PATIENCE_MS);
    await everyList(cluster, { eve: [eve.socket.id] });
  });

  it('tells a server that starts later', async () => {
    const factory = createFactory();
    const { cluster, changes } = await start({}, factory);
    const tabs = await identified(cluster, 'ada', 2);
    await until(() => changes.length === 1, 'it is announced', PATIENCE_MS);
    const onChange = (change: PresenceChange): void => void changes.push(change);
    const { io } = await startServer({ adapter: await factory(), presence: { ...RULES, onChange } });
    await until(() => io.presence().has('ada'));
    expect(io.presence().list()).toHaveLength(1);
    await Promise.all(tabs.map(leave));
    await until(() => !io.presence().has('ada'), 'it is announced', PATIENCE_MS);
    await until(() => changes.length === 2, 'it is announced', PATIENCE_MS);
  });

  async function start(more: object = {}, factory = createFactory()) {
    const changes: PresenceChange[] = [];
    const presence = { ...RULES, ...more, onChange: (change: PresenceChange) => void changes.push(change) };
    const cluster = await Cluster.start(servers, factory, { presence } as ServerOptions);
    await cluster.open('/chat');
    return { cluster, changes };
  }
}

function isBeat(args: [string, ...unknown[]]): boolean {
  return (args.at(-1) as unknown[])[0] === 'beat';
}

const RULES = { gracePeriod: GRACE_MS, heartbeatInterval: BEAT_MS };

/** Clients of a user, dealt out to the servers in turn, or all on one. */
async function identified(
  cluster: Cluster,
  userId: string,
  count: number,
  namespace = '/',
  at?: number,
): Promise<Member[]> {
  const members: Member[] = [];
  for (let i = 0; i < count; i++) members.push(await cluster.join(at ?? i % cluster.nodes.length, namespace));
  for (const { socket } of members) socket.identify(userId);
  return members;
}

async function leave({ client, socket }: Member): Promise<void> {
  const left = nextEvent(socket, 'disconnect');
  client.disconnect();
  await left;
}

function idsOf(members: readonly Member[]): string[] {
  return members.map(({ socket }) => socket.id);
}

async function everyList(cluster: Cluster, expected: Record<string, string[]>): Promise<void> {
  const text = JSON.stringify(sorted(Object.entries(expected)));
  const textOf = ({ io }: Cluster['nodes'][number]): string =>
    JSON.stringify(
      sorted(
        io
          .presence()
          .list()
          .map(({ key, sockets }) => [key, [...sockets]]),
      ),
    );
  await until(() => cluster.nodes.every((node) => textOf(node) === text), `every list is ${text}`);
}

function sorted(list: [string, string[]][]): [string, string[]][] {
  return list.map(([key, ids]): [string, string[]] => [key, ids.toSorted()]).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** The server is as good as killed: it sends and hears nothing more. */
function silence({ nodes }: Cluster, index: number): void {
  const { io } = nodes[index];
  io.sockets.adapter.serverSideEmit = () => {};
  io.sockets._onServerSideEmit = () => {};
  io.presenceTracker!.close();
}
