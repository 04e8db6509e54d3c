/** What cannot be relied on with `IoAdapter`, since it ends the process or is not there, is right without being asked for. */
import type { EventEmitter } from 'node:events';
import { Catch, Logger, UseFilters, type ArgumentsHost, type ExceptionFilter, type Type } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway, WebSocketServer, WsException } from '@nestjs/websockets';
import type { Namespace, Server, Socket } from '../../../src/server.js';
import { cleanup } from '../../support/cleanup.js';
import { collectGarbage } from '../../support/garbage.js';
import { connectClient, createClient } from '../../support/nest-app.js';
import { UNREADABLE } from '../../support/unreadable.js';
import { nextEvent, until } from '../../support/until.js';
import { PLATFORMS } from '../support/start-app.js';
import { startGateways } from './support/start-gateways.js';
import { surfacing, watchSurprises } from './support/surprises.js';

const { jest } = import.meta;

/** What was logged as an error. */
function watchLog(): unknown[] {
  const logged: unknown[] = [];
  const error = jest.spyOn(Logger.prototype, 'error').mockImplementation((message: unknown) => {
    const lines = String(message).split('\n');
    // Above the error stands where it comes from.
    logged.push(lines.find((line) => /^\w*Error: /.test(line)) ?? lines[0]);
  });
  cleanup(() => error.mockRestore());
  return logged;
}

describe.each(PLATFORMS)('pain 5: a hook of a gateway on %s', (platform) => {
  it.each(['throws', 'rejects'] as const)('%s, and the process and everybody else go on', async (way) => {
    const surprises = watchSurprises();
    const logged = watchLog();
    const fail = (hook: string): Promise<void> => {
      if (way === 'throws') throw new Error(`${hook} failed`);
      return Promise.reject(new Error(`${hook} failed`));
    };

    @WebSocketGateway()
    class FailingGateway {
      afterInit(): Promise<void> {
        return fail('afterInit');
      }

      handleConnection(): Promise<void> {
        return fail('handleConnection');
      }

      handleDisconnect(): Promise<void> {
        return fail('handleDisconnect');
      }
    }

    @WebSocketGateway()
    class OtherGateway {
      @SubscribeMessage('ask')
      ask(): string {
        return 'answer';
      }
    }
    const { url } = await startGateways({ platform, providers: [FailingGateway, OtherGateway] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('ask')).toBe('answer');
    client.disconnect();
    await until(() => logged.length === 3, 'three errors were reported');
    await surfacing();
    expect(logged).toEqual([
      'Error: afterInit failed',
      'Error: handleConnection failed',
      'Error: handleDisconnect failed',
    ]);
    expect(surprises).toEqual([]);
  });
});

describe('pain 5: an error of handleConnection', () => {
  it.each(['throws', 'rejects'])('reaches the client: it %s', async (way) => {
    @WebSocketGateway()
    class RejectingGateway {
      handleConnection(): Promise<void> {
        if (way === 'throws') throw new WsException('Unauthorized');
        return Promise.reject(new WsException('Unauthorized'));
      }
    }
    const { url } = await startGateways({ providers: [RejectingGateway] });
    const client = createClient(url);
    const exception = nextEvent(client, 'exception');
    client.connect();
    expect(await exception).toEqual([
      { status: 'error', message: 'Unauthorized', cause: { pattern: 'handleConnection' } },
    ]);
  });

  it('reaches a filter of the class', async () => {
    const logged = watchLog();

    @Catch()
    class TellingFilter implements ExceptionFilter {
      catch(exception: Error, host: ArgumentsHost): void {
        host.switchToWs().getClient<Socket>().emit('refused', exception.message);
      }
    }

    @UseFilters(TellingFilter)
    @WebSocketGateway()
    class FailingGateway {
      async handleConnection(): Promise<void> {
        await surfacing();
        throw new Error('no room');
      }
    }
    const { url } = await startGateways({ providers: [FailingGateway] });
    const client = await connectClient(url);
    expect(await nextEvent(client, 'refused')).toEqual(['no room']);
    expect(logged).toEqual([]);
  });
});

describe('an error of a message', () => {
  it('that a filter throws once more is reported, and the event goes on to work', async () => {
    const surprises = watchSurprises();
    const logged = watchLog();

    @Catch()
    class RethrowingFilter implements ExceptionFilter {
      catch(exception: Error): void {
        throw exception;
      }
    }

    @WebSocketGateway()
    class FailingGateway {
      #calls = 0;

      @UseFilters(RethrowingFilter)
      @SubscribeMessage('fail once')
      failOnce(): number {
        if (++this.#calls === 1) throw new Error('once');
        return this.#calls;
      }
    }
    const { url } = await startGateways({ providers: [FailingGateway] });
    const client = await connectClient(url);
    const told = nextEvent(client, 'exception');
    client.emit('fail once');
    expect(await client.emitWithAck('fail once')).toBe(2);
    await surfacing();
    expect([logged, surprises]).toEqual([['Error: once'], []]);
    expect(await told).toEqual([
      { status: 'error', message: 'Internal server error', cause: { pattern: 'fail once' } },
    ]);
  });

  it.each<[string, Error, string, unknown[]]>([
    [
      'a fault of its own is told as without the filter',
      new TypeError('no response'),
      'for clients',
      ['TypeError: no response', expect.stringMatching(/^FailingGateway\.fail\(\) failed/)],
    ],
    ['an error for clients is told instead', new WsException('instead'), 'instead', []],
  ])('for which a filter throws %s', async (_what, thrown, message, lines) => {
    const surprises = watchSurprises();
    const logged = watchLog();

    @Catch()
    class ThrowingFilter implements ExceptionFilter {
      async catch(): Promise<void> {
        await surfacing();
        throw thrown;
      }
    }

    @WebSocketGateway()
    class FailingGateway {
      @UseFilters(ThrowingFilter)
      @SubscribeMessage('fail')
      fail(): void {
        throw new WsException('for clients');
      }
    }
    const { url } = await startGateways({ providers: [FailingGateway] });
    const client = await connectClient(url);
    const told = nextEvent(client, 'exception');
    client.emit('fail');
    expect((await told)[0]).toMatchObject({ message });
    expect([logged.map((line) => String(line).split('\n')[0]), surprises]).toEqual([lines, []]);
  });

  it('in what it returned to be sent is reported', async () => {
    const surprises = watchSurprises();
    const logged = watchLog();

    @WebSocketGateway()
    class UnsendableGateway {
      @SubscribeMessage('cycle')
      cycle(): unknown {
        const cycle: { self?: unknown } = {};
        cycle.self = cycle;
        return { event: 'answer', data: cycle };
      }

      @SubscribeMessage('reserved')
      reserved(): unknown {
        return { event: 'connect', data: 1 };
      }

      @SubscribeMessage('ask')
      ask(): string {
        return 'answer';
      }
    }
    const { url } = await startGateways({ providers: [UnsendableGateway] });
    const client = await connectClient(url);
    client.emit('cycle');
    client.emit('reserved');
    expect(await client.emitWithAck('ask')).toBe('answer');
    await surfacing();
    expect(logged).toHaveLength(2);
    expect(surprises).toEqual([]);
  });
});

function createGateway(index: number, namespace?: RegExp): Type {
  @WebSocketGateway(namespace === undefined ? {} : { namespace })
  class ManyGateway {
    @WebSocketServer() server!: Server;

    handleConnection(): void {}

    handleDisconnect(): void {}

    @SubscribeMessage(`ask ${index}`)
    ask(): number {
      return index;
    }

    @SubscribeMessage('all')
    all(): void {}
  }
  return ManyGateway;
}

/** Listeners of each event that has some. */
function listenersOf(emitter: EventEmitter): Record<string, number> {
  return Object.fromEntries(emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]));
}

