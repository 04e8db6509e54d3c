import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api';
import { methodOf } from '../diagnostics/catalogue.js';
import { Note, type ToolErrorListener } from '../diagnostics/subscriptions.js';
import type { ConnectOperation, EmitOperation, HandleOperation } from '../diagnostics/index.js';

export interface SpanRules {
  readonly handle: boolean;
  readonly emit: boolean;
  readonly connect: boolean;
  readonly isLegacy: boolean;
  readonly ignore: (namespace: string, event: string) => boolean;
  readonly isError: (operation: HandleOperation) => boolean;
  readonly messageCarrier: ((operation: HandleOperation) => unknown) | null;
}

interface Enclosed {
  enclosure: ((run: () => void) => unknown) | undefined;
}

/**
 * Writes spans. They hold codes, and names that the application gave: no arguments, auths, addresses or names of rooms, and
 * no name that a client made up.
 */
export class SpanWriter {
  /** On a socket, the span of its CONNECT. */
  readonly #connects = new Note<SpanContext>();

  constructor(
    private readonly tracer: () => Tracer,
    private readonly rules: SpanRules,
    private readonly onError: ToolErrorListener,
  ) {}

  startConnect(operation: ConnectOperation): Span | undefined {
    if (!this.rules.connect || this.rules.isLegacy) return undefined;
    const { connection, namespace, auth } = operation;
    const parent = this.#extract(auth, connection.conn.requestSummary.headers);
    const name = namespace === null ? 'connect' : `connect ${namespace}`;
    const span = this.tracer().startSpan(name, { kind: SpanKind.SERVER }, parent);
    if (span.isRecording()) {
      span.setAttributes({
        ...(namespace === null ? null : { 'socketio.namespace': namespace }),
        'socketio.transport': connection.conn.transport.name,
      });
    }
    return this.#enclose(operation, span, parent);
  }

  endConnect(operation: ConnectOperation, span: Span): void {
    const { socket, error, code } = operation;
    if (socket !== undefined) {
      this.#connects.write(socket, span.spanContext());
      span.setAttributes({ 'socketio.socket.id': socket.id, 'socketio.recovered': socket.recovered });
    }
    if (error !== undefined) this.#markFailed(span, error, code);
    span.end();
  }

  /** A root of its own, since a connection lives for hours; it links to what led to it. */
  startHandle(operation: HandleOperation): Span | undefined {
    if (!this.rules.handle) return undefined;
    if (this.rules.isLegacy) return this.#startLegacyHandle(operation);
    const { socket, namespace, route, handler, asksAck } = operation;
    const ambient = context.active();
    const carried = this.#carriedContext(operation);
    const parent = carried ?? trace.deleteSpan(ambient);
    const method = methodOf(operation);
    const name = route === '*' ? 'socketio' : method;
    const kind = asksAck ? SpanKind.SERVER : SpanKind.CONSUMER;
    const span = this.tracer().startSpan(name, { kind, root: carried === null }, parent);
    if (span.isRecording()) {
      span.setAttributes({
        'rpc.system.name': 'socketio',
        'rpc.method': method,
        'socketio.namespace': namespace,
        'socketio.event.name': route,
        'socketio.socket.id': socket.id,
        ...(handler === '' ? null : { 'code.function.name': handler }),
      });
      for (const linked of [this.#connects.read(socket), trace.getSpanContext(ambient)]) {
        if (linked !== undefined) span.addLink({ context: linked });
      }
    }
    return this.#enclose(operation, span, parent);
  }

  endHandle(operation: HandleOperation, span: Span): void {
    const { error, code, isInternal } = operation;
    try {
      if (error === undefined || !span.isRecording()) return;
      if (!this.rules.isLegacy && code !== undefined) span.setAttribute('rpc.status_code', code);
      if (isInternal || this.rules.isLegacy) span.recordException(error as Error);
      if (this.rules.isError(operation)) this.#markFailed(span, error, code);
    } finally {
      span.end();
    }
  }

  startEmit(operation: EmitOperation): Span | undefined {
    const { namespace, event, asksAck } = operation;
    if (!this.rules.emit || this.rules.ignore(namespace, event)) return undefined;
    const kind = asksAck && !this.rules.isLegacy ? SpanKind.CLIENT : SpanKind.PRODUCER;
    const parent = context.active();
    const span = this.tracer().startSpan(`send ${namespace}`, { kind }, parent);
    if (span.isRecording()) span.setAttributes(this.rules.isLegacy ? legacyEmit(operation) : emitAttributes(operation));
    return this.#enclose(operation, span, parent);
  }

  endEmit(operation: EmitOperation, span: Span): void {
    if (operation.error !== undefined) this.#markFailed(span, operation.error, operation.code);
    span.end();
  }

  #startLegacyHandle(operation: HandleOperation): Span {
    const { namespace, route } = operation;
    const parent = context.active();
    const span = this.tracer().startSpan(`receive ${namespace}`, { kind: SpanKind.CONSUMER }, parent);
    if (span.isRecording()) {
      span.setAttributes({
        'messaging.system': 'socket.io',
        'messaging.destination': namespace,
        'messaging.operation': 'receive',
        'messaging.socket.io.event_name': route,
      });
    }
    return this.#enclose(operation, span, parent);
  }

