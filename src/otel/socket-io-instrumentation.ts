import { channel, tracingChannel } from 'node:diagnostics_channel';
import {
  metrics,
  trace,
  type Attributes,
  type BatchObservableCallback,
  type Histogram,
  type Meter,
  type MeterProvider,
  type Observable,
  type TracerProvider,
} from '@opentelemetry/api';
import {
  OPERATION_NAMES,
  POINT_NAMES,
  type ConnectOperation,
  type EmitOperation,
  type HandleOperation,
  type PointPayloads,
} from '../diagnostics/index.js';
import {
  CALL_DURATION,
  CONNECTION_DURATION,
  methodOf,
  OBSERVED_METRICS,
  readMetrics,
  type HistogramMetric,
  type ObservedMetric,
} from '../diagnostics/catalogue.js';
import type { Server, Socket } from '../socketio/index.js';
import { SpanWriter, type SpanRules } from './span-writer.js';

/** Which operations make spans; metrics come in any case. */
export interface SpanSwitches {
  handle?: boolean | undefined;
  emit?: boolean | undefined;
  connect?: boolean | undefined;
}

export interface SocketIoInstrumentationConfig {
  /** Whether it starts when it is made. @default true */
  enabled?: boolean;
  /** @default all of them */
  spans?: SpanSwitches | undefined;
  /** Writes the names and attributes of `@opentelemetry/instrumentation-socket.io`, for dashboards that know these. @default false */
  legacyAttributes?: boolean | undefined;
  /** Leaves out events, by namespace and event as they were bound. */
  ignore?: ((namespace: string, event: string) => boolean) | undefined;
  /** Whether a handler that failed makes an error of its span. @default always */
  isError?: ((operation: HandleOperation) => boolean) | undefined;
  /** Where in a message its sender has put `traceparent`; the span then continues that trace. */
  messageCarrier?: ((operation: HandleOperation) => unknown) | undefined;
}

type Session = Socket['conn'];

/**
 * Spans and metrics of OpenTelemetry for all servers of this package in the process. A subscriber of the package's channels:
 * it patches no module, so that the order in which modules load does not matter.
 *
 * @example
 * registerInstrumentations({ instrumentations: [new SocketIoInstrumentation()] });
 */
export class SocketIoInstrumentation {
  readonly instrumentationName = 'nestjs-socketio';
  readonly instrumentationVersion = '0.1.0';
  #config: SocketIoInstrumentationConfig;
  #tracers: TracerProvider | null = null;
  #meters: MeterProvider | null = null;
  #instruments: Instruments | null = null;
  #spans: SpanWriter;
  /** Of one that has ended, its last numbers: what was counted stays counted. */
  readonly #servers = new Set<Pick<Server, 'stats'>>();
  readonly #began = new WeakMap<object, number>();
  #unsubscribe: (() => void)[] | null = null;

  constructor(config: SocketIoInstrumentationConfig = {}) {
    this.#config = config;
    this.#spans = this.#createSpans();
    if (config.enabled !== false) this.enable();
  }

