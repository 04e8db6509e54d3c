import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { createAdapter } from '@socket.io/redis-adapter';
import { Emitter } from '@socket.io/redis-emitter';
import { defineContract, event } from '../../src/contract/index.js';
import {
  ConnectedSocket,
  Gateway,
  OnHandshake,
  SocketIoEmitterModule,
  Websocket,
  type Socket,
  type SocketIoEmitterOptions,
  type SocketIoModuleOptions,
} from '../../src/index.js';
import { memoryLedger, redisLedger } from '../../src/ledger/index.js';
import { eventually } from '../ecosystem/support/eventually.js';
import { RedisServer, uniqueName } from '../ecosystem/support/redis.js';
import { cleanup } from '../support/cleanup.js';
import { connectClient, startApp } from '../support/nest-app.js';
import { describeWith } from '../support/requirements.js';
import { nextEvent, until } from '../support/until.js';

@Gateway('/chat')
class ChatGateway {
  @OnHandshake()
  async enter(@ConnectedSocket() socket: Socket) {
    socket.identify(String(socket.handshake.auth.user));
    await socket.join('lobby');
  }
}

/** A job that only knows the service. */
@Injectable()
class ReportJob {
  constructor(readonly websocket: Websocket) {}
}

const chat = defineContract('/chat', { in: {}, out: { news: event<[text: string]>() } });

interface Way {
  readonly server: () => Promise<SocketIoModuleOptions>;
  readonly worker: () => Promise<SocketIoEmitterOptions>;
  /** Whether the worker can ask the servers. */
  readonly answers: boolean;
}

describe('SocketIoEmitterModule', () => {
  describe('over a ledger in memory', () => {
    const ledger = memoryLedger();
    suite({ server: async () => ({ ledger }), worker: async () => ({ ledger }), answers: true });
  });

  describeWith('redis-server', 'over Redis', (program) => {
    const redis = new RedisServer(program);

    describe('by a ledger', () => {
      const name = uniqueName();
      const ledger = async () => ({ ledger: redisLedger(await redis.connectIo(), { name }) });
      suite({ server: ledger, worker: ledger, answers: true });
    });

    describe('by @socket.io/redis-emitter', () => {
      const key = uniqueName();
      suite({
        server: async () => ({ adapter: createAdapter(await redis.connect(), await redis.connect(), { key }) }),
        worker: async () => ({ emitter: new Emitter(await redis.connect(), { key }) }),
        answers: false,
      });
    });
  });

  it.each([
    [{}, 'emitter'],
    [{ ledger: {} }, 'ledger'],
    [{ emitter: {} }, 'emitter'],
    [{ ledger: memoryLedger(), emitter: { of: () => ({}) } }, 'emitter'],
  ])('refuses options that do not say how: %#', async (options, name) => {
    await expect(startWorker(options as never)).rejects.toThrow(`Invalid option "${name}"`);
  });
});

function suite({ server, worker, answers }: Way): void {
  async function start() {
    const a = await startApp([ChatGateway], await server());
    const { job, close } = await startWorker({ ...(await worker()), namespaces: ['/', '/chat'] });
    const ada = await connectClient(`${a.url}/chat`, { auth: { user: 'ada' } });
    const bob = await connectClient(`${a.url}/chat`, { auth: { user: 'bob' } });
    const { adapter } = job.websocket.server.sockets;
    if (answers) await eventually(async () => (await adapter.serverCount()) > 1, 'the worker knows of the server');
    return { a, job, close, ada, bob };
  }

  it('emits to rooms, users and contracts', async () => {
    const { job, ada, bob } = await start();
    const toAll = [nextEvent(ada, 'to all'), nextEvent(bob, 'to all')];
    job.websocket
      .of('/chat')
      .to('lobby')
      .emit('to all', 1, Buffer.from([2]));
    for (const args of await Promise.all(toAll)) expect(args.slice(0, 2)).toEqual([1, Buffer.from([2])]);
    const toAda = nextEvent(ada, 'to ada');
    const strays: unknown[] = [];
    bob.on('to ada', (...args: unknown[]) => strays.push(args));
    job.websocket.user('ada').emit('to ada');
    await toAda;
    const news = nextEvent(bob, 'news');
    job.websocket.of(chat).emit('news', 'typed');
    // @ts-expect-error -- the contract says a text
    const wrong = (): unknown => job.websocket.of(chat).emit('news', 1);
    expect(typeof wrong).toBe('function');
    expect((await news)[0]).toBe('typed');
    expect(strays).toEqual([]);
  });

  it('moves sockets, and disconnects users', async () => {
    const { a, job, ada, bob } = await start();
    await job.websocket.of('/chat').in('lobby').socketsJoin('moved');
    const chatOfServer = a.app.get(Websocket).of('/chat');
    await until(() => chatOfServer.adapter.rooms.get('moved')?.size === 2);
    const gone = nextEvent(ada, 'disconnect');
    await job.websocket.user('ada').disconnect('fired');
    expect((await gone)[0]).toBe('io server disconnect');
    expect(bob.connected).toBe(true);
  });

  it('has emitted everything once it is closed', async () => {
    const { job, close, ada } = await start();
    const heard: unknown[] = [];
    ada.on('last words', (n) => heard.push(n));
    for (let i = 0; i < 100; i++) job.websocket.of('/chat').emit('last words', i);
    await close();
    await until(() => heard.length === 100);
    expect(job.websocket.state).toBe('closed');
  });

  if (answers) {
    it('asks the servers', async () => {
      const { job, ada, bob } = await start();
      ada.on('ask', (answer: (value: number) => void) => answer(1));
      bob.on('ask', (answer: (value: number) => void) => answer(2));
      const chatOfJob = job.websocket.of('/chat');
      const answered = (await chatOfJob.timeout(2_000).emitWithAck('ask')) as unknown as number[];
      expect(answered.toSorted()).toEqual([1, 2]);
      expect(await job.websocket.count('lobby', '/chat')).toBe(2);
      expect(await job.websocket.emitTo(ada.id!, 'direct')).toBe(true);
    });
  } else {
    it('says that an emitter gets no answers', async () => {
      const { job, ada } = await start();
      const chatOfJob = job.websocket.of('/chat');
      await expect(chatOfJob.fetchSockets()).rejects.toThrow('an emitter receives no answers');
      await expect(chatOfJob.timeout(100).emitWithAck('ask')).rejects.toThrow('an emitter receives no answers');
      await expect(job.websocket.emitTo(ada.id!, 'direct')).rejects.toThrow('an emitter receives no answers');
      await expect(job.websocket.count()).rejects.toThrow('an emitter receives no answers');
    });
  }
}

async function startWorker(options: SocketIoEmitterOptions) {
  const imports = [SocketIoEmitterModule.forRootAsync({ useFactory: () => options })];
  const module = await Test.createTestingModule({ imports, providers: [ReportJob] }).compile();
  await module.init();
  let closed: Promise<void> | null = null;
  const close = (): Promise<void> => (closed ??= module.close());
  cleanup(close);
  return { job: module.get(ReportJob), close };
}
