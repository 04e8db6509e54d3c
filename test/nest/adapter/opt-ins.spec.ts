import {
  BadRequestException,
  Catch,
  ForbiddenException,
  Inject,
  Injectable,
  ParseIntPipe,
  Scope,
  UseFilters,
  UseGuards,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, REQUEST } from '@nestjs/core';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
  WsException,
} from '@nestjs/websockets';
import { EMPTY, from, of, throwError, type Observable } from 'rxjs';
import { map } from 'rxjs/operators';
import type { Socket as ClientSocket } from 'socket.io-client';
import { Ack, SocketIoAdapter } from '../../../src/index.js';
import type { Server, Socket } from '../../../src/server.js';
import { connectClient, createClient } from '../../support/nest-app.js';
import { nextEvent } from '../../support/until.js';
import { outcomeWithAck, outcomeWithoutAck } from '../support/outcome.js';
import { failureOf, startGateways } from './support/start-gateways.js';

@WebSocketGateway()
class Fence {
  @SubscribeMessage('fence')
  fence(): void {}
}

/** What comes back without an ack being asked for. */
function told(client: ClientSocket, event: string, ...args: unknown[]): Promise<unknown> {
  return outcomeWithoutAck(client, () => Promise.resolve(), event, ...args);
}

describe('settleAcks', () => {
  const options = { settleAcks: true };

  const RETURNS: Record<string, [returned: () => unknown, acks: unknown[]]> = {
    undefined: [() => undefined, []],
    null: [() => null, [null]],
    zero: [() => 0, [0]],
    'an empty string': [() => '', ['']],
    false: [() => false, [false]],
    'a promise': [() => Promise.resolve(1), [1]],
    'a promise of undefined': [() => Promise.resolve(), []],
    'an Observable of three': [() => from([1, 2, 3]), [1]],
    'an Observable of null': [() => of(null), [null]],
    'an empty Observable': [() => EMPTY, []],
    'pain 35: an object with an event field': [
      () => ({ event: 'birthday', data: 1, extra: 2 }),
      [{ event: 'birthday', data: 1, extra: 2 }],
    ],
  };

  it.each(Object.entries(RETURNS))('acks what a handler returns: %s', async (_name, [returned, acks]) => {
    @WebSocketGateway()
    class Gateway {
      @SubscribeMessage('ask')
      ask(): unknown {
        return returned();
      }
    }
    const { url } = await startGateways({ options, providers: [Fence, Gateway] });
    const client = await connectClient(url);
    expect(await outcomeWithAck(client, 'ask')).toEqual({ acks: [acks], exceptions: [] });
  });

  const FAILURES: Record<string, [error: () => unknown, ack: object]> = {
    'WsException with text': [() => new WsException('no'), { status: 'error', message: 'no' }],
    'WsException with an object': [() => new WsException({ reason: 7 }), { reason: 7 }],
    'pain 10: HttpException': [
      () => new ForbiddenException('not yours'),
      { status: 'error', message: 'not yours', statusCode: 403 },
    ],
    'pain 10: validation errors': [
      () => new BadRequestException(['a must be a number']),
      { status: 'error', message: 'Bad Request', statusCode: 400, details: ['a must be a number'] },
    ],
    'anything else': [
      () => new Error('secret'),
      { status: 'error', message: 'Internal server error', code: 'INTERNAL_ERROR' },
    ],
  };

  it.each(Object.entries(FAILURES))('pain 2: acks what it throws: %s', async (_name, [error, ack]) => {
    @WebSocketGateway()
    class Gateway {
      @SubscribeMessage('sync')
      sync(): void {
        throw error();
      }

      @SubscribeMessage('async')
      async async(): Promise<void> {
        throw error();
      }

      @SubscribeMessage('stream')
      stream(): unknown {
        return throwError(error);
      }
    }
    const { url } = await startGateways({ options, providers: [Fence, Gateway] });
    const client = await connectClient(url);
    for (const event of ['sync', 'async', 'stream']) {
      expect(await outcomeWithAck(client, event)).toEqual({ acks: [[ack]], exceptions: [] });
    }
  });

  it('acks what guards and pipes refuse, and what filters make of it', async () => {
    const refuses: CanActivate = { canActivate: () => false };

    @Catch(WsException)
    class SayingFilter implements ExceptionFilter {
      catch(exception: WsException): unknown {
        return { said: exception.message };
      }
    }

    @WebSocketGateway()
    class Gateway {
      @UseGuards(refuses)
      @SubscribeMessage('guarded')
      guarded(): void {}

      @SubscribeMessage('parsed')
      parsed(@MessageBody(ParseIntPipe) _value: number): void {}

      @UseFilters(SayingFilter)
      @UseGuards(refuses)
      @SubscribeMessage('filtered')
      filtered(): void {}
    }
    const { url } = await startGateways({ options, providers: [Fence, Gateway] });
    const client = await connectClient(url);
    const ackOf = async (event: string, ...args: unknown[]): Promise<unknown> =>
      (await outcomeWithAck(client, event, ...args)).acks;
    expect(await ackOf('guarded')).toEqual([[{ status: 'error', message: 'Forbidden resource' }]]);
    expect(await ackOf('parsed', 'x')).toEqual([[expect.objectContaining({ statusCode: 400 })]]);
    expect(await ackOf('filtered')).toEqual([[{ said: 'Forbidden resource' }]]);
    expect(await ackOf('unknown')).toEqual([[expect.objectContaining({ code: 'UNKNOWN_EVENT' })]]);
  });

  it('leaves what asks for no ack as it is', async () => {
    @WebSocketGateway()
    class Gateway {
      @SubscribeMessage('respond')
      respond(): unknown {
        return from([1, 2]).pipe(map((data) => ({ event: 'answer', data })));
      }

      @SubscribeMessage('fail')
      fail(): void {
        throw new WsException('no');
      }
    }
    const { url } = await startGateways({ options, providers: [Fence, Gateway] });
    const client = await connectClient(url);
    const answers: unknown[] = [];
    client.on('answer', (answer) => answers.push(answer));
    expect(await told(client, 'respond')).toEqual({ acks: [], exceptions: [] });
    expect(answers).toEqual([1, 2]);
    expect(await told(client, 'fail', 7)).toEqual({
      acks: [],
      exceptions: [[{ status: 'error', message: 'no', cause: { pattern: 'fail', data: 7 } }]],
    });
  });

  it('waits for the last of several handlers before an empty ack, and takes the first value or error', async () => {
    @WebSocketGateway()
    class First {
      @SubscribeMessage('value')
      value(): void {}

      @SubscribeMessage('error')
      error(): void {}
    }

    @WebSocketGateway()
    class Second {
      @SubscribeMessage('value')
      async value(): Promise<number> {
        return 1;
      }

      @SubscribeMessage('error')
      async error(): Promise<void> {
        throw new WsException('no');
      }
    }
    const { url } = await startGateways({ options, providers: [Fence, First, Second] });
    const client = await connectClient(url);
    expect((await outcomeWithAck(client, 'value')).acks).toEqual([[1]]);
    expect((await outcomeWithAck(client, 'error')).acks).toEqual([[{ status: 'error', message: 'no' }]]);
  });

  it('leaves acks to a handler with the @Ack() parameter, errors excepted', async () => {
    @WebSocketGateway()
    class Gateway {
      @SubscribeMessage('manual')
      manual(@MessageBody() fails: boolean, @Ack() ack: (...args: unknown[]) => void): unknown {
        if (fails) throw new WsException('no');
        ack('by', 'hand');
        return 'returned';
      }
    }
    const { url } = await startGateways({ options, providers: [Fence, Gateway] });
    const client = await connectClient(url);
    expect((await outcomeWithAck(client, 'manual', false)).acks).toEqual([['by', 'hand']]);
    expect((await outcomeWithAck(client, 'manual', true)).acks).toEqual([[{ status: 'error', message: 'no' }]]);
  });
});

