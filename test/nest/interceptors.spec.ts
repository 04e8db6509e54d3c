import { ClassSerializerInterceptor, SerializeOptions, UseInterceptors, type NestInterceptor } from '@nestjs/common';
import { Exclude, Expose } from 'class-transformer';
import { of, type Observable } from 'rxjs';
import { Ack, OnEvent } from '../../src/index.js';
import { connectClient } from '../support/nest-app.js';
import { startWith } from './support/start-app.js';

let log: string[] = [];
beforeEach(() => (log = []));

describe('pain 44: an interceptor', () => {
  const caching: NestInterceptor = { intercept: () => of('cached') };
  const later: NestInterceptor = { intercept: (_context, next) => Promise.resolve(next.handle()) };

  class User {
    @Expose()
    name = 'alice';

    @Exclude()
    password = 'secret';
  }

  class Intercepted {
    @UseInterceptors(caching)
    @Ack('cached')
    cached(): void {
      log.push('handler');
    }

    @UseInterceptors(later)
    @Ack('later')
    later(): Promise<string> {
      return Promise.resolve('value');
    }

    @UseInterceptors(later)
    @Ack('iterator')
    async *iterator(): AsyncGenerator<number> {
      yield 1;
      yield 2;
    }

    @UseInterceptors(later)
    @OnEvent('listens')
    listens(): number {
      log.push('handler');
      return 1;
    }

    @UseInterceptors(ClassSerializerInterceptor)
    @Ack('user')
    user(): User {
      return new User();
    }

    @UseInterceptors(ClassSerializerInterceptor)
    @SerializeOptions({ strategy: 'excludeAll' })
    @Ack('options')
    options(): User {
      return new User();
    }

    @UseInterceptors(ClassSerializerInterceptor)
    @Ack('stream')
    stream(): Observable<User> {
      return of(new User());
    }

    @UseInterceptors(ClassSerializerInterceptor)
    @Ack('event field')
    eventField(): object {
      // What Nest's gateways would take for an event to emit, its data as it is.
      return { event: 'user', data: [new User()] };
    }

    @UseInterceptors(ClassSerializerInterceptor)
    @Ack('users')
    async users(): Promise<User[]> {
      return [new User()];
    }
  }

  it.each([
    ['cached', 'cached', []],
    ['later', 'value', []],
    ['iterator', 1, []],
    ['listens', undefined, ['handler']],
    ['user', { name: 'alice' }, []],
    ['users', [{ name: 'alice' }], []],
    ['options', { name: 'alice' }, []],
    ['stream', { name: 'alice' }, []],
    ['event field', { event: 'user', data: [{ name: 'alice' }] }, []],
  ])('sees the result: %s', async (event, answer, ran) => {
    const { url } = await startWith({ providers: [Intercepted] });
    const client = await connectClient(url);
    expect(await client.emitWithAck(event)).toEqual(answer);
    expect(log).toEqual(ran);
  });
});
