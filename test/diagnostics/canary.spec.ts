/** What clients send stays out of all that is written: spans, metrics, logs, answers of health checks. */
import type { IncomingMessage } from 'node:http';
import {
  Catch,
  Injectable,
  NotFoundException,
  ParseIntPipe,
  UseFilters,
  UseGuards,
  UseInterceptors,
  ValidationPipe,
  type CanActivate,
  type ExceptionFilter,
  type NestInterceptor,
} from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { SubscribeMessage, WebSocketGateway, WsException } from '@nestjs/websockets';
import { IsInt } from 'class-validator';
import { Registry } from 'prom-client';
import { throwError } from 'rxjs';
import * as customParser from 'socket.io-msgpack-parser';
import * as v from 'valibot';
import { defineContract, event } from '../../src/contract/index.js';
import {
  Ack,
  Gateway,
  MessageBody,
  OnConnect,
  OnDisconnect,
  OnEvent,
  OnHandshake,
  RateLimit,
  SocketIoException,
  Websocket,
  type Socket,
} from '../../src/index.js';
import { collectSocketIo } from '../../src/prometheus/index.js';
import { SocketIoHealthIndicator } from '../../src/terminus/index.js';
import { startGateways } from '../nest/adapter/support/start-gateways.js';
import { startWith } from '../nest/support/start-app.js';
import { cleanup } from '../support/cleanup.js';
import { openPolling, openWebSocket, push, request } from '../support/engine-client.js';
import { openWebSocketV3 } from '../support/engine-v3-client.js';
import { connectClient, createClient } from '../support/nest-app.js';
import type { ClientOptions } from '../support/official-client.js';
import { startServer } from '../support/server.js';
import { nextEvent, until } from '../support/until.js';
import { recordLog } from './support/log-lines.js';
import { record } from './support/recorder.js';
import { observe, written } from './support/telemetry.js';

/** In auths, arguments, acks, queries, headers, cookies and bodies. */
const SECRET = 'canary-5f0c';
/** In names of events and namespaces that clients make up. A line of the log may quote these while an application is developed. */
const NAME = 'made-up-77ab';

const MAX_BODY = 10_000;

/** Of a client that puts the secret wherever it can. */
const CREDENTIALS = {
  auth: { token: SECRET },
  query: { token: SECRET },
  extraHeaders: { authorization: SECRET, cookie: `sid=${SECRET}`, 'x-token': SECRET, 'user-agent': SECRET },
};

class Numbers {
  @IsInt()
  count!: number;
}

@Injectable()
class FailingGuard implements CanActivate {
  canActivate(): boolean {
    throw new Error('of the guard');
  }
}

@Injectable()
class FailingInterceptor implements NestInterceptor {
  intercept(): never {
    throw new Error('of the interceptor');
  }
}

@Catch()
class FailingFilter implements ExceptionFilter {
  catch(): void {
    throw new TypeError('of the filter');
  }
}

/** Fails on every path, with texts of its own that quote nothing. */
@Gateway('/chat')
class FailingGateway {
  constructor(private readonly websocket: Websocket) {}

  @OnHandshake()
  handshake(socket: Socket): void {
    const { fails } = socket.handshake.auth;
    if (fails === 'expected') throw new SocketIoException('no', { code: 'TAKEN' });
    if (fails === 'internal') throw new Error('of the handshake');
  }

  @OnConnect()
  connected(socket: Socket): void {
    if (socket.handshake.auth.fails === 'late') throw new Error('of the connect handler');
  }

  @OnDisconnect()
  left(): void {
    throw new Error('of the disconnect handler');
  }

  @Ack('throws')
  throws(): void {
    throw new Error('thrown');
  }

  @Ack('rejects')
  async rejects(): Promise<void> {
    throw new Error('rejected');
  }

  @Ack('streams')
  streams() {
    return throwError(() => new Error('streamed'));
  }

  @Ack('expected')
  expected(): void {
    throw new SocketIoException('no', { code: 'TAKEN' });
  }

  @Ack('missing')
  missing(): void {
    throw new NotFoundException('not here');
  }

