import { PacketType } from '../codec/packet.js';
import { STALL, type HeartbeatListener } from './heartbeat.js';
import { TimerEntry, TimerWheel } from '../../common/timer-wheel.js';

/**
 * The heartbeat of Engine.IO v3, where the peer pings (protocol 3, "Timeouts"): ends the session after `window` without a
 * ping. A peer that is busy sending something large cannot ping meanwhile, so other bytes put the end off as well; they
 * are read off the transport's counter at the deadline, and cost nothing.
 */
export class HeartbeatV3 extends TimerEntry {
  #deadline = 0;
  #baseline = 0;

  constructor(
    private readonly wheel: TimerWheel,
    private readonly window: number,
    private readonly peer: HeartbeatListener,
  ) {
    super();
  }

  get expects(): typeof PacketType.PING {
    return PacketType.PING;
  }

  start(): void {
    this.restart();
    this.wheel.scheduleAt(this, this.#deadline);
  }

  stop(): void {
    this.wheel.cancel(this);
  }

  /** The peer pinged, or proved by a change of its transport that it lives. */
  restart(): void {
    this.#deadline = TimerWheel.now() + this.window;
    this.#baseline = this.peer.bytesReceived;
  }

  override onTimer(): void {
    if (this.#deadline <= this.due && !this.#isAlive()) {
      this.peer.onSilence();
      return;
    }
    this.wheel.scheduleAt(this, this.#deadline);
  }

  #isAlive(): boolean {
    if (this.peer.bytesReceived !== this.#baseline) {
      this.restart();
      return true;
    }
    // While this process was stalled it did not listen either: what the peer sent may still wait in the kernel.
    const lag = TimerWheel.now() - this.due;
    if (lag <= STALL) return false;
    this.#deadline = TimerWheel.now() + Math.min(lag, this.window);
    return true;
  }
}
