import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { closeDetail, isUnresponsive, type CloseDetail, type CloseReason } from '../close-reason.js';
import {
  PACKETS_PER_TURN,
  SEPARATOR,
  decodePayloadBinary,
  isBinaryPayloadPacket,
  splitPayload,
} from '../../codec/payload-codec.js';
import { PacketType, isControlType, type EncodedPacket } from '../../codec/packet.js';
import type { FlushQueue, Flushable } from '../flush-queue.js';
import { ProtocolError } from '../../codec/protocol-error.js';
import { bytesTaken, hasWaiting } from '../kernel-progress.js';
import { DormantWebsocket, type DormantListener } from './dormant-websocket.js';
import { NO_TYPE } from '../frame-listener.js';
import { FrameReader, type FrameReaderListener } from './frame-reader.js';
import type { SharedPacket } from '../../codec/shared-packet.js';
import { WriteWatermark } from './write-watermark.js';
import type { CloseMode, Transport, TransportListener } from '../transport.js';
import { listenTo, listenToControl, type WebsocketListener } from './websocket-events.js';
import { binaryHeader, frameBinary, frameText } from '../../codec/websocket-frame.js';

/** How a WebSocket's packets are read; the same for all transports of a server. */
export interface WebsocketRules {
  readonly maxBatchPackets: number;
  /** Whether a text frame may join packets with 0x1E; only a text protocol above can promise that it never does. */
  readonly splitsJoinedFrames: boolean;
  readonly maxHttpBufferSize: number;
  /** How long a peer may take to end a connection whose end it was told, in milliseconds. */
  readonly closeTimeout: number;
  /** Bound of what waits, in packets; 0: they are not counted. */
  readonly sendQueueSize: number;
  /** Bytes from which a packet is compressed, if that is negotiated: `ws` keeps to it without context takeover only. */
  readonly compressionThreshold: number;
  /** Whether `ws` reads and writes all frames. */
  readonly leavesAllToWs: boolean;
}

/**
 * Engine.IO over a WebSocket: one packet per frame.
 *
 * Common frames are read straight from the socket, all others by `ws`, which also does control frames. Frames of ours
 * are collected during a turn of the event loop and written to the raw socket in one call at its end; with
 * permessage-deflate negotiated, `ws` compresses and sends instead.
 */
