import { PacketType } from '../codec/packet.js';
import { TimerEntry, TimerWheel } from '../../common/timer-wheel.js';

/** What a heartbeat watches. */
export interface HeartbeatListener {
  readonly bytesReceived: number;
  onPingDue(): void;
  onSilence(): void;
}

/**
 * Pings every `interval` and ends the session where not one byte arrived within `timeout` after a ping (protocol,
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
    private readonly interval: number,
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
    this.#nextPing = joinOthers(TimerWheel.now() + this.interval, this.interval);
    this.wheel.scheduleAt(this, this.#nextPing);
  }

  stop(): void {
    this.wheel.cancel(this);
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
    // Last, since whoever hears of the ping may stop the heartbeat.
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
    const missed = Math.floor((TimerWheel.now() - this.#nextPing) / this.interval);
    this.#nextPing += this.interval * (1 + Math.max(0, missed));
    if (this.#deadline === Infinity) {
      this.#deadline = due + this.timeout;
      this.#baseline = this.peer.bytesReceived;
    }
  }
}

/**
 * The time, a little earlier, at which others ping as well: the process then wakes for a group of pings, and for a group
 * of pongs, instead of for each (bench: heartbeat). Never later, since peers count from the handshake too.
 */
function joinOthers(time: number, interval: number): number {
  const step = Math.min(interval * GROUP_SHARE, GROUP_TIME);
  return Math.floor(time / step) * step;
}

/** How much earlier than alone a session may ping: a share of the interval, at most so many milliseconds. */
const GROUP_SHARE = 1 / 64;
const GROUP_TIME = 50;

/** A timer that fires this much late, in milliseconds, tells of a stalled process. */
export const STALL = 50;
