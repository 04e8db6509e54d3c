import { Injectable, Module, Scope, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { of, throwError } from 'rxjs';
import {
  Ack,
  Gateway,
  OnConnect,
  OnHandshake,
  SocketIoException,
  isConnect,
  type ConnectGuard,
} from '../../src/index.js';
import { openLegacyClient } from '../support/legacy-client.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { nextEvent } from '../support/until.js';
import { failureOf, startWith, type AppSetup } from './support/start-app.js';

@Injectable()
class Tokens {
  isGood(token: unknown): boolean {
    return token === 'good';
  }
}

@Injectable()
class TokenGuard implements CanActivate {
  constructor(private readonly tokens: Tokens) {}

  canActivate(context: ExecutionContext): boolean {
    return this.tokens.isGood(context.switchToWs().getData<{ token?: string }>().token);
  }
}
Reflect.defineMetadata('design:paramtypes', [Tokens], TokenGuard);

@Module({ providers: [Tokens, TokenGuard] })
class TokenModule {}

@Gateway('/chat')
class ChatGateway {
  @Ack('secret')
  secret(): number {
    return 42;
  }
}

const DENY: CanActivate = { canActivate: () => false };
const NEVER: CanActivate = { canActivate: () => new Promise(() => {}) };

@Gateway()
class SilentGateway {
  @UseGuards(NEVER)
  @OnHandshake()
  enter(): void {}
}

async function refusalOf(
  url: string,
  options: Parameters<typeof createClient>[1] = {},
): Promise<Error & { data?: unknown }> {
  const client = createClient(url, options);
  const refused = nextEvent(client, 'connect_error');
  client.connect();
  return ((await refused) as [Error])[0];
}

describe('connectGuards', () => {
  it.each(['/', '/chat', '/other', '/tenant-7'])(
    'are asked about a connection to %s, before a session of it exists',
    async (name) => {
      const { url, websocket } = await startWith({
        imports: [TokenModule],
        providers: [ChatGateway],
        options: { connectGuards: [TokenGuard] },
      });
      websocket.server.of('/other');
      websocket.server.of(/^\/tenant-\d+$/);
      const error = await refusalOf(url + name, { auth: { token: 'bad' } });
      expect([error.message, error.data]).toEqual([
        'Forbidden resource',
        { status: 'error', message: 'Forbidden resource', statusCode: 403 },
      ]);
      expect(websocket.stats().sockets.opened).toBe(0);
      await connectClient(url + name, { auth: { token: 'good' } });
    },
  );

  it.each(['polling', 'websocket'])('hold over %s', async (transport) => {
    const { url } = await startWith({ options: { connectGuards: [DENY] } });
    expect((await refusalOf(url, { transports: [transport] })).message).toBe('Forbidden resource');
  });

  it('hold for clients of version 2', async () => {
    const { url } = await startWith({ options: { connectGuards: [DENY], allowEIO3: true } });
    const client = openLegacyClient(url);
    const refused = new Promise((resolve) => client.on('error', resolve));
    expect(await refused).toBeDefined();
  });

  it('hold when a client comes back, also if middlewares are skipped', async () => {
    let allowed = true;
    const guard: CanActivate = { canActivate: () => allowed };
    const { url } = await startWith({
      options: { connectGuards: [guard], connectionStateRecovery: { skipMiddlewares: true } },
    });
    const client = await connectClient(url, { reconnection: true, reconnectionDelay: 1, reconnectionDelayMax: 1 });
    allowed = false;
    const refused = nextEvent(client, 'connect_error');
    (client.io.engine as unknown as { close(): void }).close();
    client.io.engine.once('close', () => client.connect());
    expect(((await refused) as [Error])[0].message).toBe('Forbidden resource');
  });

  it('come before handlers and their guards', async () => {
    const order: string[] = [];
    const note = (name: string): CanActivate => ({ canActivate: () => order.push(name) > 0 });
    class OrderGateway {
      @OnHandshake()
      check(): void {
        order.push('handshake');
      }

      @OnConnect()
      joined(): void {
        order.push('connect');
      }
    }
    const { url } = await startWith({
      providers: [OrderGateway],
      options: { connectGuards: [note('one'), note('two')] },
    });
    await connectClient(url);
    expect(order).toEqual(['one', 'two', 'handshake', 'connect']);
  });

  it.each<[string, () => unknown]>([
    ['false', () => false],
    ['a promise of false', () => Promise.resolve(false)],
    ['a stream of false', () => of(false)],
    [
      'an error',
      () => {
        throw new SocketIoException('Forbidden resource', { statusCode: 403 } as never);
      },
    ],
    ['a rejection', () => Promise.reject(new SocketIoException('Forbidden resource', { statusCode: 403 } as never))],
    [
      'a stream of an error',
      () => throwError(() => new SocketIoException('Forbidden resource', { statusCode: 403 } as never)),
    ],
  ])('refuse by %s', async (_what, answer) => {
    const { url } = await startWith({ options: { connectGuards: [{ canActivate: answer } as CanActivate] } });
    expect((await refusalOf(url)).message).toBe('Forbidden resource');
  });

  it.each([
    ['connectGuards', { options: { connectGuards: [NEVER] } }],
    ['those of a namespace', { providers: [SilentGateway] }],
  ])('%s: that never answer refuse at connectTimeout, and hold up no shutdown', async (_which, setup: AppSetup) => {
    const { app, url, websocket } = await startWith({ ...setup, options: { ...setup.options, connectTimeout: 150 } });
    const client = createClient(url);
    const ends = Promise.race([nextEvent(client, 'connect_error'), nextEvent(client.io, 'close')]);
    client.connect();
    await ends;
    expect(websocket.stats().sockets.opened).toBe(0);

    const begun = performance.now();
    await app.close();
    // By default it waits for what is under way for 15 seconds.
    expect(performance.now() - begun).toBeLessThan(7_500);
  });

  it.each<[string, unknown]>([
    ['connectGuards', TokenGuard],
    ['connectGuards[0]', [Tokens]],
    ['connectGuards[1]', [DENY, null]],
  ])('stop the start as %s if they are none', async (option, connectGuards) => {
    const options = { connectGuards: connectGuards as ConnectGuard[] };
    await expect(startWith({ options })).rejects.toMatchObject({ name: 'OptionError', option });
  });

  it('stop the start if one cannot be made, or has a scope', async () => {
    expect((await failureOf({ options: { connectGuards: [TokenGuard] } })).message).toMatch(
      /connectGuards: TokenGuard is provided by no module/,
    );
    @Injectable({ scope: Scope.REQUEST })
    class ScopedGuard implements CanActivate {
      canActivate(): boolean {
        return true;
      }
    }
    const scoped = await failureOf({ providers: [ScopedGuard], options: { connectGuards: [ScopedGuard] } });
    expect(scoped.message).toMatch(/connectGuards: ScopedGuard has a scope/);
  });
});

describe('rootNamespace: false', () => {
  it('refuses / as a namespace that does not exist, and serves the others', async () => {
    const { url, websocket } = await startWith({ providers: [ChatGateway], options: { rootNamespace: false } });
    expect((await refusalOf(url)).message).toBe('Invalid namespace');
    expect(await (await connectClient(`${url}/chat`)).emitWithAck('secret')).toBe(42);
    expect(websocket.stats().connectRefused).toEqual({ UNKNOWN_NAMESPACE: 1 });
  });
});

describe('isConnect', () => {
  it('tells a guard for both whether it is asked about a connection or an event', async () => {
    const asked: unknown[] = [];
    const guard: CanActivate = {
      canActivate: (context) => asked.push([isConnect(context), context.switchToWs().getPattern()]) > 0,
    };
    class AskedGateway {
      @OnHandshake()
      check(): void {}

      @Ack('handshake')
      answer(): number {
        return 1;
      }
    }
    const { url } = await startWith({
      providers: [AskedGateway],
      options: { connectGuards: [guard] },
      configure: (app) => app.useGlobalGuards(guard),
    });
    const client = await connectClient(url);
    await client.emitWithAck('handshake');
    expect(asked).toEqual([
      [true, 'connect'],
      [true, 'handshake'],
      [false, 'handshake'],
    ]);
  });
});
