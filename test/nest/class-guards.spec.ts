import {
  Catch,
  Injectable,
  Module,
  Scope,
  UseFilters,
  UseGuards,
  type ArgumentsHost,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
} from '@nestjs/common';
import { APP_GUARD, LazyModuleLoader, Reflector } from '@nestjs/core';
import { Ack, Gateway, OnConnect, OnEvent, OnHandshake, SocketIoException } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { nextEvent } from '../support/until.js';
import { PLATFORMS, startWith } from './support/start-app.js';

const DENIED = { status: 'error', message: 'Forbidden resource', statusCode: 403 };

let log: unknown[] = [];
beforeEach(() => (log = []));

const Role = Reflector.createDecorator<string>();

@Injectable()
class RoleGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const role = this.reflector.getAllAndOverride(Role, [context.getHandler(), context.getClass()]);
    const socket = context.switchToWs().getClient<Socket>();
    log.push([context.getArgByIndex(3), context.switchToWs().getData(), socket.connected]);
    return socket.handshake.auth.role === role;
  }
}

@Injectable({ scope: Scope.REQUEST })
class ScopedRoleGuard extends RoleGuard {}

@UseGuards(RoleGuard)
@Role('admin')
@Gateway('/admin')
class AdminGateway {
  @Ack('stop')
  stop(): string {
    return 'stopped';
  }
}

@UseGuards(ScopedRoleGuard)
@Role('admin')
@Gateway('/admin')
class ScopedAdminGateway extends AdminGateway {}

@Gateway('/admin')
class OpenGateway {
  @OnEvent('open')
  open(): void {}
}

@UseGuards(RoleGuard)
@Role('admin')
class WithoutGateway {
  @Ack('stop')
  stop(): string {
    return 'stopped';
  }
}

/** What a client is told that is not let in. */
async function refusalOf(address: string, auth: object = {}): Promise<{ message: string; data?: unknown }> {
  const client = createClient(address, { auth });
  client.once('connect', () => log.push('connected'));
  const refused = nextEvent(client, 'connect_error');
  client.connect();
  const [error] = await refused;
  return error as { message: string; data?: unknown };
}

describe.each(PLATFORMS)('pain 1: the guards of a gateway class on %s', (platform) => {
  it.each([
    ['a guard', AdminGateway],
    ['a guard with the scope of a request', ScopedAdminGateway],
  ])('refuse a connection before the CONNECT reply, also where no method handles it: %s', async (_name, gateway) => {
    const { url, websocket } = await startWith({ platform, providers: [gateway] });
    expect(await refusalOf(`${url}/admin`, { role: 'user' })).toMatchObject({ message: DENIED.message, data: DENIED });
    expect(websocket.of('/admin').sockets.size).toBe(0);
    expect(log).toEqual([['connect', { role: 'user' }, false]]);
  });

  it('let in whom they allow, and decide about each event as well', async () => {
    const { url } = await startWith({ platform, providers: [AdminGateway] });
    const client = await connectClient(`${url}/admin`, { auth: { role: 'admin' } });
    expect(await client.emitWithAck('stop', 'now')).toBe('stopped');
    expect(log).toEqual([
      ['connect', { role: 'admin' }, false],
      ['stop', 'now', true],
    ]);
  });
});

describe('the guards of a gateway class', () => {
  it('decide for the whole namespace, and for no other', async () => {
    const { url } = await startWith({ providers: [OpenGateway, AdminGateway] });
    expect(await refusalOf(`${url}/admin`)).toMatchObject({ message: DENIED.message });
    expect((await connectClient(url)).connected).toBe(true);
  });

  it('run once for a connection where methods handle it', async () => {
    @UseGuards(RoleGuard)
    @Role('user')
    @Gateway()
    class Handles {
      @OnConnect()
      connected(): void {}

      @Ack('event')
      event(): boolean {
        return true;
      }
    }
    const { url } = await startWith({ providers: [Handles] });
    await connectClient(url, { auth: { role: 'user' } });
    expect(log).toHaveLength(1);
  });

  it('of a class without @Gateway decide about events alone', async () => {
    const { url } = await startWith({ providers: [WithoutGateway] });
    const client = await connectClient(url);
    expect(log).toEqual([]);
    expect(await client.emitWithAck('stop')).toEqual(DENIED);
  });

  it('come after the handlers of the handshake, which may say who it is', async () => {
    const isKnown: CanActivate = {
      canActivate: (context) => context.switchToWs().getClient<Socket>().data.user === 'alice',
    };
    @UseGuards(isKnown)
    @Gateway()
    class Members {
      @Ack('event')
      event(): boolean {
        return true;
      }
    }
    class Authentication {
      @OnHandshake()
      authenticate(socket: Socket): void {
        socket.data.user = socket.handshake.auth.name;
      }
    }
    const { url } = await startWith({ providers: [Members, Authentication] });
    expect(await refusalOf(url, { name: 'bob' })).toMatchObject({ message: DENIED.message });
    expect(await (await connectClient(url, { auth: { name: 'alice' } })).emitWithAck('event')).toBe(true);
  });

  it('come after the global ones, which alone decide about events only', async () => {
    const named = (name: string): CanActivate => ({
      canActivate: (context) => log.push(`${name} ${context.getArgByIndex(3)}`) > 0,
    });
    @UseGuards(named('class'))
    @Gateway('/guarded')
    class Guarded {
      @OnEvent('event')
      event(): void {}
    }
    @Gateway('/open')
    class Open {
      @OnEvent('event')
      event(): void {}
    }
    const { url } = await startWith({ providers: [Guarded, Open, { provide: APP_GUARD, useValue: named('global') }] });
    await connectClient(`${url}/guarded`);
    expect(log.splice(0)).toEqual(['global connect', 'class connect']);
    await (await connectClient(`${url}/open`)).emitWithAck('event');
    expect(log).toEqual(['global event']);
  });

  it('refuse with what a filter of the class throws instead', async () => {
    @Catch()
    class Translates implements ExceptionFilter {
      catch(_error: unknown, host: ArgumentsHost): never {
        throw new SocketIoException('log in first', { code: host.getArgByIndex(3) });
      }
    }
    @UseFilters(Translates)
    @UseGuards(RoleGuard)
    @Role('admin')
    @Gateway('/admin')
    class Filtered {
      @OnEvent('event')
      event(): void {}
    }
    const { url } = await startWith({ providers: [Filtered] });
    expect(await refusalOf(`${url}/admin`)).toMatchObject({ message: 'log in first', data: { code: 'connect' } });
  });

  it('decide in every namespace of a pattern, and from the time on that their module is loaded', async () => {
    @UseGuards(RoleGuard)
    @Role('admin')
    @Gateway(/^\/team-\d+$/)
    class Teams {
      @OnEvent('event')
      event(): void {}
    }
    @Module({ providers: [Teams] })
    class TeamsModule {}
    @Gateway(/^\/team-\d+$/)
    class Early {
      @OnEvent('early')
      early(): void {}
    }
    const { app, url } = await startWith({ providers: [Early] });
    await connectClient(`${url}/team-1`);
    await app.get(LazyModuleLoader).load(() => TeamsModule);
    for (const name of ['/team-1', '/team-2']) {
      expect(await refusalOf(url + name)).toMatchObject({ message: DENIED.message });
    }
    expect((await connectClient(`${url}/team-1`, { auth: { role: 'admin' } })).connected).toBe(true);
  });
});
