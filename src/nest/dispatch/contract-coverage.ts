import type { AnyContract } from '../../contract/index.js';
import { eventsOf } from '../../contract/runtime.js';
import { BindingError } from '../errors/binding.error.js';

/** How an event of a contract is handled in its namespace. */
export type Coverage = 'answered' | 'heard' | 'none';

/**
 * Checks that every event of a contract has a handler, and every event with an ack one that answers.
 *
 * @throws BindingError that names the events which do not
 */
export function checkCoverage(contract: AnyContract, coverageOf: (event: string) => Coverage): void {
  const namespace = String(contract.namespace);
  const events = [...(eventsOf(contract, 'in') ?? [])];
  const unhandled = events.filter(([event]) => coverageOf(event) === 'none').map(([event]) => `"${event}"`);
  if (unhandled.length > 0) {
    throw new BindingError(
      `No handler for ${unhandled.join(', ')} of the contract of ${namespace}. Add handlers, or write ` +
        '@Gateway(contract, { partial: true }) if other modules, applications or socket.on() handle the rest.',
    );
  }
  const unanswered = events.filter(([event, { hasAck }]) => hasAck && coverageOf(event) === 'heard');
  if (unanswered.length > 0) {
    const names = unanswered.map(([event]) => `"${event}"`).join(', ');
    throw new BindingError(
      `No handler answers ${names} of the contract of ${namespace}: the contract has an ack, but @OnEvent ` +
        'returns none. Use @Ack for one of the handlers.',
    );
  }
}
