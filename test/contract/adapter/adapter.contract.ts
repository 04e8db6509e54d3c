import { Cluster, type AdapterFactory } from '../../ecosystem/support/cluster.js';
import { describeBroadcasts } from './broadcasts.js';
import { describeAcks } from './acks.js';
import { describeQueries } from './queries.js';
import { describeRooms } from './rooms.js';
import { describeServerSideEvents } from './server-side-events.js';

/** What differs between the adapters that keep the contract. */
export interface AdapterTraits {
  /** How many servers share the adapter; 1 for one that knows no other. */
  readonly servers: number;
}

/** Starts the servers, with adapters of their own making; closed after the test. */
export type StartCluster = () => Promise<Cluster>;

/** What every adapter does alike, seen from the official client. To be called while a suite is declared. */
export function adapterContract(
  createAdapter: (cluster: string) => ReturnType<AdapterFactory>,
  traits: AdapterTraits,
): void {
  let clusters = 0;
  const start: StartCluster = () => {
    const name = `contract-${process.pid}-${++clusters}`;
    return Cluster.start(traits.servers, () => createAdapter(name));
  };
  describeBroadcasts(start);
  describeAcks(start);
  describeRooms(start);
  describeQueries(start);
  if (traits.servers > 1) describeServerSideEvents(start);
}
