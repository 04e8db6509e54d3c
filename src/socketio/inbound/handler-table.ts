import type { AckReply } from '../acks/ack-reply.js';
import type { DisconnectDetails, DisconnectReason } from '../client/disconnect-reason.js';
import type { PresenceChange } from '../presence/presence-options.js';
import type { ErrorAck } from '../acks/ack-error.js';

/** Handles one event of any socket of a namespace. `args` are the client's, without the name; `reply` is null if no ack was asked. */
export type EventHandler<S> = (socket: S, args: unknown[], reply: AckReply | null, event: string) => void;

/**
 * Handlers of a whole namespace, put there once by the layer above instead of being registered on every socket: a
 * connection costs the same with one handler as with a thousand. Entries may be added at any time and count from the
 * next event on. Handlers deal with their own errors.
 */
export class HandlerTable<S> {
  readonly events = new Map<string, EventHandler<S>>();
  /** Those of `events` that never look at `args`, so that these need not be parsed. */
  readonly withoutArguments = new Set<string>();
  /** Handles what has no handler in `events`. */
  anyEvent: EventHandler<S> | null = null;
  /** Runs after the CONNECT reply. While its promise is pending, events wait; it must not reject. */
  connect: ((socket: S) => Promise<void> | void) | null = null;
  /** A heartbeat was sent, was answered. */
  ping: ((socket: S) => void) | null = null;
  pong: ((socket: S) => void) | null = null;
  /** An event that asked for no ack was refused before any handler heard of it; called once until one passes again. */
  onRefused: ((socket: S, error: ErrorAck) => void) | null = null;
  /** A connected socket is about to be disconnected; it still is in its rooms. */
  disconnecting: ((socket: S, reason: DisconnectReason, details: DisconnectDetails) => void) | null = null;
  /** Somebody came online or is offline; told on one server of the cluster. */
  presence: ((change: PresenceChange) => void) | null = null;
  disconnect: ((socket: S, reason: DisconnectReason, details: DisconnectDetails) => void) | null = null;

  handlerOf(event: string): EventHandler<S> | null {
    return this.events.get(event) ?? this.anyEvent;
  }

  /** Whether a handler looks at the arguments of this event. */
  readsArguments(event: string): boolean {
    return this.events.has(event) ? !this.withoutArguments.has(event) : this.anyEvent !== null;
  }
}
