import { EMPTY, NEVER, Observable, concat, of, timer } from 'rxjs';
import { map } from 'rxjs/operators';
import { Ack, Args, EventName, Gateway, MessageBody, OnEvent } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { connectClient } from '../support/nest-app.js';
import { nextEvent } from '../support/until.js';
import { FenceGateway, outcomeWithAck, outcomeWithoutAck } from './support/outcome.js';
import { PLATFORMS, failureOf, startWith } from './support/start-app.js';

async function* numbers(): AsyncGenerator<number> {
  yield 1;
  yield 2;
}

async function* nothing(): AsyncGenerator<number> {}

/** What a handler returns, and the arguments of the ack where its value is the ack. */
const RETURNS: [name: string, value: () => unknown, ack: unknown[]][] = [
  ['undefined', () => undefined, []],
  ['null', () => null, [null]],
  ['0', () => 0, [0]],
  ["''", () => '', ['']],
  ['false', () => false, [false]],
  ['an array', () => [1, 2], [[1, 2]]],
  ['a Buffer', () => Buffer.from([1, 2, 3]), [Buffer.from([1, 2, 3])]],
  ['an object around a Buffer', () => ({ bytes: Buffer.from([4]) }), [{ bytes: Buffer.from([4]) }]],
  [
    'an object with an event field',
    () => ({ event: 'birthday', data: 1, more: 2 }),
    [{ event: 'birthday', data: 1, more: 2 }],
  ],
  ['a promise', () => Promise.resolve('later'), ['later']],
  ['a promise of undefined', () => Promise.resolve(), []],
  ['an Observable without a value', () => EMPTY, []],
  ['an Observable of one value', () => of('one'), ['one']],
  ['an Observable of several values', () => of(1, 2, 3), [1]],
  ['an Observable of a later value', () => timer(1).pipe(map(() => 'late')), ['late']],
  ['a promise of an Observable', () => Promise.resolve(of('inner')), ['inner']],
  ['an Observable of promises', () => of(Promise.resolve('inner')), ['inner']],
  ['an async iterator', () => numbers(), [1]],
  ['an async iterator without a value', () => nothing(), []],
];

@Gateway()
class ReturningGateway {
  @Ack('ask')
  ask(@MessageBody() index: number): unknown {
    return RETURNS[index][1]();
  }

  @OnEvent('tell')
  tell(@MessageBody() index: number): unknown {
    return RETURNS[index][1]();
  }
}

@Gateway()
class TwoHandlers {
  readonly release: (() => void)[] = [];

  @OnEvent('both')
  fast(): string {
    return 'ignored';
  }

  @OnEvent('both')
  slow(socket: Socket): Promise<void> {
    socket.emit('slow waits');
    return new Promise((resolve) => this.release.push(resolve));
  }
}

