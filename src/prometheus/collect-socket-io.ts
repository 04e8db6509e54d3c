import { Counter, Gauge, Histogram, type Metric, type Registry } from 'prom-client';
import {
  CALL_DURATION,
  CONNECTION_DURATION,
  methodOf,
  OBSERVED_METRICS,
  readMetrics,
  type HistogramMetric,
  type ObservedMetric,
  type Reading,
} from '../diagnostics/catalogue.js';
import { OPERATION_NAMES } from '../diagnostics/index.js';
import { onOperation, onSessionEnd } from '../diagnostics/subscriptions.js';
import type { Server } from '../socketio/index.js';

export interface CollectionHandle {
  /** Takes the metrics out of the register. */
  stop(): void;
}

/**
 * Puts the metrics of a server into a register of `prom-client`: the same catalogue as with OpenTelemetry.
 *
 * @example
 * collectSocketIo(register, app.get(Websocket).server);
 */
export function collectSocketIo(register: Registry, server: Server): CollectionHandle {
  const snapshot = new Snapshot(server);
  const names = OBSERVED_METRICS.map((metric) => addObserved(register, metric, snapshot));
  const calls = addHistogram(register, CALL_DURATION, ['rpc.system.name', 'rpc.method', 'error.type']);
  const connections = addHistogram(register, CONNECTION_DURATION, ['socketio.transport', 'socketio.close.code']);
  const unsubscribe = [recordCalls(server, calls.metric), recordConnections(server, connections.metric)];
  return {
    stop: () => {
      for (const each of unsubscribe) each();
      for (const name of [...names, calls.name, connections.name]) register.removeSingleMetric(name);
    },
  };
}

/** One reading of the statistics for all metrics of a scrape, which asks for them within one turn. */
class Snapshot {
  #readings: ReadonlyMap<ObservedMetric, readonly Reading[]> | null = null;

  constructor(private readonly server: Server) {}

  of(metric: ObservedMetric): readonly Reading[] {
    if (this.#readings === null) {
      this.#readings = readMetrics([this.server]);
      setImmediate(() => (this.#readings = null));
    }
    return this.#readings.get(metric)!;
  }
}

function addObserved(register: Registry, metric: ObservedMetric, snapshot: Snapshot): string {
  const unit = metric.unit === 'By' ? '_bytes' : '';
  const name = `${toName(metric.name)}${unit}${metric.kind === 'counter' ? '_total' : ''}`;
  const labelNames = LABELS.map(toName);
  const options = { name, help: metric.description, labelNames, registers: [] };
  const collected =
    metric.kind === 'counter'
      ? new Counter({
          ...options,
          collect() {
            this.reset();
            for (const { value, attributes } of snapshot.of(metric)) this.inc(toLabels(attributes), value);
          },
        })
      : new Gauge({
          ...options,
          collect() {
            this.reset();
            for (const { value, attributes } of snapshot.of(metric)) this.set(toLabels(attributes), value);
          },
        });
  register.registerMetric(collected as unknown as Metric);
  return name;
}

function addHistogram(
  register: Registry,
  { name: dotted, description, buckets }: HistogramMetric,
  labels: readonly string[],
): { readonly metric: Histogram; readonly name: string } {
  const name = `${toName(dotted)}_seconds`;
  const labelNames = labels.map(toName);
  const metric = new Histogram({ name, help: description, labelNames, buckets: [...buckets], registers: [register] });
  return { metric, name };
}

function recordCalls(server: Server, histogram: Histogram): () => void {
  return onOperation(
    OPERATION_NAMES.handle,
    ({ socket }) => (socket.server === server ? performance.now() : undefined),
    (operation, began) => {
      const labels = { rpc_system_name: 'socketio', rpc_method: methodOf(operation) };
      const error = operation.error === undefined ? null : { error_type: operation.code ?? '_OTHER' };
      histogram.observe({ ...labels, ...error }, (performance.now() - began) / 1_000);
    },
  );
}

function recordConnections(server: Server, histogram: Histogram): () => void {
  return onSessionEnd(
    (payload) => payload.server === server,
    ({ session, detail }, seconds) => {
      const labels = { socketio_transport: session.transport.name, socketio_close_code: detail.code };
      histogram.observe(labels, seconds);
    },
  );
}

const LABELS = [
  'socketio.transport',
  'socketio.namespace',
  'socketio.close.code',
  'error.type',
  'network.io.direction',
] as const;

function toName(dotted: string): string {
  return dotted.replaceAll('.', '_');
}

function toLabels(attributes: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [toName(name), value]));
}