  /** The message of an error may say anything: only the names of the official instrumentation have a place for it. */
  #markFailed(span: Span, error: unknown, code: string | undefined): void {
    if (this.rules.isLegacy) {
      const message = (error as { message?: unknown } | null)?.message;
      span.setStatus({ code: SpanStatusCode.ERROR, ...(typeof message === 'string' ? { message } : null) });
      return;
    }
    span.setStatus({ code: SpanStatusCode.ERROR });
    span.setAttribute('error.type', code ?? '_OTHER');
  }

  /** What runs within the operation finds its span. */
  #enclose(operation: Enclosed, span: Span, parent: Context): Span {
    const within = trace.setSpan(parent, span);
    const outer = operation.enclosure;
    const enclosure = (run: () => void): void => {
      try {
        context.with(within, run);
      } catch (error) {
        this.onError(error);
      }
    };
    operation.enclosure = outer === undefined ? enclosure : (run) => outer(() => enclosure(run));
    return span;
  }

  #carriedContext(operation: HandleOperation): Context | null {
    if (this.rules.messageCarrier === null) return null;
    const carrier = this.rules.messageCarrier(operation);
    return isCarrier(carrier) ? propagation.extract(ROOT_CONTEXT, fieldsOf(carrier)) : null;
  }

  /** A browser cannot set headers of a WebSocket, so what the auth says goes first. */
  #extract(auth: Readonly<Record<string, unknown>>, headers: object): Context {
    const carrier = isCarrier(auth) ? auth : (headers as Record<string, unknown>);
    return propagation.extract(trace.deleteSpan(context.active()), fieldsOf(carrier));
  }
}

function isCarrier(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { traceparent?: unknown }).traceparent === 'string'
  );
}

/** Only what a trace consists of: a client's baggage is not taken over. */
function fieldsOf({ traceparent, tracestate }: Record<string, unknown>): Record<string, string> {
  return {
    ...(typeof traceparent === 'string' ? { traceparent } : null),
    ...(typeof tracestate === 'string' ? { tracestate } : null),
  };
}

function emitAttributes({ namespace, event, rooms, socketId }: EmitOperation): Attributes {
  return {
    'messaging.system': 'socketio',
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.destination.name': namespace,
    'socketio.namespace': namespace,
    'socketio.event.name': event,
    'socketio.room.count': rooms.size,
    ...(socketId === undefined ? null : { 'socketio.socket.id': socketId }),
  };
}

function legacyEmit({ namespace, event, rooms, recipient }: EmitOperation): Attributes {
  const named = [...(recipient?.rooms ?? rooms)];
  return {
    'messaging.system': 'socket.io',
    'messaging.destination': namespace,
    'messaging.destination_kind': 'topic',
    'messaging.socket.io.event_name': event,
    'messaging.socket.io.namespace': namespace,
    ...(named.length === 0 ? null : { 'messaging.socket.io.rooms': named }),
  };
}
