import { Injectable, Scope, UseGuards, type CanActivate } from '@nestjs/common';
import {
  Ack,
  BindingError,
  Gateway,
  OnConnect,
  OnDisconnect,
  OnEvent,
  RateLimit,
  SocketIoAdapter,
  type HandlerRateLimit,
} from '../../src/index.js';
import type { DisconnectDetails, Socket } from '../../src/server.js';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { collectGarbage } from '../support/garbage.js';
import { connectClient } from '../support/nest-app.js';
import { nextEvent, until } from '../support/until.js';
import { FenceGateway, outcomeWithAck, outcomeWithoutAck } from './support/outcome.js';
import { failureOf, startWith } from './support/start-app.js';

/** So long that no token comes back while a test runs. */
const interval = 3_600_000;

const REFUSED = {
  status: 'error',
  message: 'Too many events',
  code: 'RATE_LIMITED',
  details: { retryAfter: expect.any(Number) as number },
};

const nothingMore = (): Promise<void> => Promise.resolve();

describe('the option rateLimit', () => {
  class Counting {
    calls = 0;

    @OnEvent('e')
    onEvent(): void {
      this.calls++;
    }
  }

  it('gives an error ack, or one exception until an event passes again', async () => {
    const rateLimit = { events: { e: { limit: 2, interval } } };
    const { app, url, websocket } = await startWith({ providers: [Counting, FenceGateway], options: { rateLimit } });
    const client = await connectClient(url);
    await client.emitWithAck('e');
    await client.emitWithAck('e');

    expect(await outcomeWithAck(client, 'e')).toEqual({ acks: [[REFUSED]], exceptions: [] });
    client.emit('e');
    client.emit('e');
    expect(await outcomeWithoutAck(client, nothingMore, 'e')).toEqual({ acks: [], exceptions: [[REFUSED]] });
    // The event behind it that passed was the last fence.
    expect(await outcomeWithoutAck(client, nothingMore, 'e')).toEqual({ acks: [], exceptions: [[REFUSED]] });

    expect(app.get(Counting).calls).toBe(2);
    expect(websocket.stats().rateLimited).toBe(5);
  });

  it('disconnects where it is told to, and @OnDisconnect hears why', async () => {
    const reasons: unknown[] = [];
    class Leaving {
      @OnDisconnect()
      left(_socket: Socket, reason: string, { code }: DisconnectDetails): void {
        reasons.push(reason, code);
      }
    }
    const rateLimit = { limit: 3, interval, onLimit: 'disconnect' as const };
    const { url } = await startWith({ providers: [Leaving, FenceGateway], options: { rateLimit } });
    const client = await connectClient(url);
    const gone = nextEvent(client, 'disconnect');

    for (let i = 0; i < 10; i++) client.emit('fence');

    expect((await gone)[0]).toBe('io server disconnect');
    expect(reasons).toEqual(['server namespace disconnect', 'RATE_LIMITED']);
  });
});

