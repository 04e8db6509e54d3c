import type { SocketId } from '../adapter/adapter.js';
import type { Presence } from './presence.js';
import type { Scope } from './presence-table.js';

/** Somebody who is online. */
export interface PresentKey {
  /** What the option `key` gives; by default the user of `socket.identify()`. */
  readonly key: string;
  /** On all servers; none within the grace period. */
  readonly sockets: readonly SocketId[];
}

/** Who is online in a namespace, or in one of its rooms. Every server has the whole list, so that nothing is asked. */
export class PresenceTarget {
  /** @internal */
  constructor(
    /** That of the server now: it has another one once it listens again. */
    private readonly presence: () => Presence,
    private readonly scope: Scope,
  ) {}

  /** Everyone who is online, with their sockets. */
  list(): PresentKey[] {
    const { scope } = this;
    const presence = this.presence();
    return Array.from(presence.keys(scope), (key) => ({ key, sockets: presence.socketsOf(scope, key) }));
  }

  /** How many are online. */
  count(): number {
    return this.presence().keys(this.scope).size;
  }

  /** Whether someone is online. */
  has(key: string): boolean {
    return this.presence().has(this.scope, key);
  }
}
