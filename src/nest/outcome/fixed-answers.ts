import type { AckReply } from '../../socketio/index.js';

/** The ack of a handler that has nothing to say. */
export const EMPTY_ACK: readonly unknown[] = Object.freeze([]);

/** What is asked while the server shuts down is not done. */
export function refuseShuttingDown(reply: AckReply | null): void {
  reply?.fail({ status: 'error', message: 'Server is shutting down', code: 'SHUTTING_DOWN' });
}