describe('pain 7: 50 gateways', () => {
  it.each([undefined, /^\/dyn$/])('register nothing on a socket or its namespace (%s)', async (namespace) => {
    const warnings: unknown[] = [];
    const onWarning = (warning: unknown): void => void warnings.push(warning);
    process.on('warning', onWarning);
    cleanup(() => process.off('warning', onWarning));
    const gateways = Array.from({ length: 50 }, (_, i) => createGateway(i, namespace));
    const { app, url } = await startGateways({ providers: gateways });
    const client = await connectClient(namespace === undefined ? url : `${url}/dyn`);
    expect(await client.emitWithAck('ask 49')).toBe(49);
    const { server } = app.get(gateways[0]) as { server: Server | Namespace };
    const main =
      'sockets' in server && server.sockets instanceof Map ? (server as Namespace).server : (server as Server);
    const space = main.of(namespace === undefined ? '/' : '/dyn');
    const [socket] = space.sockets.values();
    expect(listenersOf(socket as unknown as EventEmitter)).toEqual({});
    expect(listenersOf(space)).toEqual({});
    await surfacing();
    expect(warnings).toEqual([]);
  });

  it('keep nothing of a client that is gone', async () => {
    const gateways = Array.from({ length: 50 }, (_, i) => createGateway(i));
    const { app, url } = await startGateways({ providers: gateways });
    const { server } = app.get(gateways[0]) as { server: Server };
    const client = await connectClient(url);
    await client.emitWithAck('ask 1');
    const [left] = [...server.sockets.sockets.values()].map((socket) => new WeakRef(socket));
    client.disconnect();
    await until(() => server.engine.clientsCount === 0, 'the client is gone');
    await collectGarbage(
      () => left.deref() === undefined,
      () => 'a socket',
    );
  });
});

describe('an exception of a gateway that fails to say what it is', () => {
  const MUTE: [string, () => unknown][] = [
    ...UNREADABLE,
    ['getError throws', () => Object.assign(new Error('x'), { getError: () => JSON.parse('') as never })],
    ['getError rejects', () => Object.assign(new Error('x'), { getError: () => Promise.reject(new Error('secret')) })],
  ];

  it.each(MUTE)('ends nothing, if its %s', async (_what, make) => {
    @WebSocketGateway()
    class Failing {
      @SubscribeMessage('fail')
      fail(): never {
        throw make();
      }

      @SubscribeMessage('work')
      work(): number {
        return 1;
      }
    }
    const { url } = await startGateways({ providers: [Failing] });
    const client = await connectClient(url);
    client.emit('fail');
    expect(await client.timeout(1_000).emitWithAck('work')).toBe(1);
  });
});
