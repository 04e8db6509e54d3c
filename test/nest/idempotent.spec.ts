import { Injectable } from '@nestjs/common';
import {
  Ack,
  ConnectedSocket,
  Gateway,
  Idempotent,
  MessageBody,
  OnEvent,
  OnHandshake,
  SocketIoException,
  Websocket,
  type Socket,
  type SocketIoModuleOptions,
} from '../../src/index.js';
import { memoryLedger, redisLedger } from '../../src/ledger/index.js';
import { RedisServer, uniqueName } from '../ecosystem/support/redis.js';
import { connectClient, startApp } from '../support/nest-app.js';
import { describeWith } from '../support/requirements.js';
import { until } from '../support/until.js';

@Injectable()
class Runs {
  readonly of: string[] = [];
  release: (() => void) | null = null;
  fails = false;
}

@Gateway()
class OrderGateway {
  constructor(readonly runs: Runs) {}

  @OnHandshake()
  enter(@ConnectedSocket() socket: Socket) {
    const { user } = socket.handshake.auth as { user?: string };
    if (user !== undefined) socket.identify(user);
  }

  @Idempotent()
  @Ack('order')
  order(@MessageBody() { id, bytes }: { id: string; bytes?: Buffer }) {
    this.runs.of.push(id);
    if (this.runs.fails) throw new SocketIoException('sold out', { code: 'SOLD_OUT' });
    return { number: this.runs.of.length, bytes };
  }

  @Idempotent({ key: (body: string) => body, ttl: 1_000 })
  @Ack('slow')
  async slow(@MessageBody() body: string) {
    this.runs.of.push(body);
    await new Promise<void>((resolve) => (this.runs.release = resolve));
    return `${body} ${this.runs.of.length}`;
  }

  @Idempotent({ key: (() => Promise.reject(new Error('looked up'))) as never })
  @Ack('looked up')
  lookedUp() {
    this.runs.of.push('looked up');
  }

  @Idempotent()
  @Ack('large')
  large() {
    this.runs.of.push('large');
    return 'x'.repeat(70_000);
  }

  @Idempotent()
  @Ack('none')
  none() {
    this.runs.of.push('none');
  }
}

function everyStore(): [string, () => SocketIoModuleOptions][] {
  const ledger = memoryLedger();
  return [
    ['in memory, on one server', () => ({})],
    ['over a ledger, on two servers', () => ({ ledger })],
  ];
}

describe.each(everyStore())('@Idempotent(), %s', (where, optionsOf) => {
  suite(optionsOf, where.includes('two'));
});

describeWith('redis-server', '@Idempotent(), over redisLedger, on two servers', (program) => {
  const redis = new RedisServer(program);
  const name = uniqueName();
  suite(async () => ({ ledger: redisLedger(await redis.connectIo(), { name }) }), true);
});