export class WebsocketTransport
  implements Transport, Flushable, FrameReaderListener, WebsocketListener, DormantListener
{
  readonly name = 'websocket';
  handler!: TransportListener;
  /** Whether the peer hears of the end of the connection alone, and of no close frame. */
  ignoresCloseFrames = false;
  /** `closing`: the close frame is behind what a slow peer has yet to read. */
  #state: 'open' | 'closing' | 'closed' = 'open';
  #ending: { reason: CloseReason; detail: CloseDetail } | null = null;
  /** The frames of this turn: `#chunks` in order, then `#text`, which grows by every further text frame. */
  #text = '';
  #chunks: (string | Buffer)[] | null = null;
  #chunkBytes = 0;
  /** Packets of this turn; where `ws` sends, those that it has not handed over. */
  #packets = 0;
  #enlisted = false;
  #controlBytes = 0;
  /** What the totals have of this connection. */
  #countedIn = 0;
  #countedOut = 0;
  /** The tick of the last packet that waits for the end of this turn. */
  #tick = -1;
  /** What the kernel has not taken; null until it leaves something for the first time. */
  #tail: WriteWatermark | null = null;
  /** Packets of a long joined frame, and what arrived behind it, until their turn of the loop. */
  #pendingPackets: EncodedPacket[] | null = null;
  #paused = false;
  readonly #compressed: boolean;
  /** Where `ws` sends, it tells of each packet by this; null elsewhere. */
  readonly #onSent: (() => void) | null;

  constructor(
    private readonly websocket: WebSocket | DormantWebsocket,
    private readonly socket: Duplex,
    private readonly flushQueue: FlushQueue,
    private readonly rules: WebsocketRules,
  ) {
    this.#compressed = websocket.extensions !== '' || rules.leavesAllToWs;
    this.#onSent = this.#compressed ? () => this.#handleSent() : null;
    // What is in the stream's buffer is read, and counted, later.
    this.#countIn(this.bytesReceived - socket.readableLength);
    this.#settleOut();
    if (websocket instanceof DormantWebsocket) {
      websocket.owner = this;
      FrameReader.install(socket, this, rules.maxHttpBufferSize, DormantWebsocket.listener);
      return;
    }
    this.onWake(websocket);
    if (this.#compressed) listenToControl(websocket);
    else FrameReader.install(socket, this, rules.maxHttpBufferSize);
  }

  /** Listens to `ws`. */
  onWake(websocket: WebSocket): void {
    listenTo(websocket, this);
  }

  /** The answer to the handshake, which leaves in one write with the first packets: a system call less. */
  begin(acceptance: string): void {
    this.#collect(acceptance);
  }

  get requestHandler(): null {
    return null;
  }

  get writable(): boolean {
    // What is still being compressed counts as well.
    const isTaken = this.#state === 'open' && this.websocket.bufferedAmount === 0;
    return isTaken && !(this.#enlisted && this.#tick === this.flushQueue.tick);
  }

  get isDirty(): boolean {
    return this.#enlisted || this.queuedBytes > 0;
  }

  get bytesReceived(): number {
    // Control frames are no sign of life: a proxy may send them by itself.
    const control = this.#compressed ? this.#controlBytes : FrameReader.controlBytesOf(this.socket);
    return ((this.socket as Socket).bytesRead ?? 0) - control;
  }

  get bytesSent(): number {
    return (this.socket as Socket).bytesWritten ?? 0;
  }

  get queuedBytes(): number {
    if (this.#compressed) return this.websocket.bufferedAmount;
    return this.#text.length + this.#chunkBytes + this.socket.writableLength;
  }

  get queuedPackets(): number {
    return this.#packets + (this.#tail?.packets ?? 0);
  }

  get connection(): Duplex {
    return this.socket;
  }

  get progress(): number {
    return bytesTaken(this.socket);
  }

  send(packet: EncodedPacket, compress: boolean): number {
    if (this.#state !== 'open') return 0;
    this.#packets++;
    if (this.#compressed) this.#sendCompressed(packet, compress);
    else if (typeof packet === 'string') this.#collect(frameText(packet));
    else if (packet.length <= COPIED_PAYLOAD) this.#collect(frameBinary(packet));
    else this.#collectLarge(packet);
    return this.queuedBytes;
  }

  sendShared(shared: SharedPacket, compress: boolean): number {
    if (this.#state !== 'open') return 0;
    this.#packets++;
    if (this.#compressed) this.#sendCompressed(shared.packet, compress);
    else this.#collect(shared.frame);
    return this.queuedBytes;
  }

  endPollsAtOnce(): void {}

  takeQueue(): EncodedPacket[] {
    return [];
  }

  flush(): void {
    this.#enlisted = false;
    this.writeNow();
    if (this.#state !== 'open' || this.websocket.readyState !== WebSocket.OPEN) return;
    if (this.#hasLeft) this.handler.onFlush();
    else if (this.#compressed) this.flushQueue.totals.behind.add(this);
    else if (!this.#tail?.isMarked) this.#markTail(0);
  }

  /** Writes what was collected in one call. */
  writeNow(): void {
    const text = this.#text;
    const chunks = this.#chunks;
    if (text === '' && chunks === null) return;
    const bytes = this.#chunkBytes + text.length;
    this.#text = '';
    this.#chunks = null;
    this.#chunkBytes = 0;
    const packets = this.#packets;
    this.#packets = 0;
    // Once a close frame is out, nothing may follow it (RFC 6455, 5.5.1).
    if (this.websocket.readyState !== WebSocket.OPEN) return;
    this.#countOut(bytes);
    if (chunks === null) {
      this.socket.write(text, 'latin1');
    } else {
      if (text !== '') chunks.push(text);
      this.socket.cork();
      for (const chunk of chunks) this.socket.write(chunk, 'latin1');
      this.socket.uncork();
    }
    if (!this.#hasLeft) this.#markTail(packets);
  }

  close(mode: CloseMode, reason: CloseReason, detail: CloseDetail): void {
    if (this.#state !== 'open') {
      if (this.#state === 'closing' && mode === 'now') this.#cutOff();
      else if (this.#state === 'closing' && mode === 'shutdown') this.#end(reason, detail);
      return;
    }
    // First, since a listener that is told below may close once more.
    this.#state = 'closing';
    this.#ending = { reason, detail };
    this.writeNow();
    const hasLeft = this.#enlisted && this.#hasLeft;
    // What the kernel has taken, the peer will get; one that does not read is waited for only if that is asked for.
    const isBehind = hasWaiting(this.socket);
    if (isUnresponsive(reason) || (isBehind && mode === 'now')) {
      this.#cutOff();
      return;
    }
    this.#resume();
    if (this.ignoresCloseFrames && !this.#compressed) this.#endConnection();
    else this.websocket.close(closeCode(mode, reason, detail));
    this.#settleOut();
    if (hasLeft) this.handler.onFlush();
    if (!isBehind || mode === 'shutdown' || reason === 'parse error') this.#end(reason, detail);
  }

  /** Of a WebSocket whose frames only `ws` reads. */
  onControlBytes(count: number): void {
    this.#controlBytes += count;
    this.#settle();
  }

  onRead(): void {
    if (this.#compressed) this.#settle();
  }

  onBytes(count: number): void {
    if (this.#state !== 'closed') this.#countIn(count);
  }

  onControlFrame(): void {
    if (this.#state !== 'closed') this.#settleOut();
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  beforeInput(): void {
    this.flushQueue.beforeInput();
  }

  receiveBinary(bytes: Buffer): void {
    if (this.#state !== 'open') return;
    if (this.#pendingPackets === null) this.handler.onMessage(bytes);
    else this.#pendingPackets.push(bytes);
  }

  receiveText(type: number, text: string): void {
    if (this.#state !== 'open') return;
    const isJoined = this.rules.splitsJoinedFrames && text.includes(SEPARATOR);
    if (type === MESSAGE_BYTE && !isJoined && this.#pendingPackets === null) this.handler.onMessage(text);
    else this.#receiveOther(type === NO_TYPE ? text : String.fromCharCode(type) + text, isJoined);
  }

  /** Ends as `ws` does where it finds the same at the end of a message. */
  onInvalidText(): void {
    this.writeNow();
    this.websocket.close(1007);
    // The answer of the client is not read.
    this.socket.end();
    this.onSocketError('INVALID_UTF8', new Error('Invalid WebSocket frame: invalid UTF-8 sequence'));
  }

  onSocketError(code: string, error: Error): void {
    FrameReader.remove(this.socket);
    this.#end('transport error', closeDetail(code, error.message, error));
  }

  onSocketClose(code: number): void {
    this.#end('transport close', closeDetail('TRANSPORT_CLOSED', `the WebSocket was closed with the code ${code}`));
  }

  /** Frames that are not one message: control packets, and packets joined with the payload separator. */
  #receiveOther(text: string, isJoined: boolean): void {
    try {
      const packets = isJoined ? splitPayload(text, this.rules.maxBatchPackets) : [text];
      if (this.#pendingPackets === null) this.#dispatch(packets);
      else for (const packet of packets) this.#pendingPackets.push(packet);
    } catch (error) {
      this.#onMalformed(error);
    }
  }

  /** Hands packets on, a slice per turn of the loop: one joined frame must not hold up everyone else. */
  #dispatch(packets: EncodedPacket[]): void {
    const end = Math.min(packets.length, PACKETS_PER_TURN);
    for (let i = 0; i < end && this.#state === 'open'; i++) this.#receivePacket(packets[i]);
    if (end === packets.length || this.#state !== 'open') return;
    this.#pendingPackets = packets.slice(end);
    if (!this.#paused) this.websocket.pause();
    this.#paused = true;
    setImmediate(() => this.#dispatchBacklog());
  }

  #dispatchBacklog(): void {
    const packets = this.#pendingPackets;
    this.#pendingPackets = null;
    if (packets === null || this.#state !== 'open') return;
    try {
      this.#dispatch(packets);
    } catch (error) {
      this.#onMalformed(error);
      return;
    }
    if (this.#pendingPackets === null) this.#resume();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.websocket.resume();
  }

  #onMalformed(error: unknown): void {
    if (!(error instanceof ProtocolError)) throw error;
    this.close('now', 'parse error', closeDetail(error.code, error.message));
  }

  #receivePacket(packet: EncodedPacket): void {
    if (typeof packet !== 'string') {
      this.handler.onMessage(packet);
      return;
    }
    const type = packet.charAt(0);
    if (type === PacketType.MESSAGE) this.handler.onMessage(packet.slice(1));
    else if (isControlType(type)) this.handler.onControl(type, packet.slice(1));
    else if (isBinaryPayloadPacket(packet)) this.handler.onMessage(decodePayloadBinary(packet));
    else throw new ProtocolError('INVALID_PACKET', `the client sent an unknown packet type ${JSON.stringify(type)}`);
  }

  #collect(frame: string | Buffer): void {
    if (typeof frame === 'string') this.#text += frame;
    else this.#collectChunk(frame);
    this.#enlist();
  }

  #collectLarge(payload: Buffer): void {
    this.#collectChunk(binaryHeader(payload.length));
    this.#collectChunk(payload);
    this.#enlist();
  }

  #collectChunk(chunk: Buffer): void {
    this.#chunks ??= [];
    if (this.#text !== '') {
      this.#chunkBytes += this.#text.length;
      this.#chunks.push(this.#text);
      this.#text = '';
    }
    this.#chunkBytes += chunk.length;
    this.#chunks.push(chunk);
  }

  #enlist(): void {
    if (this.flushQueue.isImmediate) this.writeNow();
    else this.#tick = this.flushQueue.tick;
    if (this.#enlisted) return;
    this.#enlisted = true;
    this.flushQueue.enlist(this);
  }

  /** Whether the kernel has taken everything. */
  get #hasLeft(): boolean {
    return this.#compressed ? this.#packets === 0 : this.socket.writableLength === 0;
  }

  /** The peer has fallen behind: from here on the socket tells when it has caught up. */
  #markTail(packets: number): void {
    this.flushQueue.totals.behind.add(this);
    this.#tail ??= new WriteWatermark(this.socket, () => this.#handleTaken());
    if (this.rules.sendQueueSize > 0 || !this.#tail.isMarked) this.#tail.mark(packets);
  }

  #handleTaken(): void {
    if (this.#hasLeft) this.flushQueue.totals.behind.delete(this);
    if (this.#state !== 'open') return;
    if (!this.#hasLeft) {
      if (!this.#tail!.isMarked) this.#tail!.mark(0);
      this.handler.onProgress();
    } else if (!this.#enlisted) {
      this.handler.onFlush();
    }
  }

  #handleSent(): void {
    this.#packets--;
    if (this.#packets === 0) this.flushQueue.totals.behind.delete(this);
    this.#settle();
    if (this.#state !== 'open') return;
    if (this.#packets > 0) this.handler.onProgress();
    else if (!this.#enlisted) this.handler.onFlush();
  }

  #sendCompressed(packet: EncodedPacket, compress: boolean): void {
    if (this.websocket.readyState !== WebSocket.OPEN) return;
    const compresses = compress && Buffer.byteLength(packet) >= this.rules.compressionThreshold;
    const options = { binary: typeof packet !== 'string', compress: compresses };
    (this.websocket as WebSocket).send(packet, options, this.#onSent!);
    this.#enlist();
  }

  /** The peer gets all that was written, and the end in place of a close frame. */
  #endConnection(): void {
    const { socket } = this;
    const timer = setTimeout(() => socket.destroy(), this.rules.closeTimeout);
    socket.once('close', () => clearTimeout(timer));
    socket.end();
  }

  /** Waits for nothing: the peer may not get what it has not read. */
  #cutOff(): void {
    const { reason, detail } = this.#ending!;
    this.websocket.terminate();
    this.#end(reason, detail);
  }

  #countIn(bytes: number): void {
    this.#countedIn += bytes;
    this.flushQueue.totals.bytesIn += bytes;
  }

  #countOut(bytes: number): void {
    this.#countedOut += bytes;
    this.flushQueue.totals.bytesOut += bytes;
  }

  /** Counts what `ws` has written. The socket itself is only asked if that may be something: it takes a while to answer. */
  #settleOut(): void {
    const { bytesWritten } = this.socket as Socket;
    if (bytesWritten !== undefined) this.#countOut(bytesWritten - this.#countedOut);
  }

  /** Counts all that the socket has read and written. */
  #settle(): void {
    if (this.#state === 'closed') return;
    const { bytesRead } = this.socket as Socket;
    if (bytesRead !== undefined) this.#countIn(this.bytesReceived - this.#countedIn);
    this.#settleOut();
  }

  /** The end that was asked for first, else the one that happened. */
  #end(reason: CloseReason, detail: CloseDetail): void {
    if (this.#state === 'closed') return;
    this.#settle();
    this.flushQueue.totals.behind.delete(this);
    this.#state = 'closed';
    this.#text = '';
    this.#chunks = this.#pendingPackets = null;
    this.#chunkBytes = 0;
    const ending = this.#ending ?? { reason, detail };
    this.handler.onTransportClose(ending.reason, ending.detail);
  }
}

/** Larger payloads go to the socket beside their header instead of being copied behind it. */
const COPIED_PAYLOAD = 2048;

const MESSAGE_BYTE = PacketType.MESSAGE.charCodeAt(0);

/** Undefined: a close frame without a code. */
function closeCode(mode: CloseMode, reason: CloseReason, detail: CloseDetail): number | undefined {
  if (detail.code === 'PAYLOAD_TOO_LARGE') return 1009;
  if (reason === 'parse error') return 1002;
  return mode === 'drain' ? undefined : 1000;
}
