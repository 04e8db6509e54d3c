import { Timer } from '../../engine/index.js';
import type { IssueDetail } from '../../contract/runtime.js';
import type { OutboundContract, ViolationListener } from '../events/outbound-contract.js';
import { AckError } from './ack-error.js';
import { callAck, type AckCallback, type AckContext } from './ack-callback.js';
import type { AckKind } from './ack-registry.js';

/** Holds one answer against a contract. `answered` is called once, later if the schema is asynchronous. */
export type AckValidation = (response: unknown, answered: (value: unknown, error: AckError | null) => void) => void;

/** Null if the contract has no schema for acks of this event. */
export function ackValidation(
  host: ViolationListener & { readonly outbound: OutboundContract | null },
  event: string,
): AckValidation | null {
  const { outbound } = host;
  if (outbound === null || !outbound.validatesAck(event)) return null;
  return (response, answered) =>
    outbound.validateAck(event, response, host, (value, issues) =>
      answered(value, issues === null ? null : AckError.invalid(summaryOf(issues))),
    );
}

/**
 * The callback of an emit to one client, behind the schema of the ack. One that cannot be told of an error is not called
 * with what does not fit, as if no ack had come. A schema that is asynchronous has as long as the client had.
 */
export function receivingAck(
  outbound: OutboundContract,
  event: string,
  kind: AckKind,
  callback: AckCallback,
  timeout: number,
  host: AckContext,
): AckCallback {
  const validation = ackValidation({ outbound, reportError: (error) => host.reportError(error) }, event);
  if (validation === null) return callback;
  const isErrorFirst = kind === 'error-first';
  return (...args) => {
    if (isErrorFirst && args[0] !== null) {
      callback(...args);
      return;
    }
    let isConcluded = false;
    const conclude = (value: unknown, error: AckError | null): void => {
      if (isConcluded) return;
      isConcluded = true;
      host.wheel.cancel(timer);
      if (error === null) callAck(host, callback, isErrorFirst ? [null, value] : [value]);
      else if (isErrorFirst) callAck(host, callback, [error]);
    };
    const timer = new Timer(() => conclude(undefined, AckError.timeout()));
    validation(args[isErrorFirst ? 1 : 0], conclude);
    if (!isConcluded && timeout !== Infinity) host.wheel.schedule(timer, timeout);
  };
}

function summaryOf(issues: readonly IssueDetail[]): string {
  return issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`)).join('; ');
}
