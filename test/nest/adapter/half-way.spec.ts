/**
 * A second set of observations of projects that are half-way from `@nestjs/platform-socket.io` to this package: each state of
 * a gateway, with each adapter, on both platforms. What works is named as it is observed; what stops the start, by its text.
 */
import { UseGuards, type CanActivate, type INestApplication } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import {
  Ack,
  Gateway,
  OnConnect,
  OnDisconnect,
  OnEvent,
  OnHandshake,
  RateLimit,
  SocketIoAdapter,
  SocketIoException,
} from '../../../src/index.js';
import type { Socket } from '../../../src/server.js';
import { connectClient, createClient, type TestApp } from '../../support/nest-app.js';
import { nextEvent, until } from '../../support/until.js';
import { PLATFORMS, startWith, type Platform } from '../support/start-app.js';
import { startGateways } from './support/start-gateways.js';

/** What serves the project: the module with each adapter that `main.ts` may still set, or an adapter alone. */
type Way = (platform: Platform, providers: readonly (new () => object)[]) => Promise<TestApp>;

class OldSubclass extends IoAdapter {}
class NewSubclass extends SocketIoAdapter {
  override createIOServer(port: number, options?: object) {
    return super.createIOServer(port, options);
  }
}

const withModule =
  (adapter?: (app: INestApplication) => object): Way =>
  (platform, providers) =>
    startWith({
      platform,
      providers: [...providers],
      ...(adapter && { configure: (app) => void app.useWebSocketAdapter(adapter(app) as never) }),
    });

const alone =
  (adapter: (app: INestApplication) => object): Way =>
  (platform, providers) =>
    startGateways({ platform, providers: [...providers], adapter: (app) => adapter(app) as never });

const WAYS: Readonly<Record<string, Way>> = {
  'the module': withModule(),
  'the module, SocketIoAdapter(app) left': withModule((app) => new SocketIoAdapter(app)),
  'the module, SocketIoAdapter(httpServer) left': withModule(
    (app) => new SocketIoAdapter(app.getHttpServer() as object),
  ),
  'the module, a subclass of SocketIoAdapter': withModule((app) => new NewSubclass(app)),
  'the module, IoAdapter left': withModule((app) => new IoAdapter(app)),
  'the module, a subclass of IoAdapter left': withModule((app) => new OldSubclass(app)),
  'SocketIoAdapter(app) alone': alone((app) => new SocketIoAdapter(app)),
  'a subclass of SocketIoAdapter alone': alone((app) => new NewSubclass(app)),
  'SocketIoAdapter(httpServer) alone': alone((app) => new SocketIoAdapter(app.getHttpServer() as object)),
  'IoAdapter alone': alone((app) => new IoAdapter(app)),
};

const DENY: CanActivate = { canActivate: () => false };

