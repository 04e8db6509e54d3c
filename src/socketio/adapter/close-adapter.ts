import type { Adapter } from './adapter.js';

/** What adapters on the base `ClusterAdapter` of the package socket.io-adapter call for each message of the cluster. */
interface ClusterMember {
  onMessage?: () => void;
  onResponse?: () => void;
}

/**
 * Closes an adapter for good. The one for Redis streams stays subscribed then, and would answer queries for a namespace of
 * the same name that is made later, before its successor does: so it is made deaf.
 */
export function closeAdapter(adapter: Adapter): Promise<void> | void {
  const closed = adapter.close();
  const member = adapter as Adapter & ClusterMember;
  if (member.onMessage !== undefined) member.onMessage = member.onResponse = ignore;
  return closed;
}

function ignore(): void {}
