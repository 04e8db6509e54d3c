import { askForeign } from '../../common/call-foreign.js';
import type { AckReply, ErrorAck, ExtendedError, Socket } from '../../socketio/index.js';
import { nameOf } from '../discovery/gateway-descriptor.js';
import type { CatchingFilter } from '../platform/nest-internals.js';
import { callsHandlers } from '../pipeline/handler-trace.js';
import type { WsExecutionContext } from '../pipeline/execution-context.js';
import type { Invocation } from '../pipeline/invocation.js';
import { firstValue, isImmediate } from '../pipeline/result.js';
import { MASKED, mapError, type MappedError } from './error-mapping.js';

/** Where an error came from, for `errorAck` and `@OnError`. */
export interface ErrorContext {
  /** The socket whose event failed. */
  readonly socket: Socket | undefined;
  /** The event, or the name of the lifecycle step. */
  readonly event: string;
  /** The arguments of the event. */
  readonly args: readonly unknown[];
}

/** Replaces what a client is told about an error; undefined keeps it. */
export type ErrorAckMapper = (error: unknown, context: ErrorContext) => unknown;

/** Hears of errors that no client can be told; `where` names class, method, event, namespace and socket. */
export type ErrorReporter = (error: unknown, socket: Socket | undefined, where?: string) => void;

/** What failed; without a handler where a contract refused what its schema does not fit. */
export type FailedCall = Omit<Invocation, 'handler' | 'operation'> & Pick<Partial<Invocation>, 'handler' | 'operation'>;

/** What a filter has left: the error for the client, and whether an operator hears of it. Null: nothing is left. */
interface Left {
  readonly error: unknown;
  readonly isReported: boolean;
}

/** Turns errors into what clients and operators are told. Never throws, never rejects. */
export class FailureHandler {
  constructor(
    private readonly errorAck: ErrorAckMapper | null,
    private readonly reportError: ErrorReporter,
  ) {}

  /**
   * An event could not be handled: exception filters first, then an error ack, or without an ack an `exception` event.
   * A promise only if a filter is asynchronous.
   */
  onEventError(error: unknown, call: FailedCall): void | Promise<void> {
    call.operation?.fail(error);
    const filter = filterFor(call, error);
    if (filter === undefined) {
      this.#tell({ error, isReported: true }, call);
      return;
    }
    let handled: unknown;
    try {
      handled = filter(error);
    } catch (rethrown) {
      this.#tell(this.#afterRethrow(error, rethrown, call), call);
      return;
    }
    if (isImmediate(handled)) {
      this.#settle(handled, error, call);
      return;
    }
    return firstValue(handled).then(
      (value) => this.#settle(value, error, call),
      (rethrown: unknown) => this.#tell(this.#afterRethrow(error, rethrown, call), call),
    );
  }

  /** What a client that wants to connect is told; filters may replace the error by throwing another. */
  async refusalOf(error: unknown, call: FailedCall): Promise<ExtendedError> {
    const left = (await this.#afterFilters(error, call)) ?? { error, isReported: false };
    const { payload } = this.#map(left, call);
    try {
      JSON.stringify(payload);
      return refusalWith(payload);
    } catch (failure) {
      this.report(failure, call);
      return refusalWith(MASKED);
    }
  }

  /** A handler failed that no client waits for: exception filters first, then an operator is told. */
  async onDetachedError(error: unknown, call: FailedCall): Promise<void> {
    const left = await this.#afterFilters(error, call);
    if (left?.isReported) this.report(left.error, call);
  }

  /** Tells an operator, with the place where the error comes from. */
  report(error: unknown, call: FailedCall): void {
    this.reportError(error, call.socket, placeOf(call));
  }

  /** What a filter threw instead of the error that it was given, which is what the client is told; both are reported. */
  reportBoth(error: unknown, rethrown: unknown, call: FailedCall): void {
    if (rethrown !== error) this.report(rethrown, call);
    this.report(error, call);
  }

  async #afterFilters(error: unknown, call: FailedCall): Promise<Left | null> {
    const filter = filterFor(call, error);
    if (filter === undefined) return { error, isReported: true };
    try {
      await firstValue(filter(error));
      return null;
    } catch (rethrown) {
      return this.#afterRethrow(error, rethrown, call);
    }
  }