  /** Starts; once is enough. */
  enable(): void {
    if (this.#unsubscribe !== null) return;
    this.#unsubscribe = [
      onOperation<HandleOperation>(
        OPERATION_NAMES.handle,
        (operation) => this.#onHandle(operation),
        (operation) => this.#onHandled(operation),
      ),
      onOperation<EmitOperation>(
        OPERATION_NAMES.emit,
        (operation) => this.#spans.startEmit(operation),
        (operation) => this.#spans.endEmit(operation),
      ),
      onOperation<ConnectOperation>(
        OPERATION_NAMES.connect,
        (operation) => this.#spans.startConnect(operation),
        (operation) => this.#spans.endConnect(operation),
      ),
      onPoint(POINT_NAMES.server, (message) => this.#onServer(message as PointPayloads['nestjs-socketio.server'])),
      onPoint(POINT_NAMES.sessionOpen, (message) => {
        this.#began.set((message as PointPayloads['nestjs-socketio.session.open']).session, performance.now());
      }),
      onPoint(POINT_NAMES.sessionClose, (message) =>
        this.#onSessionClose(message as PointPayloads['nestjs-socketio.session.close']),
      ),
    ];
  }

  disable(): void {
    for (const unsubscribe of this.#unsubscribe ?? []) unsubscribe();
    this.#unsubscribe = null;
    this.#instruments?.stop();
    this.#instruments = null;
  }

  /** Adds a server that was made before the instrumentation to what metrics tell of. */
  observe(server: Server): void {
    this.#servers.add(server);
    this.#ensureInstruments();
  }

  setConfig(config: SocketIoInstrumentationConfig): void {
    this.#config = config;
    this.#spans = this.#createSpans();
  }

  getConfig(): SocketIoInstrumentationConfig {
    return { enabled: this.#unsubscribe !== null, ...this.#config };
  }

  setTracerProvider(provider: TracerProvider): void {
    this.#tracers = provider;
    this.#spans = this.#createSpans();
  }

  setMeterProvider(provider: MeterProvider): void {
    this.#meters = provider;
    this.#instruments?.stop();
    this.#instruments = null;
    if (this.#servers.size > 0) this.#ensureInstruments();
  }

  #createSpans(): SpanWriter {
    const { instrumentationName: name, instrumentationVersion: version } = this;
    const { spans = {}, legacyAttributes = false, ignore, isError, messageCarrier } = this.#config;
    const rules: SpanRules = {
      handle: spans.handle ?? true,
      emit: spans.emit ?? true,
      connect: spans.connect ?? true,
      isLegacy: legacyAttributes,
      ignore: ignore ?? (() => false),
      isError: isError ?? (() => true),
      messageCarrier: messageCarrier ?? null,
    };
    return new SpanWriter(() => (this.#tracers ?? trace).getTracer(name, version), rules);
  }

  #ensureInstruments(): Instruments {
    const { instrumentationName: name, instrumentationVersion: version } = this;
    return (this.#instruments ??= new Instruments((this.#meters ?? metrics).getMeter(name, version), this.#servers));
  }

  #onHandle(operation: HandleOperation): void {
    if (this.#config.ignore?.(operation.namespace, operation.route)) return;
    this.#began.set(operation, performance.now());
    this.#spans.startHandle(operation);
  }

  #onHandled(operation: HandleOperation): void {
    const began = this.#began.get(operation);
    if (began === undefined) return;
    const attributes: Attributes = { 'rpc.system.name': 'socketio', 'rpc.method': methodOf(operation) };
    if (operation.error !== undefined) attributes['error.type'] = operation.code ?? '_OTHER';
    this.#ensureInstruments().calls.record((performance.now() - began) / 1_000, attributes);
    this.#spans.endHandle(operation);
  }

  #onServer({ server, isOpen }: PointPayloads['nestjs-socketio.server']): void {
    if (isOpen) this.observe(server);
    else if (this.#servers.delete(server)) {
      const last = server.stats();
      this.#servers.add({ stats: () => last });
    }
  }

  #onSessionClose({
    session,
    detail,
  }: {
    readonly session: Session;
    readonly detail: { readonly code: string };
  }): void {
    const began = this.#began.get(session);
    if (began === undefined) return;
    const attributes = { 'socketio.transport': session.transport.name, 'socketio.close.code': detail.code };
    this.#ensureInstruments().connections.record((performance.now() - began) / 1_000, attributes);
  }
}

/** The catalogue on a meter. */
class Instruments {
  readonly calls: Histogram;
  readonly connections: Histogram;
  readonly #observables: ReadonlyMap<ObservedMetric, Observable>;
  readonly #collect: BatchObservableCallback;

  constructor(
    private readonly meter: Meter,
    servers: ReadonlySet<Pick<Server, 'stats'>>,
  ) {
    this.calls = this.#histogram(CALL_DURATION);
    this.connections = this.#histogram(CONNECTION_DURATION);
    this.#observables = new Map(OBSERVED_METRICS.map((metric) => [metric, this.#observable(metric)]));
    this.#collect = (result) => {
      for (const [metric, readings] of readMetrics(servers)) {
        const observable = this.#observables.get(metric)!;
        for (const { value, attributes } of readings) result.observe(observable, value, attributes);
      }
    };
    // One callback for all, so that a collection reads the statistics once.
    meter.addBatchObservableCallback(this.#collect, [...this.#observables.values()]);
  }

  stop(): void {
    this.meter.removeBatchObservableCallback(this.#collect, [...this.#observables.values()]);
  }

  #histogram({ name, description, buckets }: HistogramMetric): Histogram {
    return this.meter.createHistogram(name, {
      description,
      unit: 's',
      advice: { explicitBucketBoundaries: [...buckets] },
    });
  }

  #observable({ name, kind, unit, description }: ObservedMetric): Observable {
    const options = { unit, description };
    if (kind === 'counter') return this.meter.createObservableCounter(name, options);
    if (kind === 'sum') return this.meter.createObservableUpDownCounter(name, options);
    return this.meter.createObservableGauge(name, options);
  }
}

function onOperation<Operation extends { readonly isAsync: boolean }>(
  name: string,
  onStart: (operation: Operation) => void,
  onEnd: (operation: Operation) => void,
): () => void {
  const { start, end, asyncEnd } = tracingChannel(name);
  const atStart = (message: unknown): void => onStart(message as Operation);
  const atEnd = (message: unknown): void => {
    if (!(message as Operation).isAsync) onEnd(message as Operation);
  };
  const atAsyncEnd = (message: unknown): void => onEnd(message as Operation);
  start.subscribe(atStart);
  end.subscribe(atEnd);
  asyncEnd.subscribe(atAsyncEnd);
  return () => {
    start.unsubscribe(atStart);
    end.unsubscribe(atEnd);
    asyncEnd.unsubscribe(atAsyncEnd);
  };
}

function onPoint(name: string, listener: (message: unknown) => void): () => void {
  const point = channel(name);
  point.subscribe(listener);
  return () => void point.unsubscribe(listener);
}
