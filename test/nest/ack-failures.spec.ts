import {
  BadRequestException,
  Catch,
  ForbiddenException,
  HttpException,
  ParseIntPipe,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type NestInterceptor,
} from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import { IsInt, IsString } from 'class-validator';
import { Observable, defer, of, throwError, timer } from 'rxjs';
import { mergeMap } from 'rxjs/operators';
import { Ack, Gateway, MessageBody, OnEvent, SocketIoException } from '../../src/index.js';
import { connectClient } from '../support/nest-app.js';
import { nextEvent } from '../support/until.js';
import { FenceGateway, outcomeWithAck, outcomeWithoutAck } from './support/outcome.js';
import { PLATFORMS, startWith } from './support/start-app.js';

const MASKED = { status: 'error', message: 'Internal server error', code: 'INTERNAL_ERROR' };
const DENIED = { status: 'error', message: 'Forbidden resource', statusCode: 403 };
const BROKEN = { status: 'error', message: 'broken', code: 'BROKEN', statusCode: 409, details: { by: 'test' } };

function broken(): SocketIoException {
  return new SocketIoException('broken', { code: 'BROKEN', statusCode: 409, details: { by: 'test' }, cause: 'x' });
}

const refusing: CanActivate = { canActivate: () => false };
const refusingLater: CanActivate = { canActivate: () => Promise.resolve(false) };
const throwing: CanActivate = {
  canActivate: () => {
    throw broken();
  },
};
const failing: NestInterceptor = {
  intercept: () => {
    throw broken();
  },
};
const failingLater: NestInterceptor = {
  intercept: (_context, next: CallHandler) => next.handle().pipe(mergeMap(() => throwError(broken))),
};

@Catch(SocketIoException)
class Rethrowing implements ExceptionFilter {
  catch(): never {
    throw new SocketIoException('rethrown');
  }
}

@Catch()
class RethrowingLater implements ExceptionFilter {
  async catch(): Promise<never> {
    throw new SocketIoException('rethrown');
  }
}

class Body {
  @IsString()
  name!: string;

  @IsInt()
  age!: number;
}

/** Each method is a way to fail, once as the handler that answers and once as one that only listens. */
@Gateway()
class FailingGateway {
  @UseGuards(refusing)
  @Ack('guard')
  guard(): void {}

  @UseGuards(refusingLater)
  @OnEvent('async guard')
  asyncGuard(): void {}

  @Ack('pipe')
  pipe(@MessageBody(ParseIntPipe) body: number): number {
    return body;
  }

  @UsePipes(ParseIntPipe)
  @OnEvent('method pipe')
  methodPipe(@MessageBody() _body: number): void {}

  @UseInterceptors(failing)
  @Ack('interceptor')
  interceptor(): void {}

  @UseInterceptors(failingLater)
  @OnEvent('interceptor after the handler')
  asyncInterceptor(): void {}

  @Ack('sync handler')
  sync(): void {
    throw broken();
  }

  @OnEvent('async handler')
  async async(): Promise<void> {
    await Promise.resolve();
    throw broken();
  }

  @Ack('Observable')
  observable(): Observable<never> {
    return throwError(broken);
  }

  @OnEvent('late Observable')
  lateObservable(): Observable<never> {
    return timer(1).pipe(mergeMap(() => throwError(broken)));
  }

  @Ack('async iterator')
  async *iterator(): AsyncGenerator<number> {
    yield await Promise.reject(broken());
  }

  @Ack('stream of rejections')
  rejections(): Observable<Promise<never>> {
    return defer(() => of(Promise.reject(broken())));
  }

  @OnEvent('stream of rejections that nobody reads')
  unreadRejections(): Observable<Promise<never>> {
    return defer(() => of(Promise.reject(broken())));
  }

