import { Injectable, Scope } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway, WsException } from '@nestjs/websockets';
import { from, NEVER as SILENCE } from 'rxjs';
import { Ack, Gateway, OnEvent, SocketIoException, Websocket } from '../../src/index.js';
import { startGateways } from '../nest/adapter/support/start-gateways.js';
import { connectClient, startApp } from '../support/nest-app.js';
import { until } from '../support/until.js';
import { phases, record } from './support/recorder.js';

const SYNC = ['handle start', 'handle end'];
const SYNC_ERROR = ['handle start', 'handle error', 'handle end'];
const ASYNC = ['handle start', 'handle end', 'handle asyncStart', 'handle asyncEnd'];
const ASYNC_ERROR = ['handle start', 'handle end', 'handle error', 'handle asyncStart', 'handle asyncEnd'];

@Gateway('/own')
class OwnGateway {
  @Ack('sync')
  sync() {
    return 1;
  }

  @Ack('async')
  async async() {
    return 1;
  }

  @Ack('stream')
  async *stream() {
    yield 1;
  }

  @Ack('refused')
  refused() {
    throw new SocketIoException('no', { code: 'TAKEN' });
  }

  @Ack('broken')
  async broken() {
    throw new Error('secret');
  }

  @OnEvent('heard')
  first() {}

  @OnEvent('heard')
  async second() {}
}

@Gateway(/^\/any-/)
class AnyGateway {
  @OnEvent('*')
  all() {}
}

@Injectable({ scope: Scope.REQUEST })
@Gateway('/scoped')
class ScopedGateway {
  @Ack('sync')
  sync() {
    return 1;
  }
}

@Gateway({ namespace: '/connected', scope: 'connection' })
class ConnectionGateway {
  @Ack('sync')
  sync() {
    return 1;
  }
}

@WebSocketGateway({ namespace: '/nest' })
class NestGateway {
  @SubscribeMessage('sync')
  sync() {
    return 1;
  }

  @SubscribeMessage('async')
  async async() {
    return 1;
  }

  @SubscribeMessage('stream')
  stream() {
    return from([1, 2]);
  }

  @SubscribeMessage('rejected')
  async rejected() {
    throw new Error('secret');
  }

  @SubscribeMessage('broken')
  broken() {
    throw new WsException('no');
  }
}

async function run(namespace: string, event: string) {
  const { url } = await startApp([OwnGateway, AnyGateway, ScopedGateway, ConnectionGateway, NestGateway]);
  const client = await connectClient(`${url}${namespace}`);
  const published = record('handle');
  return {
    client,
    published,
    answer: await client
      .timeout(500)
      .emitWithAck(event)
      .catch(() => 'none'),
  };
}

describe('channels of the module', () => {
  it.each([
    ['/own', 'sync', SYNC, { handler: 'OwnGateway.sync', route: 'sync', code: undefined }],
    ['/own', 'async', ASYNC, { handler: 'OwnGateway.async', code: undefined, isAsync: true }],
    ['/own', 'stream', ASYNC, { handler: 'OwnGateway.stream', code: undefined }],
    ['/own', 'broken', ASYNC_ERROR, { code: 'INTERNAL_ERROR', isInternal: true, error: new Error('secret') }],
    ['/scoped', 'sync', ASYNC, { handler: 'ScopedGateway.sync', route: 'sync' }],
    ['/nest', 'sync', SYNC, { handler: 'NestGateway.sync', route: 'sync', namespace: '/nest' }],
    ['/connected', 'sync', ASYNC, { handler: 'ConnectionGateway.sync', route: 'sync' }],
    ['/nest', 'async', ASYNC, { handler: 'NestGateway.async' }],
    ['/nest', 'stream', ASYNC, { handler: 'NestGateway.stream', code: undefined }],
    ['/nest', 'rejected', ASYNC_ERROR, { isInternal: true, error: new Error('secret') }],
    ['/nest', 'broken', SYNC_ERROR, { isInternal: false, failure: { status: 'error', message: 'no' } }],
    ['/any-1', 'whatever', SYNC, { route: '*', event: 'whatever', namespace: '/^\\/any-/', handler: 'AnyGateway.all' }],
  ] as const)('publish %s %s once', async (namespace, event, expected, payload) => {
    const { published } = await run(namespace, event);
    await until(() => published.length >= expected.length);
    expect(phases(published)).toEqual(expected);
    expect(published[0].payload).toMatchObject({ event, asksAck: true, ...payload });
  });

  it.each([
    ['sync', SYNC],
    ['async', ASYNC],
    ['stream', ASYNC],
    ['rejected', ASYNC_ERROR],
    ['broken', SYNC_ERROR],
  ] as const)('publish %s of a gateway on the adapter alone once', async (event, expected) => {
    const { url } = await startGateways({ providers: [NestGateway] });
    const client = await connectClient(`${url}/nest`);
    const published = record('handle');
    client.emit(event);
    await until(() => published.length >= expected.length);
    expect(phases(published)).toEqual(expected);
    const what = { event, route: event, namespace: '/nest', handler: `NestGateway.${event}`, asksAck: false };
    expect(published[0].payload).toMatchObject(what);
  });

  it('publish what the client was told of an error', async () => {
    const { published, answer } = await run('/own', 'refused');
    expect(phases(published)).toEqual(SYNC_ERROR);
    expect(published[0].payload.failure).toEqual(answer);
    expect(published[0].payload.code).toBe((answer as { code: string }).code);
    expect(published[0].payload.error).toBeInstanceOf(SocketIoException);
  });

  it('publish several handlers of one event, each for itself', async () => {
    const { published } = await run('/own', 'heard');
    await until(() => published.length === 8);
    const handlers = new Set(published.map(({ payload }) => payload.handler));
    expect(handlers).toEqual(new Set(['OwnGateway.first', 'OwnGateway.second']));
    for (const handler of handlers) {
      expect(phases(published.filter(({ payload }) => payload.handler === handler))).toEqual(ASYNC);
    }
  });
});

