/** What an operator hears of an error: where it comes from, why, and each error once. */
import { jest } from '@jest/globals';
import {
  BadRequestException,
  Catch,
  ConflictException,
  ForbiddenException,
  HttpException,
  Logger,
  UseFilters,
  UseInterceptors,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type LoggerService,
  type NestInterceptor,
  type Provider,
  type Type,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { BehaviorSubject, concat, from, interval, of, throwError, type Observable } from 'rxjs';
import { tap } from 'rxjs/operators';
import { Ack, Gateway, OnEvent, SocketIoException, type SocketIoModuleOptions } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { cleanup } from '../support/cleanup.js';
import { connectClient } from '../support/nest-app.js';
import { UNREADABLE } from '../support/unreadable.js';
import { nextEvent, until } from '../support/until.js';
import { surfacing, watchSurprises } from './adapter/support/surprises.js';
import { startGateways } from './adapter/support/start-gateways.js';
import { startWith } from './support/start-app.js';

/** What is logged at a level while a test runs. */
function watch(level: 'error' | 'warn'): string[] {
  const lines: string[] = [];
  const spy = jest.spyOn(Logger.prototype, level).mockImplementation((message: unknown) => {
    lines.push(String(message));
  });
  cleanup(() => spy.mockRestore());
  return lines;
}

const start = (provider: Type, options: SocketIoModuleOptions = {}) =>
  startWith({ providers: [provider], options: { logBindings: false, ...options } });

@Gateway('/chat')
class FailingGateway {
  @Ack('message')
  message(): void {
    throw new Error('outer', { cause: new Error('the root of it') });
  }

  @OnEvent('several')
  async several(): Promise<void> {
    throw Object.assign(new AggregateError([new Error('one of them')], 'all'), { query: 'SELECT 1' });
  }
}

describe('the log of an error', () => {
  it.each(UNREADABLE)('has a line also if its %s', async (_what, make) => {
    class Failing {
      @Ack('fail')
      fail(): void {
        throw make();
      }
    }
    const lines = watch('error');
    const { url } = await start(Failing);
    const client = await connectClient(url);
    expect(await client.timeout(1_000).emitWithAck('fail')).toMatchObject({ code: 'INTERNAL_ERROR' });
    expect(lines).toEqual([expect.stringContaining('Failing.fail() failed')]);
  });

  it('names class, method, event, namespace and socket, and prints causes, parts and fields', async () => {
    const lines = watch('error');
    const { url } = await start(FailingGateway);
    const client = await connectClient(`${url}/chat`);
    await client.emitWithAck('message');
    await client.emitWithAck('several');
    expect(lines).toHaveLength(2);
    expect(lines[0].split('\n')[0]).toBe(
      `FailingGateway.message() failed: event "message", namespace /chat, socket ${client.id}`,
    );
    expect(lines[0]).toMatch(/Error: outer[^]*cause[^]*Error: the root of it/);
    expect(lines[1]).toMatch(/^FailingGateway\.several\(\) failed: [^]*AggregateError: all[^]*one of them/);
    expect(lines[1]).toContain("query: 'SELECT 1'");
  });

  it('does so for gateways of the adapter alone', async () => {
    @WebSocketGateway({ namespace: 'chat' })
    class OldGateway {
      @SubscribeMessage('message')
      message(): void {
        throw new Error('the message of it');
      }
    }
    const lines = watch('error');
    const { url } = await startGateways({ providers: [OldGateway] });
    const client = await connectClient(`${url}/chat`);
    client.emit('message');
    await nextEvent(client, 'exception');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      new RegExp(
        `^OldGateway\\.message\\(\\) failed: event "message", namespace /chat, socket ${client.id}\nError: the message`,
      ),
    );
  });

  it('gives the option onError the socket', async () => {
    const heard: unknown[] = [];
    const onError = (error: unknown, socket?: Socket): void => void heard.push([(error as Error).message, socket?.id]);
    const { url } = await start(FailingGateway, { onError });
    const client = await connectClient(`${url}/chat`);
    await client.emitWithAck('message');
    expect(heard).toEqual([['outer', client.id]]);
  });
});

