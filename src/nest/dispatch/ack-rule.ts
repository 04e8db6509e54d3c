import type { AckReply, Socket } from '../../socketio/index.js';
import type { BoundHandler } from '../pipeline/handler-factory.js';
import type { Invocation } from '../pipeline/invocation.js';

/**
 * How a handler ended: with something that was sent, or of which nothing is to be sent; with nothing, which may become an
 * empty ack; or with an error.
 */
export type End = 'value' | 'nothing' | 'failure';

/** What differs between the ways to answer an event: that of this package, and that of Nest's `IoAdapter`. */
export interface AckRule {
  /** Whether several handlers of one event may answer it; the first ack counts. */
  readonly sharesAck: boolean;
  /**
   * Uses a result that is there.
   *
   * @throws TypeError for a value that cannot be sent
   */
  take(value: unknown, handler: BoundHandler, socket: Socket, reply: AckReply | null): End;
  /** Awaits a result and uses its values. Rejects with the handler's error. */
  resolve(result: unknown, call: Invocation): PromiseLike<End>;
  /** Every handler of the event has ended. `handler` is the one that answers, or the first. */
  conclude(end: End, handler: BoundHandler, socket: Socket, reply: AckReply, event: string): void;
  /** A handler failed. Never throws. A promise only if a filter is asynchronous. */
  fail(error: unknown, call: Invocation): void | Promise<void>;
  /** The ack by which an event may be refused before its handlers run; null if a refusal is no ack. */
  refusable(reply: AckReply | null): AckReply | null;
}
