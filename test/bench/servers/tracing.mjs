import { createRequire } from 'node:module';
import { entryOf } from './entry.mjs';

/** Spans that are sampled are made, batched and thrown away at the exporter; metrics are aggregated and never collected. */
async function startSdk(ratio) {
  const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks');
  const { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler } =
    await import('@opentelemetry/sdk-trace-base');
  const { NodeTracerProvider } = await import('@opentelemetry/sdk-trace-node');
  const { MeterProvider, PeriodicExportingMetricReader, InMemoryMetricExporter } =
    await import('@opentelemetry/sdk-metrics');
  const { metrics } = await import('@opentelemetry/api');
  const exporter = {
    export: (_spans, done) => done({ code: 0 }),
    shutdown: async () => {},
    forceFlush: async () => {},
  };
  const provider = new NodeTracerProvider({
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor(exporter, { maxQueueSize: 100_000, scheduledDelayMillis: 100 })],
  });
  provider.register({ contextManager: new AsyncLocalStorageContextManager().enable() });
  const reader = new PeriodicExportingMetricReader({
    exporter: new InMemoryMetricExporter(0),
    exportIntervalMillis: 3_600_000,
  });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  return provider;
}

/** Our instrumentation, for all servers of the process. */
export async function traceOurs({ root, tracing }) {
  await startSdk(tracing);
  const { SocketIoInstrumentation } = await import(entryOf(root, 'otel/index.js'));
  new SocketIoInstrumentation();
}

/** The official server with the official instrumentation, which hooks into `require`. */
export async function loadTracedOfficial(ratio) {
  const provider = await startSdk(ratio);
  const require = createRequire(import.meta.url);
  const { SocketIoInstrumentation } = require('@opentelemetry/instrumentation-socket.io');
  new SocketIoInstrumentation().setTracerProvider(provider);
  return require('socket.io');
}
