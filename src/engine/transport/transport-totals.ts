import type { Transport } from './transport.js';

/** What the transports of one engine add up as it happens, so that statistics need not walk over all sessions. */
export class TransportTotals {
  bytesIn = 0;
  bytesOut = 0;
  /** Transports with a queue that the end of a turn has not emptied; at most those whose clients are slow, or poll. */
  readonly behind = new Set<Transport>();
}
