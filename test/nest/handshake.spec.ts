import {
  Catch,
  ForbiddenException,
  Injectable,
  Scope,
  UnauthorizedException,
  UseFilters,
  UseGuards,
  UsePipes,
  ValidationPipe,
  type ArgumentsHost,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
} from '@nestjs/common';
import { IsString } from 'class-validator';
import {
  Ack,
  Gateway,
  HandshakeAuth,
  OnConnect,
  OnDisconnect,
  OnHandshake,
  SocketIoException,
} from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { nextEvent, until } from '../support/until.js';
import { PLATFORMS, startWith } from './support/start-app.js';

interface Refusal extends Error {
  data?: unknown;
}

/** What the client is told where it is not let in; it must not be in `server.sockets` at any time. */
async function refusalOf(
  gateway: new (...args: never[]) => object,
  auth: Record<string, unknown> = {},
): Promise<{ message: string; data: unknown }> {
  const { app, url, websocket } = await startWith({ providers: [gateway, Dependency] });
  const client = createClient(url, { auth });
  client.once('connect', () => {
    throw new Error('connected');
  });
  const added = watchAdditions(websocket.of('/').sockets);
  const refused = nextEvent(client, 'connect_error');
  client.connect();
  const [error] = (await refused) as [Refusal];
  expect(added).toEqual([]);
  expect(app.get(Dependency).connected).toBe(0);
  await until(() => websocket.of('/').adapter.rooms.size === 0);
  return { message: error.message, data: error.data };
}

function watchAdditions(sockets: Map<string, unknown>): string[] {
  const added: string[] = [];
  const set = sockets.set.bind(sockets);
  sockets.set = (id, socket) => {
    added.push(id);
    return set(id, socket);
  };
  return added;
}

@Injectable()
class Dependency {
  connected = 0;
  readonly allows: boolean = false;
}

@Injectable()
class InjectedGuard implements CanActivate {
  constructor(private readonly dependency: Dependency) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { token } = context.switchToWs().getData<{ token?: string }>();
    return token === 'right' || this.dependency.allows;
  }
}

@Injectable({ scope: Scope.REQUEST })
class RequestScopedGuard extends InjectedGuard {}

const refusing: CanActivate = { canActivate: () => false };
const DENIED = {
  message: 'Forbidden resource',
  data: { status: 'error', message: 'Forbidden resource', statusCode: 403 },
};

@Injectable()
class Connecting {
  constructor(protected readonly dependency: Dependency) {}
}

@UseGuards(refusing)
class ClassGuard extends Connecting {
  @OnConnect()
  connected(): void {
    this.dependency.connected++;
  }
}

class ConnectGuard extends Connecting {
  @UseGuards(InjectedGuard)
  @OnConnect()
  connected(): void {
    this.dependency.connected++;
  }
}

class HandshakeGuard extends Connecting {
  @UseGuards(InjectedGuard)
  @OnHandshake()
  handshake(): void {
    this.dependency.connected++;
  }
}

class ScopedGuard extends Connecting {
  @UseGuards(RequestScopedGuard)
  @OnConnect()
  connected(): void {
    this.dependency.connected++;
  }
}

describe('pain 1: a guard', () => {
  it.each([
    ['of the class', ClassGuard],
    ['of @OnConnect', ConnectGuard],
    ['of @OnHandshake', HandshakeGuard],
    ['with a scope of its own', ScopedGuard],
  ])('%s refuses before the CONNECT reply', async (_name, gateway) => {
    expect(await refusalOf(gateway)).toEqual(DENIED);
  });

  it.each([
    ['of @OnConnect', ConnectGuard],
    ['of @OnHandshake', HandshakeGuard],
    ['with a scope of its own', ScopedGuard],
  ])('%s that is content lets the client in', async (_name, gateway) => {
    const { app, url } = await startWith({ providers: [gateway, Dependency] });
    await connectClient(url, { auth: { token: 'right' } });
    await until(() => app.get(Dependency).connected === 1);
  });

  it('of one namespace leaves the others of the connection alone', async () => {
    @Gateway('/closed')
    class Closed {
      @UseGuards(refusing)
      @OnConnect()
      connected(): void {}
    }
    class Open {
      @Ack('open')
      open(): boolean {
        return true;
      }
    }
    const { url } = await startWith({ providers: [Closed, Open] });
    const client = await connectClient(url);
    const closed = client.io.socket('/closed');
    const refused = nextEvent(closed, 'connect_error');
    closed.connect();
    const [error] = await refused;
    expect(error).toMatchObject({ message: 'Forbidden resource' });
    expect(await client.emitWithAck('open')).toBe(true);
  });
});

