import type { TransportName } from '../transport/transport.js';

/** How much may wait for a peer that does not take it, and what happens then. One object for all sessions of a server. */
export interface SendLimits {
  readonly bytes: number;
  /** Above this the session ends at once. */
  readonly hardBytes: number;
  /** By transport; `Infinity`: any number. */
  readonly packets: Readonly<Record<TransportName, number>>;
  /** How long the network may take nothing of a queue that is over a bound, in milliseconds. */
  readonly timeout: number;
  /** Whether packets beyond a bound are dropped instead of the session being closed. */
  readonly drops: boolean;
  /** Up to so many queued bytes a send needs no closer look: the high-water mark, or −1 where packets are counted. */
  readonly quietBytes: number;
}

/** The options behind the limits. */
export interface SendRules {
  readonly sendQueueBytes: number;
  readonly maxSendQueueBytes: number;
  readonly sendQueueSize: number;
  readonly pollQueueMaxFrames: number;
  readonly sendTimeout: number;
  readonly dropFramesOnOverflow: boolean;
}

export function createSendLimits(options: SendRules): SendLimits {
  const { sendQueueBytes, sendQueueSize, pollQueueMaxFrames } = options;
  const countsPackets = sendQueueSize > 0 || pollQueueMaxFrames > 0;
  return Object.freeze({
    bytes: sendQueueBytes,
    hardBytes: options.maxSendQueueBytes,
    packets: Object.freeze({
      polling: pollQueueMaxFrames || Infinity,
      websocket: sendQueueSize || Infinity,
      webtransport: sendQueueSize || Infinity,
    }),
    timeout: options.sendTimeout,
    drops: options.dropFramesOnOverflow,
    quietBytes: countsPackets ? -1 : sendQueueBytes / 2,
  });
}
