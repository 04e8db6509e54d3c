import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { Controller, Get, Injectable } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { Registry } from 'prom-client';
import { POINT_NAMES } from '../../src/diagnostics/index.js';
import { Ack, Gateway, OnEvent, OnHandshake, SocketIoException, Websocket } from '../../src/index.js';
import { SocketIoInstrumentation } from '../../src/otel/index.js';
import { collectSocketIo } from '../../src/prometheus/index.js';
import { SocketIoHealthIndicator } from '../../src/terminus/index.js';
import { cleanup } from '../support/cleanup.js';
import { connectClient, startApp } from '../support/nest-app.js';
import { WAYS } from '../support/official-client.js';
import { until } from '../support/until.js';
import { record } from './support/recorder.js';
import { observe, written } from './support/telemetry.js';

const CANARY = 'canary-5f0c';
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const TRACEPARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;

@Gateway('/chat')
class ChatGateway {
  constructor(private readonly websocket: Websocket) {}

  @OnHandshake()
  handshake() {}

  @Ack('message')
  async message() {
    await new Promise(setImmediate);
    this.websocket.of('/chat').emit('news', CANARY);
    return trace.getSpanContext(context.active())?.spanId ?? null;
  }

  @Ack('refuse')
  refuse() {
    throw new SocketIoException('no', { code: 'TAKEN' });
  }

  @Ack('fail')
  fail() {
    throw new Error('internal');
  }

  @OnEvent('typing')
  typing() {}
}

@Gateway(/^\/room-/)
class RoomGateway {
  @Ack('*')
  any() {
    return 1;
  }
}

@Injectable()
@Controller()
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly socketio: SocketIoHealthIndicator,
  ) {}

  @Get('ready')
  @HealthCheck()
  ready() {
    return this.health.check([() => this.socketio.isHealthy('socketio', { maxSessions: 2 })]);
  }
}

