/**
 * Packets for a client that does not keep up were dropped (`dropFramesOnOverflow`). Reported at the first of them, and
 * with how many there were once the client has caught up or is gone: a flood of drops makes two reports.
 */
export class OverflowError extends Error {
  override readonly name = 'OverflowError';
  /** The same for every error of this class. */
  readonly code = 'SEND_QUEUE_OVERFLOW';

  constructor(
    /** Packets since the client fell behind; 1 in the first report. */
    readonly dropped: number,
    /** The client's sockets, by id. */
    readonly sockets: readonly string[],
  ) {
    super(`${dropped} packet(s) dropped: the client of ${sockets.join(', ') || 'no socket yet'} does not keep up`);
  }
}
