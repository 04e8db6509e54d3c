import { closeDetail, type CloseDetail, type CloseReason } from '../close-reason.js';
import { PacketType, isControlType, type EncodedPacket } from '../codec/packet.js';
import type { FlushQueue, Flushable } from '../flush-queue.js';
import { ProtocolError } from '../protocol-error.js';
import { rethrowLater } from '../rethrow-later.js';
import { Timer, type TimerWheel } from '../timer-wheel.js';
import type { FrameSink } from './frame-reader.js';
import type { SharedPacket } from './shared-packet.js';
import type { Transport, TransportHandler } from './transport.js';
import { StreamFrameReader, frameStreamPacket } from './webtransport-frame.js';
import {
  closeSession,
  ignore,
  type StreamReader,
  type StreamWriter,
  type WebTransportSession,
  type WebTransportStream,
} from './webtransport-session.js';

export interface WebtransportRules {
  readonly maxHttpBufferSize: number;
  readonly closeTimeout: number;
}

/**
 * Engine.IO over WebTransport: the packets of both sides on one bidirectional stream, which the peer opens.
 *
 * Packets of one tick leave in one chunk.
 */
export class WebtransportTransport implements Transport, Flushable, FrameSink {
  readonly name = 'webtransport';
  handler!: TransportHandler;
  bytesReceived = 0;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #frames: Buffer[] = [];
  #enlisted = false;
  /** Chunks that the stream has not taken yet. */
  #writing = 0;
  #ending: { reason: CloseReason; detail: CloseDetail } | null = null;
  readonly #reader: StreamReader<Uint8Array>;
  readonly #writer: StreamWriter;
  readonly #frameReader: StreamFrameReader;
  /** Bounds a graceful close, then the time that the peer has to read what came last. */
  readonly #closeTimer = new Timer(() => this.#onCloseTimer());
  readonly #onWritten = (): void => this.#handleWritten();
  readonly #onGone = (cause?: unknown): void => this.#handleGone(cause);

  /** Packets are handed to `handler` from the next turn on, so that its owner can set it. */
  constructor(
    private readonly session: WebTransportSession,
    stream: WebTransportStream,
    private readonly wheel: TimerWheel,
    private readonly flushQueue: FlushQueue,
    private readonly rules: WebtransportRules,
  ) {
    this.#reader = stream.readable.getReader();
    this.#writer = stream.writable.getWriter();
    this.#frameReader = new StreamFrameReader(this, rules.maxHttpBufferSize);
    Promise.resolve(session.closed).then(this.#onGone, this.#onGone).catch(rethrowLater);
    this.#readAll().then(this.#onGone, this.#onGone).catch(rethrowLater);
  }

  get writable(): boolean {
    return this.#state === 'open' && !this.#enlisted && this.#writing === 0;
  }

  get hasUnsent(): boolean {
    return this.#enlisted || this.#writing > 0;
  }

  get reads(): boolean {
    return this.#state === 'open';
  }

  send(packet: EncodedPacket): void {
    if (this.#state !== 'open') return;
    this.#frames.push(frameStreamPacket(packet));
    if (this.#enlisted) return;
    this.#enlisted = true;
    this.flushQueue.enlist(this);
  }

  sendShared(shared: SharedPacket): void {
    this.send(shared.packet);
  }

  hurry(): void {}

  takeUnsent(): EncodedPacket[] {
    return [];
  }

  flush(): void {
    this.#enlisted = false;
    if (this.#state !== 'open' || this.#frames.length === 0) return;
    const chunk = this.#frames.length === 1 ? this.#frames[0] : Buffer.concat(this.#frames);
    this.#frames = [];
    this.#writing++;
    this.#writer.write(chunk).then(this.#onWritten, this.#onGone).catch(rethrowLater);
  }

  close(graceful: boolean, reason: CloseReason, detail: CloseDetail): void {
    if (this.#state !== 'open') {
      if (this.#state === 'closing' && !graceful) this.#end(false);
      return;
    }
    this.flush();
    this.#ending = { reason, detail };
    if (!graceful || this.#writing === 0) {
      this.#end(graceful);
      return;
    }
    this.#state = 'closing';
    this.wheel.schedule(this.#closeTimer, this.rules.closeTimeout);
  }

  receiveBinary(bytes: Buffer): void {
    try {
      this.handler.onMessage(bytes);
    } catch (error) {
      rethrowLater(error);
    }
  }

  receiveText(type: number, text: string): void {
    const digit = String.fromCharCode(type);
    if (digit !== PacketType.MESSAGE && !isControlType(digit)) {
      throw new ProtocolError('INVALID_PACKET', `unknown packet type ${JSON.stringify(digit)}`);
    }
    try {
      if (digit === PacketType.MESSAGE) this.handler.onMessage(text);
      else this.handler.onControl(digit, text);
    } catch (error) {
      rethrowLater(error);
    }
  }

  /** Reads until the stream ends, or rejects when it breaks. */
  async #readAll(): Promise<void> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done || value === undefined) return;
      this.bytesReceived += value.byteLength;
      if (this.#state === 'open') this.#receive(value);
    }
  }

  #receive(chunk: Uint8Array): void {
    try {
      this.#frameReader.read(chunk);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const reason = error.code === 'PAYLOAD_TOO_LARGE' ? 'transport error' : 'parse error';
      this.close(false, reason, closeDetail(error.code, error.message));
    }
  }

  #handleWritten(): void {
    if (--this.#writing > 0) return;
    if (this.#state === 'closing') this.#end(true);
    else if (this.#state === 'open' && !this.#enlisted) this.handler.onFlush();
  }

  /** The peer left, or the network did: a session tells so in several ways, in no certain order. */
  #handleGone(cause?: unknown): void {
    if (this.#state === 'closed') {
      this.#release();
      return;
    }
    this.#ending ??= {
      reason: 'transport close',
      detail: closeDetail('TRANSPORT_CLOSED', 'the WebTransport session ended', cause),
    };
    this.#end(false);
  }

  #onCloseTimer(): void {
    if (this.#state === 'closing') this.#end(false);
    else this.#release();
  }

  /** @param lingers whether the session stays for a moment, since its end takes away what the peer has not read yet */
  #end(lingers: boolean): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#frames = [];
    this.#writer.close().catch(ignore);
    if (lingers) this.wheel.schedule(this.#closeTimer, LINGER);
    else this.#release();
    const { reason, detail } = this.#ending!;
    this.handler.onTransportClose(reason, detail);
  }

  #release(): void {
    this.wheel.cancel(this.#closeTimer);
    this.#reader.cancel().catch(ignore);
    closeSession(this.session);
  }
}

/** A peer that was told to go has gone by then, in milliseconds. */
const LINGER = 250;