describe('globalEnhancers', () => {
  @WebSocketGateway()
  class Gateway {
    @SubscribeMessage('ask')
    ask(@MessageBody() value: unknown): unknown {
      return value;
    }

    @SubscribeMessage('fail')
    fail(): void {
      throw new Error('thrown');
    }
  }

  @Injectable()
  class RefusingGuard implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      return context.getType() !== 'ws' || context.switchToWs().getData<unknown>() !== 'refused';
    }
  }

  @Injectable()
  class WrappingInterceptor implements NestInterceptor {
    intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
      return next.handle().pipe(map((value: unknown) => ({ value })));
    }
  }

  @Injectable()
  class DoublingPipe implements PipeTransform {
    transform(value: unknown): unknown {
      return typeof value === 'number' ? value * 2 : value;
    }
  }

  @Catch(Error)
  class TellingFilter implements ExceptionFilter {
    catch(exception: Error, host: { switchToWs(): { getClient(): unknown } }): void {
      (host.switchToWs().getClient() as Socket).emit('filtered', exception.message);
    }
  }

  const apply: Record<string, { providers?: object[]; configure?: (app: INestApplication) => void }> = {
    useGlobal: {
      configure: (app) => {
        app.useGlobalGuards(new RefusingGuard()).useGlobalInterceptors(new WrappingInterceptor());
        app.useGlobalPipes(new DoublingPipe()).useGlobalFilters(new TellingFilter());
      },
    },
    APP: {
      providers: [
        { provide: APP_GUARD, useClass: RefusingGuard },
        { provide: APP_INTERCEPTOR, useClass: WrappingInterceptor },
        { provide: APP_PIPE, useClass: DoublingPipe },
        { provide: APP_FILTER, useClass: TellingFilter },
      ],
    },
  };

  it.each(Object.entries(apply))(
    'pain 11: those of all four kinds reach gateways: %s',
    async (_name, { providers = [], configure }) => {
      const { url } = await startGateways({
        options: { globalEnhancers: true },
        providers: [Gateway, ...(providers as [])],
        configure,
      });
      const client = await connectClient(url);
      expect(await client.emitWithAck('ask', 2)).toEqual({ value: 4 });
      const filtered = nextEvent(client, 'filtered');
      client.emit('fail');
      expect(await filtered).toEqual(['thrown']);
      const refused = nextEvent(client, 'filtered');
      client.emit('ask', 'refused');
      expect(await refused).toEqual(['Forbidden resource']);
    },
  );
});