describe('@RateLimit', () => {
  let order: string[];
  beforeEach(() => (order = []));

  @Injectable()
  class Recording implements CanActivate {
    canActivate(): boolean {
      order.push('guard');
      return true;
    }
  }

  class Limited {
    @RateLimit({ limit: 2, interval })
    @UseGuards(Recording)
    @Ack('bounded')
    bounded(): string {
      order.push('handler');
      return 'done';
    }

    @OnEvent('quiet')
    @RateLimit({ limit: 1, interval })
    quiet(): void {
      order.push('quiet');
    }

    @Ack('free')
    free(): string {
      return 'free';
    }
  }

  it('refuses before the guards, with an error ack', async () => {
    const { url, websocket } = await startWith({ providers: [Limited, FenceGateway] });
    const client = await connectClient(url);
    expect([await client.emitWithAck('bounded'), await client.emitWithAck('bounded')]).toEqual(['done', 'done']);
    order = [];

    expect(await outcomeWithAck(client, 'bounded')).toEqual({ acks: [[REFUSED]], exceptions: [] });

    expect(order).toEqual([]);
    expect(websocket.stats().rateLimited).toBe(1);
    for (let i = 0; i < 20; i++) expect(await client.emitWithAck('free')).toBe('free');
  });

  it('says so once where no ack is asked for', async () => {
    const { url } = await startWith({ providers: [Limited, FenceGateway] });
    const client = await connectClient(url);
    expect(await outcomeWithoutAck(client, nothingMore, 'quiet')).toEqual({ acks: [], exceptions: [] });
    expect(await outcomeWithoutAck(client, nothingMore, 'quiet')).toEqual({ acks: [], exceptions: [[REFUSED]] });
    expect(await outcomeWithoutAck(client, nothingMore, 'quiet')).toEqual({ acks: [], exceptions: [] });
    expect(order).toEqual(['quiet']);
  });

  it('counts each socket for itself', async () => {
    const { url } = await startWith({ providers: [Limited, FenceGateway] });
    const [first, second] = [await connectClient(url), await connectClient(url)];
    for (const client of [first, second]) {
      expect(await client.emitWithAck('bounded')).toBe('done');
      expect(await client.emitWithAck('bounded')).toBe('done');
      expect(await client.emitWithAck('bounded')).toEqual(REFUSED);
    }
  });

  it.each<[string, HandlerRateLimit['key'], unknown]>([
    ['ip', 'ip', REFUSED],
    ['a function', (socket) => String(socket.handshake.auth.user), 'done'],
  ])('counts by %s where it is told to, also over connections that come and go', async (_kind, key, other) => {
    class Keyed {
      @RateLimit({ limit: 2, interval, key })
      @Ack('keyed')
      keyed(): string {
        return 'done';
      }
    }
    const { url } = await startWith({ providers: [Keyed] });
    const answers: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      const client = await connectClient(url, { auth: { user: 'a' } });
      answers.push(await client.emitWithAck('keyed'));
      client.disconnect();
    }
    expect(answers).toEqual(['done', 'done', REFUSED]);
    expect(await (await connectClient(url, { auth: { user: 'b' } })).emitWithAck('keyed')).toEqual(other);
  });

  it('refuses where the key cannot be told, and reports it', async () => {
    const errors: unknown[] = [];
    class Failing {
      @RateLimit({
        limit: 2,
        key: () => {
          throw new Error('no key');
        },
      })
      @Ack('keyed')
      keyed(): string {
        return 'done';
      }
    }
    const options = { onError: (error: unknown) => void errors.push(error) };
    const { url, websocket } = await startWith({ providers: [Failing, FenceGateway], options });
    const client = await connectClient(url);

    const { acks } = await outcomeWithAck(client, 'keyed');

    expect(acks).toMatchObject([[{ code: 'INTERNAL_ERROR' }]]);
    expect(errors).toMatchObject([{ message: 'no key' }]);
    expect(websocket.stats().errors).toBe(1);
  });

  it('disconnects where it is told to', async () => {
    class Strict {
      @RateLimit({ limit: 1, interval, onLimit: 'disconnect' })
      @OnEvent('strict')
      strict(): void {}
    }
    const { url, websocket } = await startWith({ providers: [Strict] });
    const client = await connectClient(url);
    const gone = nextEvent(client, 'disconnect');
    client.emit('strict');
    client.emit('strict');
    expect((await gone)[0]).toBe('io server disconnect');
    expect(websocket.stats()).toMatchObject({ rateLimited: 1, disconnected: { RATE_LIMITED: 1 } });
  });

  it('on a class holds for each of its handlers of events by itself, apart from those that have one of their own', async () => {
    @RateLimit({ limit: 1, interval })
    @Gateway()
    class Bounded {
      connects = 0;

      @OnConnect()
      connected(): void {
        this.connects++;
      }

      @Ack('a')
      a(): string {
        return 'a';
      }

      @Ack('b')
      b(): string {
        return 'b';
      }

      @RateLimit({ limit: 3, interval })
      @Ack('c')
      c(): string {
        return 'c';
      }
    }
    const { app, url } = await startWith({ providers: [Bounded] });
    const [client] = [await connectClient(url), await connectClient(url)];
    const answers: unknown[] = [];
    for (const event of ['a', 'a', 'b', 'b', 'c', 'c', 'c', 'c']) answers.push(await client.emitWithAck(event));

    expect(answers).toEqual(['a', REFUSED, 'b', REFUSED, 'c', 'c', 'c', REFUSED]);
    expect(app.get(Bounded).connects).toBe(2);
  });

  it('is one for a method, whatever events it handles', async () => {
    class Both {
      @RateLimit({ limit: 2, interval })
      @Ack('a')
      @Ack('b')
      either(): string {
        return 'done';
      }
    }
    const { url } = await startWith({ providers: [Both] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('a')).toBe('done');
    expect(await client.emitWithAck('b')).toBe('done');
    expect(await client.emitWithAck('a')).toEqual(REFUSED);
    expect(await client.emitWithAck('b')).toEqual(REFUSED);
  });

  it('keeps only the handler that has it from an event of several', async () => {
    const calls: string[] = [];
    class Several {
      @RateLimit({ limit: 1, interval })
      @OnEvent('e')
      first(): void {
        calls.push('first');
      }

      @OnEvent('e')
      second(): void {
        calls.push('second');
      }

      @RateLimit({ limit: 3, interval })
      @OnEvent('*')
      any(): void {
        calls.push('any');
      }
    }
    const { url } = await startWith({ providers: [Several, FenceGateway] });
    const client = await connectClient(url);
    await client.emitWithAck('e');
    expect(calls.splice(0).sort()).toEqual(['any', 'first', 'second']);

    expect((await outcomeWithAck(client, 'e')).acks).toEqual([[REFUSED]]);
    expect(calls.sort()).toEqual(['any', 'any', 'second']);
  });

  it('comes before a provider with a scope is made', async () => {
    let made = 0;
    @Injectable({ scope: Scope.REQUEST })
    class Scoped {
      constructor() {
        made++;
      }

      @RateLimit({ limit: 2, interval })
      @Ack('scoped')
      scoped(): string {
        return 'done';
      }
    }
    const { url } = await startWith({ providers: [Scoped] });
    const client = await connectClient(url);
    const answers = [
      await client.emitWithAck('scoped'),
      await client.emitWithAck('scoped'),
      await client.emitWithAck('scoped'),
    ];
    expect(answers).toEqual(['done', 'done', REFUSED]);
    expect(made).toBe(2);
  });

  it.each([
    ['by an exception, as IoAdapter tells of errors', undefined, { acks: [], exceptions: [[REFUSED]] }],
    ['by an error ack with settleAcks', { settleAcks: true }, { acks: [[REFUSED]], exceptions: [] }],
  ])('on @SubscribeMessage refuses %s', async (_how, options, expected) => {
    @WebSocketGateway()
    class Subscribed {
      @RateLimit({ limit: 1, interval })
      @SubscribeMessage('e')
      onEvent(): string {
        return 'done';
      }
    }
    const { url } = await startWith({
      providers: [Subscribed, FenceGateway],
      configure: (app) => {
        if (options !== undefined) app.useWebSocketAdapter(new SocketIoAdapter(app, options));
      },
    });
    const client = await connectClient(url);
    expect(await client.emitWithAck('e')).toBe('done');
    const outcome: { acks: unknown[][]; exceptions: unknown[][] } = { acks: [], exceptions: [] };
    client.on('exception', (...args: unknown[]) => outcome.exceptions.push(args));
    client.emit('e', (...args: unknown[]) => outcome.acks.push(args));
    await client.emitWithAck('fence');
    expect(outcome).toEqual(expected);
  });

  it('refuses where the key is a promise, which would bound nothing', async () => {
    const errors: unknown[] = [];
    class Keyed {
      @RateLimit({ limit: 1, interval, key: (async () => 'everybody') as never })
      @Ack('keyed')
      keyed(): string {
        return 'done';
      }
    }
    const { url } = await startWith({ providers: [Keyed], options: { onError: (error) => void errors.push(error) } });
    const client = await connectClient(url);
    expect(await client.emitWithAck('keyed')).toMatchObject({ code: 'INTERNAL_ERROR' });
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining('must be a string') })]);
  });

  it('on a class holds for messages that it inherits', async () => {
    class BaseGateway {
      @SubscribeMessage('inherited')
      inherited(): string {
        return 'done';
      }
    }

    @RateLimit({ limit: 1, interval })
    @WebSocketGateway()
    class SubGateway extends BaseGateway {}
    const { url } = await startWith({ providers: [SubGateway] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('inherited')).toBe('done');
    const exception = nextEvent(client, 'exception');
    client.emit('inherited');
    expect(await exception).toEqual([REFUSED]);
  });

  it('keeps nothing of sockets that are gone', async () => {
    const sockets: WeakRef<object>[] = [];
    const { url, websocket } = await startWith({ providers: [Limited] });
    websocket.server.on('connection', (socket) => void sockets.push(new WeakRef(socket)));
    for (let i = 0; i < 20; i++) {
      const client = await connectClient(url);
      await client.emitWithAck('bounded');
      client.disconnect();
    }
    await until(() => websocket.stats().sockets.now === 0);

    const alive = (): number => sockets.filter((socket) => socket.deref() !== undefined).length;
    await collectGarbage(
      () => alive() === 0,
      () => `${alive()} of 20 sockets are left`,
    );
  });

  it.each<[string, Function]>([
    ['needs an event', class NoEvent {}],
    ['needs an event', class OnLifecycle {}],
    ['has no effect', class WithoutHandlers {}],
    ['limit', class ZeroLimit {}],
    ['interval', class NoInterval {}],
    ['"refuse" or "disconnect"', class WrongAction {}],
    ['"socket", "ip" or a function', class WrongKey {}],
    ['unknown', class Misspelt {}],
  ])('that %s stops the bootstrap and names the method', async (message, provider) => {
    apply(provider);
    const error = await failureOf({ providers: [provider as never] });
    expect(error).toBeInstanceOf(BindingError);
    expect(error.message).toContain(provider.name);
    expect(error.message).toContain(message === 'unknown' ? 'misspelt' : message);
  });
});

/** Decorates an empty class as its name says. */
function apply(provider: Function): void {
  const options: Record<string, unknown> = {
    ZeroLimit: { limit: 0 },
    NoInterval: { limit: 1, interval: -1 },
    WrongAction: { limit: 1, onLimit: 'shrug' },
    WrongKey: { limit: 1, key: 'user' },
    Misspelt: { limit: 1, misspelt: 1 },
  };
  if (provider.name === 'WithoutHandlers') {
    RateLimit({ limit: 1 })(provider as never);
    return;
  }
  const descriptor = { value: (): void => {}, configurable: true, writable: true };
  Object.defineProperty(provider.prototype, 'method', descriptor);
  const limit = (options[provider.name] ?? { limit: 1 }) as HandlerRateLimit;
  RateLimit(limit)(provider.prototype as object, 'method', descriptor);
  if (provider.name === 'OnLifecycle') OnConnect()(provider.prototype as object, 'method', descriptor);
  else if (provider.name !== 'NoEvent') OnEvent('e')(provider.prototype as object, 'method', descriptor);
}
