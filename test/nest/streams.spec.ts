import { EventEmitter, on } from 'node:events';
import { NEVER, Observable, concat, defer, of, throwError } from 'rxjs';
import { Ack, OnConnect, OnDisconnect, OnError, OnEvent, SocketIoException } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { connectClient } from '../support/nest-app.js';
import { nextEvent, until, within } from '../support/until.js';
import { FenceGateway, outcomeWithAck } from './support/outcome.js';
import { PLATFORMS, onlySocket, startWith } from './support/start-app.js';

let open = 0;
beforeEach(() => (open = 0));

/** Counts who is subscribed. */
function counted<T>(source: Observable<T>): Observable<T> {
  return new Observable((subscriber) => {
    open++;
    const subscription = source.subscribe(subscriber);
    return () => {
      open--;
      subscription.unsubscribe();
    };
  });
}

class Streaming {
  readonly bus = new EventEmitter();
  finish = (_value: string): void => {};

  @OnEvent('stream')
  stream(): Observable<number> {
    return counted(concat(of(1, 2), NEVER));
  }

  @OnEvent('silent stream')
  silent(): Observable<never> {
    return counted(NEVER);
  }

  @OnEvent('iterator')
  async *iterator(): AsyncGenerator<number> {
    open++;
    try {
      for (let i = 0; ; i++) {
        yield i;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    } finally {
      open--;
    }
  }

  @OnEvent('waiting iterator')
  waiting(): AsyncIterable<unknown> {
    return on(this.bus, 'price');
  }

  @OnEvent('promise of a stream')
  async promised(): Promise<Observable<number>> {
    await Promise.resolve();
    return counted(concat(of(1), NEVER));
  }

  @Ack('no first value')
  noFirstValue(): Observable<never> {
    return counted(NEVER);
  }

  @OnEvent('query')
  query(socket: Socket): Observable<string> {
    return defer(() => new Promise<string>((resolve) => ((this.finish = resolve), socket.emit('under way'))));
  }

  @Ack('query with an ack')
  queryWithAck(socket: Socket): Observable<string> {
    return this.query(socket);
  }
}

describe.each(PLATFORMS)('what an @OnEvent handler returns on %s', (platform) => {
  it.each(['stream', 'silent stream', 'iterator', 'promise of a stream', 'no first value'])(
    'is unsubscribed when its socket disconnects: %s',
    async (event) => {
      const { url } = await startWith({ platform, providers: [Streaming] });
      const [client, other] = [await connectClient(url), await connectClient(url)];
      client.emit(event);
      other.emit(event);
      await until(() => open === 2);
      client.disconnect();
      await until(() => open === 1);
      other.disconnect();
      await until(() => open === 0);
    },
  );

  it.each(['stream', 'iterator', 'promise of a stream'])(
    'does not hold up a shutdown where it has emitted: %s',
    async (event) => {
      const { app, url } = await startWith({ platform, providers: [Streaming], options: { shutdownTimeout: 60_000 } });
      const client = await connectClient(url);
      const ack = client.emitWithAck(event);
      await until(() => open === 1);
      await within(app.close(), 'the end of the application');
      await until(() => open === 0);
      // It was asked for, and its handler has done what it could.
      expect(await within(ack, 'the ack')).toBeUndefined();
    },
  );

  it.each([
    ['query', undefined],
    ['query with an ack', 'result'],
  ])('is awaited by a shutdown where it has not emitted: %s', async (event, answer) => {
    const { app, url } = await startWith({ platform, providers: [Streaming] });
    const client = await connectClient(url);
    const ack = within(client.emitWithAck(event), 'the ack');
    await nextEvent(client, 'under way');
    const closing = app.close();
    app.get(Streaming).finish('result');
    expect(await ack).toBe(answer);
    await closing;
  });
});

describe('a stream', () => {
  it('that waits for its next value is let go at once', async () => {
    const { app, url } = await startWith({ providers: [Streaming] });
    const client = await connectClient(url);
    const { bus } = app.get(Streaming);
    client.emit('waiting iterator');
    await until(() => bus.listenerCount('price') === 1);
    client.disconnect();
    await until(() => bus.listenerCount('price') === 0);
  });

  it('of @OnConnect ends with the socket that did not wait for it', async () => {
    class Connecting {
      @OnConnect()
      connected(): Observable<never> {
        return counted(NEVER);
      }
    }
    const { url, websocket } = await startWith({ providers: [Connecting], options: { connectTimeout: 30 } });
    const client = await connectClient(url);
    await nextEvent(client, 'disconnect');
    await until(() => open === 0);
    expect(websocket.of('/').sockets.size).toBe(0);
  });

  it('of @OnDisconnect goes on without its socket, and is awaited by a shutdown', async () => {
    const log: string[] = [];
    let finish: (() => void) | null = null;
    class Leaving {
      @OnDisconnect()
      left(): Observable<void> {
        return defer(() => new Promise<void>((resolve) => (finish = resolve)).then(() => void log.push('saved')));
      }
    }
    const { app, url, websocket } = await startWith({ providers: [Leaving] });
    await connectClient(url);
    (await onlySocket(websocket)).disconnect();
    const closing = app.close().then(() => log.push('closed'));
    await until(() => finish !== null);
    finish!();
    await closing;
    expect(log).toEqual(['saved', 'closed']);
  });

  // A rejection that nobody handles would fail the test: the runner listens for them.
  it('whose values reject fails, and no rejection is unhandled', async () => {
    const rejecting = (): Promise<never> => Promise.reject(new SocketIoException('of a value'));
    class Rejecting {
      @OnEvent('listens')
      listens(): Observable<Promise<never>> {
        return defer(() => of(rejecting(), rejecting()));
      }

      @Ack('answers')
      answers(): Observable<Promise<never>> {
        return defer(() => of(rejecting()));
      }

      @OnEvent('iterates')
      async *iterates(): AsyncGenerator<unknown> {
        yield 1;
        throw new SocketIoException('of a value');
      }
    }
    const { url } = await startWith({ providers: [Rejecting, FenceGateway] });
    const client = await connectClient(url);
    for (const event of ['listens', 'answers', 'iterates']) {
      const outcome = await outcomeWithAck(client, event);
      expect(outcome).toEqual({ acks: [[{ status: 'error', message: 'of a value' }]], exceptions: [] });
    }
  });

  it('of another copy of rxjs is one, too', async () => {
    // All that they have in common.
    const foreign = {
      subscribe(observer: { next(value: unknown): void; complete(): void }): { unsubscribe(): void } {
        observer.next('foreign');
        observer.complete();
        return { unsubscribe: () => undefined };
      },
    };
    class Foreign {
      @Ack('foreign')
      foreign(): unknown {
        return foreign;
      }
    }
    const { url } = await startWith({ providers: [Foreign] });
    expect(await (await connectClient(url)).emitWithAck('foreign')).toBe('foreign');
  });

  it('that comes after its socket is gone is not subscribed to', async () => {
    const errors: unknown[] = [];
    let begun: (() => void) | null = null;
    class Failing {
      @OnEvent('fails')
      async fails(): Promise<Observable<never>> {
        await new Promise<void>((resolve) => (begun = resolve));
        return throwError(() => new Error('subscribed'));
      }

      @OnError()
      onError(error: unknown): void {
        errors.push(error);
      }
    }
    const { app, url, websocket } = await startWith({ providers: [Failing] });
    const client = await connectClient(url);
    client.emit('fails');
    await until(() => begun !== null);
    (await onlySocket(websocket)).disconnect();
    begun!();
    await app.close();
    expect(errors).toEqual([]);
  });
});
