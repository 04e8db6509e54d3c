import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { SocketIoInstrumentation, type SocketIoInstrumentationConfig } from '../../../src/otel/index.js';
import { cleanup } from '../../support/cleanup.js';

/** Spans and metrics of OpenTelemetry during one test. */
export function observe(config?: SocketIoInstrumentationConfig) {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  provider.register({ contextManager: new AsyncLocalStorageContextManager().enable() });
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 });
  const meters = new MeterProvider({ readers: [reader] });
  const instrumentation = new SocketIoInstrumentation(config);
  instrumentation.setTracerProvider(provider);
  instrumentation.setMeterProvider(meters);
  cleanup(async () => {
    instrumentation.disable();
    await meters.shutdown();
    for (const api of [trace, context, propagation, metrics]) api.disable();
  });
  /** All metrics as they are now. */
  const collect = async (): Promise<MetricData[]> => {
    metricExporter.reset();
    await meters.forceFlush();
    return metricExporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  };
  const spans = (): ReadableSpan[] => exporter.getFinishedSpans();
  return { instrumentation, spans, find: (name: string) => spans().find((span) => span.name === name)!, collect };
}

/** All that a span holds and an exporter writes out. */
export function written(span: ReadableSpan): unknown[] {
  const { name, attributes, events, status, links, resource, instrumentationScope } = span;
  return [name, attributes, events, status, links, resource.attributes, instrumentationScope, span.spanContext()];
}