describe('a handshake handler', () => {
  class Auth {
    @IsString()
    token!: string;
  }

  class Refusing {
    @OnHandshake()
    handshake(@HandshakeAuth('how') how: string): void {
      if (how === 'http') throw new UnauthorizedException('who are you?');
      if (how === 'http with a response') throw new ForbiddenException({ message: 'banned', until: 'tomorrow' });
      if (how === 'code') throw new SocketIoException('full', { code: 'FULL', details: { retry: 5 } });
      if (how === 'object') throw new SocketIoException({ message: 'own', shape: true });
      if (how === 'unsendable') throw new SocketIoException('x', { details: 10n });
      throw new TypeError('secret');
    }
  }

  class Validating {
    @UsePipes(new ValidationPipe({ whitelist: true }))
    @OnHandshake()
    handshake(@HandshakeAuth() _auth: Auth): void {}
  }

  const MASKED = { status: 'error', message: 'Internal server error', code: 'INTERNAL_ERROR' };

  it.each([
    ['http', 'who are you?', { status: 'error', message: 'who are you?', statusCode: 401 }],
    [
      'http with a response',
      'banned',
      { status: 'error', message: 'banned', statusCode: 403, details: { until: 'tomorrow' } },
    ],
    ['code', 'full', { status: 'error', message: 'full', code: 'FULL', details: { retry: 5 } }],
    ['object', 'own', { message: 'own', shape: true }],
    ['unsendable', 'Internal server error', MASKED],
    ['internal', 'Internal server error', MASKED],
  ])(
    'refuses with the message and data of an error: %s [H12, A7, P13] [limitation: connect error]',
    async (how, message, data) => {
      expect(await refusalOf(Refusing, { how })).toEqual({ message, data });
    },
  );

  it.each([null, 'no', { message: 'mapped' }])('refuses with what errorAck makes of an error: %j', async (mapped) => {
    const { url } = await startWith({ providers: [Refusing], options: { errorAck: () => mapped } });
    const client = createClient(url, { auth: { how: 'code' } });
    const refused = nextEvent(client, 'connect_error');
    client.connect();
    const [error] = (await refused) as [Refusal];
    expect(error.message).toBe(typeof mapped === 'object' && mapped !== null ? 'mapped' : 'Connection refused');
    expect(error.data).toEqual(mapped);
  });

  it('refuses where a pipe does', async () => {
    expect(await refusalOf(Validating, { token: 1 })).toMatchObject({
      data: { statusCode: 400, details: ['token must be a string'] },
    });
  });

  it('refuses with what a filter throws instead', async () => {
    @Catch(TypeError)
    class Translates implements ExceptionFilter {
      catch(_error: TypeError, host: ArgumentsHost): never {
        throw new SocketIoException(`translated for ${host.switchToWs().getData<{ name: string }>().name}`);
      }
    }
    class Filtered {
      @UseFilters(Translates)
      @OnHandshake()
      handshake(): void {
        throw new TypeError('x');
      }
    }
    expect(await refusalOf(Filtered, { name: 'bob' })).toMatchObject({ message: 'translated for bob' });
  });

  it('has no @OnDisconnect where it refuses [H13]', async () => {
    const gone: string[] = [];
    class Refuses {
      @OnHandshake()
      handshake(): void {
        throw new SocketIoException('no');
      }

      @OnDisconnect()
      left(socket: Socket): void {
        gone.push(socket.id);
      }
    }
    await refusalOf(Refuses);
    expect(gone).toEqual([]);
  });

  it.each(PLATFORMS)('that is slower than connectTimeout ends the connection on %s', async (platform) => {
    let answer = (): void => {};
    class Slow {
      @OnHandshake()
      handshake(): Promise<void> {
        return new Promise((resolve) => (answer = resolve));
      }
    }
    const { url, websocket } = await startWith({ platform, providers: [Slow], options: { connectTimeout: 50 } });
    const client = createClient(url);
    client.connect();
    await nextEvent(client.io, 'close');
    answer();
    await until(() => websocket.of('/').sockets.size === 0 && websocket.server.engine.clientsCount === 0);
  });
});
