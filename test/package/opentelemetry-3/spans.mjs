// Spans and metrics of one script, registered as applications do it; the tests of the repository have the second generation.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const [major, minor] = process.versions.node.split('.').map(Number);
if (major > 22 || (major === 22 && minor >= 15)) await play();
else console.log('spans: this generation of the SDK needs Node 22.15');
process.exit();

async function play() {
  const { context, propagation, trace } = await import('@opentelemetry/api');
  const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks');
  const { W3CTraceContextPropagator } = await import('@opentelemetry/core');
  const { PrometheusExporter } = await import('@opentelemetry/exporter-prometheus');
  const { registerInstrumentations } = await import('@opentelemetry/instrumentation');
  const { MeterProvider } = await import('@opentelemetry/sdk-metrics');
  const { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } = await import('@opentelemetry/sdk-trace');
  const { SocketIoInstrumentation } = await import('nestjs-socketio/otel');
  const { Server } = await import('nestjs-socketio/server');
  const { io: connect } = await import('socket.io-client');

  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const exporter = new InMemorySpanExporter();
  const reader = new PrometheusExporter({ preventServerStart: true });
  registerInstrumentations({
    instrumentations: [new SocketIoInstrumentation()],
    tracerProvider: new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
    meterProvider: new MeterProvider({ readers: [reader] }),
  });

  const http = createServer();
  const io = new Server(http, { serveClient: false, onError: () => {} });
  io.on('connection', (socket) => {
    socket.on('sum', async (a, b, ack) => {
      await new Promise(setImmediate);
      ack(a + b, trace.getSpan(context.active())?.spanContext().spanId);
    });
    socket.on('broken', () => {
      throw new Error('broken');
    });
  });
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  const auth = { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01` };
  const client = connect(`http://127.0.0.1:${http.address().port}`, { transports: ['websocket'], auth });
  const answer = new Promise((resolve) => client.emit('sum', 1, 2, (...args) => resolve(args)));
  const [sum, active] = await answer;
  client.emit('broken');
  await client.emitWithAck('sum', 1, 2);
  await new Promise(setImmediate);

  const spans = exporter.getFinishedSpans();
  const [connected, first] = spans;
  assert.deepEqual(
    spans.map(({ name, status, links }) => [name, status.code, links.length]),
    [
      ['connect /', 0, 0],
      ['/sum', 0, 1],
      ['/broken', 2, 1],
      ['/sum', 0, 1],
    ],
  );
  assert.equal(sum, 3);
  assert.equal(active, first.spanContext().spanId);
  assert.equal(connected.spanContext().traceId, TRACE_ID);
  const { resourceMetrics, errors } = await reader.collect();
  assert.deepEqual(errors, []);
  const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  const valuesOf = (name) =>
    metrics.find(({ descriptor }) => descriptor.name === name).dataPoints.map(({ value }) => value);
  assert.deepEqual(
    valuesOf('rpc.server.call.duration').map(({ count }) => count),
    [2, 1],
  );
  assert.deepEqual(valuesOf('socketio.server.connections'), [1]);
  console.log('spans and metrics: passed');
}
