import { AsyncLocalStorage } from 'node:async_hooks';
import {
  Catch,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type CanActivate,
  type ExceptionFilter,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { Observable, timer } from 'rxjs';
import { map } from 'rxjs/operators';
import { Ack, MessageBody, OnConnect, OnDisconnect, OnEvent } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { connectClient } from '../support/nest-app.js';
import { until } from '../support/until.js';
import { startWith } from './support/start-app.js';

const storage = new AsyncLocalStorage<{ id: string }>();
const current = (): string | undefined => storage.getStore()?.id;

let next = 0;
beforeEach(() => (next = 0));

const entering: CanActivate = {
  canActivate: () => {
    storage.enterWith({ id: `guard ${next++}` });
    return true;
  },
};

const enteringAsync: CanActivate = {
  async canActivate() {
    storage.enterWith({ id: `guard ${next++}` });
    await Promise.resolve();
    return true;
  },
};

/** As nestjs-cls does it. */
const running: NestInterceptor = {
  intercept: (_context, handler) =>
    new Observable((subscriber) => {
      const subscription = storage.run({ id: `interceptor ${next++}` }, () => handler.handle().subscribe(subscriber));
      return () => subscription.unsubscribe();
    }),
};

/** Makes the handler's stream inside and leaves it to others to subscribe. */
const handling: NestInterceptor = {
  intercept: (_context, handler) => storage.run({ id: `interceptor ${next++}` }, () => handler.handle()),
};

const entersItself: NestInterceptor = {
  intercept: (_context, handler) => {
    storage.enterWith({ id: `interceptor ${next++}` });
    return handler.handle();
  },
};

@Catch()
class Reporting implements ExceptionFilter {
  catch(): unknown {
    return current() ?? 'nothing';
  }
}

const transparent: NestInterceptor = { intercept: (_context, handler) => handler.handle() };

const later: NestInterceptor = {
  intercept: async (_context, handler) => {
    await Promise.resolve();
    return handler.handle();
  },
};

const reading: PipeTransform = { transform: () => current() };

async function afterAwait(): Promise<unknown> {
  const before = current();
  await new Promise((resolve) => setImmediate(resolve));
  return [before, current()];
}

class ContextGateway {
  @UseGuards(entering)
  @Ack('guard')
  guard(@MessageBody(reading) piped: unknown): unknown {
    return [piped, current()];
  }

  @UseGuards(entering)
  @Ack('guard, async handler')
  guardAsyncHandler(): unknown {
    return afterAwait();
  }

  @UseGuards(enteringAsync)
  @Ack('async guard')
  asyncGuard(@MessageBody(reading) piped: unknown): unknown {
    return [piped, current()];
  }

  @UseInterceptors(running)
  @Ack('interceptor')
  interceptor(@MessageBody(reading) piped: unknown): unknown {
    return [piped, current()];
  }

  @UseInterceptors(running, transparent, later)
  @Ack('interceptor before others')
  interceptorBeforeOthers(): unknown {
    return afterAwait();
  }

  @UseInterceptors(handling)
  @Ack('interceptor around handle')
  handling(): unknown {
    return afterAwait();
  }

  @UseInterceptors(running)
  @Ack('Observable')
  observable(): unknown {
    return timer(1).pipe(map(() => [current(), current()]));
  }

  @UseInterceptors(running)
  @Ack('iterator')
  async *iterator(): AsyncGenerator<unknown> {
    yield await afterAwait();
  }

  @UseInterceptors(running)
  @OnEvent('ack of the client')
  async ackOfTheClient(socket: Socket): Promise<void> {
    await socket.emitWithAck('question');
    socket.emit('after the answer', current());
  }

  @UseInterceptors(entersItself)
  @Ack('interceptor that enters')
  interceptorThatEnters(): unknown {
    return afterAwait();
  }

  @UseGuards(entering)
  @UseFilters(Reporting)
  @Ack('failing')
  failing(): never {
    throw new Error('failed');
  }

  @UseGuards(entering)
  @UseFilters(Reporting)
  @Ack('failing later')
  async failingLater(): Promise<never> {
    await Promise.resolve();
    throw new Error('failed');
  }

  @Ack('outside')
  outside(): unknown {
    return current() ?? 'nothing';
  }
}

describe('pain 37: what AsyncLocalStorage holds', () => {
  it.each([
    ['guard', 'guard 0'],
    ['guard, async handler', 'guard 0'],
    ['async guard', 'guard 0'],
    ['interceptor', 'interceptor 0'],
    ['interceptor before others', 'interceptor 0'],
    ['interceptor around handle', 'interceptor 0'],
    ['interceptor that enters', 'interceptor 0'],
    ['Observable', 'interceptor 0'],
    ['iterator', 'interceptor 0'],
  ])('reaches pipe and handler: %s', async (event, id) => {
    const { url } = await startWith({ providers: [ContextGateway] });
    const client = await connectClient(url);
    expect(await client.emitWithAck(event, 'x')).toEqual([id, id]);
  });

  it('is there again after an ack of the client', async () => {
    const { url } = await startWith({ providers: [ContextGateway] });
    const client = await connectClient(url);
    client.on('question', (answer: () => void) => answer());
    const answered = new Promise((resolve) => client.once('after the answer', resolve));
    client.emit('ack of the client');
    expect(await answered).toBe('interceptor 0');
  });

  it.each(['guard', 'guard, async handler', 'async guard', 'interceptor', 'interceptor that enters'])(
    'does not reach the next event: %s',
    async (event) => {
      const { url } = await startWith({ providers: [ContextGateway] });
      const client = await connectClient(url);
      // Both in one write, so that this side reads them in one go; and one that comes later.
      const answers = [client.emitWithAck(event, 'x'), client.emitWithAck('outside')];
      expect((await Promise.all(answers))[1]).toBe('nothing');
      expect(await client.emitWithAck('outside')).toBe('nothing');
    },
  );

  it('reaches no other handler of the same event', async () => {
    class Other {
      @OnEvent('guard')
      listens(socket: Socket): void {
        socket.data.seen = current() ?? 'nothing';
      }

      @Ack('seen')
      seen(socket: Socket): unknown {
        return socket.data.seen;
      }
    }
    const { url } = await startWith({ providers: [ContextGateway, Other] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('guard', 'x')).toEqual(['guard 0', 'guard 0']);
    expect(await client.emitWithAck('seen')).toBe('nothing');
  });

  it.each(['failing', 'failing later'])('reaches the exception filter: %s', async (event) => {
    const { url } = await startWith({ providers: [ContextGateway] });
    const client = await connectClient(url);
    expect(await client.emitWithAck(event)).toBe('guard 0');
  });

  it.each([
    ['a guard', entering],
    ['an async guard', enteringAsync],
  ])('before the CONNECT reply by %s reaches @OnConnect and @OnDisconnect, and no event', async (_name, guard) => {
    const seen: unknown[] = [];
    class Connection {
      @UseGuards(guard)
      @OnConnect()
      connected(): void {
        seen.push(`connect: ${current()}`);
      }

      @OnConnect()
      async later(): Promise<void> {
        await Promise.resolve();
        seen.push(`later: ${current()}`);
      }

      @Ack('outside')
      outside(): unknown {
        return current() ?? 'nothing';
      }

      @OnDisconnect()
      left(): void {
        seen.push(`disconnect: ${current()}`);
      }
    }
    const { url } = await startWith({ providers: [Connection] });
    const [a, b] = [await connectClient(url), await connectClient(url)];
    expect([await a.emitWithAck('outside'), await b.emitWithAck('outside')]).toEqual(['nothing', 'nothing']);
    b.disconnect();
    await until(() => seen.length === 5);
    expect(seen).toEqual([
      ...['connect: guard 0', 'later: guard 0', 'connect: guard 1', 'later: guard 1'],
      'disconnect: guard 1',
    ]);
  });

  it('by an interceptor does not leak into the next event', async () => {
    const { url } = await startWith({ providers: [ContextGateway] });
    const client = await connectClient(url);
    // Both in one write, so that this side reads them in one go.
    const answers = [client.emitWithAck('interceptor', 'x'), client.emitWithAck('outside')];
    expect((await Promise.all(answers))[1]).toBe('nothing');
  });

  it('in @OnConnect is that of the handler alone', async () => {
    class Connects {
      @UseInterceptors(running)
      @OnConnect()
      async connected(socket: Socket): Promise<void> {
        await Promise.resolve();
        socket.data.seen = current();
      }

      @Ack('seen')
      seen(socket: Socket): unknown {
        return [socket.data.seen, current() ?? 'nothing'];
      }
    }
    const { url } = await startWith({ providers: [Connects] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('seen')).toEqual(['interceptor 0', 'nothing']);
  });
});
