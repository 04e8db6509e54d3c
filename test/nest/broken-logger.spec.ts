/** A logger is foreign code: whatever it does, the application starts, answers and ends as with any other. */
import { Logger, UseGuards, type LoggerService } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { of, type Observable } from 'rxjs';
import { Ack, Gateway, OnDisconnect, OnEvent, OnShutdown, SocketIoAdapter, SocketIoModule } from '../../src/index.js';
import { cleanup } from '../support/cleanup.js';
import { connectClient, createClient, type TestApp } from '../support/nest-app.js';
import { nextEvent, within } from '../support/until.js';
import { surfacing, watchSurprises } from './adapter/support/surprises.js';
import { startGateways } from './adapter/support/start-gateways.js';
import { startWith } from './support/start-app.js';

const { jest } = import.meta;

// A logger that returns a promise is lost in the `Logger` of Nest, which hands it to no one.
const FAULTS: Readonly<Record<string, () => unknown>> = {
  throws: () => {
    throw new Error('logger is down');
  },
  'throws nothing at all': () => {
    throw undefined;
  },
};

/** Only what this package logs meets with it: Nest itself does not start with a broken logger. */
function breakLogger(fault: () => unknown): string[] {
  const met: string[] = [];
  const write =
    (level: string) =>
    (_message: unknown, ...more: unknown[]): unknown => {
      if (more.at(-1) !== 'SocketIo') return undefined;
      met.push(level);
      return fault();
    };
  const broken = { log: write('log'), warn: write('warn'), error: write('error') } as LoggerService;
  Logger.overrideLogger(broken);
  cleanup(() => Logger.overrideLogger(false));
  return met;
}

/** An error that cannot even be looked at. */
class UnprintableError extends Error {
  [Symbol.for('nodejs.util.inspect.custom')](): never {
    throw new Error('not to be looked at');
  }
}

@Gateway('/own')
class OwnGateway {
  @Ack('fails')
  fails(): void {
    throw new Error('handler');
  }

  @Ack('unprintable')
  unprintable(): void {
    throw new UnprintableError('handler');
  }

  @OnEvent('stream')
  stream(): Observable<number> {
    return of(1);
  }

  @Ack('works')
  works(): string {
    return 'answer';
  }

  @OnDisconnect()
  left(): void {
    throw new Error('left');
  }

  @OnShutdown()
  goodbye(): void {
    throw new Error('goodbye');
  }
}

@WebSocketGateway({ namespace: '/own' })
class OldGateway {
  // Not asked with `IoAdapter`, of which the start warns.
  @UseGuards({ canActivate: () => true })
  handleConnection(): void {}

  @SubscribeMessage('fails')
  fails(): void {
    throw new Error('handler');
  }

  @SubscribeMessage('unprintable')
  unprintable(): void {
    throw new UnprintableError('handler');
  }

  @SubscribeMessage('stream')
  stream(): Observable<number> {
    return of(1);
  }

  @SubscribeMessage('works')
  works(): string {
    return 'answer';
  }
}

/** How the application is served, and what it logs when it starts. */
const WAYS: Readonly<Record<string, [start: (breakIt: () => void) => Promise<TestApp>, logged: string[]]>> = {
  'the module': [(breakIt) => startWith({ providers: [OwnGateway], configure: breakIt }), ['log', 'log']],
  'the module, a gateway of Nest': [
    (breakIt) => startWith({ providers: [OldGateway], configure: breakIt }),
    ['warn', 'log', 'log'],
  ],
  'SocketIoAdapter(app)': [(breakIt) => startGateways({ providers: [OldGateway], configure: breakIt }), ['warn']],
  'SocketIoAdapter(httpServer)': [
    (breakIt) =>
      startGateways({
        providers: [OldGateway],
        configure: breakIt,
        adapter: (app) => new SocketIoAdapter(app.getHttpServer() as object),
      }),
    ['warn'],
  ],
};

@Gateway('/stray')
class StrayGateway {
  @Ack('stray')
  stray(): void {}
}

const CASES = Object.keys(WAYS).flatMap((way) => Object.keys(FAULTS).map((fault) => [way, fault] as const));

describe('a logger that fails', () => {
  it.each(CASES)('harms no start, no event and no end: %s, %s', async (way, fault) => {
    expect(StrayGateway).toBeDefined();
    const printed = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    cleanup(() => printed.mockRestore());
    const surprises = watchSurprises();
    let met: string[] = [];
    const [start, logged] = WAYS[way];
    const { app, url } = await start(() => void (met = breakLogger(FAULTS[fault])));
    expect(met).toEqual(logged);

    const client = await connectClient(`${url}/own`);
    const answers = [client.emitWithAck('works'), client.timeout(2000).emitWithAck('works')];
    for (const event of ['fails', 'unprintable', 'stream', 'unknown']) client.emit(event);
    expect(await Promise.all(answers)).toEqual(['answer', 'answer']);
    const stranger = createClient(`${url}/unknown`);
    stranger.connect();
    await nextEvent(stranger, 'connect_error');
    expect(await client.emitWithAck('works')).toBe('answer');
    // At least of the two names that are not there; without the application, Nest logs the errors.
    expect(met.length).toBeGreaterThanOrEqual(logged.length + 2);

    await within(app.close(), 'the application ends');
    await surfacing();
    expect(surprises).toEqual([]);
    expect(printed).toHaveBeenCalled();
  });

  it('harms no route of AsyncAPI, whose guard fails', async () => {
    const printed = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    cleanup(() => printed.mockRestore());
    const guard = {
      canActivate: () => {
        throw new Error('guard');
      },
    };
    const { url } = await startWith({
      configure: (app) => {
        SocketIoModule.asyncApi(app, { guard, info: { title: 'x', version: '1' } });
        breakLogger(FAULTS.throws);
      },
    });
    expect((await fetch(`${url}/asyncapi`)).status).toBe(500);
  });
});