  /**
   * A filter may throw another error that is meant for clients, which then replaces the first. Any other is a fault of
   * the filter, as of one that was written for HTTP and finds no response: it must not hide what it was called for.
   */
  #afterRethrow(error: unknown, rethrown: unknown, call: FailedCall): Left {
    if (rethrown === error || !mapError(rethrown).isInternal) return { error: rethrown, isReported: true };
    this.reportBoth(error, rethrown, call);
    return { error, isReported: false };
  }

  #tell(left: Left, call: FailedCall): void {
    this.#sendMapped(this.#map(left, call), call);
  }

  /** A filter has handled the error; the ack that was asked for still has to be settled. */
  #settle(value: unknown, error: unknown, call: FailedCall): void {
    const { reply } = call;
    if (reply === null || reply.settled) return;
    if (value === undefined) this.#sendMapped(this.#map({ error, isReported: false }, call), call);
    else this.#send(value, false, call);
  }

  #sendMapped({ payload, isInternal }: MappedError, call: FailedCall): void {
    this.#send(payload, isInternal, call);
  }

  /** What cannot be encoded is a mistake of the application, and no reason to leave the client without an answer. */
  #send(payload: unknown, isInternal: boolean, call: FailedCall): void {
    const { socket, reply } = call;
    try {
      deliver(payload, socket!, reply);
      call.operation?.tell(payload, isInternal);
    } catch (failure) {
      this.report(failure, call);
      deliver(MASKED, socket!, reply);
      call.operation?.tell(MASKED, true);
    }
  }

  #map({ error, isReported }: Left, call: FailedCall): MappedError {
    const mapped = mapError(error);
    if (mapped.isInternal && isReported) this.report(error, call);
    return this.errorAck === null ? mapped : this.#replace(this.errorAck, mapped, error, call);
  }

  /** A client cannot wait for a promise: it is told what it would have been without `errorAck`, and an operator hears of it. */
  #replace(errorAck: ErrorAckMapper, mapped: MappedError, error: unknown, call: FailedCall): MappedError {
    const { socket, event, args } = call;
    let replaced = mapped;
    let isLate = false;
    askForeign(errorAck, undefined, [error, { socket, event, args }], (failure, replacement) => {
      if (failure !== null) this.report(failure, call);
      else if (isLate) this.report(new TypeError('errorAck must return the ack itself, not a promise'), call);
      else if (replacement !== undefined) replaced = { ...mapped, payload: replacement as object };
    });
    isLate = true;
    return replaced;
  }
}

/** The option `errorAck` may have put anything there. */
function refusalWith(payload: unknown): ExtendedError {
  const message = (payload as { message?: unknown } | null)?.message ?? 'Connection refused';
  return Object.assign(new Error(String(message)), { data: payload });
}

function deliver(payload: unknown, socket: Socket, reply: AckReply | null): void {
  if (reply !== null) reply.fail(payload as ErrorAck);
  else socket.emit('exception', payload);
}

/** The first filter that catches errors of this kind, ready to be called; one without kinds catches all. */
export function filterFor(
  { pipeline, socket, args, reply, event }: FailedCall,
  error: unknown,
): ((error: unknown) => unknown) | undefined {
  const filter = pipeline?.filters.find((one) => catches(one, error));
  return filter && ((caught) => callFilter(filter, caught, pipeline!.createContext(socket, args, reply, event)));
}

const callFilter = callsHandlers(
  'filter',
  (filter: CatchingFilter, error: unknown, context: WsExecutionContext): unknown => filter.func(error, context),
);

function catches({ exceptionMetatypes }: CatchingFilter, error: unknown): boolean {
  return exceptionMetatypes.length === 0 || exceptionMetatypes.some((metatype) => error instanceof metatype);
}

/** Where an error comes from, for the log. */
function placeOf({ handler, socket, event }: FailedCall): string {
  const of = socket === undefined ? '' : `, namespace ${socket.nsp.name}, socket ${socket.id}`;
  const name = handler === undefined ? 'A contract' : nameOf(handler.descriptor);
  return `${name} failed: event ${JSON.stringify(event)}${of}`;
}
