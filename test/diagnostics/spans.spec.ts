/** Spans by how a handler ends, by what is active around it, and by when the instrumentation comes. */
import { BadRequestException, ConflictException, ParseIntPipe, UseGuards, type CanActivate } from '@nestjs/common';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { WsException } from '@nestjs/websockets';
import { throwError } from 'rxjs';
import * as v from 'valibot';
import { defineContract, event } from '../../src/contract/index.js';
import { Ack, Gateway, MessageBody, SocketIoException, Websocket } from '../../src/index.js';
import { connectClient, startApp } from '../support/nest-app.js';
import { until } from '../support/until.js';
import { observe } from './support/telemetry.js';

class Refusing implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Gateway('/chat')
class ChatGateway {
  @Ack('value')
  value(): number {
    return 1;
  }

  /** An answer that looks like an error is an answer. */
  @Ack('looks wrong')
  looksWrong(): object {
    return { status: 'error', message: 'of the application', code: 'NOT_OURS' };
  }

  @Ack('expected')
  expected(): void {
    throw new SocketIoException('no', { code: 'TAKEN' });
  }

  @Ack('codeless')
  codeless(): void {
    throw new SocketIoException('no');
  }

  @Ack('ws')
  ws(): void {
    throw new WsException('no');
  }

  @Ack('http')
  http(): void {
    throw new ConflictException('no');
  }

  @Ack('http later')
  async httpLater(): Promise<void> {
    throw new BadRequestException({ message: 'no', code: 'BAD' });
  }

  @Ack('internal')
  internal(): void {
    throw new Error('secret');
  }

  @Ack('internal later')
  internalLater(): Promise<void> {
    return Promise.reject(new Error('secret'));
  }

  @Ack('nothing')
  nothing(): Promise<void> {
    return Promise.reject();
  }

  @Ack('stream')
  stream() {
    return throwError(() => new Error('secret'));
  }

  @Ack('unsendable')
  unsendable(): unknown {
    return { n: 1n };
  }

  @UseGuards(Refusing)
  @Ack('guarded')
  guarded(): void {}

  @Ack('parsed')
  parsed(@MessageBody(ParseIntPipe) _count: number): void {}
}

const shop = defineContract('/shop', { in: { buy: event(v.number()).ack(v.number()) }, out: {} });

@Gateway(shop)
class ShopGateway {
  @Ack(shop.in.buy)
  buy(@MessageBody() count: number): number {
    return count === 0 ? ('none' as unknown as number) : count;
  }
}

describe('the span of a handler', () => {
  it.each([
    ['value', undefined, 0],
    ['looks wrong', undefined, 0],
    ['expected', 'TAKEN', 0],
    ['codeless', '_OTHER', 0],
    ['ws', '_OTHER', 0],
    ['http', '409', 0],
    ['http later', 'BAD', 0],
    ['internal', 'INTERNAL_ERROR', 1],
    ['internal later', 'INTERNAL_ERROR', 1],
    ['nothing', 'INTERNAL_ERROR', 1],
    ['stream', 'INTERNAL_ERROR', 1],
    ['unsendable', 'INTERNAL_ERROR', 1],
    ['guarded', '403', 0],
    ['parsed', '400', 0],
  ] as const)('has the status of its ack: %s', async (name, type, exceptions) => {
    const { find, collect } = observe();
    const { url } = await startApp([ChatGateway], { onError: () => {} });
    const client = await connectClient(`${url}/chat`);
    await client.emitWithAck(name, 'x');
    const { status, attributes, events } = find(`/chat/${name}`);
    expect(status.code).toBe(type === undefined ? SpanStatusCode.UNSET : SpanStatusCode.ERROR);
    expect(attributes['error.type']).toBe(type);
    expect(events).toHaveLength(exceptions);
    const calls = (await collect()).find(({ descriptor }) => descriptor.name === 'rpc.server.call.duration')!;
    expect(calls.dataPoints[0].attributes['error.type']).toBe(type);
  });

  it.each([
    ['what its contract refuses', 'x', 'INVALID_ARGUMENTS'],
    ['an ack that its contract refuses', 0, 'INTERNAL_ERROR'],
  ])('has the status of its ack: %s', async (_name, argument, type) => {
    const { find } = observe();
    const { url } = await startApp([ShopGateway], { onError: () => {} });
    const client = await connectClient(`${url}/shop`);
    await client.emitWithAck('buy', argument);
    const { status, attributes } = find('/shop/buy');
    expect([status.code, attributes['error.type']]).toEqual([SpanStatusCode.ERROR, type]);
  });

  it('links to what is active around it as well, such as the request of a polling client, and stays a root', async () => {
    const { find } = observe();
    const { app, url } = await startApp([ChatGateway]);
    // What an instrumentation of HTTP does with each request.
    const ambient: string[] = [];
    app.get(Websocket).server.engine.use((request, _response, next) => {
      const span = trace.getTracer('http').startSpan('POST');
      ambient.push(span.spanContext().spanId);
      const within = trace.setSpan(context.active(), span);
      context.bind(within, request);
      context.with(within, next);
      span.end();
    });
    const client = await connectClient(`${url}/chat`, { transports: ['polling'] });
    await client.emitWithAck('value');
    const { links, parentSpanContext } = find('/chat/value');
    expect(parentSpanContext).toBeUndefined();
    expect(links).toHaveLength(2);
    expect(links[0].context.spanId).toBe(find('connect /chat').spanContext().spanId);
    expect(ambient).toContain(links[1].context.spanId);
  });

  it('is written once if its handler has not ended when the server has', async () => {
    @Gateway('/chat')
    class EndlessGateway {
      @Ack('never')
      never(): Promise<never> {
        return new Promise(() => {});
      }
    }
    const { spans, find } = observe();
    const { app, url } = await startApp([EndlessGateway], { shutdownTimeout: 100 });
    const client = await connectClient(`${url}/chat`);
    client.emit('never', () => {});
    await until(() => app.get(Websocket).server.openHandles.size === 1);
    await app.close();
    expect(find('/chat/never').status.code).toBe(SpanStatusCode.ERROR);
    expect(find('/chat/never').attributes['error.type']).toBe('SHUTTING_DOWN');
    expect(spans().filter(({ name }) => name === '/chat/never')).toHaveLength(1);
    expect(app.get(Websocket).server.openHandles.size).toBe(0);
  });
});

describe('an instrumentation', () => {
  it('that comes after a server writes spans at once, and metrics once it is handed over', async () => {
    const { app, url } = await startApp([ChatGateway]);
    const client = await connectClient(`${url}/chat`);
    const { instrumentation, find, collect } = observe();
    await client.emitWithAck('value');
    // The CONNECT came before.
    expect(find('/chat/value').links).toEqual([]);
    const sockets = async (): Promise<unknown> => {
      const metrics = await collect();
      return metrics.find(({ descriptor }) => descriptor.name.endsWith('active_sockets'))?.dataPoints.at(-1)?.value;
    };
    expect(await sockets()).toBeUndefined();
    instrumentation.observe(app.get(Websocket).server);
    expect(await sockets()).toBe(1);
  });

  it('that is disabled writes nothing, also of what was under way, and goes on when it is enabled', async () => {
    const { instrumentation, spans, find } = observe();
    const { url } = await startApp([ChatGateway]);
    const client = await connectClient(`${url}/chat`);
    instrumentation.disable();
    const before = spans().length;
    await client.emitWithAck('value');
    expect(spans()).toHaveLength(before);
    instrumentation.enable();
    await client.emitWithAck('value');
    await until(() => find('/chat/value') !== undefined);
  });
});
