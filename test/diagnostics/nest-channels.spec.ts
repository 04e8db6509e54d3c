import { Injectable, Scope } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway, WsException } from '@nestjs/websockets';
import { Ack, Gateway, OnEvent, SocketIoException, Websocket } from '../../src/index.js';
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

@WebSocketGateway({ namespace: '/nest' })
class NestGateway {
  @SubscribeMessage('sync')
  sync() {
    return 1;
  }

  @SubscribeMessage('broken')
  broken() {
    throw new WsException('no');
  }
}

async function run(namespace: string, event: string) {
  const { url } = await startApp([OwnGateway, AnyGateway, ScopedGateway, NestGateway]);
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
    ['/nest', 'broken', SYNC_ERROR, { isInternal: false, failure: { status: 'error', message: 'no' } }],
    ['/any-1', 'whatever', SYNC, { route: '*', event: 'whatever', namespace: '/^\\/any-/', handler: 'AnyGateway.all' }],
  ] as const)('publish %s %s once', async (namespace, event, expected, payload) => {
    const { published } = await run(namespace, event);
    await until(() => published.length >= expected.length);
    expect(phases(published)).toEqual(expected);
    expect(published[0].payload).toMatchObject({ event, asksAck: true, ...payload });
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
      ['OldSlowGateway.never', 'SHUTTING_DOWN', 'the server ended before its handler'],
      ['SlowGateway.ends', undefined, undefined],
      ['SlowGateway.never', 'SHUTTING_DOWN', 'the server ended before its handler'],
      ['SlowGateway.one', 'SHUTTING_DOWN', 'the server ended before its handler'],
      ['SlowGateway.other', undefined, undefined],
    ]);
    expect(new Set(published.map(({ payload }) => payload)).size).toBe(5);
    for (const { payload } of published) {
      const own = phases(published.filter((each) => each.payload === payload));
      expect(own).toEqual(payload.code === undefined ? ASYNC : ASYNC_ERROR);
    }
  });
});
