import { OptionReader } from '../common/option-reader.js';
import type { Complete } from '../common/values.js';

/** How a ledger keeps what it keeps. */
export interface LedgerOptions {
  /**
   * What the keys, channels or tables of the ledger are named after. Servers with the same name and store are one fleet.
   *
   * @default 'socket.io'
   */
  name?: string | undefined;
  /**
   * How long a client may be away and still get everything, in milliseconds; at least 1,000.
   *
   * @default 120_000
   */
  maxDisconnectionDuration?: number | undefined;
  /**
   * Whether middlewares, guards and handlers of the handshake are passed over when a client comes back.
   *
   * @default false
   */
  skipMiddlewares?: boolean | undefined;
  /**
   * How large the log in the store may grow, in bytes. If it has to drop what a client has missed, that client starts anew.
   *
   * @default 268_435_456
   */
  maxStoreBytes?: number | undefined;
  /**
   * How much of the log a node keeps in its own memory, in bytes. It reads from the store what is older.
   *
   * @default 67_108_864
   */
  maxLogBytes?: number | undefined;
  /**
   * How large `socket.data` may be, in bytes of its encoded form. If it is larger, `onError` is told once, and the client
   * starts anew after a reconnect.
   *
   * @default 65_536
   */
  maxSessionBytes?: number | undefined;
  /**
   * How much a node may emit that the store has not taken yet, in characters. Beyond it emits are refused, and all clients
   * start anew once the store is back.
   *
   * @default 67_108_864
   */
  maxQueueBytes?: number | undefined;
  /**
   * How often the nodes of a fleet tell each other that they are there, in milliseconds; one that is silent for two of
   * these is taken for dead. At least 50.
   *
   * @default 2_000
   */
  heartbeatInterval?: number | undefined;
  /**
   * How often changes of `socket.data` are stored while a socket is connected, in milliseconds. Rooms are stored at once.
   *
   * @default 5_000
   */
  checkpointInterval?: number | undefined;
}

export type ResolvedLedgerOptions = Complete<LedgerOptions>;

export const LEDGER_DEFAULTS: ResolvedLedgerOptions = Object.freeze({
  name: 'socket.io',
  maxDisconnectionDuration: 120_000,
  skipMiddlewares: false,
  maxStoreBytes: 268_435_456,
  maxLogBytes: 67_108_864,
  maxSessionBytes: 65_536,
  maxQueueBytes: 67_108_864,
  heartbeatInterval: 2_000,
  checkpointInterval: 5_000,
});

/** @throws OptionError for a wrong option */
export function resolveLedgerOptions(options: LedgerOptions): ResolvedLedgerOptions {
  const defaults = LEDGER_DEFAULTS;
  const reader = new OptionReader(options as Readonly<Record<string, unknown>>);
  const resolved: ResolvedLedgerOptions = {
    name: reader.string('name', defaults.name, /^[^{}]{1,64}$/, 'a name of 1 to 64 characters without braces'),
    maxDisconnectionDuration: reader.milliseconds('maxDisconnectionDuration', defaults.maxDisconnectionDuration, 1_000),
    skipMiddlewares: reader.boolean('skipMiddlewares', defaults.skipMiddlewares),
    maxStoreBytes: reader.integer('maxStoreBytes', defaults.maxStoreBytes, { min: 1 }),
    maxLogBytes: reader.integer('maxLogBytes', defaults.maxLogBytes, { min: 0 }),
    maxSessionBytes: reader.integer('maxSessionBytes', defaults.maxSessionBytes, { min: 0 }),
    maxQueueBytes: reader.integer('maxQueueBytes', defaults.maxQueueBytes, { min: 0 }),
    heartbeatInterval: reader.milliseconds('heartbeatInterval', defaults.heartbeatInterval, 50),
    checkpointInterval: reader.milliseconds('checkpointInterval', defaults.checkpointInterval, 10),
  };
  reader.rejectUnknown();
  return Object.freeze(resolved);
}
