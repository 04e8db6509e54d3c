import type { RefusalName } from './http/refusal.js';
import type { SessionCounters } from './session/engine-session.js';
import type { TransportName } from './transport/transport.js';

/** What an engine has done so far: a snapshot, as plain data. */
export interface EngineStats {
  /** The sessions of Engine.IO. */
  readonly sessions: {
    /** Open at the moment. */
    readonly now: number;
    /** Since the start. */
    readonly opened: number;
    /** Those that are open, by the transport that they are on. */
    readonly byTransport: Readonly<Record<TransportName, number>>;
  };
  /** What peers have not taken yet. */
  readonly queued: {
    readonly bytes: number;
    /** The longest queue of one session, in bytes. */
    readonly largest: number;
    /** Sessions that have a queue. */
    readonly sessions: number;
  };
  /** Engine.IO packets of all sessions, heartbeats included. */
  readonly packets: Traffic;
  /** Of WebSockets all bytes of the connection, its handshake included and received control frames not; of polling the bodies, before compression. */
  readonly bytes: Traffic;
  /** Requests that were refused, by the name that `connection_error` gives the cause. */
  readonly refused: Readonly<Partial<Record<RefusalName, number>>>;
  /** Sessions that ended, by the code of their details. */
  readonly closed: Readonly<Record<string, number>>;
  /** Transports that came to nothing, by code: probes of an upgrade, WebTransport sessions that did not say what they want. */
  readonly failedUpgrades: Readonly<Record<string, number>>;
  /** Messages that were dropped since their peer did not keep up (`dropFramesOnOverflow`). */
  readonly dropped: number;
}

export interface Traffic {
  /** Received. */
  readonly in: number;
  /** Sent. */
  readonly out: number;
}

/** The numbers behind `EngineStats`. Per message one of them is counted up, and nothing else happens. */
export class EngineCounters implements SessionCounters {
  opened = 0;
  packetsIn = 0;
  packetsOut = 0;
  readonly byTransport: Record<TransportName, number> = { polling: 0, websocket: 0, webtransport: 0 };
  /** Messages that were dropped since their peer did not keep up. */
  dropped = 0;
  readonly refused = new Tally<RefusalName>();
  readonly closed = new Tally<string>();
  readonly failedUpgrades = new Tally<string>();
}

/** Counts by code. Codes come from the catalogues, never from a peer, so that it stays small. */
export class Tally<Code extends string> {
  readonly #counts = new Map<Code, number>();

  add(code: Code): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
  }

  toObject(): Partial<Record<Code, number>> {
    return Object.fromEntries(this.#counts) as Partial<Record<Code, number>>;
  }
}
