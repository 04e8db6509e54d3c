/** Clients of Engine.IO 3 are seen as all others are. */
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { Ack, Gateway, OnEvent, SocketIoException, Websocket } from '../../src/index.js';
import { openWebSocketV3 } from '../support/engine-v3-client.js';
import { connectLegacyClient } from '../support/legacy-client.js';
import { startApp } from '../support/nest-app.js';
import { WAYS } from '../support/official-client.js';
import { nextEvent, until } from '../support/until.js';
import { phases, record } from './support/recorder.js';
import { observe, written } from './support/telemetry.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${TRACE_ID}-b7ad6b7169203331-01`;
const SECRET = 'canary-5f0c';

@Gateway('/chat')
class ChatGateway {
  constructor(private readonly websocket: Websocket) {}

  @Ack('message')
  message(): string {
    this.websocket.of('/chat').emit('news', 1);
    return 'ok';
  }

  @Ack('refuse')
  refuse(): void {
    throw new SocketIoException('no', { code: 'TAKEN' });
  }

  @OnEvent('typing')
  typing(): void {}
}

describe.each(Object.entries(WAYS))('a client of Socket.IO 2 over %s', (_way, way) => {
  it('has spans with the trace of its query, links, and status, and the same metrics', async () => {
    const { spans, find, collect } = observe();
    const { url } = await startApp([ChatGateway], { allowEIO3: true });
    const client = await connectLegacyClient(`${url}/chat`, { ...way, query: { traceparent, token: SECRET } });
    const ask = (event: string): Promise<unknown> =>
      new Promise((resolve) => client.emit(event, SECRET, (answer: unknown) => resolve(answer)));
    const news = nextEvent(client, 'news');
    expect(await ask('message')).toBe('ok');
    await news;
    expect(await ask('refuse')).toMatchObject({ code: 'TAKEN' });
    client.emit('typing', SECRET);
    await until(() => find('/chat/typing') !== undefined);

    const connected = find('connect /chat');
    expect(connected.spanContext().traceId).toBe(TRACE_ID);
    expect(connected.attributes).toEqual({
      'socketio.namespace': '/chat',
      'socketio.transport': expect.stringMatching(way.transports.join('|')),
      'socketio.socket.id': client.id,
      'socketio.recovered': false,
    });
    // It is in the main namespace by itself.
    expect(find('connect /').status.code).toBe(SpanStatusCode.UNSET);
    for (const [name, kind, status] of [
      ['/chat/message', SpanKind.SERVER, SpanStatusCode.UNSET],
      ['/chat/refuse', SpanKind.SERVER, SpanStatusCode.ERROR],
      ['/chat/typing', SpanKind.CONSUMER, SpanStatusCode.UNSET],
    ] as const) {
      expect([name, find(name).kind, find(name).status.code]).toEqual([name, kind, status]);
      expect(find(name).links.map((link) => link.context.spanId)).toContain(connected.spanContext().spanId);
    }
    expect(find('send /chat').parentSpanContext?.spanId).toBe(find('/chat/message').spanContext().spanId);
    const collected = await collect();
    const calls = collected.find(({ descriptor }) => descriptor.name === 'rpc.server.call.duration')!;
    expect(calls.dataPoints.map(({ attributes }) => attributes['rpc.method'])).toEqual([
      ...['/chat/message', '/chat/refuse', '/chat/typing'],
    ]);
    expect(JSON.stringify([spans().map(written), collected])).not.toContain(SECRET);
  });
});

describe('a session of Engine.IO 3', () => {
  it('is told of on all channels that it touches, to its end', async () => {
    const { url } = await startApp([ChatGateway], { allowEIO3: true });
    const published = record();
    const wire = await openWebSocketV3(`${url}/socket.io/`);
    expect(await wire.next()).toMatch(/^0\{/);
    expect(await wire.next()).toBe('40');
    wire.send('40/chat?token=x');
    expect(await wire.next()).toBe('40/chat,');
    wire.send('42/chat,1["refuse"]');
    expect(await wire.next()).toMatch(/^43\/chat,1\[\{/);
    wire.send('42/chat,["unknown"]');
    wire.send('40/nowhere');
    expect(await wire.next()).toMatch(/^44\/nowhere/);
    wire.close();
    await until(() => phases(published).includes('session.close'));
    expect(phases(published)).toEqual([
      ...['session.open', 'connect start', 'connect end'],
      ...['connect start', 'connect end', 'handle start', 'handle error', 'handle end', 'unhandled'],
      ...['connect start', 'connect error', 'connect end', 'disconnect', 'disconnect', 'session.close'],
    ]);
    const asked = published.filter(({ what }) => what === 'connect end').map(({ payload }) => payload);
    expect(asked.map(({ namespace, auth, code }) => [namespace, auth, code])).toEqual([
      ['/', {}, undefined],
      ['/chat', { token: 'x' }, undefined],
      [null, {}, 'UNKNOWN_NAMESPACE'],
    ]);
  });
});
