import type { IncomingMessage } from 'node:http';
import {
  type Session,
  TimerEntry,
  closeDetail,
  messageSize,
  type CloseDetail,
  type CloseReason,
  type SessionListener,
} from '../engine/index.js';
import { isLargerThan, valueDepthExceeds } from './codec/value-bounds.js';
import { AttachmentCollector, type AttachmentOwner } from './codec/attachment-collector.js';
import {
  checkAck,
  checkAckId,
  checkEvent,
  checkNamespace,
  decodePacket,
  type DecoderLimits,
  type PacketSink,
} from './codec/packet-decoder.js';
import { PacketError } from './codec/packet-error.js';
import { ackAskedBy } from './codec/packet-encoder.js';
import { PacketType, type EncodedParts, type Packet } from './codec/packet.js';
import { splitConnectQuery } from './client/connect-query.js';
import type { ParserDecoder } from './codec/parser.js';
import type { DisconnectDetails, DisconnectReason } from './client/disconnect-reason.js';
import type { EventQueue } from './inbound/event-queue.js';
import type { Socket } from './socket.js';
import { OverflowError } from './client/overflow-error.js';
import type { ConnectRefusalCode } from './socketio-codes.js';
import type { Server } from './server.js';
import type { WriteOptions } from './adapter/adapter.js';

/**
 * A session as Socket.IO sees it: reads its packets and hands each to the socket of its namespace. Known to others as
 * a socket's `client`.
 *
 * It is also the timer that ends a connection which is in no namespace.
 */
export class Connection extends TimerEntry implements SessionListener, PacketSink, AttachmentOwner {
  readonly #server: Server;
  /** By namespace; a connection has few, so that searching beats a table. */
  readonly #sockets: Socket[] = [];
  /** Namespaces whose CONNECT is being decided. */
  #pending: Set<string> | null = null;
  /** Namespaces that were left: packets for them may still be on their way. At most `maxNamespaces` names. */
  #left: Set<string> | null = null;
  #attachments: AttachmentCollector | null = null;
  /** A custom parser's decoder; null with the codec of this package. */
  readonly #decoder: ParserDecoder | null;
  readonly #limits: DecoderLimits;
  /** Null where events are dispatched at once. */
  readonly #events: EventQueue | null;
  /** Whether packets are dropped where the client does not keep up. */
  readonly #drops: boolean;

  constructor(
    server: Server,
    readonly conn: Session,
  ) {
    super();
    this.#server = server;
    this.#limits = server.decoderLimits(conn.protocol);
    this.#drops = conn.dropsOverflow;
    this.#events = server.events;
    this.#decoder = server.createDecoder();
    this.#decoder?.on('decoded', (packet) => this.#onDecoded(packet));
    server.wheel.schedule(this, server.options.connectTimeout);
  }

  get id(): string {
    return this.conn.id;
  }

  get server(): Server {
    return this.#server;
  }

  get request(): IncomingMessage {
    return this.conn.request;
  }

  /** Whether the client is one of Socket.IO 2, which is in the main namespace by itself. */
  get isLegacy(): boolean {
    return this.conn.protocol === 3;
  }

  /** Whether packets go through a custom parser. */
  get usesParser(): boolean {
    return this.#decoder !== null;
  }

