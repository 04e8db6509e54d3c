import {
  Catch,
  Injectable,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { ModuleRef, Reflector } from '@nestjs/core';
import { EMPTY, of, type Observable } from 'rxjs';
import { map } from 'rxjs/operators';
import { Ack, Arg, Gateway, MessageBody, OnConnect } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { connectClient } from '../support/nest-app.js';
import { PLATFORMS, startWith } from './support/start-app.js';

/** Filled by everything below, in the order in which it runs. */
let log: string[] = [];
beforeEach(() => (log = []));

const guard = (name: string, allows = true): Type<CanActivate> => {
  @Injectable()
  class Guard implements CanActivate {
    canActivate(): boolean {
      log.push(`guard ${name}`);
      return allows;
    }
  }
  return Guard;
};

const interceptor = (name: string): Type<NestInterceptor> => {
  @Injectable()
  class Interceptor implements NestInterceptor {
    constructor(private readonly moduleRef: ModuleRef) {}

    intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
      log.push(`before ${name}${this.moduleRef instanceof ModuleRef ? '' : ', not injected'}`);
      return next.handle().pipe(map((value) => (log.push(`after ${name}`), value)));
    }
  }
  return Interceptor;
};

const pipe = (name: string): Type<PipeTransform> => {
  @Injectable()
  class Pipe implements PipeTransform {
    transform(value: unknown): unknown {
      log.push(`pipe ${name}`);
      return value;
    }
  }
  return Pipe;
};

const filter = (name: string): Type<ExceptionFilter> => {
  @Catch()
  class Filter implements ExceptionFilter {
    catch(error: unknown): unknown {
      log.push(`filter ${name}`);
      return String(error);
    }
  }
  return Filter;
};

@UseGuards(guard('of class'))
@UseInterceptors(interceptor('of class'))
@UsePipes(pipe('of class'))
@UseFilters(filter('of class'))
class Layered {
  @UseGuards(guard('of method'), guard('second of method'))
  @UseInterceptors(interceptor('of method'), interceptor('second of method'))
  @UsePipes(pipe('of method'))
  @UseFilters(filter('of method'))
  @Ack('all')
  all(@MessageBody(pipe('of parameter')) body: string): string {
    log.push('handler');
    return body;
  }

  @UseGuards(guard('of method', false))
  @Ack('denied')
  denied(): void {
    log.push('handler');
  }

  @UseFilters(filter('of method'))
  @Ack('failing')
  failing(): void {
    throw new Error('failed');
  }

  @Ack('failing too')
  failingToo(): void {
    throw new Error('failed');
  }
}

