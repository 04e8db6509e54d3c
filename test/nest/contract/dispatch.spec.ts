import { Inject, Injectable, Scope, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common';
import type {
  CallHandler,
  CanActivate,
  ExecutionContext,
  INestApplication,
  NestInterceptor,
  PipeTransform,
} from '@nestjs/common';
import { IsString } from 'class-validator';
import { ValidationPipe } from '@nestjs/common';
import { of, type Observable } from 'rxjs';
import type { Socket } from 'socket.io-client';
import { z } from 'zod';
import { request } from '../../../src/client/index.js';
import { defineContract, event } from '../../../src/contract/index.js';
import { compileValidation } from '../../../src/contract/runtime.js';
import {
  Ack,
  Arg,
  Args,
  ConnectedSocket,
  Gateway,
  MessageBody,
  OnEvent,
  RateLimit,
  SocketIoAdapter,
  Websocket,
  type SocketOf,
} from '../../../src/index.js';
import { closeTestClients, createTestClient, nextEvent } from '../../../src/testing/index.js';
import { createApp } from '../support/start-app.js';
import { LIBRARIES, MISTAKES, ORDER } from '../../contract-first/libraries.js';
import { chat } from './chat.contract.js';

afterEach(() => closeTestClients());

@Gateway(chat)
class ChatGateway {
  readonly heard: unknown[] = [];

  constructor(private readonly websocket: Websocket) {}

  @Ack(chat.in.message)
  message(
    @MessageBody(chat.in.message) body: { room: string; text: string },
    @ConnectedSocket(chat) socket: SocketOf<typeof chat>,
  ) {
    socket.emit('message', body);
    this.websocket.of(chat).to('lobby').emit('message', body);
    return { id: body.text, at: 1 };
  }

  @Ack(chat.in.sum)
  sum(@Args(chat.in.sum) [a, b]: [number, number]): Observable<number> {
    return of(a + b, 0);
  }

  @Ack(chat.in.search)
  async search(@Arg(chat.in.search, 0) text: string, @Arg(chat.in.search, 1) limit?: number) {
    return [text, String(limit)];
  }

  @Ack(chat.in.double)
  double(@MessageBody(chat.in.double) n: number) {
    return n * 2;
  }

  @Ack(chat.in.later)
  async *later(@MessageBody(chat.in.later) n: number) {
    yield n;
  }

  @OnEvent(chat.in.move)
  move(_socket: unknown, ...args: unknown[]) {
    this.heard.push(args);
  }

  @Ack(chat.in.rename)
  rename(@MessageBody(chat.in.rename) name: string) {
    return { name };
  }

  @Ack(chat.in.avatar)
  avatar(@MessageBody(chat.in.avatar) image: Buffer) {
    return Buffer.isBuffer(image) ? image.length : -1;
  }

  @OnEvent(chat.in.typing)
  typing(@MessageBody(chat.in.typing) text: string) {
    this.heard.push(text);
  }
}

async function connect() {
  const app = await createApp({ providers: [ChatGateway] });
  const client = await createTestClient(app, chat);
  return { app, client, gateway: app.get(ChatGateway), websocket: app.get(Websocket) };
}

describe('a gateway with a contract', () => {
  it('handles its events by their entries', async () => {
    const { client } = await connect();
    const posted = request(client, 'message', { room: 'tea', text: 'hi' });
    expect(await nextEvent(client, 'message')).toEqual([{ room: 'tea', text: 'hi' }]);
    expect(await posted).toEqual({ id: 'hi', at: 1 });
    expect(await request(client, 'sum', 1, 2)).toBe(3);
    expect(await request(client, 'later', 4)).toBe(4);
    expect(await request(client, 'rename', 'Ada')).toEqual({ name: 'Ada' });
  });

  it('gives the handler what a schema returns', async () => {
    const { client } = await connect();
    expect(await request(client, 'double', '21')).toBe(42);
  });

  it('takes optional arguments that are left out, and undefined that JSON made null', async () => {
    const { client } = await connect();
    expect(await request(client, 'search', 'tea')).toEqual(['tea', 'undefined']);
    expect(await request(client, 'search', 'tea', 3)).toEqual(['tea', '3']);
    expect(await request(client, 'search', 'tea', undefined)).toEqual(['tea', 'undefined']);
  });

  it('takes binary data up to its size', async () => {
    const { client } = await connect();
    expect(await request(client, 'avatar', new Uint8Array(10))).toBe(10);
    expect(await request(client, 'avatar', new ArrayBuffer(3))).toBe(3);
    await expect(request(client, 'avatar', new Uint8Array(11))).rejects.toMatchObject({ code: 'INVALID_ARGUMENTS' });
  });

  it('passes the arguments of typed events as they are', async () => {
    const { client, gateway } = await connect();
    (client.emit as (event: string, ...args: unknown[]) => void)('move', 'a', 2, 3);
    await request(client, 'sum', 1, 2);
    expect(gateway.heard).toEqual([['a', 2, 3]]);
  });

  it('refuses with an error ack, and without an ack by an exception', async () => {
    const { client, gateway } = await connect();
    const refused = {
      status: 'error',
      message: 'Invalid arguments',
      code: 'INVALID_ARGUMENTS',
      statusCode: 400,
      details: [{ path: [0, 'text'], message: expect.any(String) }],
    };
    expect(await client.emitWithAck('message', { room: 'tea', text: '' })).toEqual(refused);
    (client.emit as (event: string, ...args: unknown[]) => void)('typing', 5);
    const [told] = await nextEvent(client as Socket, 'exception');
    expect(told).toEqual({ ...refused, details: [{ path: [0], message: expect.any(String) }] });
    expect(gateway.heard).toEqual([]);
    await expect(request(client, 'later', 0)).rejects.toMatchObject({ details: [{ path: [0], message: 'too small' }] });
  });

  it('is dispatched by the same functions as a name, where the contract has types only', async () => {
    @Gateway('/named')
    class NamedGateway {
      @Ack('rename')
      rename(@MessageBody() name: string) {
        return { name };
      }
    }
    const app = await createApp({ providers: [ChatGateway, NamedGateway] });
    await app.init();
    const websocket = app.get(Websocket);
    const handlerOf = (namespace: string, event: string) => String(websocket.of(namespace).handlers!.handlerOf(event));
    expect(handlerOf('/chat', 'rename')).toBe(handlerOf('/named', 'rename'));
    expect(compileValidation(chat.in.rename['~entry'])).toBeNull();
    expect(compileValidation(chat.in.move['~entry'])).toBeNull();
  });

  it('types the namespace for services', async () => {
    const { client, websocket } = await connect();
    websocket.of(chat).emit('message', { room: 'tea', text: 'for all' });
    expect(await nextEvent(client, 'message')).toEqual([{ room: 'tea', text: 'for all' }]);
  });
});

describe.each(Object.entries(LIBRARIES))('a schema of %s behind a gateway', (_name, schema) => {
  const orders = defineContract('/orders', { in: { order: event(schema).ack<string>() } });

  @Gateway(orders)
  class OrderGateway {
    @Ack(orders.in.order)
    order(@MessageBody(orders.in.order) order: { name: string }) {
      return order.name;
    }
  }

  it.each([
    ['the module', undefined],
    [
      'SocketIoAdapter with the module',
      (app: INestApplication) => void app.useWebSocketAdapter(new SocketIoAdapter(app)),
    ],
  ])('refuses the same mistakes at the same paths through %s', async (_way, configure) => {
    const client = await createTestClient(await createApp({ providers: [OrderGateway], configure }), orders);
    expect(await request(client, 'order', ORDER)).toBe('tea');
    for (const { sent, paths } of Object.values(MISTAKES)) {
      const emit = client.emitWithAck as (event: string, ...args: unknown[]) => Promise<unknown>;
      expect(await emit.call(client, 'order', ...sent)).toEqual({
        status: 'error',
        message: 'Invalid arguments',
        code: 'INVALID_ARGUMENTS',
        statusCode: 400,
        details: paths.map((path) => ({ path, message: expect.any(String) })),
      });
    }
  });
});

describe('what runs around validation', () => {
  const trace: [string, unknown][] = [];
  const see = (who: string, value: unknown): void => void trace.push([who, value]);

  @Injectable()
  class SeeingGuard implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      see('guard', context.switchToWs().getData());
      return true;
    }
  }

  @Injectable()
  class SeeingInterceptor implements NestInterceptor {
    intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
      see('interceptor', context.switchToWs().getData());
      return next.handle();
    }
  }

  @Injectable()
  class SeeingPipe implements PipeTransform {
    transform(value: unknown): unknown {
      see('pipe', value);
      return value;
    }
  }

  const steps = defineContract('/steps', {
    in: {
      go: event(
        z.string().transform((text) => {
          see('validation', text);
          return Number(text);
        }),
      ).ack(z.number()),
    },
  });

  @Gateway(steps)
  class StepGateway {
    @RateLimit({ limit: 2, interval: 60_000, key: () => (see('rate', null), 'all') })
    @UseGuards(SeeingGuard)
    @UseInterceptors(SeeingInterceptor)
    @UsePipes(SeeingPipe)
    @Ack(steps.in.go)
    go(@MessageBody(steps.in.go) n: number) {
      see('handler', n);
      return n;
    }
  }

  it('is in order: rate, guard, interceptor, validation, pipe, handler', async () => {
    trace.length = 0;
    const client = await createTestClient(await createApp({ providers: [StepGateway] }), steps);
    expect(await request(client, 'go', '7')).toBe(7);
    expect(trace).toEqual([
      ['rate', null],
      ['guard', '7'],
      ['interceptor', '7'],
      ['validation', '7'],
      ['pipe', 7],
      ['handler', 7],
      // The ack is held against a schema of its own, which leaves no trace.
    ]);
    trace.length = 0;
    await expect(request(client, 'go', 7 as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENTS' });
    expect(trace.map(([who]) => who)).toEqual(['rate', 'guard', 'interceptor']);
    await expect(request(client, 'go', '7')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  });

  it('is the same wherever the decorators of a method stand', async () => {
    @Gateway(steps)
    class OtherOrderGateway {
      @Ack(steps.in.go)
      @UsePipes(SeeingPipe)
      @UseInterceptors(SeeingInterceptor)
      @UseGuards(SeeingGuard)
      go(@MessageBody(steps.in.go) n: number) {
        return n;
      }
    }
    trace.length = 0;
    const client = await createTestClient(await createApp({ providers: [OtherOrderGateway] }), steps);
    expect(await request(client, 'go', '7')).toBe(7);
    expect(trace.map(([who]) => who)).toEqual(['guard', 'interceptor', 'validation', 'pipe']);
  });

  it.each(['request', 'connection'] as const)('is there for gateways that are made by %s', async (scope) => {
    class Counter {
      static made = 0;

      constructor() {
        Counter.made++;
      }
    }
    const provider = { provide: Counter, useClass: Counter, scope: Scope.REQUEST };

    class CountingGateway {
      constructor(@Inject(Counter) private readonly counter: Counter) {}

      @Ack(steps.in.go)
      go(@MessageBody(steps.in.go) n: number) {
        return this.counter === undefined ? 0 : n;
      }
    }
    Gateway(steps, scope === 'connection' ? { scope } : {})(CountingGateway);
    const app = await createApp({ providers: [CountingGateway, provider] });
    const client = await createTestClient(app, steps);
    expect([await request(client, 'go', '7'), await request(client, 'go', '8')]).toEqual([7, 8]);
    await expect(request(client, 'go', 7 as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENTS' });
    expect(Counter.made).toBe(scope === 'connection' ? 1 : 3);
  });

  it('leaves DTOs of typed events to pipes', async () => {
    class Name {
      @IsString() name!: string;
    }
    const people = defineContract('/people', { in: { add: event<[Name]>().ack<string>() } });

    @Gateway(people)
    class PeopleGateway {
      @UsePipes(new ValidationPipe())
      @Ack(people.in.add)
      add(@MessageBody(people.in.add) { name }: Name) {
        return name;
      }
    }
    const client = await createTestClient(await createApp({ providers: [PeopleGateway] }), people);
    expect(await request(client, 'add', { name: 'Ada' })).toBe('Ada');
    await expect(request(client, 'add', { name: 5 } as never)).rejects.toMatchObject({
      statusCode: 400,
      details: ['name must be a string'],
    });
  });
});

describe('the contract of a pattern', () => {
  const tenant = defineContract(/^\/tenant-\d+$/, {
    in: { hello: event(z.string()).ack(z.string()) },
    out: { news: event(z.string()) },
  });

  @Gateway(tenant)
  class TenantGateway {
    @Ack(tenant.in.hello)
    hello(@MessageBody(tenant.in.hello) name: string, @ConnectedSocket(tenant) socket: SocketOf<typeof tenant>) {
      return `${name} in ${socket.nsp.name}`;
    }
  }

  it('serves the namespaces that match it', async () => {
    const app = await createApp({ providers: [TenantGateway] });
    const client = await createTestClient(app, tenant, { namespace: '/tenant-7' });
    expect(await request(client, 'hello', 'Ada')).toBe('Ada in /tenant-7');
    await expect(request(client, 'hello', 5 as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENTS' });
    app.get(Websocket).of(tenant, '/tenant-7').emit('news', 'hi');
    expect(await nextEvent(client, 'news')).toEqual(['hi']);
    expect(() =>
      app
        .get(Websocket)
        .of(tenant, '/tenant-7')
        .emit('news', 5 as never),
    ).toThrow('"news"');
  });

  it('wants a name that matches', async () => {
    const app = await createApp({ providers: [TenantGateway] });
    await app.init();
    expect(() => app.get(Websocket).of(tenant, '/else')).toThrow('pattern');
    await expect(createTestClient(app, tenant, { namespace: '/else' })).rejects.toThrow('pattern');
  });
});
