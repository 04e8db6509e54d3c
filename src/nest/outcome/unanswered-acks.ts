import { Timer, type AckReply, type Server, type Socket } from '../../socketio/index.js';
import { nameOf, type HandlerDescriptor } from '../discovery/gateway-descriptor.js';

/**
 * Acks that a handler with the `@Ack()` parameter had not given when it returned. It may do so later; what is not given
 * within `ackTimeout` becomes an error ack, and the handler is reported. An ack that is given in time costs no timer.
 */
export class UnansweredAcks {
  readonly #pending = new Map<Socket, Map<AckReply, Timer>>();
  /** Who was reported: once finds the mistake, each time would be a flood. */
  readonly #reported = new WeakSet<HandlerDescriptor>();

  constructor(private readonly server: Server) {}

  /** The handler has returned. */
  watch(reply: AckReply, handler: HandlerDescriptor, socket: Socket, event: string): void {
    const { wheel, settings } = this.server;
    if (reply.settled || settings.ackTimeout === 0 || !socket.connected) return;
    const ofSocket = this.#pending.get(socket) ?? new Map<AckReply, Timer>();
    const timer = new Timer(() => this.#onExpired(reply, handler, event));
    this.#pending.set(socket, ofSocket.set(reply, timer));
    wheel.schedule(timer, settings.ackTimeout);
    reply.onSettled = () => {
      wheel.cancel(timer);
      ofSocket.delete(reply);
      if (ofSocket.size === 0) this.#pending.delete(socket);
    };
  }

  /** The socket is gone: its acks are not awaited. */
  forget(socket: Socket): void {
    const ofSocket = this.#pending.get(socket);
    if (ofSocket === undefined) return;
    this.#pending.delete(socket);
    for (const [reply, timer] of ofSocket) {
      reply.onSettled = null;
      this.server.wheel.cancel(timer);
    }
  }

  #onExpired(reply: AckReply, handler: HandlerDescriptor, event: string): void {
    reply.fail({ status: 'error', message: 'The server did not answer', code: 'ACK_NOT_CALLED' });
    this.server.counters.unansweredAcks++;
    if (this.#reported.has(handler)) return;
    this.#reported.add(handler);
    this.server.settings.onWarning(
      `${nameOf(handler)} took the @Ack() of the event "${event}" and did not call it within ` +
        `${this.server.settings.ackTimeout} ms (ackTimeout). Clients get an error ack. Further events are not logged.`,
    );
  }
}