describe('a filter', () => {
  @Catch()
  class HttpFilter implements ExceptionFilter {
    catch(_error: unknown, host: ArgumentsHost): unknown {
      return host.switchToHttp().getResponse<{ status(code: number): unknown }>().status(500);
    }
  }

  @Catch()
  class LateFilter implements ExceptionFilter {
    async catch(): Promise<void> {
      await Promise.resolve();
      throw new TypeError('the filter is at fault');
    }
  }

  @Catch()
  class MappingFilter implements ExceptionFilter {
    catch(): never {
      throw new SocketIoException('mapped', { code: 'MAPPED' });
    }
  }

  @Catch()
  class HandlingFilter implements ExceptionFilter {
    catch(): void {}
  }

  @Gateway()
  class FilteredGateway {
    @UseFilters(HttpFilter)
    @Ack('http')
    http(): void {
      throw new ForbiddenException('not yours');
    }

    @UseFilters(LateFilter)
    @Ack('late')
    late(): void {
      throw new Error('the first error');
    }

    @UseFilters(MappingFilter)
    @Ack('mapped')
    mapped(): void {
      throw new Error('hidden');
    }

    @UseFilters(HandlingFilter)
    @Ack('handled')
    handled(): void {
      throw new Error('handled');
    }

    @UseFilters(LateFilter)
    @OnEvent('detached')
    detached(): void {
      throw new Error('of an event without ack');
    }
  }

  it('that was made for HTTP and throws does not hide the error, which the client is told', async () => {
    const lines = watch('error');
    const { url } = await start(FilteredGateway);
    const client = await connectClient(url);
    expect(await client.emitWithAck('http')).toMatchObject({ message: 'not yours', statusCode: 403 });
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/FilteredGateway\.http\(\) failed[^]*TypeError/);
    expect(lines[1]).toMatch(/ForbiddenException: not yours/);
  });

  it('that fails later does not either, with and without an ack', async () => {
    const lines = watch('error');
    const { url } = await start(FilteredGateway);
    const client = await connectClient(url);
    expect(await client.emitWithAck('late')).toMatchObject({ code: 'INTERNAL_ERROR' });
    expect(lines.map((line) => /\w*Error: .*/.exec(line)![0])).toEqual([
      'TypeError: the filter is at fault',
      'Error: the first error',
    ]);
    client.emit('detached');
    await nextEvent(client, 'exception');
    expect(lines).toHaveLength(4);
    expect(lines[3]).toContain('of an event without ack');
  });

  it('may throw another error for the client, which is no fault', async () => {
    const lines = watch('error');
    const { url } = await start(FilteredGateway);
    const client = await connectClient(url);
    expect(await client.emitWithAck('mapped')).toMatchObject({ message: 'mapped', code: 'MAPPED' });
    expect(lines).toEqual([]);
  });

  it('that handles an error has it not reported again, and the ack is given', async () => {
    const lines = watch('error');
    const { url, websocket } = await start(FilteredGateway);
    const client = await connectClient(url);
    expect(await client.emitWithAck('handled')).toMatchObject({ code: 'INTERNAL_ERROR' });
    expect([lines, websocket.stats().errors]).toEqual([[], 0]);
  });

  it('of a gateway that throws something else: both are reported', async () => {
    @WebSocketGateway()
    class OldGateway {
      @UseFilters(HttpFilter)
      @SubscribeMessage('ask')
      ask(): void {
        throw new Error('the first error');
      }
    }
    const lines = watch('error');
    const { url } = await startGateways({ providers: [OldGateway] });
    (await connectClient(url)).emit('ask');
    await until(() => lines.length === 2, 'both are reported');
    expect(lines[1]).toContain('the first error');
  });
});

describe('a logger that throws', () => {
  const broken: LoggerService = {
    log: () => {
      throw new Error('logger is down');
    },
    warn: () => {
      throw new Error('logger is down');
    },
    error: () => {
      throw new Error('logger is down');
    },
  };

  it.each(['the module', 'gateways with settleAcks'])('harms no ack and no process: %s', async (way) => {
    const printed = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    cleanup(() => printed.mockRestore());
    const surprises = watchSurprises();
    class Failing {
      sync(): void {
        throw new Error('x');
      }

      async async(): Promise<void> {
        throw new Error('x');
      }

      values(): Observable<number> {
        return from([1, 2]);
      }
    }
    const decorator = way === 'the module' ? Ack : SubscribeMessage;
    for (const name of ['sync', 'async', 'values'] as const) {
      const event = name === 'values' ? OnEvent('values') : (decorator as (event: string) => MethodDecorator)(name);
      event(Failing.prototype, name, Object.getOwnPropertyDescriptor(Failing.prototype, name)!);
    }
    if (way !== 'the module') WebSocketGateway()(Failing);
    const { app, url } =
      way === 'the module'
        ? await start(Failing)
        : await startGateways({ providers: [Failing], options: { settleAcks: true } });
    Logger.overrideLogger(broken);
    cleanup(() => Logger.overrideLogger(false));
    const client = await connectClient(url);
    for (const name of ['sync', 'async']) expect(await client.emitWithAck(name)).toMatchObject({ status: 'error' });
    await client.emitWithAck('values');
    await client.emitWithAck('nothing like it').catch(() => undefined);
    await surfacing();
    expect(surprises).toEqual([]);
    expect(printed).toHaveBeenCalled();
    Logger.overrideLogger(false);
    await app.close();
  });
});

