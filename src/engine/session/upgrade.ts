import { closeDetail, type CloseDetail, type CloseReason } from '../transport/close-reason.js';
import { PacketType, type ControlType } from '../codec/packet.js';
import { TimerEntry, type TimerWheel } from '../../common/timer-wheel.js';
import type { Transport, TransportListener } from '../transport/transport.js';

/** Every code, beside those of a session's end, with which a transport comes to nothing. Stable; never reused. */
export const UPGRADE_CODES = ['UPGRADE_INVALID', 'UPGRADE_TIMEOUT', 'ALREADY_UPGRADED', 'SESSION_CLOSED'] as const;

export type UpgradeCode = (typeof UPGRADE_CODES)[number];

/** The session, as an upgrade sees it. */
export interface UpgradeListener {
  /** The probe was answered: polls are to end at once, so that the peer can pause polling. */
  onProbe(): void;
  /** The peer has switched; the session takes the transport over. */
  onUpgrade(transport: Transport): void;
  /** The transport ended before that. */
  onUpgradeAbort(transport: Transport, detail: CloseDetail): void;
}

/**
 * One attempt to move a polling session to another transport (protocol, "Upgrade"):
 *
 *     peer                     this side
 *      | -- 2probe ---------------> |   on the new transport
 *      | <-------------- 3probe --- |
 *      |        (waiting polls are answered with 6)
 *      | -- 5 --------------------> |   the session takes the transport over
 *
 * A peer may leave the probe out, as that of PHP does. Anything else on the new transport, a second probe included, ends
 * the attempt; the session's transport is unharmed.
 */
export class Upgrade extends TimerEntry implements TransportListener {
  #probed = false;

  constructor(
    private readonly owner: UpgradeListener,
    private readonly transport: Transport,
    private readonly wheel: TimerWheel,
    timeout: number,
  ) {
    super();
    transport.handler = this;
    wheel.schedule(this, timeout);
  }

  /** Whether the peer may have stopped to use the session's transport by now. */
  get isProbed(): boolean {
    return this.#probed;
  }

  onControl(type: ControlType, data: string): void {
    if (type === PacketType.PING && data === 'probe' && !this.#probed) {
      this.#probed = true;
      this.transport.send('3probe', false);
      // A request that is answered in the same turn may not overtake it: the peer takes what comes next for its answer.
      this.transport.writeNow();
      this.owner.onProbe();
    } else if (type === PacketType.UPGRADE) {
      this.wheel.cancel(this);
      this.owner.onUpgrade(this.transport);
    } else {
      this.abort('UPGRADE_INVALID', `the client sent an unexpected packet ${type} during an upgrade`);
    }
  }

  onMessage(): void {
    this.abort('UPGRADE_INVALID', 'the client sent a message during an upgrade');
  }

  onFlush(): void {}

  onProgress(): void {}

  onTransportClose(_reason: CloseReason, detail: CloseDetail): void {
    this.wheel.cancel(this);
    this.owner.onUpgradeAbort(this.transport, detail);
  }

  override onTimer(): void {
    this.abort('UPGRADE_TIMEOUT', 'the upgrade was not completed in time');
  }

  /** The only way in which the server ends an attempt; the transport tells `onTransportClose`. */
  abort(code: string, message: string): void {
    this.transport.close('now', 'transport error', closeDetail(code, message));
  }
}
