/** What a subscriber makes active for an operation is active in all of it, and in nothing else. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { tracingChannel } from 'node:diagnostics_channel';
import {
  Catch,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { map } from 'rxjs/operators';
import { OPERATION_NAMES } from '../../src/diagnostics/index.js';
import { Ack, Gateway, MessageBody, OnConnect, OnHandshake } from '../../src/index.js';
import { cleanup } from '../support/cleanup.js';
import { connectClient, startApp } from '../support/nest-app.js';

/** By `bindStore`, as agents do it, and by `enclosure`, as an instrumentation of OpenTelemetry does. */
const bound = new AsyncLocalStorage<{ event?: string; namespace: string }>();
const enclosed = new AsyncLocalStorage<string>();
const seen: [where: string, bound: string | undefined, enclosed: string | undefined][] = [];

function note(where: string): void {
  const operation = bound.getStore();
  seen.push([where, operation?.event ?? operation?.namespace, enclosed.getStore()]);
}

/** Binds and encloses every operation of a name. */
function follow(name: string): void {
  const channel = tracingChannel<unknown, { event?: string; namespace: string; enclosure: unknown }>(name);
  const subscribers = {
    start: (operation: { event?: string; namespace: string; enclosure: unknown }) => {
      operation.enclosure = (run: () => void) => enclosed.run(operation.event ?? operation.namespace, run);
    },
  };
  channel.start.bindStore(bound as never);
  channel.subscribe(subscribers as never);
  cleanup(() => {
    channel.start.unbindStore(bound as never);
    channel.unsubscribe(subscribers as never);
    seen.length = 0;
  });
}

const turn = (): Promise<void> => new Promise(setImmediate);

class Guard implements CanActivate {
  async canActivate(): Promise<boolean> {
    note('guard');
    await turn();
    note('guard later');
    return true;
  }
}

class Pipe implements PipeTransform {
  async transform(value: unknown): Promise<unknown> {
    await turn();
    note('pipe');
    return value;
  }
}

class Interceptor implements NestInterceptor {
  intercept(_context: unknown, next: CallHandler) {
    note('interceptor');
    return next.handle().pipe(
      map((value: unknown) => {
        note('interceptor later');
        return value;
      }),
    );
  }
}

@Catch()
class Filter implements ExceptionFilter {
  async catch(error: unknown): Promise<never> {
    await turn();
    note('filter');
    throw error;
  }
}

@Gateway('/own')
class OwnGateway {
  @OnHandshake()
  async handshake(): Promise<void> {
    note('handshake');
    await turn();
    note('handshake later');
  }

  @OnConnect()
  connected(): void {
    note('connect handler');
  }

  @UseGuards(Guard)
  @UsePipes(Pipe)
  @UseInterceptors(Interceptor)
  @UseFilters(Filter)
  @Ack('all')
  async all(@MessageBody() fails: boolean): Promise<void> {
    note('handler');
    await turn();
    note('handler later');
    if (fails) throw new Error('on purpose');
  }

  @Ack('plain')
  plain(): void {
    note('plain');
  }
}

@WebSocketGateway({ namespace: '/old' })
class OldGateway {
  @UseGuards(Guard)
  @UsePipes(Pipe)
  @UseInterceptors(Interceptor)
  @UseFilters(Filter)
  @SubscribeMessage('all')
  async all(@MessageBody() fails: boolean): Promise<number> {
    note('handler');
    await turn();
    note('handler later');
    if (fails) throw new Error('on purpose');
    return 1;
  }

  @SubscribeMessage('plain')
  plain(): number {
    note('plain');
    return 1;
  }
}

describe.each(['/own', '/old'])('a handler of %s', (namespace) => {
  it('and all before and behind it run in what subscribers made active, and the next event does not', async () => {
    follow(OPERATION_NAMES.handle);
    const { url } = await startApp([OwnGateway, OldGateway], { onError: () => {} });
    const client = await connectClient(`${url}${namespace}`);
    seen.length = 0;
    await client.emitWithAck('all', false);
    const steps = ['guard', 'guard later', 'interceptor', 'pipe', 'handler', 'handler later'];
    expect(seen).toEqual([...steps, 'interceptor later'].map((step) => [step, 'all', 'all']));

    seen.length = 0;
    const failed = client.timeout(1_000).emitWithAck('all', true);
    // One that comes while the other is under way.
    await client.emitWithAck('plain');
    await failed.catch(() => null);
    expect(seen.filter(([step]) => step === 'plain')).toEqual([['plain', 'plain', 'plain']]);
    const others = seen.filter(([step]) => step !== 'plain');
    expect(others).toEqual([...steps, 'filter'].map((step) => [step, 'all', 'all']));
  });
});

it('@OnHandshake runs in what subscribers of connect made active; a handler afterwards does not', async () => {
  follow(OPERATION_NAMES.connect);
  const { url } = await startApp([OwnGateway]);
  const client = await connectClient(`${url}/own`);
  await client.emitWithAck('plain');
  expect(seen.filter(([step]) => step.startsWith('handshake'))).toEqual([
    ['handshake', '/own', '/own'],
    ['handshake later', '/own', '/own'],
  ]);
  expect(seen.at(-1)).toEqual(['plain', undefined, undefined]);
});
