import { Websocket } from '../../src/index.js';
import { connectClient, startApp } from '../support/nest-app.js';
import { nextEvent } from '../support/until.js';
import { Bus, onBus } from './support/bus-adapter.js';
import { eventually } from './support/eventually.js';

describe('Websocket, in two applications with one adapter', () => {
  async function start() {
    const bus = new Bus();
    const apps = [await startApp([], { adapter: onBus(bus) }), await startApp([], { adapter: onBus(bus) })];
    const services = apps.map(({ app }) => app.get(Websocket));
    const namespaces = services.flatMap((websocket) => [websocket.of('/'), websocket.of('/chat')]);
    await eventually(async () => {
      const counts = await Promise.all(namespaces.map(({ adapter }) => adapter.serverCount()));
      return counts.every((count) => count === 2);
    }, 'the applications know of each other');
    const [here, there] = apps.map(({ url }) => url);
    return { apps, here, there, websocket: services[0] };
  }

  it('#emit reaches the clients of both', async () => {
    const { here, there, websocket } = await start();
    const clients = [await connectClient(here), await connectClient(there)];
    const heard = clients.map((client) => nextEvent(client, 'news'));
    websocket.emit('news', 1);
    expect(await Promise.all(heard)).toEqual([[1], [1]]);
  });

  it('#broadcast reaches the clients of both in every namespace [limitation: cluster]', async () => {
    const { here, there, websocket } = await start();
    const clients = [await connectClient(here), await connectClient(`${there}/chat`)];
    const heard = clients.map((client) => nextEvent(client, 'news'));
    websocket.broadcast('news', 1);
    expect(await Promise.all(heard)).toEqual([[1], [1]]);
  });

  it('#emitTo and #emitToList find sockets of the other, in any namespace, and tell who is gone', async () => {
    const { here, there, websocket } = await start();
    const [local, remote] = [await connectClient(here), await connectClient(`${there}/chat`)];
    const direct = nextEvent(remote, 'direct');
    expect(await websocket.emitTo(remote.id!, 'direct', 1)).toBe(true);
    expect(await direct).toEqual([1]);
    const heard = [local, remote].map((client) => nextEvent(client, 'both'));
    expect(await websocket.emitToList([local.id!, 'nobody', remote.id!], 'both')).toEqual(['nobody']);
    await Promise.all(heard);
    expect(await websocket.emitTo('nobody', 'direct')).toBe(false);
  });

  it('collects acks of both', async () => {
    const { here, there, websocket } = await start();
    for (const client of [await connectClient(here), await connectClient(there)]) {
      client.on('ask', (ack: (value: string) => void) => ack('yes'));
    }
    expect(await websocket.timeout(1_000).emitWithAck('ask')).toEqual(['yes', 'yes']);
  });

  it('#partial asks as the main namespace does', async () => {
    const { apps, here, there, websocket } = await start();
    apps[1].app.get(Websocket).server.on('ask', (ack: (value: string) => void) => ack('there'));
    const clients = [await connectClient(here), await connectClient(there)];
    for (const client of clients) client.on('ask', (ack: (value: number) => void) => ack(1));
    const { sockets, missing } = await websocket.partial.fetchSockets();
    expect([sockets.map(({ id }) => id).sort(), missing]).toEqual([clients.map(({ id }) => id).sort(), false]);
    // The published adapter keeps a timer for as long as the acks may take.
    expect(await websocket.timeout(500).partial.emitWithAck('ask')).toEqual({ responses: [1, 1], missing: false });
    expect(await websocket.partial.serverSideEmitWithAck('ask')).toEqual({ responses: ['there'], missing: false });
  });

  it('forgets an application that was closed', async () => {
    const { apps, websocket } = await start();
    await apps[1].app.close();
    expect(await websocket.of('/').adapter.serverCount()).toBe(1);
    expect(await websocket.emitTo('nobody', 'direct')).toBe(false);
  });
});
