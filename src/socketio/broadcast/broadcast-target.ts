import type { Room, SocketId } from '../adapter/adapter.js';

/**
 * Sockets that an event, or a change of their rooms, is for: a server, a namespace, the injected `Websocket`, or the rooms
 * that `to()` has named. Each step returns another target and leaves this one as it is.
 *
 * @typeParam Step what a step returns
 * @typeParam TimedStep the same, whose acks call back with an error first
 * @typeParam Remote what `fetchSockets()` resolves to
 */
export interface BroadcastTarget<Step, TimedStep, Remote> {
  /**
   * Targets a room, or several. Called again, it adds rooms; a socket that is in several of them gets the event once. An
   * empty list targets no socket.
   */
  to(room: Room | Room[]): Step;
  /** Alias of `to`. */
  in(room: Room | Room[]): Step;
  /** Leaves out the sockets of a room, or of several. */
  except(room: Room | Room[]): Step;
  /** Whether the event may be compressed if compression is negotiated. */
  compress(compress: boolean): Step;
  /** The event is dropped for clients that are not ready to be sent to. */
  readonly volatile: Step;
  /** The sockets of this server only, not those of the other servers of the cluster. */
  readonly local: Step;
  /** How long to wait for acks, in milliseconds. Their callback gets an error first. */
  timeout(timeout: number): TimedStep;
  /** The sockets of all servers of the cluster: snapshots, and the way to reach each. */
  fetchSockets(): Promise<Remote[]>;
  /** @deprecated `fetchSockets()` tells more. */
  allSockets(): Promise<Set<SocketId>>;
  /** Makes the sockets join a room, or several. Resolves when the adapter has taken the order, and never rejects unhandled. */
  socketsJoin(room: Room | Room[]): Promise<void>;
  /** Makes the sockets leave a room, or several. Resolves as `socketsJoin` does. */
  socketsLeave(room: Room | Room[]): Promise<void>;
  /** Disconnects the sockets; with `close` their whole connections. Resolves as `socketsJoin` does. */
  disconnectSockets(close?: boolean): Promise<void>;
}
