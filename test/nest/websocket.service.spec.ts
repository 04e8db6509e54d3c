import { Injectable, Module, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { Ack, Args, ConnectedSocket, Gateway, OnConnect, OnEvent, Websocket } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { connectClient } from '../support/nest-app.js';
import { nextEvent, until } from '../support/until.js';
import { PLATFORMS, createApp, startWith, type AppSetup } from './support/start-app.js';

type Client = Awaited<ReturnType<typeof connectClient>>;

class Main {
  readonly fired: unknown[] = [];

  @OnConnect()
  connected(socket: Socket): Promise<void> | void {
    return socket.join(String(socket.handshake.auth.rooms ?? '').split(','));
  }

  @OnEvent('fired')
  fire(socket: Socket, ...args: unknown[]): void {
    this.fired.push([socket.nsp.name, socket.handshake.auth.name, ...args]);
  }

  @Ack('fence')
  fence(): void {}
}

@Gateway('/chat')
class Chat {
  @OnEvent('fired')
  fire(@ConnectedSocket() socket: Socket, @Args() args: unknown[]): void {
    socket.emit('chat fired', args);
  }

  @Ack('fence')
  fence(): void {}
}

/** Clients by name, in `/` unless the name begins with a slash; each counts what it hears. */
async function startClients(
  rooms: Record<string, string>,
  setup: AppSetup = {},
): Promise<{
  app: Awaited<ReturnType<typeof startWith>>['app'];
  websocket: Websocket;
  clients: Record<string, Client>;
  heard: () => Promise<Record<string, unknown[]>>;
}> {
  const { app, url, websocket } = await startWith({ providers: [Main, Chat], ...setup });
  const clients: Record<string, Client> = {};
  const events: Record<string, unknown[]> = {};
  for (const [name, joined] of Object.entries(rooms)) {
    const client = await connectClient(name.startsWith('/') ? url + name : url, { auth: { name, rooms: joined } });
    clients[name] = client;
    events[name] = [];
    client.onAny((event: string, ...args: unknown[]) => {
      events[name].push([event, ...args.filter((arg) => typeof arg !== 'function')]);
      const answer: unknown = args.at(-1);
      if (typeof answer === 'function') answer(name);
    });
  }
  const heard = async (): Promise<Record<string, unknown[]>> => {
    await Promise.all(Object.values(clients).map((client) => client.emitWithAck('fence')));
    return Object.fromEntries(Object.entries(events).filter(([, list]) => list.length > 0));
  };
  return { app, websocket, clients, heard };
}

const ROOMS = { a: 'red', b: 'red,blue', c: '', '/chat': '' };

describe('Websocket', () => {
  it.each<[string, (websocket: Websocket, ids: Record<string, string>) => unknown, string[]]>([
    ['emit', (websocket) => websocket.emit('news', 1), ['a', 'b', 'c']],
    ['broadcast', (websocket) => websocket.broadcast('news', 1), ['a', 'b', 'c', '/chat']],
    ['to', (websocket) => websocket.to('red').emit('news', 1), ['a', 'b']],
    ['to, several rooms', (websocket) => websocket.to(['red', 'blue']).emit('news', 1), ['a', 'b']],
    ['in', (websocket) => websocket.in('blue').emit('news', 1), ['b']],
    ['except', (websocket) => websocket.except('blue').emit('news', 1), ['a', 'c']],
    ['to and except', (websocket) => websocket.to('red').except('blue').emit('news', 1), ['a']],
    ['local', (websocket) => websocket.local.to('red').emit('news', 1), ['a', 'b']],
    ['volatile', (websocket) => websocket.volatile.emit('news', 1), ['a', 'b', 'c']],
    ['compress', (websocket) => websocket.compress(false).emit('news', 1), ['a', 'b', 'c']],
    ['of', (websocket) => websocket.of('/chat').emit('news', 1), ['/chat']],
    ['emitTo', (websocket, ids) => websocket.emitTo(ids.b, 'news', 1), ['b']],
    ['emitTo in another namespace', (websocket, ids) => websocket.emitTo(ids['/chat'], 'news', 1), ['/chat']],
    ['emitToList', (websocket, ids) => websocket.emitToList([ids.a, ids['/chat'], ids.a], 'news', 1), ['a', '/chat']],
    ['server', (websocket) => websocket.server.emit('news', 1), ['a', 'b', 'c']],
  ])('#%s [G1, G7]', async (_name, act, recipients) => {
    const { websocket, clients, heard } = await startClients(ROOMS);
    const ids = Object.fromEntries(Object.entries(clients).map(([name, client]) => [name, client.id!]));
    await act(websocket, ids);
    expect(await heard()).toEqual(Object.fromEntries(recipients.map((name) => [name, [['news', 1]]])));
  });

  it('#emitTo and #emitToList tell whom nobody has [G3]', async () => {
    const { websocket, clients, heard } = await startClients({ a: '', b: '' });
    const id = clients.a.id!;
    expect(await websocket.emitTo(id, 'news')).toBe(true);
    expect(await websocket.emitTo('nobody', 'news')).toBe(false);
    expect(await websocket.emitToList([id, 'nobody', 'no one'], 'news')).toEqual(['nobody', 'no one']);
    expect(await heard()).toEqual({ a: [['news'], ['news']] });
    const gone = nextEvent([...websocket.of('/').sockets.values()][0], 'disconnect');
    clients.a.disconnect();
    await gone;
    expect(await websocket.emitTo(id, 'news')).toBe(false);
  });

  it('#emitWithAck and #timeout collect the answers of all', async () => {
    const { websocket } = await startClients({ a: 'red', b: 'red', c: '' });
    expect(((await websocket.emitWithAck('question', 1)) as string[]).toSorted()).toEqual(['a', 'b', 'c']);
    const inRoom = (await websocket.timeout(1_000).to('red').emitWithAck('question', 2)) as string[];
    expect(inRoom.toSorted()).toEqual(['a', 'b']);
  });

  it('#timeout gives up on those who do not answer', async () => {
    const { websocket, clients } = await startClients({ a: '', b: '' });
    clients.b.offAny();
    await expect(websocket.timeout(30).emitWithAck('question')).rejects.toMatchObject({ responses: ['a'] });
  });

  it('#fire runs the handlers of this server for every socket [F7]', async () => {
    const { app, websocket, clients, heard } = await startClients({ a: '', b: '', '/chat': '' });
    const chatFired = nextEvent(clients['/chat'], 'chat fired');
    websocket.fire('fired', 1, 'x');
    await chatFired;
    expect(app.get(Main).fired).toEqual([
      ['/', 'a', 1, 'x'],
      ['/', 'b', 1, 'x'],
    ]);
    expect(await heard()).toEqual({ '/chat': [['chat fired', [1, 'x']]] });
  });

  it('#fetchSockets, #socketsJoin and #socketsLeave', async () => {
    const { websocket, clients } = await startClients({ a: 'red', b: '' });
    const sockets = await websocket.fetchSockets();
    expect(sockets.map(({ id }) => id).toSorted()).toEqual([clients.a.id!, clients.b.id!].toSorted());
    await websocket.socketsJoin(['green', 'blue']);
    expect((await websocket.in('green').fetchSockets()).length).toBe(2);
    await websocket.socketsLeave('green');
    expect((await websocket.in('green').fetchSockets()).length).toBe(0);
    await websocket.in('red').socketsJoin('white');
    expect((await websocket.in('white').fetchSockets()).map(({ id }) => id)).toEqual([clients.a.id]);
  });

  it.each([false, true])('#disconnectSockets(%p)', async (close) => {
    const { websocket, clients } = await startClients({ a: '', b: '' });
    const gone = Promise.all([nextEvent(clients.a, 'disconnect'), nextEvent(clients.b, 'disconnect')]);
    await websocket.disconnectSockets(close);
    expect(await gone).toMatchObject([['io server disconnect'], ['io server disconnect']]);
  });

  it('#serverSideEmit reaches no listener of this server', async () => {
    const { websocket } = await startClients({ a: '' });
    websocket.server.on('cluster', () => {
      throw new Error('heard');
    });
    expect(websocket.serverSideEmit('cluster', 1)).toBe(true);
  });

  it('types the events that are emitted, their acks and the data of sockets', async () => {
    interface Emitted {
      news: (headline: string) => void;
      question: (text: string, answer: (value: number) => void) => void;
    }
    interface Data {
      user: string;
    }
    const websocket = (await createApp({})).get<Websocket<Emitted, Data>>(Websocket);
    websocket.emit('news', 'x');
    websocket.broadcast('news', 'x');
    // @ts-expect-error -- the argument of news is a string
    websocket.emit('news', 1);
    // @ts-expect-error -- no such event
    websocket.to('room').emit('olds');
    // @ts-expect-error -- the argument of news is a string
    websocket.of('/').to('room').volatile.emit('news', 1);
    const users: string[] = (await websocket.fetchSockets()).map((socket) => socket.data.user);
    for (const { data } of websocket.of('/').sockets.values()) users.push(data.user);
    // @ts-expect-error -- the data has no such property
    for (const { data } of websocket.server.sockets.sockets.values()) users.push(data.name);
    const answers: number[] = await websocket.timeout(10).emitWithAck('question', 'x');
    // @ts-expect-error -- each answer is a number
    const texts: string[] = await websocket.emitWithAck('question', 'x');
    // @ts-expect-error -- nobody answers news
    await websocket.emitWithAck('news', 'x');
    expect([users, answers, texts]).toEqual([[], [], []]);
  });

  it('types nothing where it is told nothing', async () => {
    const websocket: Websocket = (await createApp({})).get(Websocket);
    const names: string[] = (await websocket.fetchSockets()).map((socket) => socket.data.name);
    websocket.emit('anything', 1, 'x');
    websocket.to('room').emit('anything', { more: true });
    const answers: unknown[] = await websocket.emitWithAck('anything', 1);
    expect([names, answers]).toEqual([[], []]);
  });
});

describe.each(PLATFORMS)('pain 38: on %s any provider of any module', (platform) => {
  @Injectable()
  class Notifier implements OnModuleInit, OnApplicationBootstrap {
    joined = 0;

    constructor(private readonly websocket: Websocket) {}

    onModuleInit(): void {
      this.websocket.emit('nobody is here yet');
      this.websocket.of('/news').on('connection', (socket) => socket.emit('from onModuleInit'));
    }

    async onApplicationBootstrap(): Promise<void> {
      await Promise.resolve();
      this.websocket.emit('nobody is here yet');
      this.websocket.server.on('connection', () => this.joined++);
      await this.websocket.socketsJoin('all');
    }

    tell(): void {
      this.websocket.emit('told');
    }
  }

  @Module({ providers: [Notifier], exports: [Notifier] })
  class NotifierModule {}

  it('can inject it and use it while it starts', async () => {
    const { app, url } = await startWith({ platform, imports: [NotifierModule] });
    const client = await connectClient(url);
    await until(() => app.get(Notifier).joined === 1);
    const told = nextEvent(client, 'told');
    app.get(Notifier).tell();
    await told;
    const news = await connectClient(`${url}/news`);
    expect(news.connected).toBe(true);
  });
});
