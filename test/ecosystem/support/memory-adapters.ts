import { memoryLedger } from '../../../src/ledger/index.js';
import { Bus, onBus } from './bus-adapter.js';
import type { AdapterFactory } from './cluster.js';

/** The base of published adapters, of one cluster in this process. */
export function overBus(): AdapterFactory {
  const bus = new Bus();
  return () => onBus(bus);
}

/** A ledger of one cluster in this process. */
export function overMemoryLedger(): AdapterFactory {
  const { adapter } = memoryLedger();
  return () => adapter;
}
