/** What is bound to a gateway and would not run is said, and not left out in silence. */
import {
  Injectable,
  Logger,
  Scope,
  UseGuards,
  type CanActivate,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { BindingError, RateLimit, SocketIoAdapter } from '../../../src/index.js';
import { cleanup } from '../../support/cleanup.js';
import { connectClient } from '../../support/nest-app.js';
import { nextEvent } from '../../support/until.js';
import { isNestSince } from '../support/nest-version.js';
import { failureOf as failureWithModule } from '../support/start-app.js';
import { failureOf, startGateways } from './support/start-gateways.js';

const { jest } = import.meta;

class BindingAdapter extends SocketIoAdapter {
  override bindClientConnect(...args: Parameters<SocketIoAdapter['bindClientConnect']>): void {
    super.bindClientConnect(...args);
  }
}

@WebSocketGateway()
class BoundedGateway {
  @RateLimit({ limit: 1 })
  @SubscribeMessage('ask')
  ask(): void {}
}

@RateLimit({ limit: 1 })
@WebSocketGateway()
class BoundedClass {
  @SubscribeMessage('ask')
  ask(): void {}
}

const UNDRIVEN: [name: string, make: (app: INestApplication) => SocketIoAdapter | IoAdapter][] = [
  ['an adapter that binds by itself', (app) => new BindingAdapter(app)],
  ["Nest's IoAdapter", (app) => new IoAdapter(app)],
];

describe('@RateLimit on a gateway that Nest runs', () => {
  it.each(UNDRIVEN)('stops the bootstrap of an application with the module: %s', async (_name, make) => {
    for (const gateway of [BoundedGateway, BoundedClass]) {
      const failure = await failureWithModule({
        providers: [gateway],
        configure: (app) => void app.useWebSocketAdapter(make(app)),
      });
      expect(failure).toBeInstanceOf(BindingError);
      expect(failure.message).toContain(`@RateLimit on ${gateway.name}.ask() would have no effect`);
    }
  });

  it('stops the bootstrap without the module, where an adapter binds by itself', async () => {
    const failure = await failureOf({ providers: [BoundedGateway], adapter: (app) => new BindingAdapter(app) });
    expect(failure.message).toContain('@RateLimit on BoundedGateway.ask() would have no effect');
  });
});

describe('@RateLimit on a hook', () => {
  it('stops the bootstrap without the module as well', async () => {
    @WebSocketGateway()
    class HookGateway {
      @RateLimit({ limit: 1 })
      handleConnection(): void {}
    }
    const failure = await failureOf({ providers: [HookGateway] });
    expect(failure.message).toContain('@RateLimit on HookGateway.handleConnection() needs an event');
  });
});

describe('a guard of a class that Nest does not resolve', () => {
  @Injectable()
  class Guard implements CanActivate {
    canActivate(): boolean {
      return false;
    }
  }

  @UseGuards(Guard)
  @WebSocketGateway()
  class GuardedGateway {
    @SubscribeMessage('open')
    open(): string {
      return 'reached';
    }
  }

  // The first versions of Nest 11 resolve guards of a class only where it is provided under itself.
  it.each([
    ['this package runs the gateway', undefined],
    ['Nest runs it', (app: INestApplication) => new BindingAdapter(app)],
  ])('refuses, or stops the bootstrap where this version of Nest cannot do it: %s', async (_who, adapter) => {
    const setup = { adapter, providers: [{ provide: 'gateway', useClass: GuardedGateway }] };
    if (!isNestSince('11.2')) {
      expect((await failureOf(setup)).message).toContain('guard bound to GuardedGateway.open() would not run');
      return;
    }
    const { url } = await startGateways(setup);
    const client = await connectClient(url);
    const exception = nextEvent(client, 'exception');
    client.emit('open');
    expect((await exception)[0]).toMatchObject({ message: 'Forbidden resource' });
  });
});

describe('a guard of a hook', () => {
  const refuses: CanActivate = { canActivate: () => false };

  @WebSocketGateway()
  class HookGateway {
    @UseGuards(refuses)
    handleConnection(): void {}

    @UseGuards(refuses)
    handleDisconnect(): void {}
  }

  it('is not asked, as with IoAdapter, and a warning says so', async () => {
    const warnings = watchWarnings();
    const { url } = await startGateways({ providers: [HookGateway] });
    await connectClient(url);
    expect(warnings).toEqual([
      'The guard bound to HookGateway.handleConnection() does not run, as with IoAdapter. ' +
        'Set connectGuards: true on SocketIoAdapter to run it.',
      'The guard bound to HookGateway.handleDisconnect() does not run, as with IoAdapter. Remove it.',
    ]);
  });

  it('of handleConnection needs no warning with connectGuards', async () => {
    const warnings = watchWarnings();
    await startGateways({ options: { connectGuards: true }, providers: [HookGateway] });
    expect(warnings).toEqual([expect.stringContaining('handleDisconnect')]);
  });
});

describe('a global guard with a scope', () => {
  /** One that Nest has not constructed would let in everybody. */
  @Injectable({ scope: Scope.REQUEST })
  class ScopedGuard implements CanActivate {
    readonly isMade: boolean = true;

    canActivate(): boolean {
      return !this.isMade;
    }
  }

  function gatewayWith(scope: Scope): Type {
    @Injectable({ scope })
    @WebSocketGateway()
    class ScopeGateway {
      @SubscribeMessage('open')
      open(): string {
        return 'reached';
      }
    }
    return ScopeGateway;
  }
  const guard = { provide: APP_GUARD, useClass: ScopedGuard };

  it('refuses messages of a gateway with a scope on Nest 12; on 11 none of the kind reaches gateways', async () => {
    const { url } = await startGateways({ providers: [gatewayWith(Scope.REQUEST), guard] });
    const client = await connectClient(url);
    if (!isNestSince('12')) {
      expect(await client.emitWithAck('open')).toBe('reached');
      return;
    }
    const exception = nextEvent(client, 'exception');
    client.emit('open');
    expect((await exception)[0]).toMatchObject({ message: 'Forbidden resource' });
  });

  it('does not reach one without, as with IoAdapter, and on Nest 12, where others do, a warning says so', async () => {
    const warnings = watchWarnings();
    const { url } = await startGateways({ providers: [gatewayWith(Scope.DEFAULT), guard] });
    expect(await (await connectClient(url)).emitWithAck('open')).toBe('reached');
    expect(warnings).toEqual(
      isNestSince('12') ? [expect.stringContaining('do not run before messages of ScopeGateway')] : [],
    );
  });
});

function watchWarnings(): unknown[] {
  const warnings: unknown[] = [];
  const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation((message: unknown) => {
    warnings.push(message);
  });
  cleanup(() => warn.mockRestore());
  return warnings;
}
