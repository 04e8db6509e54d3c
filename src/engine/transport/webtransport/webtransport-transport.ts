import { closeDetail, isUnresponsive, type CloseDetail, type CloseReason } from '../close-reason.js';
import { PacketType, isControlType, type EncodedPacket } from '../../codec/packet.js';
import type { FlushQueue, Flushable } from '../flush-queue.js';
import { decodeBase64, isBinaryPayloadPacket } from '../../codec/payload-codec.js';
import { ProtocolError } from '../../codec/protocol-error.js';
import { throwAsync } from '../../../common/throw-async.js';
import { Timer, type TimerWheel } from '../../../common/timer-wheel.js';
import type { FrameListener } from '../frame-listener.js';
import type { SharedPacket } from '../../codec/shared-packet.js';
import type { CloseMode, Transport, TransportListener } from '../transport.js';
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
 * Packets of one turn of the event loop leave in one chunk.
 */
export class WebtransportTransport implements Transport, Flushable, FrameListener {
  readonly name = 'webtransport';
  handler!: TransportListener;
  bytesReceived = 0;
  bytesSent = 0;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #frames: Buffer[] = [];
  #frameBytes = 0;
  #enlisted = false;
  /** The tick of the last packet that waits for the end of this turn. */
  #tick = -1;
  /** Chunks that the stream has not taken yet: their bytes, and the packets that end with each. */
  readonly #writes: { readonly bytes: number; readonly packets: number }[] = [];
  #writeBytes = 0;
  #writePackets = 0;
  /** What the stream has taken, in bytes. */
  #taken = 0;
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
    Promise.resolve(session.closed).then(this.#onGone, this.#onGone).catch(throwAsync);
    this.#readAll().then(this.#onGone, this.#onGone).catch(throwAsync);
  }

  get requestHandler(): null {
    return null;
  }

  get writable(): boolean {
    const isTaken = this.#state === 'open' && this.#writes.length === 0;
    return isTaken && !(this.#enlisted && this.#tick === this.flushQueue.tick);
  }

  get isDirty(): boolean {
    return this.queuedBytes > 0;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get queuedBytes(): number {
    return this.#frameBytes + this.#writeBytes;
  }

  get queuedPackets(): number {
    return this.#frames.length + this.#writePackets;
  }

  get connection(): null {
    return null;
  }

  get progress(): number {
    return this.#taken;
  }

  send(packet: EncodedPacket): number {
    if (this.#state !== 'open') return 0;
    const frame = frameStreamPacket(packet);
    this.#frames.push(frame);
    this.#frameBytes += frame.length;
    if (this.flushQueue.isImmediate) this.writeNow();
    else this.#enlist();
    return this.queuedBytes;
  }

  sendShared(shared: SharedPacket): number {
    return this.send(shared.packet);
  }

  endPollsAtOnce(): void {}

  takeQueue(): EncodedPacket[] {
    return [];
  }

  flush(): void {
    this.#enlisted = false;
    this.writeNow();
  }

  /** In pieces, since a stream tells of whole ones only: a slow peer shall be seen to take a large packet. */
  writeNow(): void {
    if (this.#state !== 'open' || this.#frames.length === 0) return;
    const packets = this.#frames.length;
    const chunk = packets === 1 ? this.#frames[0] : Buffer.concat(this.#frames);
    this.#frames = [];
    this.#frameBytes = 0;
    this.bytesSent += chunk.length;
    this.flushQueue.totals.bytesOut += chunk.length;
    for (let start = 0; start < chunk.length; start += PIECE) {
      const end = Math.min(start + PIECE, chunk.length);
      this.#write(chunk.subarray(start, end), end === chunk.length ? packets : 0);
    }
  }

  close(mode: CloseMode, reason: CloseReason, detail: CloseDetail): void {
    if (this.#state !== 'open') {
      if (this.#state === 'closing' && mode !== 'drain') this.#end(mode === 'shutdown');
      return;
    }
    this.writeNow();
    this.#ending = { reason, detail };
    if (mode !== 'drain' || this.#writes.length === 0) {
      this.#end(mode !== 'now');
      return;
    }
    this.#state = 'closing';
    this.wheel.schedule(this.#closeTimer, this.rules.closeTimeout);
  }

  beforeInput(): void {
    this.flushQueue.beforeInput();
  }

  receiveBinary(bytes: Buffer): void {
    try {
      this.handler.onMessage(bytes);
    } catch (error) {
      throwAsync(error);
    }
  }

  receiveText(type: number, text: string): void {
    const digit = String.fromCharCode(type);
    const isBinary = isBinaryPayloadPacket(digit);
    if (digit !== PacketType.MESSAGE && !isControlType(digit) && !isBinary) {
      throw new ProtocolError('INVALID_PACKET', `the client sent an unknown packet type ${JSON.stringify(digit)}`);
    }
    const message = isBinary ? decodeBase64(text) : text;
    try {
      if (isControlType(digit)) this.handler.onControl(digit, text);
      else this.handler.onMessage(message);
    } catch (error) {
      throwAsync(error);
    }
  }

  /** Reads until the stream ends, or rejects when it breaks. */
  async #readAll(): Promise<void> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done || value === undefined) return;
      this.bytesReceived += value.byteLength;
      if (this.#state !== 'closed') this.flushQueue.totals.bytesIn += value.byteLength;
      if (this.#state === 'open') this.#receive(value);
    }
  }

  #receive(chunk: Uint8Array): void {
    this.beforeInput();
    try {
      this.#frameReader.read(chunk);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const reason = error.code === 'PAYLOAD_TOO_LARGE' ? 'transport error' : 'parse error';
      this.close('now', reason, closeDetail(error.code, error.message));
    }
  }

  #enlist(): void {
    this.#tick = this.flushQueue.tick;
    if (this.#enlisted) return;
    this.#enlisted = true;
    this.flushQueue.enlist(this);
  }

  #write(piece: Buffer, packets: number): void {
    this.#writes.push({ bytes: piece.length, packets });
    this.#writeBytes += piece.length;
    this.#writePackets += packets;
    this.flushQueue.totals.behind.add(this);
    this.#writer.write(piece).then(this.#onWritten, this.#onGone).catch(throwAsync);
  }

  #handleWritten(): void {
    const { bytes, packets } = this.#writes.shift()!;
    this.#writeBytes -= bytes;
    this.#writePackets -= packets;
    this.#taken += bytes;
    if (this.#writeBytes === 0) this.flushQueue.totals.behind.delete(this);
    if (this.#state === 'open') {
      if (this.queuedBytes === 0) this.handler.onFlush();
      else this.handler.onProgress();
    } else if (this.#state === 'closing' && this.#writes.length === 0) {
      this.#end(true);
    }
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
    this.#frameBytes = 0;
    this.flushQueue.totals.behind.delete(this);
    const { reason, detail } = this.#ending!;
    if (isUnresponsive(reason)) this.#writer.abort?.().catch(ignore);
    else this.#writer.close().catch(ignore);
    if (lingers) this.wheel.schedule(this.#closeTimer, LINGER);
    else this.#release();
    this.handler.onTransportClose(reason, detail);
  }

  #release(): void {
    this.wheel.cancel(this.#closeTimer);
    this.#reader.cancel().catch(ignore);
    closeSession(this.session);
  }
}

/** Most bytes of one write. */
const PIECE = 65_536;

/** A peer that was told to go has gone by then, in milliseconds. */
const LINGER = 250;
