import type { ForeignErrorSink } from '../../common/call-foreign.js';
import type { ErrorAck } from './ack-error.js';

/** Who sends an ack for an event that it received. Told of an error if the answer of a callback cannot be sent. */
export interface AckSender extends ForeignErrorSink<AckReply> {
  sendAck(id: number, args: readonly unknown[]): void;
}

/** The one answer to an event that asked for an ack; a second one is dropped. */
export class AckReply {
  /** Told of the answer. */
  onSettled: (() => void) | null = null;
  #settled = false;

  constructor(
    private readonly socket: AckSender,
    readonly id: number,
  ) {}

  get settled(): boolean {
    return this.#settled;
  }

  /**
   * Answers with these values; false if there was an answer already.
   *
   * @throws TypeError for values that cannot be sent, such as a cycle; another answer may follow then
   */
  send(args: readonly unknown[]): boolean {
    if (this.#settled) return false;
    this.socket.sendAck(this.id, args);
    this.#settled = true;
    if (this.onSettled !== null) this.onSettled();
    return true;
  }

  fail(error: ErrorAck): boolean {
    return this.send([error]);
  }

  /** The callback that Socket.IO gives to listeners as their last argument. */
  asCallback(): (...args: unknown[]) => void {
    return (...args) => {
      try {
        this.send(args);
      } catch (error) {
        this.socket.onForeignError(error, this);
      }
    };
  }
}