/** Each state, made anew for each application, in a namespace of its own: classes of one are none of another's affair. */
const STATES: Readonly<Record<string, (namespace: string) => (new () => object)[]>> = {
  'nothing is migrated': (namespace) => {
    @WebSocketGateway({ namespace })
    class ChatGateway {
      handleConnection(client: Socket): void {
        if (client.handshake.auth.token !== 'ok') client.disconnect();
      }

      @SubscribeMessage('ask')
      ask(): string {
        return 'answer';
      }

      @UseGuards(DENY)
      @SubscribeMessage('secret')
      secret(): string {
        return 'secret';
      }
    }
    return [ChatGateway];
  },
  'the check is migrated, the messages are not': (namespace) => {
    @WebSocketGateway({ namespace })
    class ChatGateway {
      @OnHandshake()
      check(socket: Socket): void {
        withToken(socket);
      }

      @SubscribeMessage('ask')
      ask(): string {
        return 'answer';
      }

      @UseGuards(DENY)
      @SubscribeMessage('secret')
      secret(): string {
        return 'secret';
      }
    }
    return [ChatGateway];
  },
  'the messages are migrated, the class and the check are not': (namespace) => {
    @WebSocketGateway({ namespace })
    class ChatGateway {
      handleConnection(client: Socket): void {
        if (client.handshake.auth.token !== 'ok') client.disconnect();
      }

      @Ack('ask')
      ask(): string {
        return 'answer';
      }

      @UseGuards(DENY)
      @Ack('secret')
      secret(): string {
        return 'secret';
      }
    }
    return [ChatGateway];
  },
  'the class is migrated, nothing in it': (namespace) => {
    @Gateway(namespace)
    class ChatGateway {
      @WebSocketServer() server!: object;

      handleConnection(client: Socket): void {
        if (client.handshake.auth.token !== 'ok') client.disconnect();
      }

      @SubscribeMessage('ask')
      ask(): string {
        return this.server === undefined ? 'no server' : 'answer';
      }

      @UseGuards(DENY)
      @SubscribeMessage('secret')
      secret(): string {
        return 'secret';
      }
    }
    return [ChatGateway];
  },
  'one class is migrated, another one of the namespace is not': (namespace) => {
    @Gateway(namespace)
    class GuardGateway {
      @OnHandshake()
      check(socket: Socket): void {
        withToken(socket);
      }

      @UseGuards(DENY)
      @Ack('secret')
      secret(): string {
        return 'secret';
      }
    }

    @WebSocketGateway({ namespace })
    class ChatGateway {
      @SubscribeMessage('ask')
      ask(): string {
        return 'answer';
      }
    }
    return [GuardGateway, ChatGateway];
  },
  'the decorator of the class was forgotten': () => {
    class ChatGateway {
      @OnHandshake()
      check(socket: Socket): void {
        withToken(socket);
      }

      @Ack('ask')
      ask(): string {
        return 'answer';
      }
    }
    return [ChatGateway];
  },
  'a limit was put on a message': (namespace) => {
    @WebSocketGateway({ namespace })
    class ChatGateway {
      handleConnection(client: Socket): void {
        if (client.handshake.auth.token !== 'ok') client.disconnect();
      }

      @RateLimit({ limit: 100 })
      @SubscribeMessage('ask')
      ask(): string {
        return 'answer';
      }
    }
    return [ChatGateway];
  },
  'hooks of both packages are there': (namespace) => {
    @WebSocketGateway({ namespace })
    class ChatGateway {
      @OnConnect()
      handleConnection(): void {}

      @OnDisconnect()
      left(): void {}

      @OnHandshake()
      check(socket: Socket): void {
        withToken(socket);
      }

      @OnEvent('noted')
      noted(): void {}

      @SubscribeMessage('ask')
      ask(): string {
        return 'answer';
      }
    }
    return [ChatGateway];
  },
  'all is migrated': (namespace) => {
    @Gateway(namespace)
    class ChatGateway {
      @OnHandshake()
      check(socket: Socket): void {
        withToken(socket);
      }

      @Ack('ask')
      ask(): string {
        return 'answer';
      }

      @UseGuards(DENY)
      @Ack('secret')
      secret(): string {
        return 'secret';
      }
    }
    return [ChatGateway];
  },
};

function withToken(socket: Socket): void {
  if (socket.handshake.auth.token !== 'ok') throw new SocketIoException('no token');
}

/** What clients with a token and without one meet with. */
async function observe(address: string): Promise<object> {
  const stranger = createClient(address);
  const fate = new Promise<string>((resolve) => {
    stranger.once('connect_error', ({ message }) => resolve(`refused: ${message}`));
    // Whom the gateway disconnects was connected for a moment, as with IoAdapter.
    stranger.once('connect', () => void settle(stranger).then(resolve));
  });
  stranger.connect();
  const withoutToken = await fate;
  const member = createClient(address, { auth: { token: 'ok' } });
  const decided = Promise.race([nextEvent(member, 'connect'), nextEvent(member, 'connect_error')]);
  member.connect();
  await decided;
  return { withoutToken, ask: await answerOf(member, 'ask'), secret: await answerOf(member, 'secret') };
}

async function settle(client: Awaited<ReturnType<typeof connectClient>>): Promise<string> {
  const gone = until(() => !client.connected, 'it is disconnected', 300).then(
    () => true,
    () => false,
  );
  return (await gone) ? 'disconnected' : `let in, ask: ${await answerOf(client, 'ask')}`;
}

async function answerOf(client: Awaited<ReturnType<typeof connectClient>>, event: string): Promise<unknown> {
  if (!client.connected) return 'not connected';
  const exception = new Promise<string>((resolve) => {
    client.once('exception', ({ message }: { message: string }) => resolve(`exception: ${message}`));
  });
  const ack = client
    .timeout(400)
    .emitWithAck(event)
    .then(
      (value: { message?: string }) => (value?.message === undefined ? value : `error ack: ${value.message}`),
      () => 'no answer',
    );
  return Promise.race([exception, ack]);
}

let made = 0;

describe.each(Object.keys(STATES))('half-way: %s', (state) => {
  it.each(Object.keys(WAYS))('%s', async (way) => {
    const outcomes: Partial<Record<Platform, unknown>> = {};
    for (const platform of PLATFORMS) {
      const namespace = `/chat-${++made}`;
      try {
        const { app, url } = await WAYS[way](platform, STATES[state](namespace));
        outcomes[platform] = await observe(url + namespace);
        await app.close();
      } catch (error) {
        outcomes[platform] = `stops: ${(error as Error).message}`;
      }
      outcomes[platform] = JSON.parse(JSON.stringify(outcomes[platform]).replaceAll(namespace, '/chat'));
    }
    expect(outcomes.express).toEqual(outcomes.fastify);
    expect(outcomes.fastify).toMatchSnapshot();
  });
});
