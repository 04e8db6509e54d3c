import type { AckReply, Socket } from '../../socketio/index.js';
import type { CatchingFilter } from '../pipeline/enhancers.js';
import { MASKED, mapError, type MappedError } from './error-mapping.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import { firstValue, isImmediate } from '../pipeline/result.js';

/** Where an error came from, for `errorAck` and `@OnError`. */
export interface ErrorContext {
  readonly socket: Socket | undefined;
  /** The event, or the name of the lifecycle step. */
  readonly event: string;
  readonly args: readonly unknown[];
}

/** Replaces what a client is told about an error; undefined keeps it. */
export type ErrorAckMapper = (error: unknown, context: ErrorContext) => unknown;

/** Turns errors into what clients and this side are told. Never throws, never rejects. */
export class FailureHandler {
  constructor(
    private readonly errorAck: ErrorAckMapper | null,
    private readonly reportError: (error: unknown, socket: Socket | undefined) => void,
  ) {}

  /**
   * An event could not be handled: exception filters first, then an error ack, or without an ack an `exception` event.
   * A promise only where a filter is asynchronous.
   */
  onEventError(
    error: unknown,
    pipeline: Pipeline | null,
    socket: Socket,
    args: unknown[],
    reply: AckReply | null,
    event: string,
  ): void | Promise<void> {
    const filter = pipeline === null ? undefined : filterFor(pipeline.filters, error);
    if (filter === undefined || pipeline === null) {
      this.#tell(error, socket, args, reply, event);
      return;
    }
    let handled: unknown;
    try {
      handled = filter.func(error, pipeline.createContext(socket, args, reply, event));
    } catch (rethrown) {
      this.#tell(rethrown, socket, args, reply, event);
      return;
    }
    if (isImmediate(handled)) {
      this.#settle(handled, error, socket, args, reply, event);
      return;
    }
    return firstValue(handled).then(
      (value) => this.#settle(value, error, socket, args, reply, event),
      (rethrown: unknown) => this.#tell(rethrown, socket, args, reply, event),
    );
  }

  /** What a client that wants to connect is told; filters may replace the error by throwing another. */
  async refusalOf(
    error: unknown,
    pipeline: Pipeline | null,
    socket: Socket,
    args: unknown[],
    step: string,
  ): Promise<MappedError> {
    const left = await this.#afterFilters(error, pipeline, socket, args, step);
    const refusal = this.#map(left === null ? error : left.error, { socket, event: step, args });
    try {
      JSON.stringify(refusal.payload);
      return refusal;
    } catch (failure) {
      this.reportError(failure, socket);
      return { payload: MASKED, isInternal: true };
    }
  }

  /** A handler failed that no client waits for: exception filters first, then this side is told. */
  async onDetachedError(
    error: unknown,
    pipeline: Pipeline | null,
    socket: Socket | undefined,
    args: unknown[],
    step: string,
  ): Promise<void> {
    const left = await this.#afterFilters(error, pipeline, socket, args, step);
    if (left !== null) this.reportError(left.error, socket);
  }

  /** The error that is left once a filter has seen it, which may be another; null where it was handled. */
  async #afterFilters(
    error: unknown,
    pipeline: Pipeline | null,
    socket: Socket | undefined,
    args: unknown[],
    step: string,
  ): Promise<{ error: unknown } | null> {
    const filter = pipeline === null ? undefined : filterFor(pipeline.filters, error);
    if (filter === undefined || pipeline === null) return { error };
    try {
      await firstValue(filter.func(error, pipeline.createContext(socket, args, null, step)));
      return null;
    } catch (rethrown) {
      return { error: rethrown };
    }
  }

  #tell(error: unknown, socket: Socket, args: unknown[], reply: AckReply | null, event: string): void {
    this.#send(this.#map(error, { socket, event, args }).payload, socket, reply);
  }

  /** A filter has handled the error; the ack that was asked for still has to be settled. */
  #settle(
    value: unknown,
    error: unknown,
    socket: Socket,
    args: unknown[],
    reply: AckReply | null,
    event: string,
  ): void {
    if (reply === null || reply.settled) return;
    this.#send(value === undefined ? this.#map(error, { socket, event, args }).payload : value, socket, reply);
  }

  /** What cannot be encoded is this side's mistake, and no reason to leave the client without an answer. */
  #send(payload: unknown, socket: Socket, reply: AckReply | null): void {
    try {
      deliver(payload, socket, reply);
    } catch (failure) {
      this.reportError(failure, socket);
      deliver(MASKED, socket, reply);
    }
  }

  #map(error: unknown, context: ErrorContext): MappedError {
    const mapped = mapError(error);
    if (mapped.isInternal) this.reportError(error, context.socket);
    if (this.errorAck === null) return mapped;
    try {
      const replacement = this.errorAck(error, context);
      return replacement === undefined ? mapped : { ...mapped, payload: replacement as object };
    } catch (failure) {
      this.reportError(failure, context.socket);
      return mapped;
    }
  }
}

function deliver(payload: unknown, socket: Socket, reply: AckReply | null): void {
  if (reply !== null) reply.send([payload]);
  else socket.emit('exception', payload);
}

/** The first filter that catches errors of this kind; one without kinds catches all. */
export function filterFor(filters: readonly CatchingFilter[], error: unknown): CatchingFilter | undefined {
  return filters.find(
    ({ exceptionMetatypes }) =>
      exceptionMetatypes.length === 0 || exceptionMetatypes.some((metatype) => error instanceof metatype),
  );
}
