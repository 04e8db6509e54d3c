import type { Socket as ClientSocket } from 'socket.io-client';
import type { ServerOptions, Socket } from '../../src/socketio/index.js';
import { Cluster, type AdapterFactory } from '../ecosystem/support/cluster.js';
import { Lateness } from '../support/lateness.js';
import { nextEvent, until } from '../support/until.js';

/** What holds of users, over any adapter. */
export function usersContract(createFactory: () => AdapterFactory, { servers }: { servers: number }): void {
  it('user().emit() reaches every device of the user, and nobody else', async () => {
    const cluster = await start();
    const devices = await devicesOf(cluster, 'ada', 2 * servers);
    const [other] = await devicesOf(cluster, 'bob', 1);
    const strays: unknown[] = [];
    other.on('news', (...args: unknown[]) => strays.push(args));
    const heard = devices.map((client) => nextEvent(client, 'news'));
    const end = nextEvent(other, 'end');
    cluster.nodes[0].io.user('ada').emit('news', 1, Buffer.from([2]));
    for (const args of await Promise.all(heard)) expect(args).toEqual([1, Buffer.from([2])]);
    cluster.nodes[0].io.emit('end');
    await end;
    expect(strays).toEqual([]);
  });

  it('user().emitWithAck() and fetchSockets() give what all devices have', async () => {
    const cluster = await start();
    const devices = await devicesOf(cluster, 'ada', servers + 1);
    devices.forEach((client, i) => client.on('which', (answer: (n: number) => void) => answer(i)));
    const user = cluster.nodes.at(-1)!.io.user('ada');
    const answers = (await user.timeout(2_000).emitWithAck('which')) as number[];
    expect(answers.toSorted()).toEqual(devices.map((_client, i) => i));
    const sockets = await user.fetchSockets();
    expect(sockets.map(({ id }) => id).toSorted()).toEqual(devices.map(({ id }) => id).toSorted());
    expect(await cluster.nodes[0].io.user('nobody').fetchSockets()).toEqual([]);
  });

  it('user().disconnect() ends the connections of all devices within 200 ms, with the reason', async () => {
    const cluster = await start();
    const reasons: unknown[] = [];
    for (const { io } of cluster.nodes) {
      for (const name of ['/', '/chat']) {
        io.of(name).on('connection', (socket) => {
          socket.on('disconnect', (_reason, { code, message }) => reasons.push([code, message]));
        });
      }
    }
    const devices = await devicesOf(cluster, 'ada', 2 * servers);
    const [other] = await devicesOf(cluster, 'bob', 1, '/chat');
    const ends = devices.map((client) => nextEvent(client, 'disconnect'));
    const lateness = new Lateness();
    const began = performance.now();
    await cluster.nodes[0].io.user('ada').disconnect('account closed');
    for (const [reason] of await Promise.all(ends)) expect(reason).toBe('io server disconnect');
    expect(performance.now() - began - lateness.heldUp).toBeLessThan(200);
    expect(reasons).toEqual(devices.map(() => ['SERVER_DISCONNECT', 'account closed']));
    expect(other.connected).toBe(true);
  });

  it('credentials end at their time, within 200 ms, on every server; the client is told ahead', async () => {
    const cluster = await start();
    const expiresAt = Date.now() + 700;
    const codes: string[] = [];
    for (const { io } of cluster.nodes) {
      io.on('connection', (socket) => socket.on('disconnect', (_reason, { code }) => codes.push(code)));
    }
    const devices = await devicesOf(cluster, 'ada', servers, '/', { expiresAt, graceMs: 400 });
    const told = devices.map((client) => nextEvent(client, 'credentials_expired'));
    const ends = devices.map((client) => nextEvent(client, 'disconnect'));
    for (const [time] of await Promise.all(told)) expect(time).toBe(expiresAt);
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt - 400);
    expect(devices.every(({ connected }) => connected)).toBe(true);
    const lateness = new Lateness();
    await Promise.all(ends);
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt);
    expect(Date.now() - lateness.heldUp).toBeLessThan(expiresAt + 200);
    expect(codes).toEqual(devices.map(() => 'CREDENTIALS_EXPIRED'));
  });

  async function start(options: ServerOptions = {}): Promise<Cluster> {
    const cluster = await Cluster.start(servers, createFactory(), options);
    await cluster.open('/chat');
    return cluster;
  }

  /** Clients of a user, dealt out to the servers in turn. */
  async function devicesOf(
    cluster: Cluster,
    userId: string,
    count: number,
    namespace = '/',
    options?: Parameters<Socket['identify']>[1],
  ): Promise<ClientSocket[]> {
    const members = await cluster.members(count, namespace);
    for (const { socket } of members) socket.identify(userId, options);
    await until(() => members.every(({ socket }) => socket.userId === userId));
    return members.map(({ client }) => client);
  }
}
