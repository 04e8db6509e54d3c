import { PacketType } from '../codec/packet.js';
import { TimerEntry, TimerWheel } from '../../common/timer-wheel.js';
import type { PingGroups } from './ping-groups.js';

/** What a heartbeat watches. */
export interface HeartbeatListener {
  readonly bytesReceived: number;
  onPingDue(): void;
  onSilence(): void;
}

/**
 * Pings every interval and ends the session where not one byte arrived within `timeout` after a ping (protocol,
 * "Heartbeat"). The cadence is the server's own: a stray pong moves nothing. Sessions that were opened at about the same
 * time ping together. Bytes are read off the transport's counter at the deadline, so messages cost the heartbeat nothing.
 */
export class Heartbeat extends TimerEntry {
  #nextPing = 0;
  /** When the last ping must have been followed by a byte; Infinity: no ping is open. */
  #deadline = Infinity;
  #baseline = 0;

  constructor(
    private readonly wheel: TimerWheel,
    private readonly groups: PingGroups,
    private readonly timeout: number,
    private readonly peer: HeartbeatListener,
  ) {
    super();
  }

  /** What the peer sends for it; the opposite is a mistake. */
  get expects(): typeof PacketType.PONG {
    return PacketType.PONG;
  }

  start(): void {
    this.#nextPing = this.groups.join(TimerWheel.now() + this.groups.interval);
    this.wheel.scheduleAt(this, this.#nextPing);
  }

  stop(): void {
    this.wheel.cancel(this);
    if (this.#nextPing > 0) this.groups.leave(this.#nextPing);
    this.#nextPing = 0;
  }

  /** The session changed its transport: counts from another counter, and the change itself was a sign of life. */
  restart(): void {
    this.#deadline = Infinity;
    this.wheel.scheduleAt(this, this.#nextPing);
  }

  override onTimer(): void {
    const due = this.due;
    if (due >= this.#deadline && !this.#isAlive(due)) return;
    const pings = due >= this.#nextPing;
    if (pings) this.#openPing(due);
    this.wheel.scheduleAt(this, Math.min(this.#nextPing, this.#deadline));
    // Last, since a listener of the ping may stop the heartbeat.
    if (pings) this.peer.onPingDue();
  }

  #isAlive(due: number): boolean {
    if (this.peer.bytesReceived !== this.#baseline) {
      this.#deadline = Infinity;
      return true;
    }
    // While this process was stalled it did not listen either: what the peer sent may still wait in the kernel.
    const lag = TimerWheel.now() - due;
    if (lag > STALL) {
      this.#deadline = TimerWheel.now() + Math.min(lag, this.timeout);
      return true;
    }
    this.peer.onSilence();
    return false;
  }

  #openPing(due: number): void {
    // After a stall one ping is sent, not one for each that was missed.
    const { interval } = this.groups;
    const missed = Math.floor((TimerWheel.now() - this.#nextPing) / interval);
    this.#nextPing += interval * (1 + Math.max(0, missed));
    if (this.#deadline === Infinity) {
      this.#deadline = due + this.timeout;
      this.#baseline = this.peer.bytesReceived;
    }
  }
}

/** A timer that fires this much late, in milliseconds, tells of a stalled process. */
export const STALL = 50;
