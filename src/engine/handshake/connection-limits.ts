import { addressKey } from '../../common/address-key.js';
import type { RefusalName } from '../http/refusal.js';
import { HandshakeRate } from './handshake-rate.js';

/** Bounds on handshakes; `Infinity` if there is none. */
export interface ConnectionRules {
  readonly maxConnections: number;
  readonly maxConnectionsPerIp: number;
  readonly maxHandshakesPerSecond: number;
}

/** Counts connections from the start of their handshake, so that simultaneous or slow handshakes cannot exceed the limit. */
export class ConnectionLimits {
  #count = 0;
  readonly #countsByKey = new Map<string, number>();
  readonly #handshakes: HandshakeRate | null;

  /** Null if nothing is bounded. */
  static create(rules: ConnectionRules): ConnectionLimits | null {
    const { maxConnections, maxConnectionsPerIp, maxHandshakesPerSecond } = rules;
    const isBounded = Math.min(maxConnections, maxConnectionsPerIp, maxHandshakesPerSecond) < Infinity;
    return isBounded ? new ConnectionLimits(rules) : null;
  }

  private constructor(private readonly rules: ConnectionRules) {
    const { maxHandshakesPerSecond: limit } = rules;
    this.#handshakes = limit === Infinity ? null : new HandshakeRate(limit);
  }

  /** Takes a place, which `leave` has to give back; or says why there is none. */
  take(address: string): RefusalName | null {
    const key = this.#keyOf(address);
    const ofKey = key === null ? 0 : (this.#countsByKey.get(key) ?? 0);
    if (ofKey >= this.rules.maxConnectionsPerIp) return 'TOO_MANY_CONNECTIONS_PER_IP';
    if (this.#count >= this.rules.maxConnections) return 'TOO_MANY_CONNECTIONS';
    // Checked last, so that a handshake refused for another reason does not consume a token.
    const refusal = this.#handshakes?.take(addressKey(address), performance.now()) ?? null;
    if (refusal !== null) return refusal;
    this.#count++;
    if (key !== null) this.#countsByKey.set(key, ofKey + 1);
    return null;
  }

  /** The session ended, or never came to be. */
  giveBack(address: string): void {
    this.#count--;
    const key = this.#keyOf(address);
    if (key === null) return;
    const left = this.#countsByKey.get(key)! - 1;
    if (left > 0) this.#countsByKey.set(key, left);
    else this.#countsByKey.delete(key);
  }

  /** Null if addresses are not counted, or if there is none: over a Unix socket, or WebTransport. */
  #keyOf(address: string): string | null {
    return this.rules.maxConnectionsPerIp === Infinity || address === '' ? null : addressKey(address);
  }
}
