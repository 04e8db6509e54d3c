import { MemoryLedger, MemoryStore } from '../../src/ledger/store/memory-store.js';
import { storeContract } from './contract/store.contract.js';

describe('MemoryStore', () => {
  const ledgers = new Map<string, MemoryLedger>();
  storeContract((name) => {
    if (!ledgers.has(name)) ledgers.set(name, new MemoryLedger());
    return new MemoryStore(ledgers.get(name));
  });
});
