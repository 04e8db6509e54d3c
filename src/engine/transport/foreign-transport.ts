import { closeDetail, type CloseDetail, type CloseReason } from './close-reason.js';
import { PacketType, type EncodedPacket } from '../codec/packet.js';
import type { SharedPacket } from '../codec/shared-packet.js';
import type { CloseMode, Transport, TransportListener, TransportName } from './transport.js';

/** A session of another Engine.IO server, as far as that of the package `engine.io` is documented. */
export interface ForeignSocket {
  /** The id of the session. */
  readonly id: string;
  /** 3 or 4; absent: 4. */
  readonly protocol?: number;
  /** The address of the client. */
  readonly remoteAddress?: string;
  /** The server of the session. */
  readonly server?: unknown;
  /** What the session is sent over. */
  readonly transport: { readonly name: string; readonly writable: boolean };
  /** Sends a message. */
  write(data: string | Buffer, options: { compress: boolean }): unknown;
  /** `discard`: without waiting for what is queued. */
  close(discard?: boolean): unknown;
  /** Adds a listener for `data`, `drain`, `close` and others. */
  on(event: string, listener: (...args: any[]) => void): unknown;
}

/**
 * The session of another Engine.IO server as a transport. Packets and heartbeats are that server's affair, and so are the
 * bounds on what waits for a slow peer: here nothing counts as queued.
 */
export class ForeignTransport implements Transport {
  handler!: TransportListener;
  readonly isDirty = false;
  readonly queuedBytes = 0;
  readonly queuedPackets = 0;
  readonly progress = 0;
  readonly connection = null;
  bytesReceived = 0;
  bytesSent = 0;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #ending: { reason: CloseReason; detail: CloseDetail } | null = null;

  constructor(private readonly socket: ForeignSocket) {
    socket.on('data', (data: string | Buffer | ArrayBuffer) => this.#onData(data));
    socket.on('drain', () => this.#onDrain());
    socket.on('error', () => {});
    socket.on('close', (reason: string, cause?: unknown) => this.#onClose(reason, cause));
  }

  get name(): TransportName {
    return this.socket.transport.name as TransportName;
  }

  get requestHandler(): null {
    return null;
  }

  get writable(): boolean {
    return this.socket.transport.writable;
  }

  send(packet: EncodedPacket, compress: boolean): number {
    if (this.#state !== 'open') return 0;
    if (typeof packet !== 'string') this.#write(packet, compress);
    // The other server has its own heartbeat and its own farewell.
    else if (packet.startsWith(PacketType.MESSAGE)) this.#write(packet.slice(1), compress);
    return 0;
  }

  sendShared(shared: SharedPacket, compress: boolean): number {
    return this.send(shared.packet, compress);
  }

  writeNow(): void {}

  endPollsAtOnce(): void {}

  takeQueue(): EncodedPacket[] {
    return [];
  }

  close(mode: CloseMode, reason: CloseReason, detail: CloseDetail): void {
    if (this.#state === 'closed' || (this.#state === 'closing' && mode === 'drain')) return;
    this.#state = 'closing';
    this.#ending = { reason, detail };
    this.socket.close(mode !== 'drain');
    if (mode !== 'drain') this.#end(reason, detail);
  }

  #write(data: string | Buffer, compress: boolean): void {
    this.bytesSent += data.length;
    this.socket.write(data, { compress });
  }

  #onData(data: string | Buffer | ArrayBuffer): void {
    if (this.#state === 'closed') return;
    const message = data instanceof ArrayBuffer ? Buffer.from(data) : data;
    this.bytesReceived += message.length;
    this.handler.onMessage(message);
  }

  #onDrain(): void {
    if (this.#state !== 'closed') this.handler.onFlush();
  }

  #onClose(reason: string, cause: unknown): void {
    if (this.#ending !== null) this.#end(this.#ending.reason, this.#ending.detail);
    else {
      const known = Object.hasOwn(CODES, reason) ? (reason as CloseReason) : 'transport close';
      this.#end(known, closeDetail(CODES[known], `the other Engine.IO server reported "${reason}"`, cause));
    }
  }

  #end(reason: CloseReason, detail: CloseDetail): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.handler.onTransportClose(reason, detail);
  }
}

/** The codes of this package for what another server gives as a reason. */
const CODES: Readonly<Record<string, string>> = {
  'transport close': 'TRANSPORT_CLOSED',
  'transport error': 'TRANSPORT_ERROR',
  'ping timeout': 'PING_TIMEOUT',
  'parse error': 'INVALID_PACKET',
  'forced close': 'SERVER_CLOSED',
  'server shutting down': 'SERVER_SHUTDOWN',
};