  /** Writes one packet to this client alone. Returns false if it was dropped, since the client does not keep up. */
  sendPacket(encoded: string | EncodedParts, options: WriteOptions): boolean {
    if (options.volatile === true && !this.conn.transport.writable) return false;
    if (this.#drops && !this.conn.fits(sizeOf(encoded), partsOf(encoded))) return false;
    const compress = options.compress !== false;
    if (typeof encoded === 'string') this.conn.sendMessage(encoded, compress);
    else for (const part of encoded) this.conn.sendMessage(part, compress);
    return true;
  }

  /** Writes an encoded packet, as adapters do: the parts of a broadcast are the same for all recipients. */
  writeToEngine(encoded: EncodedParts, options: WriteOptions): boolean {
    const isDropped =
      (options.volatile === true && !this.conn.transport.writable) ||
      (this.#drops && !this.conn.fits(sizeOf(encoded), encoded.length));
    if (isDropped) {
      this.#failAck(encoded[0]);
      return false;
    }
    this.#sendShared(encoded, options.compress !== false);
    return true;
  }

  /** Writes a packet that is never dropped: a client that misses an answer to CONNECT, or its end, cannot go on. */
  sendUndroppable(encoded: EncodedParts): void {
    this.#sendShared(encoded, true);
  }

  /** Ends the connection and all its sockets, for good: the client does not come back. */
  disconnect(): void {
    for (const socket of [...this.#sockets]) socket.disconnect();
    this.#end('forced server close', closeDetail('SERVER_DISCONNECT', 'disconnected by this server'));
    this.conn.close();
  }

  /** @internal The client has given this connection up and is back on another one. */
  closeAsReplaced(): void {
    this.closeConnection(closeDetail('TAKEN_OVER', 'the client came back over another connection'));
  }

  /** @internal Ends the connection and all its sockets; the client connects again. */
  closeConnection(details: DisconnectDetails): void {
    this.#end('transport close', details);
    this.conn.close(true);
  }

  /** A message of the session. Throws nothing: what a peer does wrong ends its session. */
  onMessage(data: string | Buffer): void {
    try {
      if (this.#decoder !== null) this.#decoder.add(data);
      else if (typeof data === 'string') this.#onText(data);
      else this.#onBytes(data);
    } catch (error) {
      this.#onMalformed(error);
    }
  }

  onDropReport(dropped: number): void {
    const ids = this.#sockets.map(({ id }) => id);
    const error = new OverflowError(dropped, ids);
    for (const socket of [...this.#sockets]) socket.handleError(error);
    this.#server.reportError(error, this.#sockets[0]);
  }

  /** What a program hands in as if it had come from the client. What is no message ends the connection. */
  ondata(data: unknown): void {
    if (typeof data === 'string' || Buffer.isBuffer(data)) {
      this.onMessage(data);
      return;
    }
    const error = new TypeError('a message is a string or a Buffer');
    for (const socket of this.#sockets) socket.handleError(error);
    this.conn.close();
  }

  onPing(): void {
    for (const socket of this.#sockets) socket.handlePing();
  }

  onPong(): void {
    for (const socket of this.#sockets) socket.handlePong();
  }

  onClose(reason: CloseReason, detail: CloseDetail): void {
    // The engine ends a session with its own codes, or with one that this layer gave it.
    this.#end(reason, detail as DisconnectDetails);
  }

  /** A CONNECT packet; also called for a client that is to be let in without one. */
  onConnectPacket(nsp: string, auth: Record<string, unknown> | undefined | null): void {
    if (this.isLegacy) {
      const asked = splitConnectQuery(nsp, this.#server.settings);
      checkNamespace(asked.name, this.#server.settings);
      this.#requestNamespace(asked.name, asked.auth);
    } else {
      this.#requestNamespace(nsp, auth);
    }
  }

  #requestNamespace(nsp: string, auth: Record<string, unknown> | undefined | null): void {
    if (this.#pending?.has(nsp)) return;
    if (this.#socketOf(nsp) !== null) throw new PacketError('ALREADY_CONNECTED', 'a second CONNECT to a namespace');
    if (auth === null) {
      this.#sendRefusal(nsp, { message: 'Invalid auth payload' }, 'INVALID_AUTH_PAYLOAD');
      return;
    }
    const count = this.#sockets.length + (this.#pending?.size ?? 0);
    if (count >= this.#server.settings.maxNamespaces) {
      this.#sendRefusal(nsp, { message: 'Too many namespaces' }, 'TOO_MANY_NAMESPACES');
      return;
    }
    (this.#pending ??= new Set()).add(nsp);
    this.#server.namespaces.find(nsp, auth ?? {}, (namespace) => {
      if (namespace === null) {
        this.#server.unknownNames?.onUnknownNamespace(nsp);
        this.refuse(nsp, { message: 'Invalid namespace' }, 'UNKNOWN_NAMESPACE');
      } else if (this.#pending?.has(nsp)) namespace.admit(this, auth ?? {});
      else namespace.checkEmpty();
    });
  }

  onDisconnect(nsp: string): void {
    const socket = this.#socketOf(nsp);
    if (socket === null) this.#onStrayPacket(nsp);
    else socket.close('client namespace disconnect', closeDetail('CLIENT_DISCONNECT', 'disconnected by the client'));
  }

  onEvent(nsp: string, args: unknown[], id: number): void {
    const socket = this.#socketOf(nsp);
    if (socket === null) this.#onStrayPacket(nsp);
    else if (this.#events === null) socket.handleEvent(args, id);
    else this.#events.add(socket, args, id);
  }

  onAck(nsp: string, args: unknown[], id: number): void {
    const socket = this.#socketOf(nsp);
    if (socket !== null) socket.handleAck(id, args);
    else this.#onStrayPacket(nsp);
  }

  onBinary(type: 5 | 6, nsp: string, args: unknown[], id: number, attachments: number): void {
    if (this.#socketOf(nsp) === null) this.#onStrayPacket(nsp);
    const { wheel, settings } = this.#server;
    this.#attachments = new AttachmentCollector(type, nsp, args, id, attachments, this, wheel, settings);
  }

  onAttachmentTimeout(): void {
    this.#attachments = null;
    this.#fail(new PacketError('ATTACHMENT_TIMEOUT', 'attachments did not arrive in time'));
  }

  /** The connection is in no namespace. */
  override onTimer(): void {
    const detail = closeDetail('CONNECT_TIMEOUT', 'no namespace was joined in time');
    this.#end('forced close', detail);
    this.conn.closeAfterReply('forced close', detail);
  }

  /** @internal A namespace takes the connection in. */
  addSocket(socket: Socket): void {
    this.#forgetPending(socket.nsp.name);
    this.#left?.delete(socket.nsp.name);
    this.#sockets.push(socket);
    this.#server.wheel.cancel(this);
  }

  /** @internal The CONNECT reply is sent: from here on few look at the request. */
  releaseRequest(): void {
    const { keepRequest } = this.#server.settings;
    if (keepRequest === true) return;
    if (keepRequest === false) this.conn.releaseRequest(true);
    else if (!this.#server.engine.hasRequestHooks) this.conn.releaseRequest();
  }

  /** @internal A namespace, or one of its middlewares, does not. */
  refuse(nsp: string, error: { message: string; data?: unknown }, code: ConnectRefusalCode): void {
    this.#forgetPending(nsp);
    this.#sendRefusal(nsp, error, code);
  }

  /** @internal */
  removeSocket(socket: Socket): void {
    this.#forgetPending(socket.nsp.name);
    const index = this.#sockets.indexOf(socket);
    // One that was never in must not put the timer off.
    if (index === -1) return;
    this.#sockets.splice(index, 1);
    this.#rememberLeft(socket.nsp.name);
    if (this.#sockets.length > 0 || this.conn.readyState !== 'open') return;
    this.#server.wheel.schedule(this, this.#server.options.connectTimeout);
  }

  /** A CONNECT is decided. An idle connection keeps no set for those that are not (bench: idle). */
  #forgetPending(nsp: string): void {
    if (this.#pending?.delete(nsp) && this.#pending.size === 0) this.#pending = null;
  }

  #sendShared(encoded: EncodedParts, compress: boolean): void {
    for (const part of this.#server.share(encoded)) this.conn.sendShared(part, compress);
  }

  /** A broadcast was dropped for this client: where it asks for an ack, nobody has to wait for that of this client. */
  #failAck(header: string | Buffer): void {
    if (this.usesParser) return;
    const asked = ackAskedBy(header as string);
    if (asked !== null) this.#socketOf(asked.nsp)?.failAck(asked.id);
  }

  #onText(text: string): void {
    if (this.#attachments !== null) throw new PacketError('UNEXPECTED_ATTACHMENT', 'text instead of an attachment');
    decodePacket(text, this.#limits, this);
  }

  #onBytes(bytes: Buffer): void {
    const collector = this.#attachments;
    if (collector === null) throw new PacketError('UNEXPECTED_ATTACHMENT', 'an attachment of no packet');
    const args = collector.add(bytes);
    if (args === null) return;
    this.#attachments = null;
    if (collector.type === PacketType.BINARY_EVENT) this.onEvent(collector.nsp, args, collector.id);
    else this.onAck(collector.nsp, args, collector.id);
  }

  /** A packet that a custom parser decoded; held against the same bounds. */
  #onDecoded(packet: Packet): void {
    const { settings } = this.#server;
    checkNamespace(packet.nsp, this.#limits);
    if (packet.id !== undefined) checkAckId(packet.id);
    const id = packet.id ?? -1;
    switch (packet.type) {
      case PacketType.CONNECT:
        this.onConnectPacket(packet.nsp, authOf(packet.data, this.#limits));
        return;
      case PacketType.DISCONNECT:
        this.onDisconnect(packet.nsp);
        return;
      case PacketType.EVENT:
      case PacketType.BINARY_EVENT:
        if (!Array.isArray(packet.data)) throw new PacketError('INVALID_EVENT', 'an event without arguments');
        checkEvent(packet.data, settings);
        checkDepth(packet.data, settings);
        this.onEvent(packet.nsp, packet.data, id);
        return;
      case PacketType.ACK:
      case PacketType.BINARY_ACK:
        if (!Array.isArray(packet.data)) throw new PacketError('INVALID_PACKET', 'an ack without arguments');
        checkAck(packet.data, settings);
        checkDepth(packet.data, settings);
        this.onAck(packet.nsp, packet.data, id);
        return;
      default:
        throw new PacketError('INVALID_PACKET', 'unexpected packet type');
    }
  }

  #socketOf(nsp: string): Socket | null {
    const sockets = this.#sockets;
    for (let i = 0; i < sockets.length; i++) if (sockets[i].nsp.name === nsp) return sockets[i];
    return null;
  }

  #rememberLeft(nsp: string): void {
    this.#left ??= new Set();
    if (this.#left.size >= this.#server.settings.maxNamespaces) this.#left.clear();
    this.#left.add(nsp);
  }

  /** A packet for a namespace that the connection is not in: late, where it was in that one, else out of order. */
  #onStrayPacket(nsp: string): void {
    if (this.#left?.has(nsp) && !this.#pending?.has(nsp)) return;
    throw new PacketError('NOT_CONNECTED', 'a packet before CONNECT');
  }

  #sendRefusal(nsp: string, error: { message: string; data?: unknown }, code: ConnectRefusalCode): void {
    this.#server.counters.connectRefused.add(code);
    const data = this.isLegacy ? (error.data ?? error.message) : error;
    this.sendUndroppable(this.#server.encoder.encode({ type: PacketType.CONNECT_ERROR, nsp, data }));
  }

  #onMalformed(error: unknown): void {
    if (error instanceof PacketError) this.#fail(error);
    // A custom parser throws errors of its own for what it cannot read.
    else if (this.#decoder !== null) this.#fail(new PacketError('INVALID_PACKET', String(error)));
    else this.#server.reportError(error);
  }

  #fail(error: PacketError): void {
    const detail = closeDetail(error.code, error.message);
    for (const socket of this.#sockets) socket.handleError(error);
    this.#end('parse error', detail);
    this.conn.closeAfterReply('parse error', detail);
  }

  /** The only way out: drops what is half received, then disconnects every socket. */
  #end(reason: DisconnectReason, details: DisconnectDetails): void {
    this.#server.wheel.cancel(this);
    this.#attachments?.release();
    this.#attachments = null;
    this.#pending = null;
    for (const socket of [...this.#sockets]) socket.close(reason, details);
    this.#server.wheel.cancel(this);
    this.#decoder?.destroy?.();
  }
}

/** A packet with its attachments: it is sent as one or dropped as one. */
function sizeOf(encoded: string | EncodedParts): number {
  if (typeof encoded === 'string') return messageSize(encoded);
  let size = 0;
  for (const part of encoded) size += messageSize(part);
  return size;
}

function partsOf(encoded: string | EncodedParts): number {
  return typeof encoded === 'string' ? 1 : encoded.length;
}

/** What a custom parser gave as auth: an object, undefined for none, null for anything else or over a bound. */
function authOf(data: unknown, limits: DecoderLimits): Record<string, unknown> | undefined | null {
  if (data === undefined) return undefined;
  if (typeof data !== 'object' || Array.isArray(data)) return null;
  if (valueDepthExceeds(data, limits.maxJsonDepth) || isLargerThan(data, limits.maxAuthPayload)) return null;
  return data as Record<string, unknown> | null;
}

/** @throws PacketError above `maxJsonDepth` */
function checkDepth(args: unknown[], { maxJsonDepth }: DecoderLimits): void {
  if (valueDepthExceeds(args, maxJsonDepth)) throw new PacketError('JSON_TOO_DEEP', `more than ${maxJsonDepth} levels`);
}
