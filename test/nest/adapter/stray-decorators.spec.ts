/** An adapter that was given an HTTP server, and classes with decorators of this package, which it cannot run. */
import { Logger, Module, type INestApplication } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { Ack, Gateway, OnHandshake, RateLimit, SocketIoAdapter } from '../../../src/index.js';
import { cleanup } from '../../support/cleanup.js';
import { freePort } from '../../support/free-port.mjs';
import { connectClient, createClient } from '../../support/nest-app.js';
import { nextEvent } from '../../support/until.js';
import { PLATFORMS, startWith } from '../support/start-app.js';
import { failureOf, startGateways } from './support/start-gateways.js';

const { jest } = import.meta;

const adapter = (app: INestApplication): SocketIoAdapter => new SocketIoAdapter(app.getHttpServer() as object);

function watchWarnings(): string[] {
  const warnings: string[] = [];
  const spy = jest.spyOn(Logger.prototype, 'warn').mockImplementation((text: string) => void warnings.push(text));
  cleanup(() => spy.mockRestore());
  return warnings;
}

describe.each(PLATFORMS)('new SocketIoAdapter(httpServer) on %s', (platform) => {
  it('stops the start for a gateway whose check would not run', async () => {
    @WebSocketGateway({ namespace: `guarded-${platform}` })
    class GuardedGateway {
      @OnHandshake()
      check(): void {}

      @SubscribeMessage('old')
      old(): void {}
    }
    const failure = await failureOf({ platform, adapter, providers: [GuardedGateway] });
    expect(failure.message).toBe(
      '@OnHandshake() on GuardedGateway.check() would not run: SocketIoAdapter was given an HTTP server, so Nest runs ' +
        'gateways without the decorators of nestjs-socketio. Pass it the application: new SocketIoAdapter(app).',
    );
  });

  it('stops the start for a class of the same namespace whose check would not run', async () => {
    const namespace = `beside-${platform}`;

    @Gateway(namespace)
    class CheckGateway {
      @OnHandshake()
      check(): void {}
    }

    @WebSocketGateway({ namespace })
    class OldGateway {
      @SubscribeMessage('old')
      old(): void {}
    }
    const providers = [CheckGateway, OldGateway];
    expect((await failureOf({ platform, adapter, providers })).message).toBe(
      '@OnHandshake() on CheckGateway.check() would not run: SocketIoAdapter was given an HTTP server, so Nest runs ' +
        'gateways without the decorators of nestjs-socketio. Import SocketIoModule.forRoot() in the root module. If CheckGateway ' +
        'belongs to another application, use new SocketIoAdapter(app), which runs only the classes of its application.',
    );
    // As the message says: then it runs, and no other start is stopped by it.
    const { url } = await startWith({
      platform,
      providers,
      configure: (app) => void app.useWebSocketAdapter(adapter(app)),
    });
    await connectClient(`${url}/${namespace}`);
  });

  it.each(['port of the application', 'port of its own'])(
    'stops the start for a check of a base class, on a %s',
    async (where) => {
      class CheckedBase {
        @OnHandshake()
        check(): void {}
      }

      @WebSocketGateway(where === 'port of its own' ? await freePort() : 0, { namespace: `derived-${platform}` })
      class DerivedGateway extends CheckedBase {
        @SubscribeMessage('old')
        old(): void {}
      }
      const failure = await failureOf({ platform, adapter, providers: [DerivedGateway] });
      expect(failure.message).toMatch(/^@OnHandshake\(\) on CheckedBase\.check\(\) would not run/);
      // Where a class that inherits it runs, it stops no other start.
      @Gateway()
      class RunningGateway extends CheckedBase {}
      await startWith({ platform, providers: [RunningGateway] });
    },
  );

  it('starts if a class in its namespace is one of another server', async () => {
    @Gateway(`apart-${platform}`)
    class ApartGateway {
      @OnHandshake()
      check(): void {}
    }

    @WebSocketGateway(await freePort(), { namespace: `apart-${platform}` })
    class OldGateway {
      @SubscribeMessage('old')
      old(): void {}
    }
    watchWarnings();
    await startGateways({ platform, adapter, providers: [OldGateway, ApartGateway] });
  });

  it('stops the start for a bound of a message that would not hold', async () => {
    @WebSocketGateway({ namespace: `bounded-${platform}` })
    class BoundedGateway {
      @RateLimit({ limit: 1 })
      @SubscribeMessage('old')
      old(): void {}
    }
    const failure = await failureOf({ platform, adapter, providers: [BoundedGateway] });
    expect(failure.message).toMatch(/^@RateLimit\(\) on BoundedGateway\.old\(\) would not run/);
  });

  it('says which classes run nowhere once the application listens', async () => {
    const warnings = watchWarnings();

    @Gateway('/lonely')
    class LonelyGateway {
      @Ack('ask')
      ask(): void {}
    }
    await startGateways({ platform, adapter, providers: [LonelyGateway] });
    expect(warnings).toEqual([
      expect.stringMatching(/^Handlers of .*LonelyGateway.* do not run: SocketIoAdapter was given an HTTP server/),
    ]);
  });

  it('says nothing if the module is imported, which runs them', async () => {
    const warnings = watchWarnings();

    @WebSocketGateway({ namespace: 'both' })
    class BothGateway {
      @Ack('ask')
      ask(): number {
        return 1;
      }
    }
    const { url } = await startWith({
      platform,
      providers: [BothGateway],
      configure: (app) => void app.useWebSocketAdapter(adapter(app)),
    });
    expect(await (await connectClient(`${url}/both`)).emitWithAck('ask')).toBe(1);
    expect(warnings).toEqual([]);
  });

  it('names what clients ask for in vain', async () => {
    const warnings = watchWarnings();

    @WebSocketGateway({ namespace: `old-${platform}` })
    class OldGateway {
      @SubscribeMessage('message')
      message(): string {
        return 'answer';
      }
    }
    const { url } = await startGateways({ platform, adapter, providers: [OldGateway] });
    const client = await connectClient(`${url}/old-${platform}`);
    client.emit('mesage');
    expect(await client.emitWithAck('message')).toBe('answer');
    const stranger = createClient(`${url}/odl-${platform}`);
    const refused = nextEvent(stranger, 'connect_error');
    stranger.connect();
    await refused;
    expect(warnings.filter((text) => text.startsWith('A client'))).toEqual([
      `A client emitted "mesage" in "/old-${platform}", which has no handler for it; did you mean "message"?`,
      `A client asked for the namespace "/odl-${platform}", which does not exist; did you mean "/old-${platform}"?`,
    ]);
  });
});