describe('globalEnhancers with a scope', () => {
  it('are made once per connection, and so is the gateway', async () => {
    let guards = 0;
    let gateways = 0;

    @Injectable({ scope: Scope.REQUEST })
    class ClientGuard implements CanActivate {
      constructor(@Inject(REQUEST) private readonly client: Socket) {
        guards++;
      }

      canActivate(context: ExecutionContext): boolean {
        return context.switchToWs().getClient() === this.client && context.switchToWs().getData<unknown>() !== 'no';
      }
    }

    @WebSocketGateway()
    class Gateway {
      @WebSocketServer() server!: Server;
      private count = 0;

      constructor() {
        gateways++;
      }

      @SubscribeMessage('count')
      increment(): unknown {
        return [++this.count, typeof this.server.emit];
      }
    }
    const { url } = await startGateways({
      options: { globalEnhancers: true },
      providers: [Gateway, { provide: APP_GUARD, useClass: ClientGuard, scope: Scope.REQUEST }],
    });
    const [one, two] = [await connectClient(url), await connectClient(url)];
    expect(await one.emitWithAck('count')).toEqual([1, 'function']);
    expect(await one.emitWithAck('count')).toEqual([2, 'function']);
    expect(await two.emitWithAck('count')).toEqual([1, 'function']);
    // One more gateway was made at the start, before anybody asked what is bound to it.
    expect([gateways, guards]).toEqual([3, 2]);
    const exception = nextEvent(two, 'exception');
    two.emit('count', 'no');
    expect(await exception).toEqual([expect.objectContaining({ message: 'Forbidden resource' })]);
  });
});