describe.each(PLATFORMS)('enhancers of class, method and parameter on %s', (platform) => {
  it('run in the order of Nest', async () => {
    const { url } = await startWith({ platform, providers: [Layered] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('all', 'x')).toBe('x');
    expect(log).toEqual([
      'guard of class',
      'guard of method',
      'guard second of method',
      'before of class',
      'before of method',
      'before second of method',
      'pipe of class',
      'pipe of method',
      'pipe of parameter',
      'handler',
      'after second of method',
      'after of method',
      'after of class',
    ]);
  });

  it('stop at the guard that refuses, whose error the filter of the class gets', async () => {
    const { url } = await startWith({ platform, providers: [Layered] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('denied')).toBe('ForbiddenException: Forbidden resource');
    expect(log).toEqual(['guard of class', 'guard of method', 'filter of class']);
  });

  it('give an error to the nearest filter', async () => {
    const { url } = await startWith({ platform, providers: [Layered] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('failing')).toBe('Error: failed');
    expect(await client.emitWithAck('failing too')).toBe('Error: failed');
    expect(log.filter((entry) => entry.startsWith('filter'))).toEqual(['filter of method', 'filter of class']);
  });
});

describe('a guard', () => {
  const Roles = Reflector.createDecorator<string[]>();

  @Injectable()
  class RolesGuard implements CanActivate {
    constructor(private readonly reflector: Reflector) {}

    canActivate(context: ExecutionContext): boolean {
      const targets = [context.getHandler(), context.getClass()];
      const roles = this.reflector.getAllAndOverride(Roles, targets);
      log.push(`${context.getType()} ${this.reflector.get('area', context.getClass())}`);
      return roles.includes(context.switchToWs().getClient<Socket>().handshake.auth.role);
    }
  }

  @UseGuards(RolesGuard)
  @Roles(['user'])
  @SetMetadata('area', 'chat')
  @Gateway('/chat')
  class Guarded {
    @Ack('user')
    user(): string {
      return 'welcome';
    }

    @Roles(['admin'])
    @Ack('admin')
    admin(): string {
      return 'welcome';
    }
  }

  it('reads metadata of method and class by the Reflector', async () => {
    const { url } = await startWith({ providers: [Guarded] });
    const client = await connectClient(`${url}/chat`, { auth: { role: 'user' } });
    expect(await client.emitWithAck('user')).toBe('welcome');
    expect(await client.emitWithAck('admin')).toMatchObject({ statusCode: 403 });
    // The first time for the connection.
    expect(log).toEqual(['ws chat', 'ws chat', 'ws chat']);
  });

  it.each([
    ['true', true, 'reached'],
    ['false', false, { statusCode: 403 }],
    ['a promise of true', Promise.resolve(true), 'reached'],
    ['a promise of false', Promise.resolve(false), { statusCode: 403 }],
    ['an Observable of true', of(true), 'reached'],
    ['an Observable of false', of(false), { statusCode: 403 }],
    ['an Observable that ends with false', of(true, false), { statusCode: 403 }],
    ['an Observable that ends with true', of(false, true), 'reached'],
    ['a promise of an Observable of false', Promise.resolve(of(false)), { statusCode: 403 }],
    ['a promise of an Observable of true', Promise.resolve(of(true)), 'reached'],
    ['a subscribable of false', subscribable(false), { statusCode: 403 }],
    ['an Observable without a value', EMPTY, { message: expect.any(String), status: 'error' }],
    ['undefined', undefined, { statusCode: 403 }],
  ])('may answer with %s', async (_name, answer, expected) => {
    const answering = { canActivate: () => answer as boolean };
    class Asked {
      @UseGuards(guard('first'), answering)
      @Ack('ask')
      ask(): string {
        return 'reached';
      }
    }
    const { url } = await startWith({ providers: [Asked] });
    const answered: unknown = await (await connectClient(url)).emitWithAck('ask');
    if (typeof expected === 'string') expect(answered).toBe(expected);
    else expect(answered).toMatchObject(expected);
  });

  it('gets the socket, the data, the ack function and the event', async () => {
    let args: unknown[] = [];
    const spying: CanActivate = { canActivate: (context) => ((args = context.getArgs()), true) };
    class Spied {
      @UseGuards(spying)
      @Ack('spied')
      spied(@Arg(0) value: unknown): unknown {
        return value;
      }

      @UseGuards(spying)
      @OnConnect()
      connected(): void {}
    }
    const { url } = await startWith({ providers: [Spied] });
    const client = await connectClient(url, { auth: { token: 't' } });
    expect(args).toEqual([expect.objectContaining({ id: client.id }), { token: 't' }, undefined, 'connect']);
    await client.emitWithAck('spied', 1, 2);
    expect(args).toEqual([expect.objectContaining({ id: client.id }), [1, 2], expect.any(Function), 'spied']);
    client.emit('spied', 1);
    await client.emitWithAck('unknown');
    expect(args.slice(1)).toEqual([1, undefined, 'spied']);
  });
});

/** As a library with streams of its own has it. */
function subscribable(value: boolean): object {
  return {
    subscribe: (observer: { next(value: boolean): void; complete(): void }) => {
      observer.next(value);
      observer.complete();
    },
  };
}
