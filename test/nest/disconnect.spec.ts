import { Catch, Injectable, Logger, UseFilters, type ExceptionFilter, type LoggerService } from '@nestjs/common';
import {
  Ack,
  DisconnectReason,
  Gateway,
  OnClose,
  OnDisconnect,
  OnDisconnecting,
  OnError,
  OnEvent,
  type Websocket,
} from '../../src/index.js';
import type { DisconnectDetails, Socket } from '../../src/server.js';
import { cleanup } from '../support/cleanup.js';
import { connectClient } from '../support/nest-app.js';
import { openSession } from '../support/socketio-client.js';
import { nextEvent, until } from '../support/until.js';
import { PLATFORMS, onlySocket, startWith } from './support/start-app.js';

@Injectable()
class Leaving {
  readonly left: unknown[] = [];
  readonly closed: unknown[] = [];

  @OnDisconnect()
  onDisconnect(socket: Socket, reason: string, details: DisconnectDetails): void {
    this.left.push([reason, details.code, socket.connected]);
  }

  @OnClose()
  onClose(socket: Socket): void {
    this.closed.push(socket.id);
  }
}

/** How a socket ends, with the reason and code that this side sees, and whether this server closed it. */
const CAUSES: [
  cause: string,
  end: (context: { url: string; websocket: Websocket }) => Promise<unknown>,
  reason: string,
  code: string,
  closedByServer: boolean,
][] = [
  [
    'the client disconnects',
    async ({ url }) => (await connectClient(url)).disconnect(),
    'client namespace disconnect',
    'CLIENT_DISCONNECT',
    false,
  ],
  [
    'the client closes its WebSocket',
    async ({ url }) => (await connectClient(url)).io.engine.close(),
    'transport close',
    'TRANSPORT_CLOSED',
    false,
  ],
  [
    'the client ends polling',
    async ({ url }) => (await connectClient(url, { transports: ['polling'] })).io.engine.close(),
    'transport close',
    'PEER_CLOSED',
    false,
  ],
  [
    'the client sends nonsense',
    async ({ url }) => {
      const wire = await joined(url);
      wire.send('4x');
    },
    'parse error',
    'INVALID_PACKET',
    false,
  ],
  ['the client is silent', ({ url }) => joined(url), 'ping timeout', 'PING_TIMEOUT', false],
  [
    'the server disconnects the socket',
    async ({ url, websocket }) => {
      await connectClient(url);
      (await onlySocket(websocket)).disconnect();
    },
    'server namespace disconnect',
    'SERVER_DISCONNECT',
    true,
  ],
  [
    'the server disconnects the whole client',
    async ({ url, websocket }) => {
      await connectClient(url);
      (await onlySocket(websocket)).disconnect(true);
    },
    'server namespace disconnect',
    'SERVER_DISCONNECT',
    true,
  ],
  [
    'the server closes the connection',
    async ({ url, websocket }) => {
      await connectClient(url);
      (await onlySocket(websocket)).conn.close();
    },
    'forced close',
    'SERVER_CLOSED',
    true,
  ],
  [
    'the server shuts down',
    async ({ url, websocket }) => {
      await connectClient(url);
      await websocket.shutdown();
    },
    'server shutting down',
    'SERVER_SHUTDOWN',
    true,
  ],
];

async function joined(url: string): Promise<Awaited<ReturnType<typeof openSession>>> {
  const wire = await openSession(`${url}/socket.io/`);
  wire.send('40');
  await wire.next();
  return wire;
}

function raise(error: Error): never {
  throw error;
}

describe('pain 33: @OnDisconnect', () => {
  it.each(CAUSES)(
    'is told the reason and its details where %s [C6]',
    async (cause, end, reason, code, closedByServer) => {
      const options = cause === 'the client is silent' ? { pingInterval: 20, pingTimeout: 20 } : {};
      const { app, url, websocket } = await startWith({ providers: [Leaving], options });
      await end({ url, websocket });
      const { left, closed } = app.get(Leaving);
      await until(() => left.length > 0, `${cause} was noticed`);
      expect(left).toEqual([[reason, code, false]]);
      expect(closed).toHaveLength(closedByServer ? 1 : 0);
    },
  );

  it.each(PLATFORMS)('takes the reason by a parameter decorator on %s', async (platform) => {
    const reasons: unknown[] = [];
    @Gateway('/chat')
    class Decorated {
      @OnDisconnect()
      left(@DisconnectReason() reason: string): void {
        reasons.push(reason);
      }

      @OnClose()
      closed(@DisconnectReason() reason: string): void {
        reasons.push(`closed: ${reason}`);
      }
    }
    const { url, websocket } = await startWith({ platform, providers: [Decorated] });
    await connectClient(`${url}/chat`, { transports: ['polling'] });
    (await onlySocket(websocket, '/chat')).disconnect();
    expect(reasons).toEqual(['closed: server namespace disconnect', 'server namespace disconnect']);
  });
});