describe('connectGuards', () => {
  const options = { connectGuards: true };

  @Injectable()
  class TokenGuard implements CanActivate {
    async canActivate(context: ExecutionContext): Promise<boolean> {
      const { handshake, connected, data } = context.switchToWs().getClient<Socket>();
      const { token } = handshake.auth as { token?: string };
      await Promise.resolve();
      if (token === 'expired') throw new WsException({ message: 'Token expired', code: 'EXPIRED' });
      data.user = token;
      return token === 'good' && !connected;
    }
  }

  it('pain 1: a guard of the class decides before the CONNECT reply', async () => {
    const connections: unknown[] = [];

    @UseGuards(TokenGuard)
    @WebSocketGateway({ namespace: 'guarded' })
    class GuardedGateway {
      @WebSocketServer() namespace!: { sockets: Map<string, unknown> };

      handleConnection(client: Socket): void {
        connections.push(client.data.user);
      }
    }

    @WebSocketGateway({ namespace: 'free' })
    class FreeGateway {}
    const { app, url } = await startGateways({ options, providers: [GuardedGateway, FreeGateway] });
    const refusalOf = async (token: string): Promise<unknown> => {
      const client = createClient(`${url}/guarded`, { auth: { token } });
      let connects = 0;
      client.on('connect', () => connects++);
      client.connect();
      const [error] = (await nextEvent(client, 'connect_error')) as [Error & { data?: unknown }];
      return { message: error.message, data: error.data, connects };
    };
    expect(await refusalOf('bad')).toEqual({
      message: 'Forbidden resource',
      data: { status: 'error', message: 'Forbidden resource' },
      connects: 0,
    });
    expect(await refusalOf('expired')).toEqual({
      message: 'Token expired',
      data: { message: 'Token expired', code: 'EXPIRED' },
      connects: 0,
    });
    expect(app.get(GuardedGateway).namespace.sockets.size).toBe(0);
    await connectClient(`${url}/guarded`, { auth: { token: 'good' } });
    await connectClient(`${url}/free`);
    expect(connections).toEqual(['good']);
  });

  it('a guard on handleConnection does, and so does one of a class without that method', async () => {
    @WebSocketGateway({ namespace: 'method' })
    class MethodGateway {
      @UseGuards(TokenGuard)
      handleConnection(): void {}
    }

    @UseGuards(TokenGuard)
    @WebSocketGateway({ namespace: 'class' })
    class ClassGateway {}

    @UseGuards(TokenGuard)
    @WebSocketGateway({ namespace: /^\/dyn/ })
    class PatternGateway {}
    const { url } = await startGateways({ options, providers: [MethodGateway, ClassGateway, PatternGateway] });
    for (const namespace of ['method', 'class', 'dyn-1']) {
      const client = createClient(`${url}/${namespace}`, { auth: { token: 'bad' } });
      client.connect();
      const [error] = await nextEvent(client, 'connect_error');
      expect((error as Error).message).toBe('Forbidden resource');
      await connectClient(`${url}/${namespace}`, { auth: { token: 'good' } });
    }
  });

  it('pain 4: messages wait until handleConnection has settled', async () => {
    let open!: () => void;
    const opened = new Promise<void>((resolve) => (open = resolve));

    @WebSocketGateway()
    class SlowGateway {
      async handleConnection(client: Socket): Promise<void> {
        client.emit('begun');
        await opened;
        client.data.user = 'Ada';
      }

      @SubscribeMessage('who')
      who(@ConnectedSocket() client: Socket): unknown {
        return client.data.user ?? 'nobody';
      }
    }
    const waits = await startGateways({ options, providers: [SlowGateway] });
    const client = await connectClient(waits.url);
    const answer = client.emitWithAck('who');
    open();
    expect(await answer).toBe('Ada');
  });

  it('pain 4: without it they do not, since handleConnection may wait for one', async () => {
    @WebSocketGateway()
    class AskingGateway {
      async handleConnection(client: Socket): Promise<void> {
        client.data.name = await new Promise((resolve) => client.once('name', resolve));
        client.emit('hello', client.data.name);
      }
    }
    const { url } = await startGateways({ providers: [AskingGateway] });
    const client = await connectClient(url);
    const hello = nextEvent(client, 'hello');
    client.emit('name', 'Ada');
    expect(await hello).toEqual(['Ada']);
  });

  it('an error of handleConnection ends the connection, and says so', async () => {
    @WebSocketGateway()
    class FullGateway {
      @WebSocketServer() server!: Server;

      async handleConnection(): Promise<void> {
        throw new WsException('full');
      }
    }
    const { url } = await startGateways({ options, providers: [FullGateway] });
    const client = createClient(url);
    const exception = nextEvent(client, 'exception');
    const disconnect = nextEvent(client, 'disconnect');
    client.connect();
    expect(await exception).toEqual([{ status: 'error', message: 'full' }]);
    expect((await disconnect)[0]).toBe('io server disconnect');
  });

  it('runs global guards as well where globalEnhancers is on', async () => {
    const asked: string[] = [];
    const guard: CanActivate = {
      canActivate: (context) => {
        asked.push(context.switchToWs().getPattern());
        return true;
      },
    };

    @WebSocketGateway()
    class Gateway {
      handleConnection(): void {}
    }
    const configure = (app: INestApplication): void => void app.useGlobalGuards(guard);
    const both = await startGateways({
      options: { connectGuards: true, globalEnhancers: true },
      providers: [Gateway],
      configure,
    });
    await connectClient(both.url);
    expect(asked).toEqual(['connect']);
    const one = await startGateways({ options, providers: [Gateway], configure });
    await connectClient(one.url);
    expect(asked).toEqual(['connect']);
  });
});

describe('an option', () => {
  it('that does not exist is refused, and so is a wrong value', () => {
    expect(() => new SocketIoAdapter(undefined, { settleAck: true } as never)).toThrow(/Invalid option "settleAck"/);
    expect(() => new SocketIoAdapter(undefined, { settleAcks: 1 } as never)).toThrow(/Invalid option "settleAcks"/);
  });

  it.each(['settleAcks', 'globalEnhancers', 'connectGuards'])('%s needs to know the application', async (name) => {
    @WebSocketGateway()
    class Gateway {}
    const failure = await failureOf({
      providers: [Gateway],
      adapter: (app) => new SocketIoAdapter(app.getHttpServer() as object, { [name]: true }),
    });
    expect(failure.message).toContain(`"${name}" needs the application`);
  });
});
