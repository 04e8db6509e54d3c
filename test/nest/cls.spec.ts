import { Injectable, UseGuards, UseInterceptors, type CanActivate, type PipeTransform } from '@nestjs/common';
import { ClsGuard, ClsInterceptor, ClsModule, ClsService, UseCls, type ClsModuleOptions } from 'nestjs-cls';
import { Ack, Gateway, MessageBody, OnConnect, OnDisconnect, OnEvent } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { connectClient } from '../support/nest-app.js';
import { until } from '../support/until.js';
import { PLATFORMS, startWith } from './support/start-app.js';

let ids = 0;
let seen: unknown[] = [];
beforeEach(() => {
  ids = 0;
  seen = [];
});

/** What a service deep below a handler would do. */
@Injectable()
class Trace {
  constructor(private readonly cls: ClsService) {}

  get id(): string {
    return this.cls.isActive() ? `request ${this.cls.getId()}` : 'nothing';
  }
}

@Injectable()
class TracingGuard implements CanActivate {
  constructor(private readonly trace: Trace) {}

  canActivate(): boolean {
    seen.push(`guard: ${this.trace.id}`);
    return true;
  }
}

@Injectable()
class TracingPipe implements PipeTransform {
  constructor(private readonly trace: Trace) {}

  transform(value: unknown): unknown {
    seen.push(`pipe: ${this.trace.id}`);
    return value;
  }
}

@Injectable()
abstract class Traced {
  constructor(protected readonly trace: Trace) {}

  protected async handle(): Promise<string> {
    const before = this.trace.id;
    await new Promise((resolve) => setImmediate(resolve));
    return before === this.trace.id ? before : `${before}, then ${this.trace.id}`;
  }
}

@UseGuards(ClsGuard, TracingGuard)
@Gateway()
class GuardedGateway extends Traced {
  @OnConnect()
  async connected(): Promise<void> {
    seen.push(`connect: ${await this.handle()}`);
  }

  @Ack('event')
  event(@MessageBody(TracingPipe) _body: unknown): Promise<string> {
    return this.handle();
  }

  @OnEvent('ack of the client')
  async asks(socket: Socket): Promise<void> {
    await socket.emitWithAck('question');
    seen.push(`after the ack: ${this.trace.id}`);
  }

  @OnEvent('*')
  any(): void {
    seen.push(`any: ${this.trace.id}`);
  }

  @OnDisconnect()
  left(): void {
    seen.push(`disconnect: ${this.trace.id}`);
  }
}

@Gateway()
class InterceptedGateway extends Traced {
  @UseInterceptors(ClsInterceptor)
  @Ack('event')
  event(@MessageBody(TracingPipe) _body: unknown): Promise<string> {
    return this.handle();
  }

  @UseInterceptors(ClsInterceptor)
  @OnDisconnect()
  async left(): Promise<void> {
    seen.push(`disconnect: ${await this.handle()}`);
  }

  @Ack('outside')
  outside(): string {
    return this.trace.id;
  }
}

@Gateway()
class WrappedGateway extends Traced {
  @Ack('event')
  @UseCls({ generateId: true, idGenerator: () => String(ids++) })
  event(): Promise<string> {
    return this.handle();
  }
}

const idGenerator = (): string => String(ids++);
const options: ClsModuleOptions = {
  global: true,
  guard: { generateId: true, idGenerator },
  interceptor: { generateId: true, idGenerator },
};

describe.each(PLATFORMS)('pain 37: the store of nestjs-cls on %s', (platform) => {
  const setup = { platform, imports: [ClsModule.forRoot(options)] };

  it('of its guard reaches guard, pipe, handler, ack and disconnect', async () => {
    const { url } = await startWith({ ...setup, providers: [GuardedGateway, Trace] });
    const client = await connectClient(url);
    client.on('question', (answer: () => void) => answer());
    const event = await client.emitWithAck('event', 'x');
    await client.emitWithAck('ack of the client');
    client.disconnect();
    await until(() => seen.some((line) => String(line).startsWith('disconnect')));
    const lines = seen as string[];
    expect(lines.filter((line) => line.endsWith('nothing'))).toEqual([]);
    expect(event).toMatch(/^request \d+$/);
    expect(lines).toContain(`pipe: ${event}`);
    expect(lines).toContain(`guard: ${event}`);
    // The connection has one, which the guard entered before the reply and the disconnect ends with.
    const connection = lines.find((line) => line.startsWith('connect: '))!.slice('connect: '.length);
    expect(lines).toContain(`disconnect: ${connection}`);
    expect(connection).not.toBe(event);
  });

  it('of its interceptor reaches pipe, handler and disconnect, and no other event', async () => {
    const { url } = await startWith({ ...setup, providers: [InterceptedGateway, Trace] });
    const client = await connectClient(url);
    expect(await Promise.all([client.emitWithAck('event', 'x'), client.emitWithAck('outside')])).toEqual([
      'request 0',
      'nothing',
    ]);
    client.disconnect();
    await until(() => seen.length === 2);
    expect(seen).toEqual(['pipe: request 0', 'disconnect: request 1']);
  });

  it('of its decorator reaches the handler', async () => {
    const { url } = await startWith({ ...setup, providers: [WrappedGateway, Trace] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('event')).toBe('request 0');
    expect(await client.emitWithAck('event')).toBe('request 1');
  });

  it('of its guard, mounted for the whole application, is new for each event', async () => {
    const imports = [ClsModule.forRoot({ ...options, guard: { ...options.guard, mount: true } })];
    const { url } = await startWith({ ...setup, imports, providers: [InterceptedGateway, Trace] });
    const client = await connectClient(url);
    const answers = Promise.all([client.emitWithAck('outside'), client.emitWithAck('outside')]);
    expect(await answers).toEqual(['request 0', 'request 1']);
  });
});
