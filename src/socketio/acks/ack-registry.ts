import { TimerEntry } from '../../engine/index.js';
import { callAck, type AckCallback, type AckContext, type BroadcastAckCallback } from './ack-callback.js';
import type { AckTerms } from '../adapter/adapter.js';
import { AckError } from './ack-error.js';

/** `plain`: a callback that is called by an answer or never. `error-first`: one that also hears of a failure. */
export type AckKind = 'plain' | 'error-first';

/** The acks that one socket owes. Published adapters put callbacks of their own into it, by the same ids. */
export class AckRegistry extends Map<number, PendingAck | RemoteAck | BroadcastAckCallback> {
  constructor(
    private readonly host: AckContext,
    /** For acks of other servers, where they do not say how long they wait; `Infinity`: no limit. */
    private readonly ackTimeout: number,
    /** Of all sockets of the server. */
    private readonly counters: { pendingAcks: number },
  ) {
    super();
  }

  /** `timeout` in milliseconds; `Infinity`: as long as the socket lives. */
  expect(id: number, kind: AckKind, timeout: number, callback: AckCallback): void {
    const pending = new PendingAck(this.host, this, id, kind, callback);
    this.set(id, pending);
    if (timeout !== Infinity) this.host.wheel.schedule(pending, timeout);
  }

  /** What adapters call. A broadcast of this server frees its acks itself; those of another server are freed here. */
  override set(id: number, entry: PendingAck | RemoteAck | BroadcastAckCallback): this {
    if (typeof entry !== 'function' || entry.onLeave !== undefined) return this.#put(id, entry);
    const remote = new RemoteAck(this.host, this, id, entry);
    if (this.ackTimeout !== Infinity) this.host.wheel.schedule(remote, this.ackTimeout);
    return this.#put(id, remote);
  }

  /** What the server that asks has said of an ack that an adapter has put here. */
  applyTerms(id: number, { timeout, left }: AckTerms): void {
    const entry = this.get(id);
    if (!(entry instanceof RemoteAck)) return;
    entry.left = left;
    this.host.wheel.schedule(entry, timeout);
  }

  /** An answer; false if it is not awaited (any more). */
  resolve(id: number, args: unknown[]): boolean {
    const entry = this.get(id);
    if (entry === undefined) return false;
    this.delete(id);
    if (typeof entry === 'function') callAck(this.host, entry, args);
    else entry.resolve(args);
    return true;
  }

  /** The socket is gone: callbacks that take an error get one, plain ones are freed uncalled. */
  failAll(): void {
    const entries = [...this.values()];
    for (const id of [...this.keys()]) this.delete(id);
    const error = AckError.disconnected();
    for (const entry of entries) giveUp(entry, error);
  }

  /** The packet that asks for this ack has not been sent. */
  fail(id: number, error: AckError): void {
    const entry = this.get(id);
    if (entry === undefined) return;
    this.delete(id);
    giveUp(entry, error);
  }

  override delete(id: number): boolean {
    const entry = this.get(id);
    if (entry !== undefined && typeof entry !== 'function') this.host.wheel.cancel(entry);
    const isDeleted = super.delete(id);
    if (isDeleted) this.counters.pendingAcks--;
    return isDeleted;
  }

  #put(id: number, entry: PendingAck | RemoteAck | BroadcastAckCallback): this {
    if (!this.has(id)) this.counters.pendingAcks++;
    return super.set(id, entry);
  }
}

function giveUp(entry: PendingAck | RemoteAck | BroadcastAckCallback, error: AckError): void {
  if (typeof entry === 'function') entry.onLeave?.(error);
  else entry.abandon(error);
}

class PendingAck extends TimerEntry {
  constructor(
    private readonly host: AckContext,
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

  abandon(error: AckError): void {
    if (this.kind === 'error-first') callAck(this.host, this.callback, [error]);
  }

  override onTimer(): void {
    this.registry.delete(this.id);
    this.abandon(AckError.timeout());
  }
}

/** An ack that another server waits for: its adapter's callback sends the answer there. */
class RemoteAck extends TimerEntry {
  /** Null if that server does not count out who leaves. */
  left: string | null = null;

  constructor(
    private readonly host: AckContext,
    private readonly registry: AckRegistry,
    private readonly id: number,
    private readonly callback: AckCallback,
  ) {
    super();
  }

  resolve(args: unknown[]): void {
    callAck(this.host, this.callback, args);
  }

  abandon(): void {
    if (this.left !== null) callAck(this.host, this.callback, [this.left]);
  }

  /** That server waits no longer. */
  override onTimer(): void {
    this.registry.delete(this.id);
  }
}
