/** An adapter that knows only an HTTP server, or that overrides how clients are bound: Nest runs the gateways. */
import type { INestApplication, WsMessageHandler } from '@nestjs/common';
import * as websockets from '@nestjs/websockets';
import { MessageBody, SubscribeMessage, WebSocketGateway, WebSocketServer, WsException } from '@nestjs/websockets';
import { from, interval, type Observable } from 'rxjs';
import { finalize, map } from 'rxjs/operators';
import { Ack, SocketIoAdapter } from '../../../src/index.js';
import type { Server, Socket } from '../../../src/server.js';
import { cleanup } from '../../support/cleanup.js';
import { connectClient } from '../../support/nest-app.js';
import { nextEvent, until, within } from '../../support/until.js';
import { PLATFORMS } from '../support/start-app.js';
import { failureOf, startGateways } from './support/start-gateways.js';
import { freePort } from '../../support/free-port.mjs';

class CountingAdapter extends SocketIoAdapter {
  bound = 0;

  override bindMessageHandlers(
    client: Socket,
    handlers: WsMessageHandler[],
    transform: (data: unknown) => Observable<unknown>,
  ): void {
    this.bound++;
    super.bindMessageHandlers(client, handlers, transform);
  }
}

const ADAPTERS: Record<string, (app: INestApplication) => SocketIoAdapter> = {
  'an HTTP server': (app) => new SocketIoAdapter(app.getHttpServer() as object),
  'a subclass that binds by itself': (app) => new CountingAdapter(app),
};

describe.each(PLATFORMS)('on %s', (platform) => {
  describe.each(Object.entries(ADAPTERS))('%s', (_name, adapter) => {
    it('runs gateways by the rules of IoAdapter', async () => {
      const calls: string[] = [];

      @WebSocketGateway()
      class FirstGateway {
        @WebSocketServer() server!: Server;

        afterInit(server: Server): void {
          calls.push(`init ${server === this.server}`);
        }

        handleConnection(client: Socket): void {
          calls.push(`connection ${client.connected}`);
        }

        handleDisconnect(client: Socket): void {
          calls.push(`disconnect ${client.connected}`);
        }

        @SubscribeMessage('echo')
        echo(@MessageBody() body: unknown): unknown {
          return body;
        }

        @SubscribeMessage('stream')
        stream(): unknown {
          return from([1, 2]).pipe(map((data) => ({ event: 'number', data })));
        }

        @SubscribeMessage('fail')
        fail(): void {
          throw new WsException('no');
        }

        @SubscribeMessage('manual')
        manual(@Ack() ack: ((...args: unknown[]) => void) | null): string {
          ack?.('by', 'hand');
          return 'returned';
        }

        @SubscribeMessage('both')
        both(): void {}
      }

      @WebSocketGateway()
      class SecondGateway {
        @SubscribeMessage('both')
        both(): string {
          return 'second';
        }
      }

      @WebSocketGateway({ namespace: /^\/dyn/ })
      class PatternGateway {
        @SubscribeMessage('ask')
        ask(): string {
          return 'pattern';
        }
      }

      @WebSocketGateway({ namespace: /^\/dyn/ })
      class SecondPatternGateway {
        @SubscribeMessage('ask the second')
        ask(): string {
          return 'second pattern';
        }
      }
      const providers = [FirstGateway, SecondGateway, PatternGateway, SecondPatternGateway];
      const { url } = await startGateways({ platform, adapter, providers });
      const client = await connectClient(url, { transports: ['polling', 'websocket'] });
      const numbers: unknown[] = [];
      client.on('number', (number) => numbers.push(number));
      const exception = nextEvent(client, 'exception');
      client.emit('stream');
      client.emit('fail', 1);
      expect(await client.emitWithAck('echo', 7)).toBe(7);
      expect(await client.emitWithAck('echo', 1, 2)).toEqual([1, 2]);
      expect(await client.emitWithAck('both')).toBe('second');
      const manual = await new Promise((resolve) => client.emit('manual', (...args: unknown[]) => resolve(args)));
      // The first versions of Nest 11 know no such parameter.
      expect(manual).toEqual('Ack' in websockets ? ['by', 'hand'] : ['returned']);
      expect(await exception).toEqual([{ status: 'error', message: 'no', cause: { pattern: 'fail', data: 1 } }]);
      expect(numbers).toEqual([1, 2]);
      const dynamic = await connectClient(`${url}/dyn-1`);
      expect(await dynamic.emitWithAck('ask')).toBe('pattern');
      expect(await dynamic.emitWithAck('ask the second')).toBe('second pattern');
      client.disconnect();
      await until(() => calls.length === 3, 'the end was told');
      expect(calls).toEqual(['init true', 'connection true', 'disconnect false']);
    });

    it('ends Observables with their client, and itself without waiting for clients', async () => {
      let subscribers = 0;

      @WebSocketGateway()
      class TickGateway {
        @SubscribeMessage('tick')
        tick(): unknown {
          subscribers++;
          const ticks = interval(1).pipe(map((data) => ({ event: 'tick', data })));
          return ticks.pipe(finalize(() => subscribers--));
        }
      }
      const { app, url } = await startGateways({ platform, adapter, providers: [TickGateway] });
      const [one, two] = [await connectClient(url), await connectClient(url)];
      one.emit('tick');
      await nextEvent(one, 'tick');
      one.disconnect();
      await until(() => subscribers === 0, 'nobody subscribes');
      const disconnect = nextEvent(two, 'disconnect');
      await within(app.close(), 'the application');
      expect((await disconnect)[0]).toBe('transport close');
    });
  });
});

describe('an adapter of an HTTP server', () => {
  it('gives gateways ports of their own', async () => {
    const port = await freePort();

    @WebSocketGateway(port)
    class PortGateway {
      @SubscribeMessage('ask')
      ask(): string {
        return 'port';
      }
    }
    await startGateways({ adapter: () => new SocketIoAdapter(), providers: [PortGateway] });
    const client = await connectClient(`http://127.0.0.1:${port}`);
    expect(await client.emitWithAck('ask')).toBe('port');
  });

  it('says what it needs where it knows none', async () => {
    @WebSocketGateway()
    class PlainGateway {}
    const failure = await failureOf({ adapter: () => new SocketIoAdapter(), providers: [PlainGateway] });
    expect(failure.message).toContain('new SocketIoAdapter(app)');
  });
});

describe('50 gateways that Nest runs', () => {
  it.each(Object.entries(ADAPTERS))('bring no warning about listeners: %s', async (_name, adapter) => {
    const warnings: unknown[] = [];
    const note = (warning: unknown): void => void warnings.push(warning);
    process.on('warning', note);
    cleanup(() => process.off('warning', note));
    const gateways = Array.from({ length: 50 }, (_, index) => {
      @WebSocketGateway()
      class ManyGateway {
        handleDisconnect(): void {}

        @SubscribeMessage(`ask ${index}`)
        ask(): number {
          return index;
        }
      }
      return ManyGateway;
    });
    const { url } = await startGateways({ adapter, providers: gateways });
    const client = await connectClient(url);
    expect(await client.emitWithAck('ask 49')).toBe(49);
    expect(warnings).toEqual([]);
  });
});