describe('SocketIoInstrumentation', () => {
  it('has the version of the package', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(new SocketIoInstrumentation({ enabled: false }).instrumentationVersion).toBe(version);
  });

  it('makes spans of connects, handlers and emits', async () => {
    const { spans, find } = observe();
    const { url } = await startApp([ChatGateway]);
    const client = await connectClient(`${url}/chat`, { auth: { traceparent: TRACEPARENT, token: CANARY } });
    const active: unknown = await client.emitWithAck('message', CANARY);
    await client.emitWithAck('refuse', CANARY);
    await client.emitWithAck('fail', CANARY);
    client.emit('typing');
    await until(() => find('/chat/typing') !== undefined);

    expect(find('connect /chat').kind).toBe(SpanKind.SERVER);
    expect(find('connect /chat').spanContext().traceId).toBe(TRACE_ID);
    expect(find('connect /chat').attributes).toEqual({
      'socketio.namespace': '/chat',
      'socketio.transport': 'websocket',
      'socketio.socket.id': client.id,
      'socketio.recovered': false,
    });
    const message = find('/chat/message');
    expect(message.kind).toBe(SpanKind.SERVER);
    expect(message.parentSpanContext).toBeUndefined();
    expect(message.links.map((link) => link.context.spanId)).toEqual([find('connect /chat').spanContext().spanId]);
    expect(message.status.code).toBe(SpanStatusCode.UNSET);
    expect(message.spanContext().spanId).toBe(active);
    expect(message.attributes).toEqual({
      'rpc.system.name': 'socketio',
      'rpc.method': '/chat/message',
      'socketio.namespace': '/chat',
      'socketio.event.name': 'message',
      'socketio.socket.id': client.id,
      'code.function.name': 'ChatGateway.message',
    });
    expect(find('send /chat').parentSpanContext?.spanId).toBe(active);
    expect(find('send /chat').kind).toBe(SpanKind.PRODUCER);
    expect(find('/chat/refuse').status.code).toBe(SpanStatusCode.ERROR);
    expect(find('/chat/refuse').attributes).toMatchObject({ 'error.type': 'TAKEN', 'rpc.status_code': 'TAKEN' });
    expect(find('/chat/refuse').events).toEqual([]);
    expect(find('/chat/fail').events).toHaveLength(1);
    expect(find('/chat/typing').kind).toBe(SpanKind.CONSUMER);
    expect(JSON.stringify(spans().map(written))).not.toContain(CANARY);
  });

  it.each(Object.entries(WAYS))(
    'continues the trace of the handshake over %s, and links handlers to it',
    async (_way, way) => {
      const { find } = observe();
      const { url } = await startApp([ChatGateway]);
      const client = await connectClient(`${url}/chat`, { ...way, extraHeaders: { traceparent: TRACEPARENT } });
      const active: unknown = await client.emitWithAck('message');
      const connected = find('connect /chat');
      expect(connected.spanContext().traceId).toBe(TRACE_ID);
      expect(connected.attributes['socketio.transport']).toBe(way.transports[0]);
      const handled = find('/chat/message');
      expect(handled.spanContext().spanId).toBe(active);
      expect(handled.links.map((link) => link.context.spanId)).toContain(connected.spanContext().spanId);
    },
  );

  it('names spans by what was bound, and takes a malformed traceparent for none', async () => {
    const { spans } = observe();
    const { url } = await startApp([RoomGateway]);
    const client = await connectClient(`${url}/room-${CANARY}`, { auth: { traceparent: 'nonsense' } });
    await client.emitWithAck(CANARY, CANARY);
    // The admin UI of a server of an earlier test may still send what it counts: its timer goes on.
    const names = spans().flatMap(({ name }) => (name.endsWith(' /admin') ? [] : [name]));
    expect(names).toEqual(['connect /^\\/room-/', 'socketio']);
    expect(JSON.stringify(spans().map(written))).not.toContain(CANARY);
  });

  it('continues a trace that a message carries, and leaves out what is to be ignored', async () => {
    const { find } = observe({
      ignore: (_namespace, event) => event === 'typing',
      messageCarrier: ({ args }) => args.at(-1),
      isError: ({ code }) => code !== 'TAKEN',
    });
    const { url } = await startApp([ChatGateway]);
    const client = await connectClient(`${url}/chat`);
    client.emit('typing');
    await client.emitWithAck('message', { traceparent: TRACEPARENT });
    await client.emitWithAck('refuse');
    expect(find('/chat/typing')).toBeUndefined();
    expect(find('/chat/message').spanContext().traceId).toBe(TRACE_ID);
    expect(find('/chat/refuse').status.code).toBe(SpanStatusCode.UNSET);
  });

  it('writes the names of the official instrumentation if asked to', async () => {
    const { find } = observe({ legacyAttributes: true });
    const { url } = await startApp([ChatGateway]);
    const client = await connectClient(`${url}/chat`);
    await client.emitWithAck('message');
    expect(find('receive /chat')).toMatchObject({
      kind: SpanKind.CONSUMER,
      attributes: {
        'messaging.system': 'socket.io',
        'messaging.destination': '/chat',
        'messaging.operation': 'receive',
        'messaging.socket.io.event_name': 'message',
      },
    });
    expect(find('send /chat').attributes).toEqual({
      'messaging.system': 'socket.io',
      'messaging.destination': '/chat',
      'messaging.destination_kind': 'topic',
      'messaging.socket.io.event_name': 'news',
      'messaging.socket.io.namespace': '/chat',
    });
  });
});

