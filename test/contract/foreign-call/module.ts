/** The rows of what only the Nest module is handed, and how they are driven. */
import { Injectable, type CanActivate, type LoggerService, type Type } from '@nestjs/common';
import { Ack, Gateway, OnEvent, RateLimit, type SocketIoModuleOptions, type Websocket } from '../../../src/index.js';
import { RecoveringAdapter } from '../../../src/socketio/recovery/recovering-adapter.js';
import { startWith } from '../../nest/support/start-app.js';
import { openClient, type ClientSocket } from '../../support/official-client.js';
import { until, within } from '../../support/until.js';
import { LIMIT, PATIENCE, askOf, isLetIn, isServed } from './drive.js';
import { Foreign, type Way } from './ways.js';

interface ModuleBorder {
  options?(foreign: Foreign): SocketIoModuleOptions;
  key?(foreign: Foreign): () => string;
  logger?(foreign: Foreign): LoggerService;
  without?: readonly Way[];
}

export const MODULE: Readonly<Record<string, ModuleBorder>> = {
  'connectGuards[]': {
    options: (foreign) => {
      class Guard {
        canActivate(): boolean {
          return true;
        }
      }
      return { connectGuards: [foreign.constructorOf(Guard) as unknown as Type<CanActivate>] };
    },
    // Made once, at the start, which it stops.
    without: ['throws', 'rejects', 'never answers', 'answers twice', 'calls back from inside'],
  },
  'connectGuards[].canActivate': {
    options: (foreign) => ({ connectGuards: [{ canActivate: foreign.function(() => true) as () => boolean }] }),
    without: ['answers twice'],
  },
  errorAck: {
    options: (foreign) => ({ errorAck: foreign.function(() => ({ own: true })) }),
    without: ['answers twice'],
  },
  'ledger.adapter': {
    options: (foreign) => ({
      ledger: {
        adapter: foreign.constructorOf(RecoveringAdapter as never) as never,
        connectionStateRecovery: {},
      },
    }),
    without: ['rejects', 'never answers', 'answers twice'],
  },
  '@RateLimit.key': {
    key: (foreign) => foreign.function(() => 'everyone') as () => string,
    without: ['answers twice'],
  },
};

/** What types do not say: the logger of the application is its own. */
export const LOGGER: ModuleBorder = {
  logger: (foreign) => {
    const log = foreign.function(() => {});
    return { log, error: log, warn: log };
  },
  // Nest's Logger drops what that of the application returns, with its own lines as with ours.
  without: ['rejects', 'answers twice'],
};

/** As `drive`, through an application. */
export async function driveModule(border: ModuleBorder, way: Way): Promise<void> {
  const inside: Websocket[] = [];
  const foreign = new Foreign(way, () => {
    for (const websocket of inside) {
      websocket.emit('inside');
      void websocket.disconnectSockets(true);
    }
  });
  const { app, url, websocket } = await startWith({
    options: { connectTimeout: LIMIT, ackTimeout: LIMIT, shutdownTimeout: LIMIT, ...border.options?.(foreign) },
    providers: [...gatewaysWith(border.key?.(foreign) ?? (() => 'key'))],
    configure: (made) => made.useLogger(border.logger?.(foreign) ?? false),
  });
  inside.push(websocket);
  foreign.arm();

  const client = openClient(url);
  if (await isLetIn(client)) {
    for (const event of ['echo', 'failing', 'failing-later', 'limited', 'unheard']) await isSettled(client, event);
    client.emit('failing');
    client.emit('silently-failing');
    const room = client.io.socket('/room-1');
    await Promise.race([isLetIn(room), new Promise((resolve) => client.once('disconnect', resolve))]);
    room.disconnect();
  }
  client.disconnect();
  client.io.engine.close();

  await until(() => foreign.calls > 0, 'the border is called', PATIENCE);
  await until(() => websocket.stats().sessions.now === 0, 'nothing is left', PATIENCE);
  expect(websocket.stats()).toMatchObject({ sockets: { now: 0 }, pendingAcks: 0 });
  foreign.heal();
  await isServed(url);
  await within(app.close(), 'the application to close', PATIENCE);
}

function gatewaysWith(key: () => string): Type[] {
  @Injectable()
  class Handlers {
    @Ack('echo') echo(_socket: unknown, value: unknown): unknown {
      return value;
    }

    @Ack('failing') fail(): never {
      throw new Error('of a handler');
    }

    @Ack('failing-later') failLater(): Promise<never> {
      return Promise.reject(new Error('of a handler'));
    }

    @OnEvent('silently-failing') failSilently(): never {
      throw new Error('of a handler');
    }

    @RateLimit({ limit: 10, key }) @Ack('limited') limited(): number {
      return 1;
    }
  }

  @Gateway(/^\/room-\d+$/)
  class Rooms {
    @Ack('echo') echo(): number {
      return 1;
    }
  }

  return [Handlers, Rooms];
}

/** An ack that was asked for comes, or the client is cut off. */
function isSettled(client: ClientSocket, event: string): Promise<unknown> {
  return within(askOf(client, event, 1), `the ack of "${event}"`, PATIENCE);
}