  @Ack('async iterator of rejections')
  iteratorOfRejections(): AsyncIterable<never> {
    return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(broken()) }) };
  }

  @UseGuards(throwing)
  @Ack('guard that throws')
  guardThatThrows(): void {}

  @UseFilters(Rethrowing)
  @Ack('filter that rethrows')
  rethrows(): void {
    throw broken();
  }

  @UseFilters(RethrowingLater)
  @OnEvent('async filter that rethrows')
  rethrowsLater(): void {
    throw broken();
  }

  @Ack('anything else')
  internal(): void {
    throw new TypeError("Cannot read properties of undefined (reading 'secret')");
  }

  @OnEvent('not even an error')
  notAnError(): Promise<void> {
    return Promise.reject('secret');
  }

  @Ack('object')
  object(): void {
    throw new SocketIoException({ own: 'shape' });
  }

  @Ack('WsException')
  wsException(): void {
    throw new WsException('ws');
  }

  @OnEvent('WsException of an object')
  wsExceptionOfAnObject(): void {
    throw new WsException({ own: 'shape' });
  }

  @Ack('HttpException')
  http(): void {
    throw new ForbiddenException('not you');
  }

  @Ack('HttpException of a string')
  httpOfAString(): void {
    throw new HttpException('teapot', 418);
  }

  @Ack('HttpException with a code')
  httpWithACode(): void {
    // As newer versions of Nest set it for the option of this name.
    throw Object.assign(new ForbiddenException('not you'), { errorCode: 'BANNED' });
  }

  @OnEvent('HttpException of an object')
  httpOfAnObject(): void {
    throw new BadRequestException({ message: 'no', field: 'name' });
  }

  @UsePipes(new ValidationPipe())
  @Ack('ValidationPipe')
  validate(@MessageBody() _body: Body): void {}
}

const FAILURES: [name: string, error: unknown, body?: unknown][] = [
  ['guard', DENIED],
  ['async guard', DENIED],
  ['pipe', { status: 'error', message: 'Validation failed (numeric string is expected)', statusCode: 400 }, 'x'],
  ['method pipe', { status: 'error', message: 'Validation failed (numeric string is expected)', statusCode: 400 }, 'x'],
  ['interceptor', BROKEN],
  ['interceptor after the handler', BROKEN],
  ['sync handler', BROKEN],
  ['async handler', BROKEN],
  ['Observable', BROKEN],
  ['late Observable', BROKEN],
  ['async iterator', BROKEN],
  ['stream of rejections', BROKEN],
  ['stream of rejections that nobody reads', BROKEN],
  ['async iterator of rejections', BROKEN],
  ['guard that throws', BROKEN],
  ['filter that rethrows', { status: 'error', message: 'rethrown' }],
  ['async filter that rethrows', { status: 'error', message: 'rethrown' }],
  ['anything else', MASKED],
  ['not even an error', MASKED],
  ['object', { own: 'shape' }],
  ['WsException', { status: 'error', message: 'ws' }],
  ['WsException of an object', { own: 'shape' }],
  ['HttpException', { status: 'error', message: 'not you', statusCode: 403 }],
  ['HttpException of a string', { status: 'error', message: 'teapot', statusCode: 418 }],
  ['HttpException with a code', { status: 'error', message: 'not you', code: 'BANNED', statusCode: 403 }],
  ['HttpException of an object', { status: 'error', message: 'no', statusCode: 400, details: { field: 'name' } }],
  [
    'ValidationPipe',
    {
      status: 'error',
      message: 'Bad Request',
      statusCode: 400,
      details: ['name must be a string', 'age must be an integer number'],
    },
    { name: 1 },
  ],
];

describe.each(FAILURES)('pain 2 and 10: a failure of %s', (event, error, body) => {
  it('is the ack where one was asked for, and no exception event', async () => {
    const { url } = await startWith({ providers: [FailingGateway, FenceGateway] });
    const client = await connectClient(url);
    expect(await outcomeWithAck(client, event, body)).toEqual({ acks: [[error]], exceptions: [] });
  });

  it('is an exception event where no ack was asked for', async () => {
    const { url } = await startWith({ providers: [FailingGateway, FenceGateway] });
    const client = await connectClient(url);
    const outcome = await outcomeWithoutAck(client, () => nextEvent(client, 'exception'), event, body);
    expect(outcome).toEqual({ acks: [], exceptions: [[error]] });
  });
});

const OVER_POLLING = ['async guard', 'async handler', 'anything else'];

describe.each(PLATFORMS)('on %s over polling', (platform) => {
  it.each(FAILURES.filter(([name]) => OVER_POLLING.includes(name)))(
    'a failure of %s is the ack',
    async (event, error) => {
      const { url } = await startWith({ platform, providers: [FailingGateway] });
      const client = await connectClient(url, { transports: ['polling'] });
      expect(await client.emitWithAck(event)).toEqual(error);
    },
  );
});