describe('an interceptor', () => {
  const seen: string[] = [];
  const audit: NestInterceptor = {
    intercept: (_context, next: CallHandler) =>
      next
        .handle()
        .pipe(tap({ next: (value) => void seen.push(`next ${value}`), complete: () => void seen.push('complete') })),
  };
  const RETURNS: Record<string, () => unknown> = {
    value: () => 1,
    promise: async () => 1,
    stream: () => from([1, 2]),
    endless: () => interval(1),
    iterator: async function* () {
      yield 1;
      seen.push('let go on');
    },
  };

  it.each(['@Ack', 'settleAcks'])('sees one value and the end, as over HTTP: %s', async (way) => {
    class Intercepted {
      ask(_socket: unknown, name: string): unknown {
        return RETURNS[name]();
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Intercepted.prototype, 'ask')!;
    UseInterceptors(audit)(Intercepted.prototype, 'ask', descriptor);
    if (way === '@Ack') Ack('ask')(Intercepted.prototype, 'ask', descriptor);
    else {
      SubscribeMessage('ask')(Intercepted.prototype, 'ask', descriptor);
      WebSocketGateway()(Intercepted);
    }
    const { url } =
      way === '@Ack'
        ? await start(Intercepted)
        : await startGateways({ providers: [Intercepted], options: { settleAcks: true } });
    const client = await connectClient(url);
    for (const name of Object.keys(RETURNS)) {
      seen.length = 0;
      const first = name === 'endless' ? 0 : 1;
      expect(await client.emitWithAck('ask', name)).toBe(first);
      expect([name, ...seen]).toEqual([name, `next ${first}`, 'complete']);
    }
  });
});

describe('@OnEvent', () => {
  const pass: NestInterceptor = { intercept: (_context, next: CallHandler) => next.handle() };

  class Streaming {
    @OnEvent('stream')
    stream(): Observable<number> {
      return from([1, 2, 3]);
    }

    @OnEvent('iterator')
    async *iterator(): AsyncGenerator<number> {
      yield 1;
    }

    @OnEvent('silent')
    silent(): Observable<unknown> {
      return from([undefined, undefined]);
    }

    @OnEvent('value')
    value(): number {
      return 1;
    }

    @UseInterceptors(pass)
    @OnEvent('intercepted')
    intercepted(): number {
      return 1;
    }

    @UseInterceptors(pass)
    @OnEvent('intercepted stream')
    interceptedStream(): Observable<number> {
      return from([1, 2]);
    }

    @OnEvent('promise of a stream')
    async promised(): Promise<Observable<number>> {
      return from([1, 2]);
    }

    @OnEvent('subject')
    subject(): Observable<number> {
      return new BehaviorSubject(1);
    }

    @OnEvent('subscribable')
    subscribable(): object {
      return {
        subscribe: (observer: { next(value: number): void; complete(): void }) => {
          for (const value of [1, 2]) observer.next(value);
          observer.complete();
        },
      };
    }

    @OnEvent('fails after a value')
    failing(): Observable<number> {
      return concat(
        of(1),
        throwError(() => new BadRequestException('late')),
      );
    }

    @OnEvent('generator')
    generator(): Iterable<number> {
      return numbers();
    }

    @UseInterceptors(pass)
    @OnEvent('intercepted generator')
    interceptedGenerator(): Iterable<number> {
      return numbers();
    }

    @OnEvent('promise of a generator')
    async promisedGenerator(): Promise<Iterable<number>> {
      return numbers();
    }

    @Ack('generator as an ack')
    generatorAck(): Iterable<number> {
      return numbers();
    }

    @OnEvent('list')
    list(): number[] {
      return [1, 2];
    }

    @OnEvent('set')
    set(): Set<number> {
      return new Set([1, 2]);
    }
  }

  function* numbers(): Generator<number> {
    yield 1;
  }

  it('that returns a stream of values says once that they go nowhere', async () => {
    const lines = watch('warn');
    const { url } = await start(Streaming);
    const client = await connectClient(url);
    for (const event of ['silent', 'value', 'intercepted', 'stream', 'stream', 'iterator', 'intercepted stream']) {
      await client.emitWithAck(event);
    }
    expect(lines.map((line) => line.split(' returned')[0])).toEqual([
      'Streaming.stream()',
      'Streaming.iterator()',
      'Streaming.interceptedStream()',
    ]);
    expect(lines[0]).toBe(
      'Streaming.stream() returned a stream, whose values are not sent: @OnEvent ignores the result. Emit them to ' +
        'the socket, or use @Ack, which sends the first. Further results are not logged.',
    );
  });

  it.each(['promise of a stream', 'subject', 'subscribable', 'fails after a value'])(
    'says so of a %s',
    async (event) => {
      const lines = watch('warn');
      const { url } = await start(Streaming);
      const client = await connectClient(url);
      // A stream without an end is waited for until its socket goes.
      for (let i = 0; i < 2; i++) client.emit(event);
      await client.emitWithAck('value');
      await until(() => lines.length > 0, 'it is said');
      expect(lines).toEqual([
        expect.stringMatching(/^Streaming\.\w+\(\) returned a stream, whose values are not sent/),
      ]);
    },
  );

  it.each(['generator', 'intercepted generator', 'promise of a generator', 'generator as an ack'])(
    'says of a %s that nothing of it has run',
    async (event) => {
      const lines = watch('warn');
      const { url } = await start(Streaming);
      const client = await connectClient(url);
      for (let i = 0; i < 2; i++) await client.emitWithAck(event);
      expect(lines).toEqual([
        expect.stringMatching(
          /^Streaming\.\w+\(\) returned a generator, none of whose code has run\. Use an async generator, or return a list\./,
        ),
      ]);
    },
  );

  it.each(['list', 'set'])('says nothing of a %s, which is a value', async (event) => {
    const lines = watch('warn');
    const { url } = await start(Streaming);
    await (await connectClient(url)).emitWithAck(event);
    expect(lines).toEqual([]);
  });
});

describe('the code of an exception', () => {
  class Coded {
    @Ack('object')
    object(): void {
      throw new HttpException({ message: 'Room is full', code: 'ROOM_FULL', seats: 0 }, 409);
    }

    @Ack('error code')
    errorCode(): void {
      throw new ConflictException({ message: 'Taken', errorCode: 'TAKEN' });
    }

    @Ack('number')
    number(): void {
      throw new HttpException({ message: 'Odd', code: 7 }, 400);
    }
  }

  it('arrives as code', async () => {
    const { url } = await start(Coded);
    const client = await connectClient(url);
    expect(await client.emitWithAck('object')).toEqual({
      status: 'error',
      message: 'Room is full',
      code: 'ROOM_FULL',
      statusCode: 409,
      details: { seats: 0 },
    });
    expect(await client.emitWithAck('error code')).toMatchObject({ code: 'TAKEN', message: 'Taken' });
    expect(await client.emitWithAck('number')).toMatchObject({ message: 'Odd', details: { code: 7 } });
  });

  it('is an expected error to trackers, which look for initMessage', () => {
    const exception = new SocketIoException('Room is full');
    exception.initMessage();
    expect(exception.message).toBe('Room is full');
    expect(typeof exception.getError).toBe('function');
  });
});

describe('what is made for HTTP and is global', () => {
  class HttpGuard implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      const request = context.switchToHttp().getRequest<{ headers: { authorization: { length: number } } }>();
      return request.headers.authorization.length > 0;
    }
  }

  @Catch()
  class HttpFilter implements ExceptionFilter {
    catch(error: unknown, host: ArgumentsHost): void {
      host
        .switchToHttp()
        .getResponse<{ status(code: number): { json(body: unknown): void } }>()
        .status(500)
        .json(error);
    }
  }

  it.each<[string, Provider, string]>([
    ['guard', { provide: APP_GUARD, useClass: HttpGuard }, 'If HttpGuard is written for HTTP: .* look for its request'],
    ['filter', { provide: APP_FILTER, useClass: HttpFilter }, 'If HttpFilter is written for HTTP: .* throw the error'],
  ])('is named with what to do, once: a %s', async (_kind, provider, hint) => {
    class Failing {
      @Ack('message')
      message(): void {
        throw new TypeError('of the handler');
      }
    }
    const lines = watch('error');
    const { url } = await startWith({ providers: [Failing, provider], options: { logBindings: false } });
    const client = await connectClient(url);
    for (let i = 0; i < 2; i++) expect(await client.emitWithAck('message')).toMatchObject({ status: 'error' });
    expect(lines.filter((line) => new RegExp(hint).test(line))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('is written for HTTP'))).toHaveLength(1);
  });
});
