import type { IssueDetail } from './issues.js';

/** Every code of contracts, on servers and clients. Stable; never reused. */
export const CONTRACT_CODES = ['INVALID_ARGUMENTS', 'INVALID_AUTH', 'CONTRACT_VIOLATION', 'NO_REPLY'] as const;

export type ContractCode = (typeof CONTRACT_CODES)[number];

/** What a client is told of data that its contract refuses. */
export interface InvalidDataReply {
  /** Marks the reply as an error. */
  readonly status: 'error';
  /** What does not fit, in one line. */
  readonly message: string;
  /** The code of invalid data. */
  readonly code: ContractCode;
  /** The HTTP status of an invalid body. */
  readonly statusCode: number;
  /** What does not fit, one entry for each place. */
  readonly details: readonly IssueDetail[];
}

/**
 * A client sent what the contract refuses: the arguments of an event, or the auth of its handshake. Exception filters can
 * catch it. Has no stack, since it is the client that is wrong.
 */
export class InvalidDataError extends Error {
  override readonly name = 'InvalidDataError';
  /** The HTTP status of an invalid body. */
  readonly statusCode = 400;

  private constructor(
    message: string,
    /** The same for every error of this class. */
    readonly code: ContractCode,
    /** What does not fit, one entry for each place. */
    readonly details: readonly IssueDetail[],
  ) {
    super(message);
  }

  /** Makes the error for the issues of a schema. */
  static create(what: 'arguments' | 'auth', details: readonly IssueDetail[]): InvalidDataError {
    // A stack would cost more than the rest of the refusal, and only tell where this line is.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      return what === 'auth'
        ? new InvalidDataError('Invalid auth', 'INVALID_AUTH', details)
        : new InvalidDataError('Invalid arguments', 'INVALID_ARGUMENTS', details);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  }

  /** What the client is told. */
  getError(): InvalidDataReply {
    const { message, code, statusCode, details } = this;
    return { status: 'error', message, code, statusCode, details };
  }
}

/** The server is about to send what its own contract refuses. Clients are not told the details. */
export class ContractViolationError extends Error {
  override readonly name = 'ContractViolationError';
  /** The same for every error of this class. */
  readonly code: ContractCode = 'CONTRACT_VIOLATION';

  constructor(
    what: string,
    /** What does not fit, one entry for each place. */
    readonly details: readonly IssueDetail[],
  ) {
    super(`${what} does not match its contract: ${details.map(asText).join('; ')}`);
  }
}

function asText({ path, message }: IssueDetail): string {
  return path.length === 0 ? message : `${path.join('.')}: ${message}`;
}