describe('what would never run, or twice, with the adapter alone', () => {
  it('stops the start for a message named by a symbol, which Nest cannot log', async () => {
    @WebSocketGateway()
    class SymbolGateway {
      @SubscribeMessage(Symbol('old'))
      old(): void {}
    }
    expect((await failureOf({ providers: [SymbolGateway] })).message).toBe(
      '@SubscribeMessage on SymbolGateway.old() would never run: its event is Symbol(old), but the name of an event must be a string. Give a string.',
    );
  });

  it('names a gateway that two modules provide, and stops the start if it answers events twice', async () => {
    @WebSocketGateway({ namespace: 'twice' })
    class TwiceGateway {
      @Ack('ask')
      ask(): void {}
    }

    @Module({ providers: [TwiceGateway] })
    class FirstModule {}

    @Module({ providers: [TwiceGateway] })
    class SecondModule {}
    expect((await failureOf({ imports: [FirstModule, SecondModule] })).message).toBe(
      'TwiceGateway is provided by FirstModule and by SecondModule, and handles everything once for each of them. Provide it ' +
        'in one module, and export it there.',
    );
  });

  it.each(['/a?b', '/a,b'])('says that no client can join %s', async (namespace) => {
    const warnings = watchWarnings();

    @WebSocketGateway({ namespace })
    class UnreachableGateway {
      @SubscribeMessage('old')
      old(): void {}
    }
    await startGateways({ providers: [UnreachableGateway] });
    expect(warnings).toEqual([
      `No client can join the namespace ${namespace} of UnreachableGateway: the protocol ends a name at "?" and ",".`,
    ]);
  });
});