  @Ack('parsed')
  parsed(@MessageBody(ParseIntPipe) _count: number): void {}

  @Ack('validated')
  validated(@MessageBody(new ValidationPipe({ forbidNonWhitelisted: true, whitelist: true })) _body: Numbers): void {}

  @UseGuards(FailingGuard)
  @Ack('guarded')
  guarded(): void {}

  @UseInterceptors(FailingInterceptor)
  @Ack('intercepted')
  intercepted(): void {}

  @UseFilters(FailingFilter)
  @Ack('filtered')
  filtered(): void {
    throw new Error('for the filter');
  }

  @Ack('unsendable')
  unsendable(@MessageBody() body: unknown): unknown {
    const cycle: unknown[] = [body];
    cycle.push(cycle);
    return cycle;
  }

  @RateLimit({
    limit: 1,
    interval: 60_000,
    key: () => {
      throw new Error('of the key');
    },
  })
  @Ack('keyed')
  keyed(): void {}

  @RateLimit({ limit: 1, interval: 60_000 })
  @Ack('limited')
  limited(): void {}

  /** The second of the two clients answers, the first does not. */
  @Ack('asks')
  async asks(): Promise<void> {
    await this.websocket.of('/chat').timeout(50).emitWithAck('question', SECRET);
  }

  @Ack('emits')
  async emits(@MessageBody() body: unknown): Promise<void> {
    this.websocket.of('/chat').to(SECRET).emit('news', body);
  }

  @OnEvent('heard')
  heard(): void {
    throw new Error('unheard');
  }
}

const shop = defineContract('/shop', {
  in: { buy: event(v.object({ count: v.number() })).ack(v.number()) },
  out: { price: event(v.picklist(['low', 'high'])) },
});

@Gateway(shop)
class ContractGateway {
  constructor(private readonly websocket: Websocket) {}

  @Ack(shop.in.buy)
  buy(): number {
    this.websocket.of('/shop').emit('price', SECRET);
    return SECRET as unknown as number;
  }
}

@Gateway(/^\/room-/)
class RoomGateway {
  @Ack('*')
  any(): void {
    throw new Error('of any event');
  }
}

/** The same on the adapter, as far as it has these paths. */
@WebSocketGateway({ maxHttpBufferSize: MAX_BODY, connectionStateRecovery: {} } as never)
class OldGateway {
  handleConnection(socket: Socket): void {
    if (socket.handshake.auth.fails === 'late') throw new Error('of the connection');
  }

  handleDisconnect(): void {
    throw new Error('of the disconnect');
  }

  @SubscribeMessage('throws')
  throws(): void {
    throw new Error('thrown');
  }

  @SubscribeMessage('rejects')
  async rejects(): Promise<void> {
    throw new Error('rejected');
  }

  @SubscribeMessage('streams')
  streams() {
    return throwError(() => new Error('streamed'));
  }

  @SubscribeMessage('expected')
  expected(): void {
    throw new WsException('no');
  }

  @SubscribeMessage('parsed')
  parsed(@MessageBody(ParseIntPipe) _count: number): void {}

  @SubscribeMessage('validated')
  validated(@MessageBody(new ValidationPipe({ forbidNonWhitelisted: true, whitelist: true })) _body: Numbers): void {}

  @UseGuards(FailingGuard)
  @SubscribeMessage('guarded')
  guarded(): void {}

  @UseInterceptors(FailingInterceptor)
  @SubscribeMessage('intercepted')
  intercepted(): void {}

  @UseFilters(FailingFilter)
  @SubscribeMessage('filtered')
  filtered(): void {
    throw new Error('for the filter');
  }

  @SubscribeMessage('unsendable')
  unsendable(@MessageBody() body: unknown): unknown {
    const cycle: unknown[] = [body];
    cycle.push(cycle);
    return cycle;
  }
}

