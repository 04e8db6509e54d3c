import {
  Catch,
  Injectable,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CanActivate,
  type ExceptionFilter,
  type NestInterceptor,
  type PipeTransform,
  type Provider,
  type Type,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Observable } from 'rxjs';
import {
  Ack,
  Gateway,
  MessageBody,
  OnClose,
  OnConnect,
  OnDisconnect,
  OnError,
  OnHandshake,
  OnPing,
  OnPong,
} from '../../src/index.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { nextEvent } from '../support/until.js';
import { isNestSince } from './support/nest-version.js';
import { failureOf, startWith } from './support/start-app.js';

@Injectable()
class NeedsInjection {
  constructor(readonly moduleRef: ModuleRef) {}

  get refuses(): boolean {
    return this.moduleRef === undefined;
  }
}

@Injectable()
class Guard extends NeedsInjection implements CanActivate {
  canActivate(): boolean {
    return this.refuses;
  }
}

@Injectable()
class Pipe extends NeedsInjection implements PipeTransform {
  transform(value: unknown): unknown {
    return [this.refuses, value];
  }
}

@Injectable()
class Interceptor extends NeedsInjection implements NestInterceptor {
  intercept(): Observable<never> {
    throw new Error(`refuses: ${this.refuses}`);
  }
}

@Catch()
class Filter extends NeedsInjection implements ExceptionFilter {
  catch(): unknown {
    return this.refuses;
  }
}

class Plain {
  @Ack('open')
  open(): string {
    return 'reached';
  }
}

@UseGuards(Guard)
class GuardOfClass extends Plain {}

class InheritsGuardOfClass extends GuardOfClass {}

class GuardOfMethod {
  @UseGuards(Guard)
  @Ack('open')
  open(): string {
    return 'reached';
  }
}

class InheritsGuardedMethod extends GuardOfMethod {
  @Ack('other')
  other(): void {}
}

class GuardOfHandshake {
  @UseGuards(Guard)
  @OnHandshake()
  open(): void {}
}

class GuardOfConnect {
  @UseGuards(Guard)
  @OnConnect()
  open(): void {}
}

@UsePipes(Pipe)
class PipeOfClass {
  @Ack('open')
  open(_socket: unknown, body: unknown): unknown {
    return body;
  }
}

class PipeOfParameter {
  @Ack('open')
  open(@MessageBody(Pipe) body: unknown): unknown {
    return body;
  }
}

class InheritsPipeOfParameter extends PipeOfParameter {}

@UseInterceptors(Interceptor)
class InterceptorOfClass extends Plain {}

class InterceptorOfMethod {
  @UseInterceptors(Interceptor)
  @Ack('open')
  open(): void {}
}

@UseFilters(Filter)
class FilterOfClass {
  @Ack('open')
  open(): void {
    throw new Error('caught');
  }
}

class FilterOfMethod {
  @UseFilters(Filter)
  @Ack('open')
  open(): void {
    throw new Error('caught');
  }
}

/** The first versions of Nest 11 resolve enhancers of a class only where it is provided under itself. */
const RESOLVES_USE_CLASS = isNestSince('11.2');

const BOUND: [name: string, kind: string, gateway: Type][] = [
  ['a guard of the class', 'guard', GuardOfClass],
  ['a guard of a class that it extends', 'guard', InheritsGuardOfClass],
  ['a guard of a method', 'guard', GuardOfMethod],
  ['a guard of an inherited method', 'guard', InheritsGuardedMethod],
  ['a guard of @OnHandshake', 'guard', GuardOfHandshake],
  ['a guard of @OnConnect', 'guard', GuardOfConnect],
  ['a pipe of the class', 'pipe', PipeOfClass],
  ['a pipe of a parameter', 'pipe', PipeOfParameter],
  ['a pipe of a parameter of an inherited method', 'pipe', InheritsPipeOfParameter],
  ['an interceptor of the class', 'interceptor', InterceptorOfClass],
  ['an interceptor of a method', 'interceptor', InterceptorOfMethod],
  ['a filter of the class', 'filter', FilterOfClass],
  ['a filter of a method', 'filter', FilterOfMethod],
];