describe('a client that leaves in the middle of a handler', () => {
  let release = (): void => {};

  @Gateway('/left')
  class LeftGateway {
    @Ack('answers')
    answers(): Promise<number> {
      return new Promise((resolve) => (release = () => resolve(1)));
    }

    @Ack('fails')
    fails(): Promise<never> {
      return new Promise((_resolve, reject) => (release = () => reject(new Error('too late'))));
    }

    @Ack('streams')
    streams() {
      return SILENCE;
    }
  }

  it.each([
    ['answers', ASYNC],
    ['fails', ASYNC_ERROR],
    ['streams', ASYNC],
  ] as const)('ends its operation once, when the handler does: %s', async (event, expected) => {
    const { app, url } = await startApp([LeftGateway], { onError: () => {} });
    const client = await connectClient(`${url}/left`);
    const published = record('handle');
    client.emit(event, () => {});
    await until(() => published.length === 2);
    client.disconnect();
    await until(() => app.get(Websocket).stats().sockets.now === 0);
    release();
    await until(() => published.length >= expected.length);
    await app.close();
    expect(phases(published)).toEqual(expected);
  });
});

describe('the channels of the end', () => {
  it('publish the states in order, the shutdown and the end of the server', async () => {
    const published = record('state', 'shutdown', 'server');
    const { app } = await startApp([OwnGateway]);
    const { server } = app.get(Websocket);
    await app.close();
    await app.close();
    expect(phases(published.filter(({ what }) => what !== 'state'))).toEqual([
      ...['server', 'shutdown start', 'shutdown end', 'server', 'shutdown asyncStart', 'shutdown asyncEnd'],
    ]);
    const states = published.filter(({ what }) => what === 'state').map(({ payload }) => [payload.from, payload.to]);
    expect(states).toEqual([
      ['starting', 'open'],
      ['open', 'draining'],
      ['draining', 'closing'],
      ['closing', 'closed'],
    ]);
    expect(published.at(-2)!.payload).toMatchObject({ server, result: { closed: 0, forced: 0 }, error: undefined });
  });
});

describe('a shutdown in the middle of handlers', () => {
  const NEVER = new Promise<never>(() => {});
  let release = (): void => {};

  @Gateway('/slow')
  class SlowGateway {
    @Ack('ends')
    ends(): Promise<string> {
      return new Promise((resolve) => (release = () => resolve('ended')));
    }

    @Ack('never')
    never(): Promise<never> {
      return NEVER;
    }

    @OnEvent('both')
    async one(): Promise<void> {
      await NEVER;
    }

    @OnEvent('both')
    async other(): Promise<void> {}
  }

  @WebSocketGateway({ namespace: '/old' })
  class OldSlowGateway {
    @SubscribeMessage('never')
    never(): Promise<never> {
      return NEVER;
    }
  }

  it('ends each operation once: by itself in time, else with the server and a code', async () => {
    const { app, url } = await startApp([SlowGateway, OldSlowGateway], { shutdownTimeout: 300 });
    const client = await connectClient(`${url}/slow`);
    const old = await connectClient(`${url}/old`);
    const published = record('handle');
    const answer = client.emitWithAck('ends');
    for (const event of ['never', 'both']) client.emit(event);
    old.emit('never');
    await until(() => phases(published).filter((what) => what === 'handle end').length === 5);
    const closed = app.close();
    release();
    expect(await answer).toBe('ended');
    await closed;

    const outcomes = published
      .filter(({ what }) => what === 'handle asyncEnd')
      .map(({ payload: { handler, code, error } }) => [handler, code, error?.message]);
    expect(outcomes.toSorted()).toEqual([
      ['OldSlowGateway.never', 'SHUTTING_DOWN', 'the server closed before the handler ended'],
      ['SlowGateway.ends', undefined, undefined],
      ['SlowGateway.never', 'SHUTTING_DOWN', 'the server closed before the handler ended'],
      ['SlowGateway.one', 'SHUTTING_DOWN', 'the server closed before the handler ended'],
      ['SlowGateway.other', undefined, undefined],
    ]);
    expect(new Set(published.map(({ payload }) => payload)).size).toBe(5);
    for (const { payload } of published) {
      const own = phases(published.filter((each) => each.payload === payload));
      expect(own).toEqual(payload.code === undefined ? ASYNC : ASYNC_ERROR);
    }
  });
});
