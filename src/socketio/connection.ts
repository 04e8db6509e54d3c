import type { IncomingMessage } from 'node:http';
import { callForeign, watch } from '../common/call-foreign.js';
import {
  type Session,
  TimerEntry,
  closeDetail,
  type CloseDetail,
  type CloseReason,
  type SessionListener,
} from '../engine/index.js';
import { ConnectOperation, OPERATIONS, POINTS } from '../common/channels.js';
import { ownCopyOf } from '../common/values.js';
import { AttachmentCollector, type AttachmentOwner } from './codec/attachment-collector.js';
import { checkNamespace, decodePacket, type DecoderLimits, type PacketSink } from './codec/packet-decoder.js';
import { receiveParsedPacket, type ParsedPacketSink } from './codec/parsed-packet.js';
import { PacketError } from './codec/packet-error.js';
import { ackAskedBy } from './codec/packet-encoder.js';
import { PacketType, partsOf, sizeOf, type EncodedParts } from './codec/packet.js';
import type { Client } from './client/client.js';
import { ConnectAllowance } from './client/connect-allowance.js';
import { splitConnectQuery } from './client/connect-query.js';
import { JoinedNamespaces } from './client/joined-namespaces.js';
import { ConnectSequence } from './connect-sequence.js';
import type { ParserDecoder } from './codec/parser.js';
import {
  DISCONNECTED_BY_SERVER,
  type DisconnectCode,
  type DisconnectDetails,
  type DisconnectReason,
} from './client/disconnect-reason.js';
import type { EventQueue } from './inbound/event-queue.js';
import { EventRateLimiter } from './inbound/rate-limit.js';
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
export class Connection
  extends TimerEntry
  implements Client, SessionListener, PacketSink, ParsedPacketSink, AttachmentOwner
{
  readonly #server: Server;
  readonly #namespaces: JoinedNamespaces<Socket, ConnectSequence>;
  /** Whether a CONNECT packet has come. */
  #hasAsked = false;
  #allowance: ConnectAllowance | null = null;
  /** CONNECT packets that nothing is asked about yet, in order. */
  #queuedConnects: ConnectSequence[] | null = null;
  /** By namespace, kept after the socket is gone, so that leaving and joining again does not reset the limit. */
  #rateLimiters: Map<string, EventRateLimiter> | null = null;
  #attachments: AttachmentCollector | null = null;
  /** A custom parser's decoder; null with the codec of this package. */
  readonly #decoder: ParserDecoder | null;
  readonly #limits: DecoderLimits;
  /** Null if events are dispatched at once. */
  readonly #events: EventQueue | null;
  /** Whether packets are dropped if the client does not keep up. */
  readonly #drops: boolean;

  constructor(
    server: Server,
    readonly conn: Session,
  ) {
    super();
    this.#server = server;
    this.#namespaces = new JoinedNamespaces(server.settings.maxNamespaces);
    this.#limits = server.codec.limitsOf(conn.protocol);
    this.#drops = conn.dropsOverflow;
    this.#events = server.events;
    this.#decoder = server.codec.createDecoder();
    watch(
      this.#decoder?.on('decoded', (packet) => receiveParsedPacket(packet, this.#limits, this)),
      server,
      undefined,
    );
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
  disconnect(details: DisconnectDetails = DISCONNECTED_BY_SERVER): void {
    for (const socket of this.#namespaces.sockets) socket.dismiss(details);
    this.#end('forced server close', details);
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
      if (this.#decoder !== null) this.#decode(this.#decoder, data);
      else if (typeof data === 'string') this.#onText(data);
      else this.#onBytes(data);
    } catch (error) {
      this.#onMalformed(error);
    }
  }

  onDropReport(dropped: number): void {
    const { sockets } = this.#namespaces;
    const ids = sockets.map(({ id }) => id);
    const error = new OverflowError(dropped, ids);
    if (POINTS.overflow.hasSubscribers) {
      POINTS.overflow.publish({ session: this.conn, dropped, sockets: [...sockets] });
    }
    for (const socket of sockets) socket.handleError(error);
    this.#server.reportError(error, sockets[0]);
  }

  ondata(data: unknown): void {
    if (typeof data === 'string' || Buffer.isBuffer(data)) {
      this.onMessage(data);
      return;
    }
    const error = new TypeError('a message must be a string or a Buffer');
    for (const socket of this.#namespaces.sockets) socket.handleError(error);
    this.conn.close();
  }

  onPing(): void {
    for (const socket of this.#namespaces.sockets) socket.handlePing();
  }

  onPong(): void {
    for (const socket of this.#namespaces.sockets) socket.handlePong();
  }

  onClose(reason: CloseReason, detail: CloseDetail): void {
    // The engine ends a session with its own codes, or with one that this layer gave it.
    this.#end(reason, detail as DisconnectDetails);
    if (POINTS.sessionClose.hasSubscribers) POINTS.sessionClose.publish({ session: this.conn, detail });
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

  #requestNamespace(asked: string, auth: Record<string, unknown> | undefined | null): void {
    // A part of a message keeps the whole of it.
    const nsp = this.#namespaces.find(asked)?.nsp.name ?? ownCopyOf(asked);
    if (!this.#isConnectInTime()) {
      this.refuseUnseen(nsp, auth, 'Too many connects', 'TOO_MANY_CONNECTS');
      return;
    }
    if (this.#namespaces.isPending(nsp)) return;
    // The client has begun anew, such as by connect(), disconnect() and connect() in one turn.
    this.#namespaces.find(nsp)?.close('client namespace disconnect', RECONNECTED);
    if (auth === null) this.refuseUnseen(nsp, auth, 'Invalid auth payload', 'INVALID_AUTH_PAYLOAD');
    else if (this.#namespaces.isFull) this.refuseUnseen(nsp, auth, 'Too many namespaces', 'TOO_MANY_NAMESPACES');
    else {
      const sequence = new ConnectSequence(this.#server, this, nsp, auth ?? {});
      this.#namespaces.begin(nsp, sequence);
      if (this.#queuedConnects === null && this.#mayDecideOneMore(0)) sequence.start();
      else (this.#queuedConnects ??= []).push(sequence);
    }
  }

  /**
   * Whether one of the pending CONNECT packets may begin, of which so many wait. No more are decided about at once than may
   * still be refused: sending all guesses before the first answer is no way to have more of them.
   */
  #mayDecideOneMore(waiting: number): boolean {
    const undecided = this.#namespaces.pending - waiting - 1;
    return undecided === 0 || undecided < this.#connectAllowance.refusalsLeft;
  }

  #startQueuedConnects(): void {
    for (;;) {
      const queue = this.#queuedConnects;
      if (queue === null || !this.#mayDecideOneMore(queue.length - 1)) return;
      const sequence = queue.shift()!;
      if (queue.length === 0) this.#queuedConnects = null;
      sequence.start();
    }
  }

  /** A client is in its first namespace by one packet; those that follow have a rate. */
  #isConnectInTime(): boolean {
    if (!this.#hasAsked) {
      this.#hasAsked = true;
      return true;
    }
    return this.#connectAllowance.takeConnect();
  }

  get #connectAllowance(): ConnectAllowance {
    return (this.#allowance ??= new ConnectAllowance(this.#server.settings));
  }

  onDisconnect(nsp: string): void {
    const socket = this.#namespaces.find(nsp);
    if (socket === null) this.#onStrayPacket(nsp);
    else socket.close('client namespace disconnect', closeDetail('CLIENT_DISCONNECT', 'the client disconnected'));
  }

  get screensEvents(): boolean {
    // Events that wait for the end of the tick are asked about there, so that refusals keep their place among the answers.
    return this.#events === null && this.#server.settings.rateLimit !== null;
  }

  takesEvent(nsp: string, name: string, id: number): boolean {
    const socket = this.#namespaces.find(nsp);
    return socket === null || socket.inbound.takes(name, id);
  }

  readsEvent(nsp: string, name: string): boolean {
    // A listener may be added until the end of the tick.
    if (this.#events !== null) return true;
    const socket = this.#namespaces.find(nsp);
    return socket !== null && socket.inbound.reads(name);
  }

  onEvent(nsp: string, args: unknown[], id: number): void {
    const socket = this.#namespaces.find(nsp);
    if (socket === null) this.#onStrayPacket(nsp);
    else if (this.#events === null) socket.inbound.receive(args, id);
    else this.#events.add(socket.inbound, args, id);
  }

  onNamelessEvent(nsp: string): void {
    if (this.#namespaces.find(nsp) === null) this.#onStrayPacket(nsp);
  }

  onAck(nsp: string, args: unknown[], id: number): void {
    const socket = this.#namespaces.find(nsp);
    if (socket !== null) socket.handleAck(id, args);
    else this.#onStrayPacket(nsp);
  }

  onBinary(type: 5 | 6, nsp: string, args: unknown[], id: number, attachments: number): void {
    if (this.#namespaces.find(nsp) === null) this.#onStrayPacket(nsp);
    const { wheel, settings } = this.#server;
    this.#attachments = new AttachmentCollector(type, nsp, args, id, attachments, this, wheel, settings);
  }

  onAttachmentTimeout(): void {
    this.#attachments = null;
    this.#fail(new PacketError('ATTACHMENT_TIMEOUT', 'the client did not send all attachments in time'));
  }

  /** The connection is in no namespace. */
  override onTimer(): void {
    this.#endAfterReply(closeDetail('CONNECT_TIMEOUT', 'the client joined no namespace within connectTimeout'));
  }

  #endAfterReply(detail: CloseDetail<DisconnectCode>): void {
    this.#end('forced close', detail);
    this.conn.closeAfterReply('forced close', detail as CloseDetail<never>);
  }

  /** @internal A namespace takes the connection in. */
  addSocket(socket: Socket): void {
    this.#namespaces.add(socket);
    this.#server.wheel.cancel(this);
  }

  /** @internal A CONNECT is decided about by others: the time of the client does not run. */
  wait(): void {
    this.#server.wheel.cancel(this);
  }

  /** @internal A CONNECT is decided. */
  forgetPending(nsp: string): void {
    this.#namespaces.settle(nsp);
    // Later, when a refusal has been counted.
    if (this.#queuedConnects !== null) process.nextTick(() => this.#startQueuedConnects());
  }

  /** @internal The events of a namespace, held against the rate that is allowed; null if that is none. */
  rateLimiterOf(nsp: string): EventRateLimiter | null {
    const { rateLimit, maxNamespaces } = this.#server.settings;
    if (rateLimit === null) return null;
    this.#rateLimiters ??= new Map();
    // Names may be the client's own: beyond what it can be in at once they share one allowance.
    const key = this.#rateLimiters.size < maxNamespaces || this.#rateLimiters.has(nsp) ? nsp : OTHER_NAMESPACES;
    let limiter = this.#rateLimiters.get(key);
    if (limiter === undefined) this.#rateLimiters.set(key, (limiter = new EventRateLimiter(rateLimit)));
    return limiter;
  }

  /** @internal The CONNECT reply is sent: from here on few look at the request. */
  releaseRequest(): void {
    const { keepRequest } = this.#server.settings;
    if (keepRequest === true) return;
    if (keepRequest === false) this.conn.releaseRequest(true);
    else if (!this.#server.engine.hasRequestHooks) this.conn.releaseRequest();
  }

  /** @internal The client is not let into a namespace. The connection of one that is refused too often ends: it may be guessing. */
  refuse(nsp: string, error: { message: string; data?: unknown }, code: ConnectRefusalCode): void {
    this.#server.counters.connectRefused.add(code);
    const encoded = this.#server.codec.encodeRefusal(nsp, error, this.isLegacy);
    if (encoded !== null) this.sendUndroppable(encoded);
    if (this.#connectAllowance.takeRefusal()) this.#awaitConnect();
    else this.#endAfterReply(closeDetail('TOO_MANY_REFUSALS', 'the client was refused too often (connectRefusals)'));
  }

  /** @internal The client is not let in, and no namespace has been asked. */
  refuseUnseen(
    nsp: string,
    auth: Record<string, unknown> | undefined | null,
    message: string,
    code: ConnectRefusalCode,
  ): void {
    if (!OPERATIONS.connect.hasSubscribers) {
      this.refuse(nsp, { message }, code);
      return;
    }
    // The name is the client's own, and not for telemetry.
    const operation = new ConnectOperation<Connection, Socket>(this, null, auth ?? {});
    operation.code = code;
    operation.fail(new Error(message));
    operation.run(() => this.refuse(nsp, { message }, code));
  }

  /** @internal What decides about a CONNECT has not answered in time. */
  refuseLate(nsp: string): void {
    this.refuse(nsp, { message: 'Connect timeout' }, 'CONNECT_TIMEOUT');
    if (this.#namespaces.isEmpty && !this.#namespaces.isWaiting) this.onTimer();
  }

  /** @internal */
  removeSocket(socket: Socket): void {
    if (this.#namespaces.remove(socket)) this.#awaitConnect();
  }

  /** A connection that is in no namespace has to join one in time. */
  #awaitConnect(): void {
    if (!this.#namespaces.isEmpty || this.#namespaces.isWaiting || this.conn.readyState !== 'open') return;
    if (this.wheelSlot === null) this.#server.wheel.schedule(this, this.#server.options.connectTimeout);
  }

  #sendShared(encoded: EncodedParts, compress: boolean): void {
    for (const part of this.#server.shared.share(encoded)) this.conn.sendShared(part, compress);
  }

  /** A broadcast was dropped for this client: if it asks for an ack, that of this client is not awaited. */
  #failAck(header: string | Buffer): void {
    if (this.usesParser) return;
    const asked = ackAskedBy(header as string);
    if (asked !== null) this.#namespaces.find(asked.nsp)?.failAck(asked.id);
  }

  /** Decoding may cost more than the length of a message, so that is looked at first. */
  #decode(decoder: ParserDecoder, data: string | Buffer): void {
    const { settings, codec } = this.#server;
    const { messageCheck } = codec;
    if (!this.#hasAsked && data.length > 2 * (settings.maxNamespaceLength + settings.maxAuthPayload) + PACKET_KEYS) {
      throw new PacketError('INVALID_PACKET', 'the first packet of the client is larger than a CONNECT can be');
    }
    if (messageCheck !== null) watch(messageCheck(data, settings), this.#server, undefined);
    watch(decoder.add(data), this.#server, undefined);
  }

  #onText(text: string): void {
    if (this.#awaitsAttachments)
      throw new PacketError('UNEXPECTED_ATTACHMENT', 'the client sent text instead of an attachment');
    decodePacket(text, this.#limits, this);
    this.#attachments?.pack(text);
  }

  get #awaitsAttachments(): boolean {
    return this.#attachments !== null;
  }

  #onBytes(bytes: Buffer): void {
    const collector = this.#attachments;
    if (collector === null)
      throw new PacketError('UNEXPECTED_ATTACHMENT', 'the client sent an attachment without a packet');
    const args = collector.add(bytes);
    if (args === null) return;
    this.#attachments = null;
    const { type, nsp, id } = collector;
    if (type === PacketType.BINARY_ACK) this.onAck(nsp, args, id);
    else if (args.length === 0) this.onNamelessEvent(nsp);
    else this.onParsedEvent(nsp, args, id);
  }

  /** An event whose arguments had to be read before it could be asked about. */
  onParsedEvent(nsp: string, args: unknown[], id: number): void {
    if (this.#events !== null || this.takesEvent(nsp, String(args[0]), id)) this.onEvent(nsp, args, id);
  }

  /** A packet for a namespace that the connection is not in: late, where it was in that one, else out of order. */
  #onStrayPacket(nsp: string): void {
    if (this.#namespaces.hasLeft(nsp)) return;
    throw new PacketError('NOT_CONNECTED', 'the client sent a packet to a namespace before CONNECT');
  }

  #onMalformed(error: unknown): void {
    if (error instanceof PacketError) this.#fail(error);
    // A custom parser throws errors of its own for what it cannot read, with what the client sent in their text.
    else if (this.#decoder !== null) {
      this.#fail(new PacketError('INVALID_PACKET', 'the parser could not read a packet', { cause: error }));
    } else this.#server.reportError(error);
  }

  #fail(error: PacketError): void {
    const detail = closeDetail(error.code, error.message, error.cause);
    for (const socket of this.#namespaces.sockets) socket.handleError(error);
    this.#end('parse error', detail);
    this.conn.closeAfterReply('parse error', detail);
  }

  /** The only way out: drops what is half received, then disconnects every socket. */
  #end(reason: DisconnectReason, details: DisconnectDetails): void {
    this.#server.wheel.cancel(this);
    this.#attachments?.release();
    this.#attachments = null;
    this.#queuedConnects = null;
    for (const sequence of this.#namespaces.takePending()) sequence.dispose();
    for (const socket of this.#namespaces.sockets) socket.close(reason, details);
    this.#server.wheel.cancel(this);
    if (this.#decoder?.destroy) callForeign(this.#decoder.destroy, this.#decoder, [], this.#server, undefined);
  }
}

const RECONNECTED: DisconnectDetails = Object.freeze({
  code: 'CLIENT_DISCONNECT',
  message: 'the client connected to the namespace again',
});

/** What an encoding may write around the values of a packet, in bytes. */
const PACKET_KEYS = 1_024;

/** No namespace has this name. */
const OTHER_NAMESPACES = '';
