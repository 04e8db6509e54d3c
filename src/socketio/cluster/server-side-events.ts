import { watch } from '../../common/call-foreign.js';
import { Timer } from '../../common/timer-wheel.js';
import { AckError } from '../acks/ack-error.js';
import { callAck, type AckCallback, type AckContext } from '../acks/ack-callback.js';
import type { AdapterPort } from '../adapter/adapter-port.js';
import { assertEmittable } from '../events/reserved-events.js';

/** A namespace that has other servers in its cluster. */
export interface ClusterNamespace extends AckContext {
  readonly adapterPort: AdapterPort;
  /** For a template of dynamic namespaces it throws. */
  readonly serverSideEmit: (...args: never) => boolean;
}

/**
 * What `serverSideEmit()` does: a function as last argument gets `(error, responses)`.
 *
 * @throws Error for a reserved event name
 */
export function emitToServers(namespace: ClusterNamespace, event: string, args: readonly unknown[]): void {
  assertEmittable(event);
  const callback = args.at(-1);
  if (typeof callback !== 'function') {
    watch(namespace.adapterPort.serverSideEmit([event, ...args]), namespace, undefined);
    return;
  }
  const guarded: AckCallback = (...answer) => callAck(namespace, callback as AckCallback, answer);
  const sent = namespace.adapterPort.serverSideEmit([event, ...args.slice(0, -1), guarded]);
  watch(sent, { onForeignError: (error) => guarded(error, []) }, undefined);
}

/**
 * Asks the other servers within a time. Adapters keep one of their own, yet one that cannot count the servers may never call
 * back.
 *
 * @throws Error for a reserved event name
 */
export function askServers(
  namespace: ClusterNamespace,
  event: string,
  args: readonly unknown[],
  timeout: number,
  answered: (error: Error | null, responses: unknown[]) => void,
): void {
  const { wheel } = namespace;
  const timer = new Timer(() => answered(AckError.timeout(), []));
  if (timeout !== Infinity) wheel.schedule(timer, timeout);
  const callback = (error: Error | null | undefined, responses: unknown[]): void => {
    wheel.cancel(timer);
    answered(error ?? null, responses);
  };
  try {
    namespace.serverSideEmit(...([event, ...args, callback] as never));
  } catch (error) {
    wheel.cancel(timer);
    throw error;
  }
}