/** What a connection may send that no server can read. */
const MALFORMED = [
  `42["throws","${SECRET}`,
  `42["throws",${SECRET}]`,
  `42[{"token":"${SECRET}"}]`,
  `42/other,["throws","${SECRET}"]`,
  `42["${SECRET.repeat(100)}"]`,
  `42["connect_error","${SECRET}"]`,
  `42${'['.repeat(300)}"${SECRET}"`,
  `4299999999999999999999["throws","${SECRET}"]`,
  `451-["throws","${SECRET}"]`,
  `461-1["${SECRET}",{"_placeholder":true,"num":7}]`,
  `40{"token":"${SECRET}"`,
  `40"${SECRET}"`,
  `49${SECRET}`,
  `z${SECRET}`,
  SECRET,
];

/** Everything at a server that a client can get wrong before it has a socket. */
async function stumble(url: string, more: ClientOptions = {}): Promise<void> {
  const endpoint = `${url}/socket.io/`;
  for (const frame of MALFORMED) {
    const wire = await openWebSocket(endpoint);
    wire.send(`40{"token":"${SECRET}"}`);
    wire.send(frame);
    if (frame.startsWith('451-')) wire.send('42["not an attachment"]');
    wire.close();
    await wire.closed;
  }
  const bytes = await openWebSocket(endpoint);
  bytes.send(Buffer.from(SECRET));
  await bytes.closed;
  const large = await openWebSocket(endpoint);
  large.send(`42["throws","${SECRET.repeat(MAX_BODY / 8)}"]`);
  await large.closed;
  for (const search of [
    `EIO=9&transport=polling&token=${SECRET}`,
    `EIO=4&transport=${SECRET}`,
    `EIO=4&transport=polling&sid=${SECRET}`,
    `EIO=4&transport=websocket&token=${SECRET}`,
  ]) {
    await request(`${endpoint}?${search}`, { headers: { cookie: `sid=${SECRET}`, authorization: SECRET } });
  }
  await request(`${endpoint}?EIO=4&transport=polling&token=${SECRET}`, { method: 'PUT', body: SECRET });
  for (const body of [`z${SECRET}`, `42["throws","${SECRET}`, SECRET.repeat(MAX_BODY)]) {
    await push(await openPolling(endpoint, { token: SECRET }), body).catch(() => null);
  }
  const refused = [
    createClient(`${url}/${NAME}`, { ...CREDENTIALS, ...more }),
    createClient(url, { ...CREDENTIALS, ...more, auth: { pid: SECRET, offset: SECRET } }),
  ];
  for (const client of refused) {
    let isSettled = false;
    for (const end of ['connect', 'connect_error']) client.once(end, () => (isSettled = true));
    client.connect();
    await until(() => isSettled);
  }
}

/** Sends each event with the secret, as an argument, in an object and as bytes; resolves when all are answered. */
async function send(client: Awaited<ReturnType<typeof connectClient>>, events: readonly string[]): Promise<void> {
  for (const name of events) {
    await client
      .timeout(200)
      .emitWithAck(name, { count: SECRET, [SECRET]: SECRET }, SECRET, Buffer.from(SECRET))
      .catch(() => null);
  }
}

/** Polls no more while much is emitted to it, so that packets are dropped. */
async function fallBehind(url: string, connect: string, emit: () => void, hasDropped: () => boolean): Promise<void> {
  await push(await openPolling(`${url}/socket.io/`, { token: SECRET }), connect);
  await until(() => {
    emit();
    return hasDropped();
  }, 'messages are dropped');
}

/** All that channels hand to those who write labels. */
function labelsOf(published: ReturnType<typeof record>): unknown[] {
  return published.map(({ what, payload: { namespace, route, code, handler, detail, details, refusal } }) => [
    ...[what, namespace, route, code, handler, detail?.code, details?.code, refusal?.context?.name],
  ]);
}