describe.each(BOUND)('%s that Nest would leave out', (_name, kind, gateway) => {
  it.each([
    ['useFactory', { provide: 'gateway', useFactory: () => new gateway() }],
    ['useValue', { provide: 'gateway', useValue: new gateway() }],
  ])('stops the bootstrap of a gateway that is provided by %s', async (_way, provider) => {
    const { message } = await failureOf({ providers: [provider] });
    expect(message).toContain(` ${kind} bound to ${gateway.name}.open() would not run`);
  });

  it('runs, with its dependencies, where the gateway is provided as a class', async () => {
    await expectToRun(kind, gateway, gateway);
  });

  it('runs where the gateway is provided by useClass, or this version of Nest cannot do it and nothing starts', async () => {
    const provider = { provide: 'gateway', useClass: gateway, scope: Scope.DEFAULT };
    if (RESOLVES_USE_CLASS) await expectToRun(kind, gateway, provider);
    else
      expect((await failureOf({ providers: [provider] })).message).toContain(
        ` ${kind} bound to ${gateway.name}.open()`,
      );
  });
});

describe('a guard of a gateway class that Nest would leave out', () => {
  @UseGuards(Guard)
  @Gateway('/closed')
  class Closed extends Plain {}

  it('runs at connect where the class is provided', async () => {
    const { url } = await startWith({ providers: [Closed] });
    const client = createClient(`${url}/closed`);
    const refused = nextEvent(client, 'connect_error');
    client.connect();
    expect((await refused)[0]).toMatchObject({ message: 'Forbidden resource' });
  });

  it('runs where an instance is bound, whatever provides the gateway', async () => {
    @UseGuards({ canActivate: () => false })
    class WithInstance extends Plain {}
    const { url } = await startWith({ providers: [{ provide: 'gateway', useFactory: () => new WithInstance() }] });
    expect(await (await connectClient(url)).emitWithAck('open')).toMatchObject({ statusCode: 403 });
  });
});

describe('a guard of a method that only hears of what has happened', () => {
  it.each(Object.entries({ OnDisconnect, OnClose, OnError, OnPing, OnPong }))(
    'stops the bootstrap, since nobody would ask it: @%s',
    async (_name, decorator) => {
      class Hears {
        @UseGuards(Guard)
        @decorator()
        hear(): void {}
      }
      const { message } = await failureOf({ providers: [Hears] });
      expect(message).toContain('A guard bound to Hears.hear() would not run');
    },
  );

  it('is asked about the event that the method handles as well', async () => {
    class HearsAndAnswers {
      @UseGuards({ canActivate: () => false })
      @OnDisconnect()
      @Ack('open')
      open(): void {}
    }
    const { url } = await startWith({ providers: [HearsAndAnswers] });
    expect(await (await connectClient(url)).emitWithAck('open')).toMatchObject({ statusCode: 403 });
  });
});

async function expectToRun(kind: string, gateway: Type, provider: Provider): Promise<void> {
  const { url } = await startWith({ providers: [provider], options: { onError: () => undefined } });
  const client = createClient(url);
  const settled = new Promise((resolve) => {
    client.once('connect', () => resolve('connected'));
    client.once('connect_error', (error) => resolve(error.message));
  });
  client.connect();
  const decidesConnection = gateway === GuardOfHandshake || gateway === GuardOfConnect;
  expect(await settled).toBe(decidesConnection ? 'Forbidden resource' : 'connected');
  if (decidesConnection) return;
  const answer: unknown = await client.emitWithAck('open', 'x');
  if (kind === 'guard') expect(answer).toMatchObject({ statusCode: 403 });
  if (kind === 'interceptor') expect(answer).toMatchObject({ code: 'INTERNAL_ERROR' });
  if (kind === 'pipe') expect(answer).toEqual([false, 'x']);
  if (kind === 'filter') expect(answer).toBe(false);
}
