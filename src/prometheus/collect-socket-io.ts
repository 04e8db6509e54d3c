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
import { onOperation, onSessionEnd, warnOnce, type ToolErrorListener } from '../diagnostics/subscriptions.js';
import type { Server } from '../socketio/index.js';

export interface CollectionHandle {
  /** Takes the metrics out of the register. */
  stop(): void;
}

/**
 * Puts the metrics of a server into a register of `prom-client`: the same catalogue as with OpenTelemetry. Throws what the
 * register throws, such as for a second server, and leaves nothing in it then.
 *
 * @example
 * collectSocketIo(register, app.get(Websocket).server);
 */
export function collectSocketIo(register: Registry, server: Server): CollectionHandle {
  const snapshot = new Snapshot(server);
  const onError = warnOnce('collectSocketIo');
  const undo: (() => void)[] = [];
  const stop = (): void => {
    for (const each of undo.splice(0)) each();
  };
  const add = (name: string): void => void undo.push(() => register.removeSingleMetric(name));
  try {
    for (const metric of OBSERVED_METRICS) add(addObserved(register, metric, snapshot));
    const calls = addHistogram(register, CALL_DURATION, ['rpc.system.name', 'rpc.method', 'error.type']);
    add(calls.name);
    const connections = addHistogram(register, CONNECTION_DURATION, ['socketio.transport', 'socketio.close.code']);
    add(connections.name);
    undo.push(recordCalls(server, calls.metric, onError), recordConnections(server, connections.metric, onError));
  } catch (error) {
    stop();
    throw error;
  }
  return { stop };
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

function recordCalls(server: Server, histogram: Histogram, onError: ToolErrorListener): () => void {
  return onOperation(
    OPERATION_NAMES.handle,
    ({ socket }) => (socket.server === server ? performance.now() : undefined),
    (operation, began) => {
      const labels = { rpc_system_name: 'socketio', rpc_method: methodOf(operation) };
      const error = operation.error === undefined ? null : { error_type: operation.code ?? '_OTHER' };
      histogram.observe({ ...labels, ...error }, (performance.now() - began) / 1_000);
    },
    onError,
  );
}

function recordConnections(server: Server, histogram: Histogram, onError: ToolErrorListener): () => void {
  return onSessionEnd(
    (payload) => payload.server === server,
    ({ session, detail }, seconds) => {
      const labels = { socketio_transport: session.transport.name, socketio_close_code: detail.code };
      histogram.observe(labels, seconds);
    },
    onError,
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
