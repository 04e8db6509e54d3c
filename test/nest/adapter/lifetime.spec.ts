/** When an adapter may come, whom it serves, and in which order the application starts and ends around it. */
import {
  Inject,
  Injectable,
  type INestApplication,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type WebSocketAdapter,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { BindingError, SocketIoAdapter, Websocket } from '../../../src/index.js';
import type { Socket } from '../../../src/server.js';
import { cleanup } from '../../support/cleanup.js';
import { collectGarbage } from '../../support/garbage.js';
import { connectClient, createClient } from '../../support/nest-app.js';
import { nextEvent, until } from '../../support/until.js';
import { createApp, failureOf as failureWithModule, onlySocket, startWith } from '../support/start-app.js';
import { failureOf, startGateways } from './support/start-gateways.js';
import { freePort } from '../../support/free-port.mjs';

@WebSocketGateway()
class AskGateway {
  @SubscribeMessage('ask')
  ask(): string {
    return 'answer';
  }
}

describe('an adapter', () => {
  it('that serves an application is not taken by another one', async () => {
    let adapter!: SocketIoAdapter;
    const { url } = await startGateways({
      providers: [AskGateway],
      adapter: (app) => (adapter = new SocketIoAdapter(app)),
    });
    const failure = await failureOf({ providers: [AskGateway], adapter: () => adapter });
    expect(failure).toBeInstanceOf(BindingError);
    expect(failure.message).toContain('This SocketIoAdapter already serves an application');
    expect(await (await connectClient(url)).emitWithAck('ask')).toBe('answer');
  });

  it('that serves one with the module is not taken by another one', async () => {
    const adapter = new SocketIoAdapter();
    await startWith({ providers: [AskGateway], configure: (app) => void app.useWebSocketAdapter(adapter) });
    const failure = await failureWithModule({
      providers: [AskGateway],
      configure: (app) => void app.useWebSocketAdapter(adapter),
    });
    expect(failure.message).toContain('This SocketIoAdapter already serves an application');
  });

  it.each<[string, (app: INestApplication) => WebSocketAdapter]>([
    ['of this package', () => new SocketIoAdapter()],
    ['of Nest', (app) => new IoAdapter(app)],
  ])('that comes after the start of an application with the module is refused: one %s', async (_name, adapter) => {
    for (const providers of [[AskGateway], []]) {
      const app = await createApp({ providers });
      await app.init();
      expect(() => app.useWebSocketAdapter(adapter(app))).toThrow(
        'useWebSocketAdapter() comes too late: the application keeps the adapter that it had when it was initialized. ' +
          'Call it before init() and listen().',
      );
    }
  });

  it('that is made after the start of an application without the module is refused as well', async () => {
    const { app } = await startGateways({ providers: [AskGateway], adapter: (app) => new IoAdapter(app) });
    expect(() => new SocketIoAdapter(app)).toThrow(/^SocketIoAdapter comes too late: /);
  });
});

describe('the application of an adapter without the module', () => {
  it('opens once all of its own providers have started, those of the root module too', async () => {
    const port = await freePort();
    const seen: unknown[] = [];

    @WebSocketGateway(port)
    class PortGateway implements OnApplicationBootstrap {
      async onApplicationBootstrap(): Promise<void> {
        for (let i = 0; i < 2; i++) {
          const client = createClient(`http://127.0.0.1:${port}`);
          client.connect();
          const [error] = await Promise.race([nextEvent(client, 'connect_error'), nextEvent(client, 'connect')]);
          seen.push((error as Error | undefined)?.message);
        }
      }
    }
    await startGateways({ providers: [PortGateway] });
    expect(seen).toEqual(['websocket error', 'websocket error']);
    await connectClient(`http://127.0.0.1:${port}`);
  });

  it("with serveUntil: 'onModuleDestroy' ends messages in flight before anything is destroyed, providers of the root module too", async () => {
    const order: string[] = [];
    let finish!: () => void;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    let begin!: () => void;
    const begun = new Promise<void>((resolve) => (begin = resolve));

    @Injectable()
    class Database implements OnModuleDestroy {
      onModuleDestroy(): void {
        order.push('destroyed');
      }
    }

    @WebSocketGateway()
    class WorkingGateway {
      @SubscribeMessage('work')
      async work(): Promise<string> {
        begin();
        await finished;
        order.push('done');
        return 'done';
      }
    }
    const { app, url } = await startGateways({
      providers: [Database, WorkingGateway],
      options: { serveUntil: 'onModuleDestroy' },
    });
    const client = await connectClient(url);
    const answer = client.emitWithAck('work');
    await begun;
    const closed = app.close();
    await new Promise((resolve) => setImmediate(resolve));
    finish();
    expect(await answer).toBe('done');
    await closed;
    expect(order).toEqual(['done', 'destroyed']);
  });
});

describe('a namespace', () => {
  it.each(['with', 'without'])(
    'is one, whether its gateways write the slash in front or not: %s the module',
    async (way) => {
      @WebSocketGateway({ namespace: 'chat' })
      class BareGateway {
        @SubscribeMessage('bare')
        bare(): string {
          return 'bare';
        }
      }

      @WebSocketGateway({ namespace: '/chat' })
      class SlashGateway {
        @SubscribeMessage('slash')
        slash(): string {
          return 'slash';
        }
      }
      const providers = [BareGateway, SlashGateway];
      const { url } = await (way === 'with' ? startWith({ providers }) : startGateways({ providers }));
      const client = await connectClient(`${url}/chat`);
      expect([await client.emitWithAck('bare'), await client.emitWithAck('slash')]).toEqual(['bare', 'slash']);
    },
  );
});

describe('a gateway with a scope, beside the module', () => {
  it('is let go of when its socket is gone, also where somebody keeps the socket', async () => {
    const made: WeakRef<object>[] = [];

    @WebSocketGateway()
    class ScopedGateway {
      constructor(@Inject(REQUEST) readonly socket: Socket) {
        made.push(new WeakRef(this));
      }

      @SubscribeMessage('ask')
      ask(): string {
        return this.socket.id;
      }
    }
    const { app, url } = await startWith({ providers: [ScopedGateway] });
    const websocket = app.get(Websocket);
    const client = await connectClient(url);
    expect(await client.emitWithAck('ask')).toBe(client.id);
    const kept = await onlySocket(websocket);
    cleanup(() => void kept.id);
    client.disconnect();
    await until(() => !kept.connected, 'the socket is gone');
    await collectGarbage(
      () => made.every((one) => one.deref() === undefined),
      () => 'a gateway',
    );
  });
});
