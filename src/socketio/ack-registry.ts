import { TimerEntry } from '../engine/index.js';
import { callAck, type AckCallback, type AckHost, type BroadcastAckCallback } from './ack-callback.js';
import { AckError } from './socketio-error.js';

/** `plain`: a callback that is called by an answer or never. `error-first`: one that also hears of a failure. */
export type AckKind = 'plain' | 'error-first';

/** The acks that one socket owes. Published adapters put callbacks of their own into it, by the same ids. */
export class AckRegistry extends Map<number, PendingAck | BroadcastAckCallback> {
  constructor(private readonly host: AckHost) {
    super();
  }

  /** `timeout` in milliseconds; `Infinity`: as long as the socket lives. */
  expect(id: number, kind: AckKind, timeout: number, callback: AckCallback): void {
    const pending = new PendingAck(this.host, this, id, kind, callback);
    this.set(id, pending);
    if (timeout !== Infinity) this.host.wheel.schedule(pending, timeout);
  }

  /** An answer; false where nobody waits for it (any more). */
  settle(id: number, args: unknown[]): boolean {
    const entry = this.get(id);
    if (entry === undefined) return false;
    this.delete(id);
    if (typeof entry === 'function') callAck(this.host, entry, args);
    else entry.resolve(args);
    return true;
  }

  /** The socket is gone: whoever can hear of it does, plain callbacks are freed uncalled. */
  abandon(): void {
    const entries = [...this.values()];
    for (const id of [...this.keys()]) this.delete(id);
    for (const entry of entries) {
      if (typeof entry === 'function') entry.onLeave?.();
      else entry.reject(AckError.disconnected());
    }
  }

  override delete(id: number): boolean {
    const entry = this.get(id);
    if (entry !== undefined && typeof entry !== 'function') this.host.wheel.cancel(entry);
    return super.delete(id);
  }
}

class PendingAck extends TimerEntry {
  constructor(
    private readonly host: AckHost,
    private readonly registry: AckRegistry,
    private readonly id: number,
    private readonly kind: AckKind,
    private readonly callback: AckCallback,
  ) {
    super();
  }

  resolve(args: unknown[]): void {
    callAck(this.host, this.callback, this.kind === 'plain' ? args : [null, ...args]);
  }

  reject(error: AckError): void {
    if (this.kind === 'error-first') callAck(this.host, this.callback, [error]);
  }

  override onTimer(): void {
    this.registry.delete(this.id);
    this.reject(AckError.timeout());
  }
}