describe('metrics', () => {
  it('are the same from OpenTelemetry and prom-client, from one stats() each, whatever clients name', async () => {
    const { collect } = observe({ spans: { handle: false, emit: false, connect: false } });
    const { app, url } = await startApp([ChatGateway, RoomGateway]);
    const { server } = app.get(Websocket);
    const register = new Registry();
    const handle = collectSocketIo(register, server);
    cleanup(() => handle.stop());
    const client = await connectClient(`${url}/chat`, { auth: { token: CANARY } });
    const room = await connectClient(`${url}/room-${CANARY}`);
    await client.emitWithAck('message', CANARY);
    await client.emitWithAck('fail', CANARY);
    for (let i = 0; i < 50; i++) client.emit(`${CANARY}-${i}`);
    for (let i = 0; i < 50; i++) await room.emitWithAck(`${CANARY}-${i}`);
    const stats = server.stats.bind(server);
    let asked = 0;
    server.stats = () => {
      asked++;
      return stats();
    };
    const text = await register.metrics();
    expect(asked).toBe(1);
    const collected = await collect();
    expect(asked).toBe(2);
    expect(collected.map(({ descriptor }) => descriptor.name)).toContain('socketio.server.send_queue.largest');
    for (const { descriptor, dataPoints } of collected) {
      const name = descriptor.name.replaceAll('.', '_');
      for (const { attributes, value } of dataPoints) {
        const expected = typeof value === 'number' ? value : value.count;
        const labels = Object.entries(attributes).map(([key, each]) => [key.replaceAll('.', '_'), String(each)]);
        const lines = text
          .split('\n')
          .filter(
            (line) =>
              line.startsWith(name) && labels.every(([key, each]) => line.includes(`${key}=${JSON.stringify(each)}`)),
          );
        const suffix = typeof value === 'number' ? '' : '_count';
        expect({
          name,
          labels,
          found: lines.some(
            (line) => line.split(/[{ ]/)[0].endsWith(suffix) && Number(line.split(' ').at(-1)) === expected,
          ),
        }).toEqual({ name, labels, found: true });
      }
    }
    expect(text).toContain('socketio_server_events_unhandled_total 50');
    expect(text).toMatch(/rpc_server_call_duration_seconds_count\{.*rpc_method="\/\^\\\\\/room-\/\/\*".*\} 50/);
    expect(text).not.toContain(CANARY);
    expect(JSON.stringify(collected)).not.toContain(CANARY);
  });
});

describe('SocketIoHealthIndicator', () => {
  it('is up while the server is open and not full, and says why if not', async () => {
    const { app, url } = await startApp(
      [ChatGateway, SocketIoHealthIndicator],
      { shutdownDelay: 2_000 },
      {
        imports: [TerminusModule],
        controllers: [HealthController],
      },
    );
    const ready = async () => {
      const response = await fetch(`${url}/ready`);
      return { status: response.status, body: (await response.json()) as { details: { socketio: object } } };
    };
    expect(await ready()).toMatchObject({
      status: 200,
      body: { details: { socketio: { state: 'open', sessions: 0 } } },
    });
    const client = await connectClient(`${url}/chat`, { auth: { token: CANARY } });
    await connectClient(`${url}/chat`);
    const full = await ready();
    expect(full).toMatchObject({ status: 503, body: { details: { socketio: { reason: 'full', sessions: 2 } } } });
    expect(JSON.stringify(full)).not.toContain(CANARY);

    const websocket = app.get(Websocket);
    const ended = websocket.shutdown();
    expect(await ready()).toMatchObject({ status: 503, body: { details: { socketio: { reason: 'draining' } } } });
    expect(await client.emitWithAck('message')).toBeNull();
    void websocket.shutdown();
    await ended;
    expect(await ready()).toMatchObject({ status: 503, body: { details: { socketio: { reason: 'closed' } } } });
  });

  it('is down at once when the application closes, while clients are served and let in until the delay is over', async () => {
    const DELAY = 600;
    const { app, url } = await startApp(
      [ChatGateway, SocketIoHealthIndicator],
      { shutdownDelay: DELAY },
      { imports: [TerminusModule], controllers: [HealthController] },
    );
    const client = await connectClient(`${url}/chat`);
    const published = record('state');
    const began = performance.now();
    const closed = app.close();
    await until(() => published.length === 1);
    const { status } = await fetch(`${url}/ready`);
    expect(status).toBe(503);
    const isOver = until(() => published.length > 1, 'the delay is over', 10_000).then(() => null);
    let served = 0;
    let lastAt = 0;
    while (published.length === 1 && client.connected) {
      // One that comes as the delay ends may be cut off without an answer.
      const late = await Promise.race([connectClient(`${url}/chat`).catch(() => null), isOver]);
      const answer: unknown = await client
        .timeout(1_000)
        .emitWithAck('message')
        .catch(() => 'none');
      late?.disconnect();
      if (late === null || answer === 'none') break;
      served++;
      lastAt = performance.now() - began;
    }
    expect(served).toBeGreaterThan(3);
    expect(lastAt).toBeGreaterThan(DELAY / 2);
    await closed;
    expect(performance.now() - began).toBeGreaterThanOrEqual(DELAY - 10);
    expect(published.map(({ payload }) => payload.to)).toEqual(['draining', 'closing', 'closed']);
  });

  it('is down within 10 ms of app.close()', async () => {
    const took: number[] = [];
    // On a machine with other work one of five is enough.
    for (let run = 0; run < 5; run++) {
      const { app } = await startApp([ChatGateway], { shutdownDelay: 1 });
      const began = performance.now();
      const drains = new Promise<void>((resolve) => {
        const onState = (): void => {
          took.push(performance.now() - began);
          unsubscribe(POINT_NAMES.state, onState);
          resolve();
        };
        subscribe(POINT_NAMES.state, onState);
      });
      const closed = app.close();
      await drains;
      expect(app.get(Websocket).state).toBe('draining');
      await closed;
    }
    expect(Math.min(...took)).toBeLessThan(10);
  });
});
