import { Tally, type EngineStats } from '../engine/index.js';
import type { DisconnectCode } from './client/disconnect-reason.js';
import type { ConnectRefusalCode } from './socketio-codes.js';

/** What a server has done so far: a snapshot, as plain data. Without an engine yet, its part is zero. */
export interface ServerStats extends EngineStats {
  /** The sockets of Socket.IO. */
  readonly sockets: {
    /** Connected at the moment. */
    readonly now: number;
    /** Since the start. */
    readonly opened: number;
    /** Of those that are connected; children of a dynamic namespace count under its pattern, since clients name them. */
    readonly byNamespace: Readonly<Record<string, number>>;
  };
  /** CONNECT packets that were answered with CONNECT_ERROR. */
  readonly connectRefused: Readonly<Partial<Record<ConnectRefusalCode, number>>>;
  /** Sockets that were disconnected, by the code of their details. */
  readonly disconnected: Readonly<Partial<Record<DisconnectCode, number>>>;
  /** Acks that clients owe. */
  readonly pendingAcks: number;
  /** Events without a handler. */
  readonly unknownEvents: number;
  /** Events that came too early. */
  readonly rateLimited: number;
  /** Acks that a handler took upon itself and did not give within `ackTimeout`. */
  readonly unansweredAcks: number;
  /** Events that middlewares (`socket.use`) did not decide about within `connectTimeout`. */
  readonly undecidedEvents: number;
  /** What `onError` was told: uncaught errors of handlers, listeners and middlewares, and dropped packets. */
  readonly errors: number;
}

/** The numbers behind `ServerStats` that no engine has. */
export class ServerCounters {
  socketsOpened = 0;
  pendingAcks = 0;
  unknownEvents = 0;
  rateLimited = 0;
  unansweredAcks = 0;
  undecidedEvents = 0;
  errors = 0;
  readonly connectRefused = new Tally<ConnectRefusalCode>();
  readonly disconnected = new Tally<DisconnectCode>();
}

/** @param byNamespace how many sockets are where */
export function snapshotOf(
  counters: ServerCounters,
  engine: EngineStats | null,
  byNamespace: Readonly<Record<string, number>>,
): ServerStats {
  const { socketsOpened, connectRefused, disconnected, ...numbers } = counters;
  return {
    ...(engine ?? NO_ENGINE_STATS),
    sockets: {
      now: Object.values(byNamespace).reduce((sum, count) => sum + count, 0),
      opened: socketsOpened,
      byNamespace,
    },
    connectRefused: connectRefused.toObject(),
    disconnected: disconnected.toObject(),
    ...numbers,
  };
}

/** What a server without an engine has to say about sessions. */
const NO_ENGINE_STATS: EngineStats = {
  sessions: { now: 0, opened: 0, byTransport: { polling: 0, websocket: 0, webtransport: 0 } },
  queued: { bytes: 0, largest: 0, sessions: 0 },
  packets: { in: 0, out: 0 },
  bytes: { in: 0, out: 0 },
  refused: {},
  closed: {},
  failedUpgrades: {},
  dropped: 0,
};
