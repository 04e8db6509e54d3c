import type { IncomingMessage } from 'node:http';
import { callForeign, callListeners } from '../common/call-foreign.js';
import { isThenable } from '../common/values.js';
import { EmitOperation, OPERATIONS, POINTS } from '../common/channels.js';
import { LazyEmitter, type EngineSession, type RequestSummary, type TimerWheel } from '../engine/index.js';
import type { AnyServer, AnySocket } from './any-types.js';
import type { AckReply } from './acks/ack-reply.js';
import type { AckCallback } from './acks/ack-callback.js';
import { AckRegistry, type AckKind } from './acks/ack-registry.js';
import type { AckTerms, PrivateSessionId, RestoredSession, Room, SocketId } from './adapter/adapter.js';
import { BroadcastOperator, type OperatorFlags } from './broadcast/broadcast-operator.js';
import { encodeAck, encodeEvent } from './codec/packet-encoder.js';
import { PacketType, type EncodedParts, type Packet } from './codec/packet.js';
import type { Client } from './client/client.js';
import type { Connection } from './connection.js';
import {
  DISCONNECTED_BY_SERVER,
  RECOVERABLE_REASONS,
  type DisconnectDetails,
  type DisconnectReason,
} from './client/disconnect-reason.js';
import { emitByIds } from './broadcast/emit-by-id.js';
import { createHandshake, type Handshake } from './client/handshake.js';
import { noteFired } from './inbound/fired-events.js';
import { InboundEvents, type Event, type EventPacket } from './inbound/inbound-events.js';
import type { Middleware } from './inbound/middleware.js';
import type { Namespace } from './namespace.js';
import { receivingAck } from './acks/validated-ack.js';
import { toMilliseconds } from './events/milliseconds.js';
import type { OutboundContract } from './events/outbound-contract.js';
import {
  withListener,
  withListenerInFront,
  withoutListener,
  type AnyListener,
  type AnyListeners,
} from './events/any-listeners.js';
import { assertEmittable } from './events/reserved-events.js';
import { Identity, type IdentifyOptions } from './client/identity.js';
import { legacySocketId, newSocketId } from './client/socket-id.js';
import { assertOpen, userOf } from './client/user-rooms.js';
import { SocketRecovery } from './recovery/socket-recovery.js';
import type { Server } from './server.js';
import { AckError } from './acks/ack-error.js';
import type { WriteOptions } from './adapter/adapter.js';
import type {
  AllButLast,
  DecorateAcknowledgements,
  DecorateAcknowledgementsWithMultipleResponses,
  DefaultEventsMap,
  EventNames,
  EventNamesWithAck,
  EventParams,
  EventsMap,
  FirstNonErrorArg,
  Last,
  TypedEventBroadcaster,
  TypedListening,
} from './events/typed-events.js';

/** Events that the server itself emits on a socket. */
export interface SocketReservedEvents {
  /** The socket is disconnected. */
  disconnect: (reason: DisconnectReason, details: DisconnectDetails) => void;
  /** The socket is about to be disconnected, and still in its rooms. */
  disconnecting: (reason: DisconnectReason, details: DisconnectDetails) => void;
  /** Something that the client sent was refused, or packets to it were dropped. */
  error: (error: Error) => void;
}

type State = 'connecting' | 'connected' | 'disconnecting' | 'disconnected';

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- the methods come from LazyEmitter, typed here
export interface Socket<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  // oxlint-disable-next-line typescript/no-explicit-any -- as in Socket.IO
  SocketData = any,
> extends TypedListening<ListenEvents, SocketReservedEvents> {
  /** The namespace of the socket. */
  readonly nsp: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
}

/**
 * One client in one namespace. Emits to the client; its listeners hear what the client emits.
 *
 * `volatile`, `compress()` and `timeout()` set what the next emit uses and return this socket, as in Socket.IO.
 */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- see the interface
export class Socket<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  // oxlint-disable-next-line typescript/no-explicit-any -- as in Socket.IO
  SocketData = any,