function suite(optionsOf: () => SocketIoModuleOptions | Promise<SocketIoModuleOptions>, hasTwo: boolean): void {
  async function start() {
    const a = await startApp([Runs, OrderGateway], await optionsOf());
    const b = hasTwo ? await startApp([Runs, OrderGateway], await optionsOf()) : a;
    const user = uniqueName();
    const clients = [await connectClient(a.url, { auth: { user } }), await connectClient(b.url, { auth: { user } })];
    const runs = [a.app.get(Runs), b.app.get(Runs)];
    const all = (): string[] => (hasTwo ? runs.flatMap((each) => each.of) : runs[0].of);
    return { a, clients, runs, all };
  }

  it('runs once, and gives every copy the first ack, bytes included', async () => {
    const { clients, all } = await start();
    const first: unknown = await clients[0].emitWithAck('order', { id: '1', bytes: Buffer.from([7]) });
    expect(first).toEqual({ number: 1, bytes: Buffer.from([7]) });
    expect(await clients[1].emitWithAck('order', { id: '1' })).toEqual(first);
    expect(await clients[0].emitWithAck('order', { id: '1' })).toEqual(first);
    await clients[0].emitWithAck('order', { id: '2' });
    expect(all()).toEqual(['1', '2']);
  });

  it('holds a copy that comes while the first is under way', async () => {
    const { clients, runs, all } = await start();
    const key = uniqueName();
    const copies = [clients[0].emitWithAck('slow', key), clients[0].emitWithAck('slow', key)];
    await until(() => all().length === 1);
    copies.push(clients[1].emitWithAck('slow', key));
    await until(() => runs.some(({ release }) => release !== null));
    runs.find(({ release }) => release !== null)!.release!();
    expect(await Promise.all(copies)).toEqual([`${key} 1`, `${key} 1`, `${key} 1`]);
    expect(all()).toEqual([key]);
  });

  it('forgets the ack after its time', async () => {
    const { clients, runs, all } = await start();
    const key = uniqueName();
    const first = clients[0].emitWithAck('slow', key);
    await until(() => runs[0].release !== null);
    runs[0].release!();
    runs[0].release = null;
    await first;
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    const second = clients[0].emitWithAck('slow', key);
    await until(() => runs[0].release !== null);
    runs[0].release!();
    await second;
    expect(all()).toEqual([key, key]);
  });

  it('lets the next copy run if the handler has failed', async () => {
    const { clients, runs, all } = await start();
    for (const each of runs) each.fails = true;
    expect(await clients[0].emitWithAck('order', { id: '1' })).toMatchObject({ status: 'error', code: 'SOLD_OUT' });
    for (const each of runs) each.fails = false;
    expect(await clients[0].emitWithAck('order', { id: '1' })).toMatchObject({ number: 2 });
    expect(all()).toEqual(['1', '1']);
  });

  it('runs once where no ack is asked, and keeps an ack that is empty', async () => {
    const { clients, all } = await start();
    clients[0].emit('none', { id: '1' });
    await until(() => all().length === 1);
    expect(await clients[0].emitWithAck('none', { id: '1' })).toBeUndefined();
    expect(all()).toEqual(['none']);
  });

  it('knows the messages of users apart', async () => {
    const { a, clients, all } = await start();
    const other = await connectClient(a.url, { auth: { user: uniqueName() } });
    const nameless = await connectClient(a.url);
    for (const client of [clients[0], other, nameless]) await client.emitWithAck('order', { id: 'guessed' });
    expect(all()).toHaveLength(3);
  });

  it('refuses a message without a key', async () => {
    const { clients, all } = await start();
    for (const body of [undefined, null, {}, { id: {} }, { id: '' }, 'text']) {
      expect(await clients[0].emitWithAck('order', body)).toMatchObject({ code: 'IDEMPOTENCY_KEY_MISSING' });
    }
    expect(all()).toEqual([]);
  });

  it('says so if an ack is too large to be kept', async () => {
    const { clients, all } = await start();
    expect(await clients[0].emitWithAck('large', { id: '1' })).toHaveLength(70_000);
    expect(await clients[0].emitWithAck('large', { id: '1' })).toMatchObject({ code: 'ALREADY_DONE' });
    expect(all()).toEqual(['large']);
  });
}

describe('@Idempotent()', () => {
  it('answers the retries of the official client', async () => {
    const { app, url } = await startApp([Runs, OrderGateway]);
    const client = await connectClient(url, { retries: 3, ackTimeout: 60 });
    const { of } = app.get(Runs);
    const answer = client.emitWithAck('slow', 'retried');
    await new Promise((resolve) => setTimeout(resolve, 150));
    app.get(Runs).release!();
    expect(await answer).toBe('retried 1');
    expect(of).toEqual(['retried']);
  });

  it('tells the client if the store does not answer', async () => {
    const errors: unknown[] = [];
    const { app, url } = await startApp([Runs, OrderGateway], { onError: (error) => errors.push(error) });
    const client = await connectClient(url);
    const { sockets } = app.get(Websocket).server;
    Object.assign(sockets.adapter, { claim: () => Promise.reject(new Error('away')) });
    expect(await client.emitWithAck('order', { id: '1' })).toMatchObject({ code: 'IDEMPOTENCY_UNAVAILABLE' });
    expect(errors).toEqual([new Error('away')]);
    expect(app.get(Runs).of).toEqual([]);
  });

  it('does not run a message whose key is a promise, and reports it', async () => {
    const errors: unknown[] = [];
    const { app, url } = await startApp([Runs, OrderGateway], { onError: (error) => errors.push(error) });
    const client = await connectClient(url);
    expect(await client.emitWithAck('looked up', { id: '1' })).toMatchObject({ code: 'IDEMPOTENCY_UNAVAILABLE' });
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining('not a promise') })]);
    expect(app.get(Runs).of).toEqual([]);
  });

  it.each([
    ['needs an ack', () => gatewayWith({}, false), '@Ack'],
    ['takes no other options', () => gatewayWith({ keys: 'id' }, true), 'keys'],
    ['takes a key that is a name or a function', () => gatewayWith({ key: 1 }, true), 'key'],
    ['takes a time of at least a second', () => gatewayWith({ ttl: 999 }, true), 'ttl'],
  ])('%s', async (_name, make, message) => {
    await expect(startApp([make()])).rejects.toThrow(message);
  });
});

function gatewayWith(options: object, acks: boolean): new () => object {
  @Gateway()
  class Wrong {
    @Idempotent(options)
    @(acks ? Ack('event') : OnEvent('event'))
    handle() {}
  }
  return Wrong;
}
