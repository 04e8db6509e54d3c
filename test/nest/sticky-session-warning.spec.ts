import { connect, createServer, type AddressInfo } from 'node:net';
import { Ack, Websocket, type SocketIoModuleOptions } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { Bus, onBus } from '../ecosystem/support/bus-adapter.js';
import { cleanup } from '../support/cleanup.js';
import { openPolling, request } from '../support/engine-client.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { nextEvent, until } from '../support/until.js';
import { startWith } from './support/start-app.js';

class Member {
  @Ack('join')
  async join(socket: Socket, room: string): Promise<void> {
    await socket.join(room);
  }
}

interface Node {
  readonly url: string;
  readonly websocket: Websocket;
  readonly warnings: string[];
}

/** Servers of one cluster, each as a process of its own would be. */
async function startNodes(count: number, options: SocketIoModuleOptions = {}): Promise<Node[]> {
  const bus = new Bus();
  const nodes: Node[] = [];
  for (let i = 0; i < count; i++) {
    const warnings: string[] = [];
    const onWarning = (message: string): void => void warnings.push(message);
    const node = await startWith({ providers: [Member], options: { adapter: onBus(bus), onWarning, ...options } });
    nodes.push({ ...node, warnings });
  }
  return nodes;
}

/** A balancer that sends each TCP connection to the next server, as one without sticky sessions does. */
async function balance(nodes: readonly Node[]): Promise<string> {
  let next = 0;
  const balancer = createServer((client) => {
    const { port } = new URL(nodes[next++ % nodes.length].url);
    const server = connect(Number(port), '127.0.0.1');
    client.pipe(server).pipe(client);
    client.on('close', () => server.destroy()).on('error', () => {});
    server.on('close', () => client.destroy()).on('error', () => {});
  });
  await new Promise<void>((resolve) => balancer.listen(0, '127.0.0.1', resolve));
  cleanup(() => new Promise((resolve) => balancer.close(resolve)));
  return `http://127.0.0.1:${(balancer.address() as AddressInfo).port}`;
}

describe('pain 8: behind a balancer without sticky sessions', () => {
  it('every client that uses WebSocket only gets in, and is reached from every server', async () => {
    const nodes = await startNodes(2, { transports: ['websocket'] });
    const url = await balance(nodes);
    const clients = await Promise.all(Array.from({ length: 20 }, () => connectClient(url)));
    expect(nodes.map(({ websocket }) => websocket.server.engine.clientsCount)).toEqual([10, 10]);
    await Promise.all(clients.map((client) => client.emitWithAck('join', 'all')));
    await until(() => nodes.every(({ websocket }) => websocket.of('/').adapter.rooms.has('all')));
    const heard = Promise.all(clients.map((client) => nextEvent(client, 'news')));
    nodes[0].websocket.to('all').emit('news', 'x');
    expect((await heard).flat()).toEqual(Array(20).fill('x'));
    expect(nodes.flatMap(({ warnings }) => warnings)).toEqual([]);
  });

  it('a client that polls is told at once that a server takes WebSocket only', async () => {
    const [{ url }] = await startNodes(1, { transports: ['websocket'] });
    const answer = await request(`${url}/socket.io/?EIO=4&transport=polling`);
    expect([answer.status, JSON.parse(answer.body)]).toEqual([400, { code: 0, message: 'Transport unknown' }]);
    const client = createClient(url, { transports: ['polling'] });
    const refused = nextEvent(client, 'connect_error');
    client.connect();
    expect((await refused)[0]).toMatchObject({ message: 'xhr poll error' });
  });

  it('a server with an adapter warns, once, that polling clients fail for the want of them', async () => {
    const [a, b] = await startNodes(2);
    for (let i = 0; i < 2; i++) {
      const { sid } = await openPolling(`${a.url}/socket.io/`);
      const answer = await request(`${b.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`);
      expect([answer.status, JSON.parse(answer.body)]).toEqual([400, { code: 1, message: 'Session ID unknown' }]);
    }
    expect(a.warnings).toEqual([]);
    expect(b.warnings).toEqual([expect.stringContaining('sticky sessions')]);
    expect(b.warnings[0]).toContain("transports: ['websocket']");
  });

  it('a server that is alone does not warn of a session of before its restart', async () => {
    const warnings: string[] = [];
    const onWarning = (message: string): void => void warnings.push(message);
    const { url } = await startWith({ providers: [Member], options: { onWarning } });
    expect((await request(`${url}/socket.io/?EIO=4&transport=polling&sid=${'x'.repeat(20)}`)).status).toBe(400);
    expect(warnings).toEqual([]);
  });
});