describe('pain 5: an error in a handler that no client waits for', () => {
  @Catch()
  class Filter implements ExceptionFilter {
    catch(error: Error): void {
      handled.push(error.message);
    }
  }

  const handled: string[] = [];

  class Failing {
    @OnDisconnect()
    sync(): void {
      throw new Error('sync');
    }

    @OnDisconnect()
    async async(): Promise<void> {
      throw new Error('async');
    }

    @OnClose()
    close(): void {
      throw new Error('close');
    }
  }

  class Listening {
    readonly errors: unknown[] = [];

    @OnError()
    onError(error: Error, socket: Socket | undefined): void {
      this.errors.push([error.message, socket?.id]);
    }
  }

  it('reaches @OnError with its socket, and none keeps another handler from running', async () => {
    const { app, url, websocket } = await startWith({ providers: [Failing, Listening, Leaving] });
    await connectClient(url);
    const socket = await onlySocket(websocket);
    socket.disconnect();
    const { errors } = app.get(Listening);
    await until(() => errors.length === 3);
    expect(errors.sort()).toEqual([
      ['async', socket.id],
      ['close', socket.id],
      ['sync', socket.id],
    ]);
    expect(app.get(Leaving).left).toHaveLength(1);
  });

  it('reaches the exception filters first', async () => {
    class Filtered {
      @UseFilters(Filter)
      @OnDisconnect()
      left(): void {
        throw new Error('filtered');
      }
    }
    const { app, url, websocket } = await startWith({ providers: [Filtered, Listening] });
    await connectClient(url);
    (await onlySocket(websocket)).disconnect();
    await until(() => handled.length > 0);
    expect(handled).toEqual(['filtered']);
    expect(app.get(Listening).errors).toEqual([]);
  });

  it.each([
    ['throws', raise],
    ['rejects', async (error: Error): Promise<never> => raise(error)],
  ])("of an error handler that %s goes to Nest's logger, once for each error [F5]", async (_name, fail) => {
    class FailingToo {
      @OnError()
      onError(error: Error): unknown {
        return fail(new Error(`about ${error.message}`));
      }
    }
    const logged: string[] = [];
    const error = (message: string): void => void logged.push(message.split('\n')[0]);
    const logger: LoggerService = { error, log: () => undefined, warn: () => undefined };
    const { url, websocket } = await startWith({
      providers: [Failing, FailingToo],
      configure: (app) => app.useLogger(logger),
    });
    cleanup(() => Logger.overrideLogger(false));
    const client = await connectClient(url);
    const gone = nextEvent(client, 'disconnect');
    (await onlySocket(websocket)).disconnect();
    await until(() => logged.length === 3);
    await gone;
    expect(logged.sort()).toEqual(['Error: about async', 'Error: about close', 'Error: about sync']);
  });

  it('masked for a client reaches @OnError, an error that was meant for it does not', async () => {
    class Events {
      @Ack('secret')
      secret(): void {
        throw new TypeError('secret');
      }

      @OnEvent('listener')
      listener(socket: Socket): void {
        socket.on('later', () => {
          throw new Error('of a listener');
        });
      }
    }
    const { app, url } = await startWith({ providers: [Events, Listening] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('secret')).toMatchObject({ message: 'Internal server error' });
    client.emit('listener');
    expect(await client.emitWithAck('later')).toMatchObject({ message: 'Internal server error' });
    expect(app.get(Listening).errors).toMatchObject([
      ['secret', client.id],
      ['of a listener', client.id],
    ]);
  });
});

describe('@OnDisconnecting', () => {
  it.each([
    ['the client leaves', (_socket: Socket, leave: () => void) => leave()],
    ['the server disconnects the socket', (socket: Socket) => void socket.disconnect()],
    ['the server closes the connection', (socket: Socket) => void socket.disconnect(true)],
  ])('still finds the rooms where %s, and can tell them', async (_cause, end) => {
    const rooms: string[][] = [];
    class Rooms {
      @OnDisconnecting()
      leaving(socket: Socket): void {
        rooms.push([...socket.rooms]);
        socket.to('lobby').emit('left', socket.id);
      }

      @OnDisconnect()
      left(socket: Socket): void {
        rooms.push([...socket.rooms]);
      }
    }
    const { url, websocket } = await startWith({ providers: [Rooms] });
    const client = await connectClient(url);
    const { id } = client;
    const socket = await onlySocket(websocket);
    const stays = await connectClient(url);
    await websocket.socketsJoin('lobby');
    const told = nextEvent(stays, 'left');
    end(socket, () => client.disconnect());
    expect(await told).toEqual([id]);
    expect(rooms).toEqual([[id, 'lobby'], []]);
  });
});
