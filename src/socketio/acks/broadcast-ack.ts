import { Timer } from '../../engine/index.js';
import { callAck, type AckCallback, type AckContext } from './ack-callback.js';
import type { AckValidation } from './validated-ack.js';
import { AckError } from './ack-error.js';

/** Collects the acks of a broadcast: complete when every server has said how many clients it asked and all answered. */
export class BroadcastAck {
  readonly #responses: unknown[] = [];
  #expectedServers = -1;
  #servers = 0;
  #expectedClients = 0;
  #done = false;
  readonly #timer: Timer;

  /** `timeout` in milliseconds; `Infinity`: without limit. `forget` drops what adapters still hold. */
  constructor(
    private readonly host: AckContext,
    timeout: number,
    private readonly single: boolean,
    /** Whether the first answer is the only one, so that servers which have not said anything are not waited for. */
    private readonly endsWithFirst: boolean,
    /** What other servers answer for a client that has left. */
    private readonly left: string,
    /** Holds each answer against the contract of the namespace; null if it has no say. */
    private readonly validation: AckValidation | null,
    private readonly callback: AckCallback,
    private readonly forget: () => void,
  ) {
    this.#timer = new Timer(() => this.#onTimeout());
    if (timeout !== Infinity) host.wheel.schedule(this.#timer, timeout);
  }

  expectServers(count: number): void {
    this.#expectedServers = count;
    this.#check();
  }

  /** One server asked this many clients. */
  expectClients(count: number): void {
    this.#servers++;
    this.#expectedClients += count;
    this.#check();
  }

  /** A client that was asked is gone, or was not asked after all, and is not waited for. */
  leave(error: AckError): void {
    if (this.#done) return;
    this.#expectedClients--;
    if (this.single) this.#finish(error);
    else this.#check();
  }

  /** One client answered. */
  add(response: unknown): void {
    if (this.#done) return;
    if (response === this.left) {
      this.leave(AckError.disconnected());
      return;
    }
    if (this.validation === null) this.#take(response);
    else this.validation(response, (value, error) => (error === null ? this.#take(value) : this.leave(error)));
  }

  #take(response: unknown): void {
    if (this.#done) return;
    this.#responses.push(response);
    if (this.endsWithFirst) this.#finish(null);
    else this.#check();
  }

  /** The packet was not sent: nothing is awaited or told. */
  dispose(): void {
    this.#done = true;
    this.host.wheel.cancel(this.#timer);
  }

  #check(): void {
    if (this.#servers !== this.#expectedServers || this.#responses.length !== this.#expectedClients) return;
    this.#finish(null);
  }

  #onTimeout(): void {
    this.forget();
    this.#finish(AckError.timeout());
  }

  #finish(error: AckError | null): void {
    if (this.#done) return;
    this.#done = true;
    this.host.wheel.cancel(this.#timer);
    const single = error === null ? this.#responses[0] : null;
    callAck(this.host, this.callback, [error, this.single ? single : this.#responses]);
  }
}
