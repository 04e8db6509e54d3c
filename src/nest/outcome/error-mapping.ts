import { askForeign } from '../../common/call-foreign.js';
import { isOfClassNamed } from '../../common/values.js';
import type { ErrorAck } from '../../socketio/index.js';

/** An error as a client gets it, and whether an operator should look at it. */
export interface MappedError {
  /** Sent as ack, `exception` event or data of `connect_error`. */
  readonly payload: ErrorAck | object;
  /** The error was not meant for a client: it was masked. */
  readonly isInternal: boolean;
}

/**
 * Maps what a handler or enhancer threw. `SocketIoException` and `WsException` say what they are told to say,
 * an `HttpException` its message, status and validation details; anything else is masked, as is what fails to say it.
 */
export function mapError(error: unknown): MappedError {
  let payload: ErrorAck | object | null = null;
  // At once: a promise is no answer.
  askForeign(payloadOf, undefined, [error], (failure, given) => {
    if (failure === null && given !== undefined) payload = given;
  });
  return payload === null ? { payload: MASKED, isInternal: true } : { payload, isInternal: false };
}

/** Null for an error that is not meant for clients. */
function payloadOf(error: unknown): ErrorAck | object | null {
  if (saysItself(error)) return fromGetError(error);
  return hasMethod(error, 'getResponse') && hasMethod(error, 'getStatus') ? fromHttpException(error) : null;
}

/**
 * Whether it is an exception that says what a client is told, as `SocketIoException` and `WsException` do. The `RpcException` of
 * `@nestjs/microservices` looks alike, and is meant for another service.
 */
export function saysItself(error: unknown): error is { getError(): unknown } {
  return hasMethod(error, 'getError') && !isOfClassNamed(error, 'RpcException');
}

/** What a client is told of an error that was not meant for it. */
export const MASKED: ErrorAck = Object.freeze({
  status: 'error',
  message: 'Internal server error',
  code: 'INTERNAL_ERROR',
});

interface WithGetError {
  getError(): unknown;
  code?: unknown;
  statusCode?: unknown;
  details?: unknown;
}

function fromGetError(error: WithGetError): ErrorAck | object {
  const given = error.getError();
  if (typeof given === 'object' && given !== null) return given;
  const { code, statusCode, details } = error;
  return {
    status: 'error',
    message: String(given),
    ...(typeof code === 'string' ? { code } : null),
    ...(typeof statusCode === 'number' ? { statusCode } : null),
    ...(details === undefined ? null : { details }),
  };
}

interface HttpExceptionLike {
  readonly message?: unknown;
  /** On versions of Nest that have it. */
  readonly errorCode?: unknown;
  getResponse(): unknown;
  getStatus(): number;
}

function fromHttpException(error: HttpExceptionLike): ErrorAck {
  const response = error.getResponse();
  const statusCode = error.getStatus();
  if (typeof response !== 'object' || response === null) {
    return { status: 'error', message: String(response), ...codeOf(error.errorCode), statusCode };
  }
  const { message, error: name, statusCode: _status, errorCode, ...rest } = response as Record<string, unknown>;
  const code = codeOf(error.errorCode, errorCode, rest.code);
  if (code?.code === rest.code) delete rest.code;
  // Validation pipes put a list of findings where others put a sentence.
  if (Array.isArray(message)) {
    return { status: 'error', message: String(name ?? error.message), ...code, statusCode, details: message };
  }
  const details = Object.keys(rest).length > 0 ? { details: rest } : null;
  return { status: 'error', message: String(message ?? error.message), ...code, statusCode, ...details };
}

/** The first that is a code; users write theirs into the object of the exception, Nest 12 into an option. */
function codeOf(...candidates: unknown[]): { code: string } | null {
  const code = candidates.find((candidate) => typeof candidate === 'string');
  return code === undefined ? null : { code };
}

function hasMethod<N extends 'getError' | 'getResponse' | 'getStatus'>(
  value: unknown,
  name: N,
): value is WithGetError & HttpExceptionLike {
  return typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[name] === 'function';
}
