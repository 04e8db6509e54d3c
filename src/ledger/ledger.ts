import type { AdapterConstructor } from '../socketio/index.js';
import { LedgerAdapter, type LedgerNamespace } from './ledger-adapter.js';
import { LedgerNode, type LedgerServer } from './ledger-node.js';
import { resolveLedgerOptions, type LedgerOptions } from './ledger-options.js';
import type { LedgerStats } from './ledger-stats.js';
import type { LedgerStore } from './store/ledger-store.js';

/** What a server takes: `new Server({ ...redisLedger(client) })`, or the module's option `ledger`. */
export interface Ledger {
  /** The adapter, for the option of that name. */
  readonly adapter: AdapterConstructor;
  /** The recovery, for the option of that name. */
  readonly connectionStateRecovery: { readonly maxDisconnectionDuration: number; readonly skipMiddlewares: boolean };
  /** Of each server that uses this ledger in this process; usually one. */
  readonly stats: () => LedgerStats[];
}

/**
 * A ledger over a store of your own.
 *
 * @param createStore called once for each server, with the name that the fleet's keys are named after
 * @throws OptionError for a wrong option
 */
export function createLedger(createStore: (name: string) => LedgerStore, options: LedgerOptions = {}): Ledger {
  const resolved = resolveLedgerOptions(options);
  const { maxDisconnectionDuration, skipMiddlewares, name } = resolved;
  // By server: the namespaces of one share a reader.
  const nodes = new Map<LedgerServer, LedgerNode>();

  function nodeOf(server: LedgerServer): LedgerNode {
    let node = nodes.get(server);
    if (node === undefined || node.isLeaving) {
      // A ledger may outlive many servers, as in tests.
      for (const [each, { isClosed }] of nodes) if (isClosed) nodes.delete(each);
      node = new LedgerNode(createStore(name), resolved, server);
      nodes.set(server, node);
    }
    return node;
  }

  // A function and no arrow: servers call it with `new`.
  function adapter(nsp: LedgerNamespace): LedgerAdapter {
    return new LedgerAdapter(nsp, nodeOf(nsp.server as unknown as LedgerServer));
  }

  const ledger = { adapter, connectionStateRecovery: { maxDisconnectionDuration, skipMiddlewares } };
  const stats = (): LedgerStats[] => {
    return [...nodes.values()].filter((node) => !node.isClosed).map((node) => node.stats());
  };
  // Left out when a ledger is spread into the options of a server, which refuse what they do not know.
  return Object.defineProperty(ledger, 'stats', { value: stats }) as unknown as Ledger;
}
