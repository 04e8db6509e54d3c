import { closeDetail, type CloseDetail, type CloseReason } from '../close-reason.js';
import { PacketType, type ControlType } from '../../codec/packet.js';
import type { FlushQueue } from '../flush-queue.js';
import { TimerEntry, type TimerWheel } from '../../../common/timer-wheel.js';
import type { TransportListener } from '../transport.js';
import { closeSession, ignore, type WebTransportSession, type WebTransportStream } from './webtransport-session.js';
import { WebtransportTransport, type WebtransportRules } from './webtransport-transport.js';

export interface WebtransportAcceptorOptions extends WebtransportRules {
  /** Time until the peer has said what it wants. */
  readonly upgradeTimeout: number;
}

/** What the peer wants: a session of its own where `sid` is null, else to go on with that one. */
type Accepted = (transport: WebtransportTransport, sid: string | null) => void;

/** Why it came to nothing. */
type Failed = (detail: CloseDetail) => void;

/** Turns WebTransport sessions into transports. Owns those that have not said yet what they want. */
export class WebtransportAcceptor {
  readonly #pending = new Set<WebtransportHandshake>();

  constructor(
    private readonly wheel: TimerWheel,
    private readonly flushQueue: FlushQueue,
    private readonly options: WebtransportAcceptorOptions,
  ) {}

  /** Calls one of the two, once; a session that says something else, or nothing in time, is closed. */
  accept(session: WebTransportSession, accepted: Accepted, failed: Failed): void {
    const handshake = new WebtransportHandshake(
      session,
      this.wheel,
      (stream) => new WebtransportTransport(session, stream, this.wheel, this.flushQueue, this.options),
      accepted,
      failed,
      () => this.#pending.delete(handshake),
    );
    this.#pending.add(handshake);
    this.wheel.schedule(handshake, this.options.upgradeTimeout);
    handshake.run();
  }

  close(): void {
    for (const handshake of this.#pending) handshake.abort('SESSION_CLOSED', 'the server closed');
  }
}

/**
 * The first packet of a WebTransport session, an open packet on a stream that the peer opens: `0`, or
 * `0{"sid":"..."}` in order to upgrade.
 */
class WebtransportHandshake extends TimerEntry implements TransportListener {
  #transport: WebtransportTransport | null = null;
  #settled = false;

  constructor(
    private readonly session: WebTransportSession,
    private readonly wheel: TimerWheel,
    private readonly createTransport: (stream: WebTransportStream) => WebtransportTransport,
    private readonly accepted: Accepted,
    private readonly failed: Failed,
    private readonly onSettled: () => void,
  ) {
    super();
  }

  run(): void {
    const onGone = (): void => this.abort('TRANSPORT_CLOSED', 'the session ended');
    this.session.closed.then(onGone, onGone);
    this.session.ready.then(ignore, onGone);
    this.#firstStream().then((stream) => this.#onStream(stream), onGone);
  }

  onControl(type: ControlType, data: string): void {
    const sid = type === PacketType.OPEN ? readSessionId(data) : undefined;
    if (sid === undefined) {
      this.abort('UPGRADE_INVALID', 'the client sent no open packet');
      return;
    }
    this.#settle();
    this.accepted(this.#transport!, sid);
  }

  onMessage(): void {
    this.abort('UPGRADE_INVALID', 'the client sent a message instead of an open packet');
  }

  onFlush(): void {}

  onProgress(): void {}

  onTransportClose(_reason: CloseReason, detail: CloseDetail): void {
    if (this.#settled) return;
    this.#settle();
    this.failed(detail);
  }

  override onTimer(): void {
    this.abort('UPGRADE_TIMEOUT', 'the client sent no open packet in time');
  }

  /** The only way in which the server ends it. */
  abort(code: string, message: string): void {
    if (this.#settled) return;
    this.#settle();
    const detail = closeDetail(code, message);
    if (this.#transport === null) closeSession(this.session);
    else this.#transport.close('now', 'transport error', detail);
    this.failed(detail);
  }

  async #firstStream(): Promise<WebTransportStream | undefined> {
    const reader = this.session.incomingBidirectionalStreams.getReader();
    const { value } = await reader.read();
    return value;
  }

  #onStream(stream: WebTransportStream | undefined): void {
    if (this.#settled) return;
    if (stream === undefined) {
      this.abort('TRANSPORT_CLOSED', 'the session ended');
      return;
    }
    this.#transport = this.createTransport(stream);
    this.#transport.handler = this;
  }

  #settle(): void {
    this.#settled = true;
    this.wheel.cancel(this);
    this.onSettled();
  }
}

/** Null if the open packet names no session; undefined if it is none. */
function readSessionId(data: string): string | null | undefined {
  if (data === '') return null;
  try {
    const { sid } = JSON.parse(data) as { sid?: unknown };
    return typeof sid === 'string' ? sid : undefined;
  } catch {
    return undefined;
  }
}