describe('pain 2 and 3: an ack that was asked for is settled, exactly once', () => {
  describe.each(RETURNS)('a handler that returns %s', (name, _value, ack) => {
    const index = RETURNS.findIndex((row) => row[0] === name);

    it('answers with it where it is the @Ack handler', async () => {
      const { url } = await startWith({ providers: [ReturningGateway, FenceGateway] });
      const client = await connectClient(url);
      expect(await outcomeWithAck(client, 'ask', index)).toEqual({ acks: [ack], exceptions: [] });
    });

    it('gives an empty ack where it only listens [K7]', async () => {
      const { url } = await startWith({ providers: [ReturningGateway, FenceGateway] });
      const client = await connectClient(url);
      expect(await outcomeWithAck(client, 'tell', index)).toEqual({ acks: [[]], exceptions: [] });
    });

    it('sends nothing where no ack was asked for', async () => {
      const { url } = await startWith({ providers: [ReturningGateway, FenceGateway] });
      const client = await connectClient(url);
      const emitted: string[] = [];
      client.onAny((event: string) => emitted.push(event));
      for (const event of ['ask', 'tell']) {
        const outcome = await outcomeWithoutAck(client, () => Promise.resolve(), event, index);
        expect(outcome).toEqual({ acks: [], exceptions: [] });
      }
      expect(emitted).toEqual([]);
    });
  });

  it.each(PLATFORMS)('pain 35: an object with an event field is the whole ack on %s', async (platform) => {
    const { url } = await startWith({ platform, providers: [ReturningGateway] });
    const client = await connectClient(url, { transports: ['polling'] });
    const index = RETURNS.findIndex(([name]) => name === 'an object with an event field');
    expect(await client.emitWithAck('ask', index)).toEqual({ event: 'birthday', data: 1, more: 2 });
  });

  it('unsubscribes from an Observable after its first value', async () => {
    let unsubscribed = 0;
    class Endless {
      @Ack('endless')
      endless(): Observable<number> {
        return new Observable<number>((subscriber) => {
          const inner = concat(of(1, 2), NEVER).subscribe(subscriber);
          return () => {
            inner.unsubscribe();
            unsubscribed++;
          };
        });
      }
    }
    const { url } = await startWith({ providers: [Endless, FenceGateway] });
    const client = await connectClient(url);
    expect(await outcomeWithAck(client, 'endless')).toEqual({ acks: [[1]], exceptions: [] });
    expect(unsubscribed).toBe(1);
  });

  it('returns an async iterator after its first value', async () => {
    let returned = false;
    class Endless {
      @Ack('endless')
      async *endless(): AsyncGenerator<number> {
        try {
          for (let i = 1; ; i++) yield i;
        } finally {
          returned = true;
        }
      }
    }
    const { url } = await startWith({ providers: [Endless] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('endless')).toBe(1);
    expect(returned).toBe(true);
  });

  it('gives one empty ack once all handlers that only listen have settled', async () => {
    const { app, url } = await startWith({ providers: [TwoHandlers, FenceGateway] });
    const client = await connectClient(url);
    let isAnswered = false;
    const answer = client.emitWithAck('both').finally(() => (isAnswered = true));
    await nextEvent(client, 'slow waits');
    await client.emitWithAck('fence');
    expect(isAnswered).toBe(false);
    app.get(TwoHandlers).release[0]();
    expect(await answer).toBeUndefined();
  });

  it('lets the @Ack handler answer where others only listen', async () => {
    class Answers {
      @Ack('both')
      answer(): string {
        return 'answer';
      }
    }
    const { app, url } = await startWith({ providers: [TwoHandlers, Answers, FenceGateway] });
    const client = await connectClient(url);
    expect(await outcomeWithAck(client, 'both')).toEqual({ acks: [['answer']], exceptions: [] });
    app.get(TwoHandlers).release[0]();
  });

  it('stops the bootstrap where two handlers claim one ack, and names both', async () => {
    class One {
      @Ack('same')
      first(): void {}
    }
    class Two {
      @OnEvent('same')
      second(@Ack() ack: () => void): void {
        ack();
      }
    }
    const error = await failureOf({ providers: [One, Two] });
    expect(error.message).toContain('One.first()');
    expect(error.message).toContain('Two.second()');
    expect(error.message).toContain('"same"');
  });
});

describe('@Ack()', () => {
  class Manual {
    @OnEvent('manual')
    manual(@Ack() ack: (...values: unknown[]) => void): string {
      ack('first', 1);
      ack('second');
      return 'ignored';
    }

    @OnEvent('later')
    later(@MessageBody() body: string, @Ack() ack: (value: string) => void): void {
      setImmediate(() => ack(body));
    }

    @Ack()
    @OnEvent('turned')
    turned(): string {
      return 'by the decorator above';
    }
  }

  it('as a parameter lets the handler answer by itself; a second answer is ignored [K4]', async () => {
    const { url } = await startWith({ providers: [Manual, FenceGateway] });
    const client = await connectClient(url);
    expect(await outcomeWithAck(client, 'manual')).toEqual({ acks: [['first', 1]], exceptions: [] });
    expect(await outcomeWithAck(client, 'later', 'x')).toEqual({ acks: [['x']], exceptions: [] });
  });

  it('as a parameter is a function also where no ack was asked for [K4]', async () => {
    const { url } = await startWith({ providers: [Manual, FenceGateway] });
    const client = await connectClient(url);
    const outcome = await outcomeWithoutAck(client, () => Promise.resolve(), 'manual');
    expect(outcome).toEqual({ acks: [], exceptions: [] });
  });

  it('without a name turns an @OnEvent method into the one that answers', async () => {
    const { url } = await startWith({ providers: [Manual] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('turned')).toBe('by the decorator above');
  });

  it('without a name on a method without an event stops the bootstrap', async () => {
    class Nameless {
      @Ack()
      method(): void {}
    }
    const error = await failureOf({ providers: [Nameless] });
    expect(error.message).toContain('@Ack() on Nameless.method() needs an event');
  });
});

describe("'*'", () => {
  class Wildcard {
    readonly heard: unknown[] = [];

    @OnEvent('*')
    hear(@EventName() event: string, @Args() args: unknown[]): void {
      this.heard.push([event, ...args]);
    }
  }

  it('hears events with and without a handler of their own, and gives an empty ack [limitation: catch-all]', async () => {
    const { app, url } = await startWith({ providers: [ReturningGateway, Wildcard] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('ask', 2)).toBe(0);
    expect(await client.emitWithAck('whatever', 1, 2)).toBeUndefined();
    expect(app.get(Wildcard).heard).toEqual([
      ['ask', 2],
      ['whatever', 1, 2],
    ]);
  });

  it('answers where @Ack is on it', async () => {
    class Answering {
      @Ack('*')
      answer(@EventName() event: string): string {
        return `no ${event} here`;
      }
    }
    const { url } = await startWith({ providers: [Answering] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('coffee')).toBe('no coffee here');
  });
});