>
  extends (LazyEmitter as { new (): Omit<LazyEmitter, 'on' | 'once' | 'listeners' | 'emit'> })
  implements TypedEventBroadcaster<EmitEvents>
{
  /** Not the session's id, which must stay between server and client. */
  readonly id: SocketId;
  /** Whether this socket goes on where an earlier one was cut off. */
  readonly recovered: boolean;
  /** Whatever belongs to this client; `fetchSockets()` of other servers sees it. */
  data = {} as SocketData;
  readonly #connection: Connection;
  /** The request that opened the session, or a stand-in with its basics once it was released. An own property. */
  declare request: IncomingMessage;
  readonly #issued = Date.now();
  readonly #request: RequestSummary;
  readonly #auth: Record<string, unknown>;
  /** Null if the client cannot come back. */
  readonly #recovery: SocketRecovery | null;
  #state: State = 'connecting';
  #leavesEarly: 'namespace' | 'connection' | null = null;
  #handshake: Handshake | null = null;
  #flags: OperatorFlags | null = null;
  #acks: AckRegistry | null = null;
  /** The user of the socket; null until `identify()`. */
  #identity: Identity | null = null;
  /** Null until an event comes, or is listened for. */
  #inbound: InboundEvents<Socket> | null = null;
  #anyOutgoingListeners: AnyListeners = null;
  /** Events emitted before the CONNECT reply, which they must follow. */
  #early: EarlyEvent[] | null = null;

  /** @internal */
  constructor(
    nsp: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
    connection: Connection,
    auth: Record<string, unknown>,
    restored: RestoredSession | null,
  ) {
    super();
    (this as { nsp: typeof nsp }).nsp = nsp;
    this.#connection = connection;
    Object.defineProperty(this, 'request', REQUEST_PROPERTY);
    this.#request = connection.conn.requestSummary;
    this.#auth = auth;
    this.recovered = restored !== null;
    this.#recovery = nsp.recovery === null || connection.isLegacy ? null : new SocketRecovery(nsp.recovery, restored);
    if (restored !== null) this.data = restored.data as SocketData;
    this.id =
      restored?.sid ??
      (connection.isLegacy
        ? legacySocketId(nsp.name, connection.id)
        : newSocketId(nsp.server.settings.generateSocketId, this, nsp.sockets, nsp.server));
  }

  /** The server of the socket. */
  get server(): Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    return this.nsp.server;
  }

  /** The request that opened the session, and the `auth` of this socket. */
  get handshake(): Handshake {
    return (this.#handshake ??= createHandshake(this.#request, this.conn.remoteAddress, this.#issued, this.#auth));
  }

  /** Also while listeners of `disconnecting` run. */
  get connected(): boolean {
    return this.#state === 'connected' || this.#state === 'disconnecting';
  }

  /** The opposite of `connected`. */
  get disconnected(): boolean {
    return !this.connected;
  }

  /** The Engine.IO session, shared by all sockets of the client. */
  get conn(): EngineSession {
    return this.#connection.conn;
  }

  /** The connection of the client: its session, and the request that opened it. */
  get client(): Client {
    return this.#connection;
  }

  /** @internal */
  get connection(): Connection {
    return this.#connection;
  }

  /** That of its namespace. */
  get adapter(): Namespace['adapter'] {
    return this.nsp.adapter;
  }

  /** The rooms that the socket is in, that of its id included. */
  get rooms(): Set<Room> {
    return this.nsp.adapterPort.socketRooms(this.id);
  }

  /** @internal What the client emits. */
  get inbound(): InboundEvents<Socket> {
    return (this.#inbound ??= new InboundEvents(
      this as AnySocket,
      OWN_ONEVENT,
      this.#connection.rateLimiterOf(this.nsp.name),
    ));
  }

  /** @internal Whether it takes events: not once its end is being told. */
  get isOpen(): boolean {
    return this.#state === 'connected';
  }

  /** @internal Acks that the client owes, by id. */
  get acks(): AckRegistry {
    return (this.#acks ??= new AckRegistry(this, this.nsp.ackTimeout, this.nsp.server.counters));
  }

  /** @internal */
  get wheel(): TimerWheel {
    return this.nsp.server.wheel;
  }

  /** @internal What user code threw that is about this socket. */
  reportError(error: unknown): void {
    this.nsp.server.reportError(error, this as AnySocket);
  }

  /** @internal What a listener threw; with `reply`, also the one that should have answered. */
  onForeignError(error: unknown, reply: AckReply | null | undefined): void {
    this.inbound.onForeignError(error, reply ?? null);
  }

  /**
   * Emits to the client. A function as last argument is called with the client's ack. False if the client does not
   * keep up: its queue is over the high-water mark, half of `sendQueueBytes`, until `socket.conn` emits `drain`; or the
   * event was dropped, as a volatile one or with `dropFramesOnOverflow`.
   *
   * @throws Error for a reserved event name
   * @throws TypeError for a value that cannot be encoded, such as a cycle; nothing is sent or awaited then
   */
  emit<Event extends EventNames<EmitEvents>>(event: Event, ...args: EventParams<EmitEvents, Event>): boolean {
    assertEmittable(event);
    const data: unknown[] = [event, ...args];
    const flags = this.#takeFlags();
    let callback = typeof data[data.length - 1] === 'function' ? (data.pop() as AckCallback) : null;
    const kind = flags?.timeout === undefined ? 'plain' : 'error-first';
    const { outbound } = this.nsp;
    if (outbound !== null) {
      outbound.check(data, this.nsp);
      if (callback !== null) callback = this.#receivingAck(outbound, event as string, kind, flags, callback);
    }
    return this.#emitEvent(data, flags, callback, kind) && !this.#connection.conn.needsDrain;
  }

  /** Resolves to the client's ack; rejects with an `AckError` when it times out or the socket is disconnected. */
  emitWithAck<Event extends EventNamesWithAck<EmitEvents>>(
    event: Event,
    ...args: AllButLast<EventParams<EmitEvents, Event>>
  ): Promise<FirstNonErrorArg<Last<EventParams<EmitEvents, Event>>>> {
    assertEmittable(event);
    const flags = this.#takeFlags();
    return new Promise((resolve, reject) => {
      const { outbound } = this.nsp;
      let callback: AckCallback = (error, response) => {
        if (error !== null) reject(error as Error);
        else resolve(response as FirstNonErrorArg<Last<EventParams<EmitEvents, Event>>>);
      };
      if (outbound !== null) {
        outbound.check([event, ...args], this.nsp);
        callback = this.#receivingAck(outbound, event as string, 'error-first', flags, callback);
      }
      this.#emitEvent([event, ...args], flags, callback, 'error-first');
    });
  }

  /** Emits `message`. */
  send(...args: EventParams<EmitEvents, 'message'>): this {
    this.emit('message', ...args);
    return this;
  }

  /** Alias of `send`. */
  write(...args: EventParams<EmitEvents, 'message'>): this {
    return this.send(...args);
  }

  /** Emits to one socket of any namespace, on this server or another; resolves to false if none has the id. */
  async emitTo<Event extends EventNames<EmitEvents>>(
    id: SocketId,
    event: Event,
    ...args: EventParams<EmitEvents, Event>
  ): Promise<boolean> {
    return (await this.emitToList([id], event, ...args)).length === 0;
  }

  /** Emits to several sockets; resolves to the ids that no server has. */
  emitToList<Event extends EventNames<EmitEvents>>(
    ids: readonly SocketId[],
    event: Event,
    ...args: EventParams<EmitEvents, Event>
  ): Promise<SocketId[]> {
    return emitByIds(this.nsp.server as AnyServer, ids, event as string, args);
  }

  /** Broadcasts to a room, this socket left out. */
  to(room: Room | Room[]): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.broadcast.to(room);
  }

  /** Alias of `to`. */
  in(room: Room | Room[]): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.broadcast.to(room);
  }

  /** Broadcasts to all but a room, this socket left out. */
  except(
    room: Room | Room[],
  ): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.broadcast.except(room);
  }

  /** Everyone of the namespace but this socket. */
  get broadcast(): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return new BroadcastOperator(this.nsp, new Set(), new Set([this.id]), this.#takeFlags() ?? {});
  }

  /** Broadcasts to the sockets of this server only, this socket left out. */
  get local(): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.broadcast.local;
  }

  /** The next packet is dropped if the connection is not ready to send it. */
  get volatile(): this {
    (this.#flags ??= {}).volatile = true;
    return this;
  }

  /** Whether the next packet may be compressed if compression is negotiated. */
  compress(compress: boolean): this {
    (this.#flags ??= {}).compress = compress;
    return this;
  }

  /** The next ack is awaited this long, in milliseconds; its callback gets an error first. */
  timeout(timeout: number): Socket<ListenEvents, DecorateAcknowledgements<EmitEvents>, ServerSideEvents, SocketData> {
    (this.#flags ??= {}).timeout = toMilliseconds(timeout);
    return this as unknown as Socket<ListenEvents, DecorateAcknowledgements<EmitEvents>, ServerSideEvents, SocketData>;
  }

  /** Joins rooms; of a client that is away, for when it comes back. */
  join(rooms: Room | Room[]): Promise<void> | void {
    assertOpen(rooms);
    const list = Array.isArray(rooms) ? rooms : [rooms];
    if (this.#state !== 'disconnected') return this.#joinNow(list);
    this.#recovery?.join(list);
  }

  get #isGone(): boolean {
    return this.#state === 'disconnected';
  }

  /** An adapter may take its time, or end the socket meanwhile, which is then in no room. */
  #joinNow(rooms: Room[]): Promise<void> | void {
    const { adapterPort } = this.nsp;
    const joined = adapterPort.addAll(this.id, new Set(rooms));
    const leaveAgain = (): void => {
      if (this.#isGone) void adapterPort.delAll(this.id);
    };
    leaveAgain();
    if (isThenable(joined)) joined.then(leaveAgain, leaveAgain);
    return joined;
  }

  /** Leaves a room; if the client is away, for when it comes back. */
  leave(room: Room): Promise<void> | void {
    assertOpen(room);
    if (this.#state !== 'disconnected') return this.nsp.adapterPort.del(this.id, room);
    this.#recovery?.leave(room);
  }

  /** Leaves all rooms, that of its own id included. */
  leaveAll(): void {
    if (this.#state === 'disconnected') this.#recovery?.leaveAll();
    else void this.nsp.adapterPort.delAll(this.id);
    this.#identity?.rejoin();
  }

  /** The user that the socket acts for; see `identify`. */
  get userId(): string | undefined {
    return this.#identity?.userId;
  }

  /**
   * Says whom the socket acts for, so that `user(userId)` reaches it, from any server. At `expiresAt` it is disconnected with
   * the code `CREDENTIALS_EXPIRED`; `graceMs` ahead its client gets the event `credentials_expired`, with that time. Called
   * again, it replaces user and time. A session that its client comes back for keeps both, and is gone once the time is over.
   *
   * @throws OptionError for what is no user, no time, or no number of milliseconds
   */
  identify(userId: string, options: IdentifyOptions = {}): void {
    if (this.#state === 'disconnected') return;
    const identity = this.#identity ?? new Identity(this);
    identity.set(userId, options);
    this.#identity = identity;
    this.nsp.server.presenceTracker?.update(this.nsp.name, this.id);
  }

  /**
   * Runs the server's handlers of an event as if the client had sent it; nothing travels.
   *
   * @throws Error for a reserved event name, which no client can send either
   */
  fire(event: string, ...args: unknown[]): void {
    assertEmittable(event);
    if (this.isOpen) this.inbound.receive(noteFired([event, ...args]), -1);
  }

  /**
   * Leaves this namespace, or with `close` ends the client's whole connection. The client does not come back; one that is
   * away has to begin anew.
   */
  disconnect(close = false): this {
    if (this.#state === 'connecting') this.#leavesEarly = close ? 'connection' : (this.#leavesEarly ?? 'namespace');
    if (this.#state === 'disconnected') this.#recovery?.revoke();
    if (this.#state !== 'connected') return this;
    if (close) this.#connection.disconnect();
    else this.dismiss(DISCONNECTED_BY_SERVER);
    return this;
  }

  /** @internal `disconnect` was called before the CONNECT reply, when there is nothing to leave yet; else null. */
  get leavesEarly(): 'namespace' | 'connection' | null {
    return this.#leavesEarly;
  }

  /**
   * Runs before each event that the client emits; `next(error)` refuses it, and so does not answering for `connectTimeout`.
   */
  use(middleware: Middleware<Event>): this {
    this.inbound.use(middleware);
    return this;
  }

  /** Hears every event that the client emits. */
  onAny(listener: AnyListener): this {
    this.inbound.anyListeners = withListener(this.inbound.anyListeners, listener);
    return this;
  }

  /** As `onAny`, in front of the listeners that are there. */
  prependAny(listener: AnyListener): this {
    this.inbound.anyListeners = withListenerInFront(this.inbound.anyListeners, listener);
    return this;
  }

  /** Without a listener: all of them. */
  offAny(listener?: AnyListener): this {
    this.inbound.anyListeners = withoutListener(this.inbound.anyListeners, listener);
    return this;
  }

  /** The listeners of `onAny`. */
  listenersAny(): AnyListener[] {
    return [...(this.#inbound?.anyListeners ?? [])];
  }

  /** Hears every event that is sent to the client. */
  onAnyOutgoing(listener: AnyListener): this {
    this.#anyOutgoingListeners = withListener(this.#anyOutgoingListeners, listener);
    return this;
  }

  /** As `onAnyOutgoing`, in front of the listeners that are there. */
  prependAnyOutgoing(listener: AnyListener): this {
    this.#anyOutgoingListeners = withListenerInFront(this.#anyOutgoingListeners, listener);
    return this;
  }

  /** Removes a listener of `onAnyOutgoing`; without one, all of them. */
  offAnyOutgoing(listener?: AnyListener): this {
    this.#anyOutgoingListeners = withoutListener(this.#anyOutgoingListeners, listener);
    return this;
  }

  /** The listeners of `onAnyOutgoing`. */
  listenersAnyOutgoing(): AnyListener[] {
    return [...(this.#anyOutgoingListeners ?? [])];
  }

  /** @internal Sends an ack, unless the socket is disconnected by now. */
  sendAck(id: number, args: readonly unknown[]): void {
    if (this.#state !== 'connected') return;
    if (this.#connection.usesParser) this.#sendPacket({ type: PacketType.ACK, nsp: this.nsp.name, id, data: args });
    else this.#connection.sendPacket(encodeAck(this.nsp.name, args, id), DEFAULT_WRITE);
  }

  /** @internal Tells listeners of outgoing packets; adapters call it for broadcasts. */
  notifyOutgoingListeners(packet: { data?: unknown; id?: number; terms?: AckTerms }): void {
    if (packet.terms !== undefined) this.#acks?.applyTerms(packet.id!, packet.terms);
    if (this.#anyOutgoingListeners === null) return;
    for (const listener of this.#anyOutgoingListeners) {
      callForeign(listener, this, packet.data as unknown[], this, null);
    }
  }

  /** @internal A heartbeat was sent to the client. */
  handlePing(): void {
    this.nsp.handlers?.ping?.(this);
  }

  /** @internal The client answered a heartbeat. */
  handlePong(): void {
    this.nsp.handlers?.pong?.(this);
  }

  /** @internal The client sent something malformed and its connection ends, or does not keep up and packets are dropped. */
  handleError(error: Error): void {
    this.#emitLocal('error', error);
  }

  /**
   * @internal The namespace took the socket in: sends the CONNECT reply and what was emitted before it. Returns false, and
   * ends the socket, if a custom parser cannot encode the reply.
   */
  open(): boolean {
    this.#state = 'connected';
    void this.join(this.id);
    const restored = this.#resume();
    if (restored !== null && restored.followsReply !== true) this.#sendMissed(restored);
    const reply = this.nsp.server.codec.encode({
      type: PacketType.CONNECT,
      nsp: this.nsp.name,
      data: this.#connectData(),
    });
    if (reply === null) {
      this.#connection.disconnect();
      return false;
    }
    this.#connection.sendUndroppable(reply);
    if (restored?.followsReply === true) this.#sendMissed(restored);
    const early = this.#early;
    this.#early = null;
    if (early !== null) for (const event of early) this.#sendEarly(event);
    return true;
  }

  /** @internal The client came back over another connection: this one is dead, though it does not look so yet. */
  closeAsReplaced(): void {
    this.#connection.closeAsReplaced();
  }

  /** @internal */
  closeConnection(details: DisconnectDetails): void {
    this.#connection.closeConnection(details);
  }

  /**
   * @internal What has ended while its client was being decided about: the session that it came back with, or its
   * credentials. Null if the client may be let in.
   */
  get revocation(): DisconnectDetails | null {
    if (this.#recovery?.isRevoked) return DISCONNECTED_BY_SERVER;
    return this.#identity?.isExpired ? CREDENTIALS_EXPIRED : null;
  }

  /** @internal While its client was being decided about, another connection of the client took the session. */
  get isSuperseded(): boolean {
    return this.#recovery?.isLost === true;
  }

  /** @internal The socket is not let in: a session that its client came back with is not used up. */
  returnSession(): void {
    this.#recovery?.refuse();
  }

  /** @internal */
  handleAck(id: number, args: unknown[]): void {
    this.#acks?.resolve(id, args);
  }

  /** @internal The event that asks for this ack was dropped. Fails later, since its callback may emit again. */
  failAck(id: number): void {
    setImmediate(() => this.#acks?.fail(id, AckError.overflow()));
  }

  /** @internal The ack is not awaited any more. */
  forgetAck(id: number): void {
    this.#acks?.delete(id);
  }

  /** @internal The client is told to leave this namespace, for good. */
  dismiss(details: DisconnectDetails): void {
    if (this.#state !== 'connected') return;
    const packet = this.nsp.server.codec.encode({ type: PacketType.DISCONNECT, nsp: this.nsp.name });
    if (packet !== null) this.#connection.sendUndroppable(packet);
    this.close('server namespace disconnect', details);
  }

  /** @internal The client's connection ends. */
  disconnectClient(details: DisconnectDetails): void {
    this.#connection.disconnect(details);
  }

  /** @internal The only way out: releases everything, then tells. Idempotent. */
  close(reason: DisconnectReason, details: DisconnectDetails): void {
    if (this.#state === 'disconnecting' || this.#state === 'disconnected') return;
    const wasConnected = this.#state === 'connected';
    if (wasConnected) {
      this.#state = 'disconnecting';
      this.#emitLocal('disconnecting', reason, details);
      this.nsp.handlers?.disconnecting?.(this, reason, details);
    }
    this.#state = 'disconnected';
    this.#early = null;
    this.#inbound?.dispose();
    if (wasConnected) this.#recovery?.close(this, RECOVERABLE_REASONS.has(reason));
    // One that came back has its id; the rooms are that one's if its client came back once more meanwhile.
    const holder = this.nsp.sockets.get(this.id);
    if (holder === undefined || holder === this) void this.nsp.adapterPort.delAll(this.id);
    this.nsp.removeSocket(this);
    this.#connection.removeSocket(this);
    this.#acks?.failAll();
    this.#identity?.release();
    if (!wasConnected) return;
    this.nsp.server.counters.disconnected.add(details.code);
    if (POINTS.disconnect.hasSubscribers) POINTS.disconnect.publish({ socket: this, reason, details });
    this.#emitLocal('disconnect', reason, details);
    this.nsp.handlers?.disconnect?.(this, reason, details);
  }

  /** @internal The credentials of its user end soon. */
  onExpiring(expiresAt: number): void {
    void this.emit('credentials_expired' as never, ...([expiresAt] as never));
  }

  /** @internal The credentials of its user have ended. */
  onExpired(): void {
    this.dismiss(CREDENTIALS_EXPIRED);
  }

  /** Puts a restored socket where it was: in its rooms, with its user. Null if there is nothing to restore. */
  #resume(): RestoredSession | null {
    const restored = this.#recovery === null ? null : this.#recovery.open(this);
    if (restored === null) return null;
    if (POINTS.recover.hasSubscribers) {
      const missed = (restored.encodedPackets ?? restored.missedPackets).length;
      POINTS.recover.publish({ socket: this, missed, away: restored.away, reason: undefined });
    }
    void this.nsp.adapterPort.addAll(this.id, new Set(restored.rooms));
    if (this.#identity !== null || userOf(restored.rooms) !== null) {
      (this.#identity ??= new Identity(this)).resume(restored.rooms);
      this.nsp.server.presenceTracker?.update(this.nsp.name, this.id);
    }
    return restored;
  }

  #sendMissed(restored: RestoredSession): void {
    for (const parts of this.nsp.server.codec.encodeMissed(this.nsp.name, restored)) {
      this.#connection.sendPacket(parts, DEFAULT_WRITE);
    }
  }

  #sendEarly({ encoded, options, id }: EarlyEvent): void {
    const isKept =
      this.#recovery !== null && id === undefined && options.volatile !== true && !this.#connection.usesParser;
    this.#write(isKept ? this.#recovery!.record(this.id, encoded) : encoded, options, id);
  }

  /** Clients of Socket.IO 2 are told nothing: they make up the same id as the server. */
  #connectData(): { sid: SocketId; pid?: PrivateSessionId } | undefined {
    if (this.#connection.isLegacy) return undefined;
    return this.#recovery === null ? { sid: this.id } : { sid: this.id, pid: this.#recovery.pid };
  }

  /**
   * Brings an event to its handlers. Packages such as `socketio-wildcard` put a function of their own in its place, as they do
   * with Socket.IO; it gets the event instead, and may call the one that it found.
   */
  onevent(packet: EventPacket): void {
    this.inbound.onEventPacket(packet);
  }

  /** The function that answers the event with this id, for who replaces `onevent`. */
  ack(id: number): (...args: unknown[]) => void {
    return this.inbound.replyTo(id)!.asCallback();
  }

  #receivingAck(
    outbound: OutboundContract,
    event: string,
    kind: AckKind,
    flags: OperatorFlags | null,
    callback: AckCallback,
  ): AckCallback {
    return receivingAck(outbound, event, kind, callback, flags?.timeout ?? this.nsp.ackTimeout, this);
  }

  #emitEvent(data: unknown[], flags: OperatorFlags | null, callback: AckCallback | null, kind: AckKind): boolean {
    if (!OPERATIONS.emit.hasSubscribers) return this.#sendEvent(data, flags, callback, kind);
    const [event, ...args] = data;
    const operation = new EmitOperation(this.nsp.route, event as string, args, NO_ROOMS, this, callback !== null);
    if (callback === null) return operation.run(() => this.#sendEvent(data, flags, null, kind));
    const answering = operation.answering(callback, kind === 'plain');
    return operation.run(() => this.#sendEvent(data, flags, answering, 'error-first'));
  }

  /**
   * Encodes before anything is remembered, so that a value that cannot be sent leaves no trace and what is changed later
   * changes nothing. Returns false if the event was dropped, as far as that can be told.
   */
  #sendEvent(data: unknown[], flags: OperatorFlags | null, callback: AckCallback | null, kind: AckKind): boolean {
    if (this.#recovery !== null && callback === null && this.#state !== 'connecting') {
      return this.#sendRecoverable(this.#recovery, data, flags ?? DEFAULT_FLAGS);
    }
    const id = callback === null ? undefined : this.nsp._ids++;
    const encoded = this.#encode(data, id);
    if (id !== undefined) this.#expectAck(id, callback!, kind, flags);
    if (this.#state === 'disconnected') return flags?.volatile !== true;
    if (this.#anyOutgoingListeners !== null) this.notifyOutgoingListeners({ data });
    const options = flags ?? DEFAULT_WRITE;
    if (this.#state !== 'connecting') return this.#write(encoded, options, id);
    (this.#early ??= []).push({ encoded, options, id });
    return true;
  }

  /** An event that is kept for a client that comes back; also for one that is away now. */
  #sendRecoverable(recovery: SocketRecovery, data: unknown[], flags: OperatorFlags): boolean {
    const encoded = recovery.encode(this.id, data, flags);
    if (encoded !== null) {
      if (!this.connected) return flags.volatile !== true;
      if (this.#anyOutgoingListeners !== null) this.notifyOutgoingListeners({ data });
      return this.#connection.sendPacket(encoded, flags);
    }
    if (this.connected && !this.rooms.has(this.id)) {
      // The adapter would not reach the socket any more, nor restore the event.
      return this.#connection.sendPacket(this.#encode(data, undefined), flags);
    }
    const opts = { rooms: new Set([this.id]), except: new Set<Room>(), flags };
    this.nsp.adapterPort.broadcast({ type: PacketType.EVENT, data }, opts);
    return true;
  }

  #encode(data: unknown[], id: number | undefined): string | EncodedParts {
    if (!this.#connection.usesParser) return encodeEvent(this.nsp.name, data, id);
    return this.nsp.server.encoder.encode({ type: PacketType.EVENT, nsp: this.nsp.name, id, data });
  }

  #write(encoded: string | EncodedParts, options: WriteOptions, id: number | undefined): boolean {
    const isSent = this.#connection.sendPacket(encoded, options);
    if (!isSent && id !== undefined) this.failAck(id);
    return isSent;
  }

  #sendPacket(packet: Packet, options: WriteOptions = DEFAULT_WRITE): boolean {
    return this.#connection.writeToEngine(this.nsp.server.encoder.encode(packet), options);
  }

  #expectAck(id: number, callback: AckCallback, kind: AckKind, flags: OperatorFlags | null): void {
    this.acks.expect(id, kind, flags?.timeout ?? this.nsp.ackTimeout, callback);
    if (this.#state === 'disconnected') this.acks.failAll();
  }

  #takeFlags(): OperatorFlags | null {
    const flags = this.#flags;
    this.#flags = null;
    return flags;
  }

  /** Calls listeners of the application; what they throw is reported. */
  #emitLocal(event: 'disconnect' | 'disconnecting' | 'error', ...args: unknown[]): void {
    callListeners(this, event, args, this, null);
  }
}

const NO_ROOMS: ReadonlySet<Room> = new Set();

const CREDENTIALS_EXPIRED: DisconnectDetails = Object.freeze({
  code: 'CREDENTIALS_EXPIRED',
  message: 'the credentials of the socket have expired',
});

/** One descriptor for all sockets, so that they share a shape. */
const REQUEST_PROPERTY: PropertyDescriptor & ThisType<Socket> = {
  configurable: true,
  enumerable: false,
  get() {
    return this.client.request;
  },
};

const OWN_ONEVENT: unknown = Socket.prototype.onevent;

/** An event that waits, as it will travel. */
interface EarlyEvent {
  readonly encoded: string | EncodedParts;
  readonly options: WriteOptions;
  readonly id: number | undefined;
}

const DEFAULT_WRITE: WriteOptions = Object.freeze({});
const DEFAULT_FLAGS: OperatorFlags = Object.freeze({});
