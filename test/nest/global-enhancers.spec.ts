import {
  Catch,
  Inject,
  Injectable,
  Module,
  Scope,
  UseGuards,
  ValidationPipe,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
  type Provider,
  type Type,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, LazyModuleLoader, REQUEST } from '@nestjs/core';
import { IsString } from 'class-validator';
import { map } from 'rxjs/operators';
import { Ack, Gateway, MessageBody, OnConnect } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { nextEvent } from '../support/until.js';
import { PLATFORMS, failureOf, startWith, type AppSetup } from './support/start-app.js';

@Injectable()
class Guard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToWs().getData() !== 'forbidden';
  }
}

@Injectable()
class Interceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): ReturnType<NestInterceptor['intercept']> {
    return next.handle().pipe(map((value) => `intercepted ${value}`));
  }
}

@Injectable()
class Pipe implements PipeTransform {
  transform(value: unknown): unknown {
    return `piped ${value}`;
  }
}

@Catch()
class Filter implements ExceptionFilter {
  catch(error: Error): unknown {
    return `filtered ${error.message}`;
  }
}

@Gateway()
class GatewayUnderTest {
  @Ack('echo')
  echo(@MessageBody() body: unknown): unknown {
    if (body === 'fail') throw new Error('failed');
    return body;
  }
}

const KINDS: [kind: string, way: string, setup: Omit<AppSetup, 'platform'>, body: string, answer: unknown][] = [
  ['guard', 'APP_GUARD', { providers: [{ provide: APP_GUARD, useClass: Guard }] }, 'forbidden', { statusCode: 403 }],
  [
    'guard',
    'useGlobalGuards',
    { configure: (app) => void app.useGlobalGuards(new Guard()) },
    'forbidden',
    { statusCode: 403 },
  ],
  [
    'interceptor',
    'APP_INTERCEPTOR',
    { providers: [{ provide: APP_INTERCEPTOR, useClass: Interceptor }] },
    'x',
    'intercepted x',
  ],
  [
    'interceptor',
    'useGlobalInterceptors',
    { configure: (app) => void app.useGlobalInterceptors(new Interceptor()) },
    'x',
    'intercepted x',
  ],
  ['pipe', 'APP_PIPE', { providers: [{ provide: APP_PIPE, useClass: Pipe }] }, 'x', 'piped x'],
  ['pipe', 'useGlobalPipes', { configure: (app) => void app.useGlobalPipes(new Pipe()) }, 'x', 'piped x'],
  ['filter', 'APP_FILTER', { providers: [{ provide: APP_FILTER, useClass: Filter }] }, 'fail', 'filtered failed'],
  [
    'filter',
    'useGlobalFilters',
    { configure: (app) => void app.useGlobalFilters(new Filter()) },
    'fail',
    'filtered failed',
  ],
];

describe.each(PLATFORMS)('pain 11: on %s a global', (platform) => {
  it.each(KINDS)('%s by %s reaches gateways', async (_kind, _way, setup, body, answer) => {
    const providers = [GatewayUnderTest, ...(setup.providers ?? [])];
    const { url } = await startWith({ ...setup, platform, providers });
    const client = await connectClient(url);
    const answered: unknown = await client.emitWithAck('echo', body);
    if (typeof answer === 'string') expect(answered).toBe(answer);
    else expect(answered).toMatchObject(answer as object);
  });
});

describe('a global guard', () => {
  const order: string[] = [];
  const named = (name: string): CanActivate => ({ canActivate: () => (order.push(name), true) });

  @UseGuards(named('class'))
  class Guarded {
    @UseGuards(named('method'))
    @Ack('order')
    order(): string[] {
      return order;
    }
  }

  it('comes before those of class and method', async () => {
    const { url } = await startWith({
      providers: [Guarded, { provide: APP_GUARD, useValue: named('APP_GUARD') }],
      configure: (app) => void app.useGlobalGuards(named('useGlobalGuards')),
    });
    const client = await connectClient(url);
    expect(await client.emitWithAck('order')).toEqual(['APP_GUARD', 'useGlobalGuards', 'class', 'method']);
  });

  it('decides about a connection where @OnConnect is handled', async () => {
    class Connecting {
      @OnConnect()
      connected(): void {}
    }
    const refusing: CanActivate = { canActivate: () => false };
    const { url } = await startWith({ providers: [Connecting, { provide: APP_GUARD, useValue: refusing }] });
    const client = createClient(url);
    const refused = nextEvent(client, 'connect_error');
    client.connect();
    expect((await refused)[0]).toMatchObject({ message: 'Forbidden resource' });
  });
});

describe('a global ValidationPipe', () => {
  class Body {
    @IsString()
    name!: string;
  }

  class Validated {
    @Ack('validated')
    validated(@MessageBody() body: Body): unknown {
      return [body instanceof Body, body];
    }
  }

  it('pain 10: validates DTOs, makes instances of them and tells what is wrong', async () => {
    const { url } = await startWith({
      providers: [Validated],
      configure: (app) => void app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true })),
    });
    const client = await connectClient(url);
    expect(await client.emitWithAck('validated', { name: 'bob', extra: 1 })).toEqual([true, { name: 'bob' }]);
    expect(await client.emitWithAck('validated', {})).toMatchObject({ details: ['name must be a string'] });
  });
});

describe('a global guard with the scope of a request', () => {
  @Injectable()
  class Dependency {
    readonly denied = 'denied';
  }

  @Injectable({ scope: Scope.REQUEST })
  class ScopedGuard implements CanActivate {
    constructor(
      @Inject(REQUEST) private readonly socket: Socket,
      private readonly dependency: Dependency,
    ) {}

    canActivate(context: ExecutionContext): boolean {
      const client = context.switchToWs().getClient<Socket>();
      return this.socket === client && client.handshake.auth.user !== this.dependency.denied;
    }
  }

  const scoped: Provider[] = [Dependency, { provide: APP_GUARD, useClass: ScopedGuard }];

  async function answers(providers: Provider[], load?: Type): Promise<unknown[]> {
    const { app, url } = await startWith({ providers: [...scoped, ...providers] });
    if (load !== undefined) await app.get(LazyModuleLoader).load(() => load);
    const denied = await connectClient(url, { auth: { user: 'denied' } });
    const allowed = await connectClient(url, { auth: { user: 'bob' } });
    return [await denied.emitWithAck('echo', 1), await allowed.emitWithAck('echo', 1)];
  }

  it.each([
    ['a class', GatewayUnderTest],
    ['useClass', { provide: 'gateway', useClass: GatewayUnderTest }],
    ['useFactory', { provide: 'gateway', useFactory: () => new GatewayUnderTest() }],
  ])('reaches a gateway that is provided by %s, with its dependencies', async (_name, provider) => {
    expect(await answers([provider])).toEqual([expect.objectContaining({ statusCode: 403 }), 1]);
  });

  it('reaches a gateway of a module that is loaded later', async () => {
    @Module({ providers: [GatewayUnderTest] })
    class LaterModule {}
    expect(await answers([], LaterModule)).toEqual([expect.objectContaining({ statusCode: 403 }), 1]);
  });

  it('stops the bootstrap where a gateway is a value', async () => {
    const gateway = { provide: 'gateway', useValue: new GatewayUnderTest() };
    const { message } = await failureOf({ providers: [...scoped, gateway] });
    expect(message).toContain('would not run before GatewayUnderTest.echo()');
  });
});
