import { isThenable } from '../../common/values.js';
import type { WebSocketGateway } from './websocket-gateway.js';

/**
 * Keeps an `afterInit` that throws or rejects from ending the process: Nest calls it without catching. The
 * instance has a method of its own in front of its class's from then on.
 */
export function guardAfterInit({ wrapper }: WebSocketGateway, report: (error: unknown) => void): void {
  const instance = wrapper.instance as { afterInit?: (server: unknown) => unknown } | null;
  const afterInit = instance?.afterInit;
  if (instance === null || typeof afterInit !== 'function' || !Object.isExtensible(instance)) return;
  const guarded = (server: unknown): void => {
    try {
      const result = afterInit.call(instance, server);
      if (isThenable(result)) result.then(undefined, report);
    } catch (error) {
      report(error);
    }
  };
  const present = Object.getOwnPropertyDescriptor(instance, 'afterInit');
  if (present !== undefined && !present.configurable) return;
  Object.defineProperty(instance, 'afterInit', {
    configurable: true,
    writable: true,
    enumerable: false,
    value: guarded,
  });
}
