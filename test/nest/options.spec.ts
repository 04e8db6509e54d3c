import { Injectable, Module, type DynamicModule } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Ack, OnConnect, SocketIoModule, Websocket, type SocketIoModuleOptions } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { cleanup } from '../support/cleanup.js';
import { openSession } from '../support/socketio-client.js';
import { connectClient, urlOf } from '../support/nest-app.js';
import { PLATFORMS, failureOf, startWith } from './support/start-app.js';

class EchoGateway {
  @Ack('echo')
  echo(_socket: Socket, body: unknown): unknown {
    return body;
  }
}

@Injectable()
class Config {
  readonly path = '/from-config';
}

@Module({ providers: [Config], exports: [Config] })
class ConfigModule {}

/** The class that `useClass` and `useExisting` take. */
@Injectable()
class OptionsFactory {
  create(): SocketIoModuleOptions {
    return { path: '/from-class', maxPendingEvents: 3 };
  }
}

@Module({ providers: [OptionsFactory], exports: [OptionsFactory] })
class OptionsModule {}

async function startModule(dynamic: DynamicModule): Promise<{ url: string; websocket: Websocket }> {
  const module = await Test.createTestingModule({ imports: [dynamic], providers: [EchoGateway] }).compile();
  const app = module.createNestApplication({ logger: false });
  cleanup(() => app.close());
  await app.listen(0, '127.0.0.1');
  return { url: urlOf(app), websocket: app.get(Websocket) };
}

describe('SocketIoModule', () => {
  it.each<[string, DynamicModule, string]>([
    ['forRoot', SocketIoModule.forRoot({ path: '/given' }), '/given'],
    ['forRoot without options', SocketIoModule.forRoot(), '/socket.io'],
    ['forRootAsync with useFactory', SocketIoModule.forRootAsync({ useFactory: () => ({ path: '/made' }) }), '/made'],
    [
      'forRootAsync with an async useFactory, imports and inject',
      SocketIoModule.forRootAsync({
        imports: [ConfigModule],
        inject: [Config],
        useFactory: (config: Config) => Promise.resolve({ path: config.path }),
      }),
      '/from-config',
    ],
    ['forRootAsync with useClass', SocketIoModule.forRootAsync({ useClass: OptionsFactory }), '/from-class'],
    [
      'forRootAsync with useExisting',
      SocketIoModule.forRootAsync({ imports: [OptionsModule], useExisting: OptionsFactory }),
      '/from-class',
    ],
  ])('takes its options by %s', async (_name, dynamic, path) => {
    const { url } = await startModule(dynamic);
    expect(await (await connectClient(url, { path })).emitWithAck('echo', 1)).toBe(1);
  });

  it('imported twice with different options stops the bootstrap', async () => {
    @Module({ imports: [SocketIoModule.forRoot({ path: '/b' })] })
    class Feature {}
    const error = await failureOf({ imports: [Feature], options: { path: '/a' } });
    expect(error.message).toContain('SocketIoModule');
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    ['pingInterval', { pingInterval: 'soon' }, ['"pingInterval"', '"soon"', 'a number of milliseconds from 1 to']],
    ['pingTimeout', { pingTimeout: Infinity }, ['"pingTimeout"', 'Infinity', 'to 2147483647']],
    ['maxHttpBufferSize', { maxHttpBufferSize: -1 }, ['"maxHttpBufferSize"', '-1', 'a whole number of at least 1']],
    ['transports', { transports: ['pigeon'] }, ['"transports"', '["pigeon"]', '"polling", "websocket"']],
    ['cors', { cors: 'https://app.example' }, ['"cors"', '"https://app.example"', 'the options of the cors package']],
    [
      'two spellings',
      { maxPayload: 1, maxHttpBufferSize: 2 },
      ['"maxPayload"', 'the same value as "maxHttpBufferSize"'],
    ],
    ['port', { port: '3000' }, ['"port"', '"3000"', 'a whole number of at least 0 and at most 65535']],
    ['shutdownTimeout', { shutdownTimeout: NaN }, ['"shutdownTimeout"', 'NaN', 'a number of milliseconds']],
    ['fastify', { fastify: 'hooks' }, ['"fastify"', '"hooks"', '"route" or "direct"']],
    ['errorAck', { errorAck: true }, ['"errorAck"', 'true', 'a function']],
    ['an unknown one', { pingIntervall: 1 }, ['"pingIntervall"', 'one of the known options', 'pingInterval,']],
  ])('stops the bootstrap for a wrong option: %s', async (_name, options, parts) => {
    const { message } = await failureOf({ options: options as SocketIoModuleOptions });
    for (const part of parts) expect(message).toContain(part);
  });

  it('knows every option of its own and of the server', async () => {
    const { message } = await failureOf({ options: { nonsense: 1 } as SocketIoModuleOptions });
    for (const name of [
      'port',
      'fastify',
      'shutdownTimeout',
      'shutdownSlices',
      'errorAck',
      'cors',
      'path',
      'maxPendingEvents',
      'adapter',
    ]) {
      expect(message).toMatch(new RegExp(`[ ,]${name}(,|$)`));
    }
  });

  it('takes an option that is undefined as one that is not given', async () => {
    const options = { pingInterval: undefined, onError: undefined, port: undefined, connectTimeout: undefined };
    const { websocket } = await startWith({ options });
    expect(websocket.server.settings.connectTimeout).toBe(10_000);
  });

  it('takes what the getters of a class say', async () => {
    class Options {
      get pingInterval() {
        return 5_000;
      }
    }
    const { websocket } = await startWith({ options: new Options() });
    expect(websocket.server.settings.engine.pingInterval).toBe(5_000);
  });

  it('does not keep or change the object it was given', async () => {
    const options = Object.freeze({ cors: Object.freeze({ origin: 'https://app.example' }) });
    const { websocket } = await startWith({ options });
    expect(websocket.server.opts).not.toBe(options);
  });
});

describe.each(PLATFORMS)('the request on %s', (platform) => {
  class Requests {
    readonly seen: unknown[] = [];

    @OnConnect()
    connected(socket: Socket): void {
      this.seen.push(socket.handshake.headers['user-agent']);
    }

    @Ack('request')
    request({ request }: Socket): unknown {
      return [request.method, request.url?.split('?')[0], typeof request.headers, request.socket !== undefined];
    }
  }

  it.each([
    [undefined, false],
    [false, false],
    [true, true],
  ])('is kept after the CONNECT reply where keepRequest is %p: %p', async (keepRequest, kept) => {
    const { url } = await startWith({ platform, providers: [Requests], options: { keepRequest } });
    const client = await connectClient(url);
    expect(await client.emitWithAck('request')).toEqual(['GET', '/socket.io/', 'object', kept]);
  });

  it('is kept where allowRequest is set', async () => {
    const allowRequest: SocketIoModuleOptions['allowRequest'] = (_request, decide) => decide(null, true);
    const { url } = await startWith({ platform, providers: [Requests], options: { allowRequest } });
    const client = await connectClient(url, { transports: ['polling'] });
    expect(await client.emitWithAck('request')).toMatchObject(['GET', '/socket.io/', 'object', true]);
  });
});

describe('pain 41: a connection in no namespace', () => {
  it('ends after connectTimeout', async () => {
    const { url, websocket } = await startWith({ options: { connectTimeout: 30 } });
    const wire = await openSession(`${url}/socket.io/`);
    await wire.closed;
    expect(websocket.server.engine.clientsCount).toBe(0);
  });
});
