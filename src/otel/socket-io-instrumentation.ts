import {
  metrics,
  trace,
  type Attributes,
  type BatchObservableCallback,
  type Histogram,
  type Meter,
  type MeterProvider,
  type Observable,
  type Span,
  type TracerProvider,
} from '@opentelemetry/api';
import { OPERATION_NAMES, POINT_NAMES, type HandleOperation, type PointPayloads } from '../diagnostics/index.js';
import {
  CALL_DURATION,
  CONNECTION_DURATION,
  methodOf,
  OBSERVED_METRICS,
  readMetrics,
  type HistogramMetric,
  type ObservedMetric,
} from '../diagnostics/catalogue.js';
import { onOperation, onPoint, onSessionEnd, warnOnce } from '../diagnostics/subscriptions.js';
import type { Server } from '../socketio/index.js';
import { SpanWriter, type SpanRules } from './span-writer.js';
import { VERSION } from './version.js';

/** Which operations make spans; metrics come in any case. */
export interface SpanSwitches {
  /** A span for each handler. @default true */
  handle?: boolean | undefined;
  /** A span for each emit. @default true */
  emit?: boolean | undefined;
  /** A span for each CONNECT. @default true */
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

/** A handler that runs: since when, and its span if it has one. */
interface Call {
  readonly began: number;
  readonly span: Span | undefined;
}

/**
 * Spans and metrics of OpenTelemetry for all servers of this package in the process. A subscriber of the package's channels:
 * it patches no module, so that the order in which modules load does not matter.
 *
 * @example
 * registerInstrumentations({ instrumentations: [new SocketIoInstrumentation()] });
 */
export class SocketIoInstrumentation {
  /** The name of the package, as the scope of its spans and metrics. */
  readonly instrumentationName = 'nestjs-socketio';
  /** The version of the package. */
  readonly instrumentationVersion = VERSION;
  /** Tracers, meters, exporters and the functions of the settings are foreign: nothing of the server fails by them. */
  readonly #onError = warnOnce('SocketIoInstrumentation');
  #config: SocketIoInstrumentationConfig;
  #tracers: TracerProvider | null = null;
  #meters: MeterProvider | null = null;
  #instruments: Instruments | null = null;
  #spans: SpanWriter;
  /** Of one that has ended, its last numbers: what was counted stays counted. */
  readonly #servers = new Set<Pick<Server, 'stats'>>();
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
      onOperation(
        OPERATION_NAMES.handle,
        (operation) => this.#onHandle(operation),
        (operation, call) => this.#onHandled(operation, call),
        this.#onError,
      ),
      onOperation(
        OPERATION_NAMES.emit,
        (operation) => this.#spans.startEmit(operation),
        (operation, span) => this.#spans.endEmit(operation, span),
        this.#onError,
      ),
      onOperation(
        OPERATION_NAMES.connect,
        (operation) => this.#spans.startConnect(operation),
        (operation, span) => this.#spans.endConnect(operation, span),
        this.#onError,
      ),
      onPoint(POINT_NAMES.server, (payload) => this.#onServer(payload), this.#onError),
      onSessionEnd(
        () => true,
        ({ session, detail }, seconds) => {
          const attributes = { 'socketio.transport': session.transport.name, 'socketio.close.code': detail.code };
          this.#ensureInstruments().connections.record(seconds, attributes);
        },
        this.#onError,
      ),
    ];
  }

  /** Stops to write spans and metrics. */
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

  /** Replaces the settings. */
  setConfig(config: SocketIoInstrumentationConfig): void {
    this.#config = config;
    this.#spans = this.#createSpans();
  }

  /** The present settings. */
  getConfig(): SocketIoInstrumentationConfig {
    return { enabled: this.#unsubscribe !== null, ...this.#config };
  }

  /** Sets where spans go. The global provider is the default. */
  setTracerProvider(provider: TracerProvider): void {
    this.#tracers = provider;
    this.#spans = this.#createSpans();
  }

  /** Sets where metrics go. The global provider is the default. */
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
    return new SpanWriter(() => (this.#tracers ?? trace).getTracer(name, version), rules, this.#onError);
  }

  #ensureInstruments(): Instruments {
    const { instrumentationName: name, instrumentationVersion: version } = this;
    return (this.#instruments ??= new Instruments((this.#meters ?? metrics).getMeter(name, version), this.#servers));
  }

  #onHandle(operation: HandleOperation): Call | undefined {
    if (this.#config.ignore?.(operation.namespace, operation.route)) return undefined;
    return { began: performance.now(), span: this.#startHandle(operation) };
  }

  #onHandled(operation: HandleOperation, { began, span }: Call): void {
    const attributes: Attributes = { 'rpc.system.name': 'socketio', 'rpc.method': methodOf(operation) };
    if (operation.error !== undefined) attributes['error.type'] = operation.code ?? '_OTHER';
    const seconds = (performance.now() - began) / 1_000;
    try {
      this.#ensureInstruments().calls.record(seconds, attributes);
    } finally {
      if (span !== undefined) this.#spans.endHandle(operation, span);
    }
  }

  /** A tracer that fails does not keep the duration from being recorded. */
  #startHandle(operation: HandleOperation): Span | undefined {
    try {
      return this.#spans.startHandle(operation);
    } catch (error) {
      this.#onError(error);
      return undefined;
    }
  }

  #onServer({ server, isOpen }: PointPayloads['nestjs-socketio.server']): void {
    if (isOpen) this.observe(server);
    else if (this.#servers.delete(server)) {
      const last = server.stats();
      this.#servers.add({ stats: () => last });
    }
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
