/** Hybrid applications: what listens beside the server of this package changes nothing of it, as with `IoAdapter`. */
import {
  Catch,
  Controller,
  UseGuards,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
  type PipeTransform,
  type Provider,
} from '@nestjs/common';
import {
  ClientsModule,
  Ctx,
  MessagePattern,
  Payload,
  RpcException,
  Transport,
  type ClientProxy,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { firstValueFrom } from 'rxjs';
import type { Socket as ClientSocket } from 'socket.io-client';
import { Ack, Gateway, SocketIoAdapter, SocketIoModule, Websocket } from '../../src/index.js';
import { cleanup } from '../support/cleanup.js';
import { freePort } from '../support/free-port.mjs';
import { connectClient } from '../support/nest-app.js';
import { nextEvent, within } from '../support/until.js';
import { failureOf, startWith, type AppSetup } from './support/start-app.js';
import { startGateways } from './adapter/support/start-gateways.js';
import { isNestSince } from './support/nest-version.js';

const MASKED = { status: 'error', message: 'Internal server error', code: 'INTERNAL_ERROR' };

@Controller()
class SumController {
  @MessagePattern('sum')
  sum(@Payload() terms: number[]): number {
    return terms.reduce((total, term) => total + term, 0);
  }
}

@WebSocketGateway()
class OldGateway {
  @SubscribeMessage('ask')
  ask(@MessageBody() body: unknown): unknown {
    return body;
  }
}

@Gateway()
class OwnGateway {
  @Ack('ask')
  ask(@MessageBody() body: unknown): unknown {
    return body;
  }

  @Ack('fail')
  fail(): never {
    throw new RpcException('of the shard');
  }
}

/** One of each kind, each noting for what it was asked. */
class Enhancers implements CanActivate, NestInterceptor, PipeTransform, ExceptionFilter {
  readonly asked: string[] = [];

  canActivate(context: ExecutionContext): boolean {
    this.asked.push(`guard ${context.getType()}`);
    return true;
  }

  intercept(context: ExecutionContext, next: CallHandler): ReturnType<CallHandler['handle']> {
    this.asked.push(`interceptor ${context.getType()}`);
    return next.handle();
  }

  transform(value: unknown): unknown {
    this.asked.push('pipe');
    return value;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    this.asked.push(`filter ${host.getType()}`);
    throw error;
  }
}
Catch()(Enhancers);

interface Hybrid {
  readonly app: INestApplication;
  readonly client: ClientSocket;
  readonly remote: ClientProxy;
  readonly asked: string[];
}

type Start = (setup: AppSetup) => Promise<{ app: INestApplication; url: string }>;

/** With the adapter of `socket.io`, with ours alone, and with the module. */
const SERVERS: Readonly<Record<string, { start: Start; gateway: Provider[] }>> = {
  IoAdapter: {
    start: (setup) => startGateways({ ...setup, options: {}, adapter: (app) => new IoAdapter(app) }),
    gateway: [OldGateway],
  },
  SocketIoAdapter: {
    start: (setup) => startGateways({ ...setup, options: {}, adapter: (app) => new SocketIoAdapter(app) }),
    gateway: [OldGateway],
  },
  SocketIoModule: { start: startWith, gateway: [OldGateway] },
  'SocketIoModule and @Gateway': { start: startWith, gateway: [OwnGateway] },
};

interface Variant {
  platform: 'express' | 'fastify';
  inheritAppConfig: boolean;
  /** Whether the microservice is connected before the application has its enhancers. */
  isFirst: boolean;
}

const VARIANTS: Variant[] = [
  { platform: 'express', inheritAppConfig: true, isFirst: false },
  { platform: 'express', inheritAppConfig: false, isFirst: true },
  { platform: 'fastify', inheritAppConfig: true, isFirst: true },
  { platform: 'fastify', inheritAppConfig: false, isFirst: false },
];

const CASES = Object.keys(SERVERS).flatMap((server) =>
  VARIANTS.map((variant) => [server, JSON.stringify(variant), variant] as const),
);

async function startHybrid(server: string, { platform, inheritAppConfig, isFirst }: Variant): Promise<Hybrid> {
  const port = await freePort();
  const options = { host: '127.0.0.1', port };
  const enhancers = new Enhancers();
  const { start, gateway } = SERVERS[server];
  const { app, url } = await start({
    platform,
    imports: [ClientsModule.register([{ name: 'remote', transport: Transport.TCP, options }])],
    controllers: [SumController],
    providers: gateway,
    configure: (made) => {
      const connect = (): void => {
        made.connectMicroservice({ transport: Transport.TCP, options }, { inheritAppConfig });
      };
      if (isFirst) connect();
      made.useGlobalGuards(enhancers);
      made.useGlobalInterceptors(enhancers);
      made.useGlobalPipes(enhancers);
      made.useGlobalFilters(enhancers);
      if (!isFirst) connect();
    },
  });
  await app.startAllMicroservices();
  const client = await connectClient(url);
  return { app, client, remote: app.get<ClientProxy>('remote'), asked: enhancers.asked };
}

describe('a hybrid application', () => {
  it.each(CASES)('with %s serves clients and services: %s', async (server, _name, variant) => {
    const { app, client, remote, asked } = await startHybrid(server, variant);
    expect(await client.emitWithAck('ask', 'body')).toBe('body');
    const isOwn = server.endsWith('@Gateway');
    const reached = isOwn || isNestSince('12') ? ['guard ws', 'interceptor ws', 'pipe'] : [];
    expect(asked.splice(0)).toEqual(reached);
    expect(await firstValueFrom(remote.send('sum', [1, 2]))).toBe(3);
    const isAsked = variant.inheritAppConfig && !variant.isFirst;
    expect(asked.splice(0)).toEqual(isAsked ? ['guard rpc', 'interceptor rpc', 'pipe'] : []);
    const left = nextEvent(client, 'disconnect');
    await within(app.close(), 'the end of the application');
    expect((await left)[0]).toBe('transport close');
  });

  it('masks an RpcException, which is meant for another service', async () => {
    const { client, asked } = await startHybrid('SocketIoModule and @Gateway', VARIANTS[0]);
    expect(await client.emitWithAck('fail')).toEqual(MASKED);
    expect(asked.at(-1)).toBe('filter ws');
  });

  it('masks it in a gateway of @nestjs/websockets as IoAdapter does', async () => {
    @WebSocketGateway()
    class FailingGateway {
      @SubscribeMessage('fail')
      fail(): never {
        throw new RpcException({ message: 'of the shard' });
      }
    }
    for (const Adapter of [IoAdapter, SocketIoAdapter]) {
      const { url } = await startGateways({ providers: [FailingGateway], adapter: (app) => new Adapter(app) });
      const client = await connectClient(url);
      const told = nextEvent(client, 'exception');
      client.emit('fail');
      expect((await told)[0]).toMatchObject({ status: 'error', message: 'Internal server error' });
    }
  });

  it('has one guard of a class asked by clients and by services', async () => {
    const types: string[] = [];
    const guard: CanActivate = { canActivate: (context) => types.push(context.getType()) > 0 };

    @UseGuards(guard)
    @Controller()
    class BothController {
      @MessagePattern('both')
      @Ack('both')
      both(@Payload() body: unknown): unknown {
        return body;
      }
    }
    const options = { host: '127.0.0.1', port: await freePort() };
    const { app, url } = await startWith({
      imports: [ClientsModule.register([{ name: 'remote', transport: Transport.TCP, options }])],
      controllers: [BothController],
      configure: (made) => void made.connectMicroservice({ transport: Transport.TCP, options }),
    });
    await app.startAllMicroservices();
    expect(await (await connectClient(url)).emitWithAck('both', 1)).toBe(1);
    expect(await firstValueFrom(app.get<ClientProxy>('remote').send('both', 2))).toBe(2);
    expect(types).toEqual(['ws', 'rpc']);
  });

  it('stops the start for @Ctx() on a handler of clients', async () => {
    @Gateway()
    class ContextGateway {
      @Ack('ask')
      ask(@Ctx() _context: unknown): void {}
    }
    expect((await failureOf({ providers: [ContextGateway] })).message).toBe(
      '@Headers(), or @Ctx() of @nestjs/microservices, on the parameter 0 of ContextGateway.ask() has no effect: an event is not an ' +
        'HTTP request. Use @ConnectedSocket(), whose handshake has headers, query and address, or @HandshakeAuth().',
    );
  });
});

describe('a microservice', () => {
  const listen = async (metadata: AppSetup, adapter?: typeof SocketIoAdapter) => {
    const module = await Test.createTestingModule(metadata).compile();
    const options = { host: '127.0.0.1', port: await freePort() };
    const service = module.createNestMicroservice({ transport: Transport.TCP, options, logger: false });
    cleanup(() => service.close());
    if (adapter !== undefined) service.useWebSocketAdapter(new adapter(service));
    await service.listen();
    return service;
  };

  it('serves clients on a port of the module, and ends them', async () => {
    const port = await freePort();
    const service = await listen({
      imports: [SocketIoModule.forRoot({ port, host: '127.0.0.1' })],
      providers: [OldGateway],
    });
    const client = await connectClient(`http://127.0.0.1:${port}`);
    expect(await client.emitWithAck('ask', 'body')).toBe('body');
    const left = nextEvent(client, 'disconnect');
    await service.close();
    const [reason] = await left;
    expect([reason, service.get(Websocket).state]).toEqual(['transport close', 'closed']);
  });

  it('serves clients on a port of a gateway', async () => {
    const port = await freePort();

    @WebSocketGateway(port)
    class PortGateway extends OldGateway {}
    await listen({ providers: [PortGateway] }, SocketIoAdapter);
    expect(await (await connectClient(`http://127.0.0.1:${port}`)).emitWithAck('ask', 'body')).toBe('body');
  });

  it('does not start with gateways that no client can reach', async () => {
    await expect(listen({ providers: [OldGateway] }, SocketIoAdapter)).rejects.toThrow(
      'OldGateway would serve no client: the application has no HTTP server. Give @WebSocketGateway a port.',
    );
  });
});