describe('what clients send', () => {
  it('is in no span, label, line of the log or health answer of an application with the module', async () => {
    const { spans, collect } = observe();
    const published = record();
    const { app, url, websocket } = await startWith({
      imports: [TerminusModule],
      providers: [FailingGateway, ContractGateway, RoomGateway, SocketIoHealthIndicator],
      options: {
        warnUnknown: true,
        maxHttpBufferSize: MAX_BODY,
        connectionStateRecovery: {},
        sendQueueBytes: 1_000_000,
        dropFramesOnOverflow: true,
        maxConnectRefusals: 1_000,
        errorAck: (_error, { event: name }) => {
          if (name === 'rejects') throw new Error('of errorAck');
          return undefined;
        },
        contract: { outbound: 'check' },
        shutdownTimeout: 200,
      },
    });
    const register = new Registry();
    cleanup(collectSocketIo(register, websocket.server).stop);
    const lines = recordLog();

    for (const fails of ['expected', 'internal']) {
      const auth = { ...CREDENTIALS.auth, fails };
      await expect(connectClient(`${url}/chat`, { ...CREDENTIALS, auth })).rejects.toThrow();
    }
    const late = await connectClient(`${url}/chat`, { ...CREDENTIALS, auth: { ...CREDENTIALS.auth, fails: 'late' } });
    if (late.connected) await nextEvent(late, 'disconnect');
    const client = await connectClient(`${url}/chat`, CREDENTIALS);
    const other = await connectClient(`${url}/chat`, CREDENTIALS);
    other.on('question', (_asked: unknown, ack: (answer: unknown) => void) => ack({ token: SECRET }));
    client.emit('heard', SECRET);
    await send(client, [
      ...['throws', 'rejects', 'streams', 'expected', 'missing', 'parsed', 'validated', 'guarded', 'intercepted'],
      ...['filtered', 'unsendable', 'keyed', 'limited', 'limited', 'asks', 'emits', NAME],
    ]);
    await send(await connectClient(`${url}/shop`, CREDENTIALS), ['buy']);
    const buyer = await connectClient(`${url}/shop`, CREDENTIALS);
    await buyer
      .timeout(200)
      .emitWithAck('buy', { count: 1 })
      .catch(() => null);
    await send(await connectClient(`${url}/room-${NAME}`, CREDENTIALS), [NAME]);
    await stumble(url);
    await fallBehind(
      url,
      `40/chat,{"token":"${SECRET}"}`,
      () => websocket.of('/chat').emit('news', SECRET.repeat(10_000)),
      () => websocket.stats().dropped > 0,
    );
    const health = await app.get(SocketIoHealthIndicator).isHealthy('socketio', { maxSessions: 1 });
    const metrics = JSON.stringify([await collect(), await register.metrics()]);
    for (const each of [client, other]) each.disconnect();
    await until(() => lines.filter((line) => line.includes('of the disconnect handler')).length >= 2);
    const left = lines.join('\n');

    for (const expected of [
      'throws',
      'rejects',
      'streams',
      'guarded',
      'intercepted',
      'filtered',
      'asks',
      'heard',
      'buy',
    ]) {
      expect(left).toContain(`.${expected}() failed`);
    }
    for (const expected of ['handshake', 'connect handler', 'key', 'filter', 'errorAck']) {
      expect(left).toContain(`of the ${expected}`.replace('the errorAck', 'errorAck'));
    }
    expect(left).toContain('CONTRACT_VIOLATION');
    expect(left).toContain('ACK_TIMEOUT');
    expect(left).toContain('OverflowError');
    expect(left).toContain(`A client emitted "${NAME}"`);
    expect(spans().length).toBeGreaterThan(40);
    const told = JSON.stringify([spans().map(written), metrics, health, labelsOf(published)]);
    expect(told).not.toContain(NAME);
    expect(told).not.toContain(SECRET);
    expect(lines.filter((line) => line.includes(SECRET))).toEqual([]);
  }, 60_000);

  it('is in no span, label or line of the log of gateways on SocketIoAdapter', async () => {
    const { spans, collect } = observe();
    const published = record();
    const { url } = await startGateways({ providers: [OldGateway] });
    const lines = recordLog();
    const late = await connectClient(url, { ...CREDENTIALS, auth: { ...CREDENTIALS.auth, fails: 'late' } });
    late.disconnect();
    const client = await connectClient(url, CREDENTIALS);
    await send(client, [
      ...['throws', 'rejects', 'streams', 'expected', 'parsed', 'validated', 'guarded', 'intercepted', 'filtered'],
      ...['unsendable', NAME],
    ]);
    await stumble(url);
    client.disconnect();
    await until(() => lines.filter((line) => line.includes('of the disconnect')).length >= 2);

    for (const expected of ['throws', 'rejects', 'streams', 'guarded', 'intercepted', 'filtered']) {
      expect(lines.join('\n')).toContain(`OldGateway.${expected}() failed`);
    }
    expect(lines.join('\n')).toContain('of the connection');
    expect(lines.join('\n')).toContain(`A client emitted "${NAME}"`);
    expect(spans().length).toBeGreaterThan(20);
    const told = JSON.stringify([spans().map(written), await collect(), labelsOf(published)]);
    expect(told).not.toContain(NAME);
    expect(told).not.toContain(SECRET);
    expect(lines.filter((line) => line.includes(SECRET))).toEqual([]);
  }, 60_000);

  it.each([
    ['the codec of this package', {}],
    ['a custom parser', { parser: customParser }],
  ])(
    'is in no span, label or line of the log of ./server with %s',
    async (_codec, options) => {
      const { spans, collect } = observe();
      const published = record();
      const lines = recordLog();
      const { io, origin } = await startServer({
        onError: undefined,
        onWarning: undefined,
        allowEIO3: true,
        maxHttpBufferSize: MAX_BODY,
        settleAcks: true,
        allowRequest: ({ headers }: IncomingMessage) => {
          if (headers['x-fails'] !== undefined) throw new Error('of allowRequest');
          return true;
        },
        ...options,
      } as never);
      io.of('/middleware').use(() => {
        throw new Error('of the middleware');
      });
      io.on('connection', (socket) => {
        socket.use(([name], next) => {
          if (name === 'screened') throw new Error('of the screening');
          next();
        });
        socket.on('throws', () => {
          throw new Error('of the listener');
        });
        socket.on('rejects', async () => {
          throw new Error('of the promise');
        });
        socket.on('asks', async () => {
          await io.timeout(50).emitWithAck('question', SECRET);
        });
        socket.on('disconnect', () => {
          throw new Error('of the end');
        });
      });
      const parts = 'parser' in options ? { parser: customParser } : {};
      const client = await connectClient(origin, { ...CREDENTIALS, ...parts });
      client.on('question', (_asked: unknown, ack: (answer: unknown) => void) => ack({ token: SECRET }));
      await connectClient(origin, { ...CREDENTIALS, ...parts });
      await send(client, ['throws', 'rejects', 'screened', 'asks', NAME]);
      await until(() => lines.some((line) => line.includes('ACK_TIMEOUT')));
      const refused = [
        createClient(`${origin}/middleware`, { ...CREDENTIALS, ...parts }),
        createClient(origin, {
          ...CREDENTIALS,
          ...parts,
          extraHeaders: { ...CREDENTIALS.extraHeaders, 'x-fails': '1' },
        }),
      ];
      for (const each of refused) {
        each.connect();
        await nextEvent(each, 'connect_error');
      }
      const old = await openWebSocketV3(`${origin}/socket.io/`, { token: SECRET });
      old.send(`42["throws","${SECRET}"]`);
      old.send(`42["throws",${SECRET}]`);
      await old.closed;
      await stumble(origin, parts);
      client.disconnect();
      await until(() => lines.some((line) => line.includes('of the end')));

      for (const expected of ['the listener', 'the promise', 'the screening', 'the middleware', 'allowRequest']) {
        expect(lines.join('\n')).toContain(`of ${expected}`);
      }
      expect(spans().length).toBeGreaterThan(5);
      const told = JSON.stringify([spans().map(written), await collect(), labelsOf(published)]);
      expect(told).not.toContain(NAME);
      expect(told).not.toContain(SECRET);
      expect(lines.filter((line) => line.includes(SECRET))).toEqual([]);
    },
    60_000,
  );
});
