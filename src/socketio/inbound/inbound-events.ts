import { askForeign, callForeign, type ForeignErrorSink } from '../../common/call-foreign.js';
import { HandleOperation, OPERATIONS, POINTS, type Operation } from '../../common/channels.js';
import type { TimerWheel } from '../../common/timer-wheel.js';
import type { ErrorAck } from '../acks/ack-error.js';
import { AckReply, type AckSender } from '../acks/ack-reply.js';
import type { DisconnectDetails } from '../client/disconnect-reason.js';
import { PacketType } from '../codec/packet.js';
import type { AnyListener, AnyListeners } from '../events/any-listeners.js';
import { CROWD } from './event-measure.js';
import { EventScreening, type ScreeningContext } from './event-screening.js';
import { isFired } from './fired-events.js';
import type { HandlerTable } from './handler-table.js';
import { InboundGate } from './inbound-gate.js';
import { refusalOf, type ExtendedError, type Middleware, type Refusal } from './middleware.js';
import { rateLimited, type EventRateLimiter, type RateLimitAction } from './rate-limit.js';
import { WaitingEvent } from './waiting-event.js';

// oxlint-disable-next-line typescript/no-explicit-any -- an event's arguments, typed so by Socket.IO
export type Event = [event: string, ...args: any[]];

/** An event as `onevent` gets it; `data` begins with its name. */
export interface EventPacket {
  /** The type of the packet. */
  readonly type?: number;
  /** The name of the namespace. */
  readonly nsp?: string;
  /** The name of the event and its arguments. */
  readonly data: unknown[];
  /** Of the ack that is asked for. */
  readonly id?: number;
}

/** Bounds of the events of one socket that wait for the application. */
interface PendingLimits {
  readonly maxPendingEvents: number;
  readonly maxPendingBytes: number;
  readonly maxUndecidedBytes: number;
}

/** The server of a socket, as the socket's events see it. */
interface InboundServer<S> {
  readonly wheel: TimerWheel;
  readonly settings: PendingLimits & { readonly settleAcks: boolean };
  readonly options: { readonly connectTimeout: number; warnOfReplacedOnevent(event: string): void };
  readonly counters: { unknownEvents: number; undecidedEvents: number; rateLimited: number };
  readonly openHandles: Set<Operation>;
  readonly unknownNames: { onUnknownEvent(socket: S, event: string, isFired: boolean): void } | null;
}

/** A socket, as its events see it. */
export interface InboundSocket<S> extends AckSender {
  readonly nsp: {
    readonly name: string;
    readonly route: string;
    readonly handlers: HandlerTable<S> | null;
    readonly server: InboundServer<S>;
  };
  /** Whether it takes events: not once its end is being told. */
  readonly isOpen: boolean;
  /** Brings an event to its handlers; applications may replace it. */
  readonly onevent: (packet: EventPacket) => void;
  listenerCount(event: string): number;
  rawListeners(event: string): Function[];
  on(event: never, listener: never): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
  readonly connection: { readonly usesParser: boolean };
  reportError(error: unknown): void;
  handleError(error: Error): void;
  /** Ends the namespace for the client. */
  dismiss(details: DisconnectDetails): void;
  /** Ends the whole connection. */
  disconnectClient(details: DisconnectDetails): void;
}

/**
 * What a client emits on one socket, from its packet to the handlers: held against the rate, held back while the connect
 * handler runs, shown to the listeners of every event, screened by the middlewares, delivered.
 */
export class InboundEvents<S extends InboundSocket<S>> implements ScreeningContext, ForeignErrorSink<AckReply | null> {
  /** Hear every event. */
  anyListeners: AnyListeners = null;
  /** Null if no event waits, nor has to. */
  #gate: InboundGate | null = null;
  #isConnecting = false;
  #isReleasing = false;
  /** What events hold that wait for what comes before their handlers, in bytes. */
  #undecidedBytes = 0;
  #screening: EventScreening<Event> | null = null;
  /** Events that wait for what comes before their handler. */
  #waiting: Set<WaitingEvent> | null = null;
  /** What a replaced `onevent` has at the moment. */
  #passing: PassedEvent | null = null;

  constructor(
    private readonly socket: S,
    /** The socket's own function for events. */
    private readonly onevent: unknown,
    /** Of the connection; null if events are not bounded. */
    private readonly rateLimiter: EventRateLimiter | null,
  ) {}

  get wheel(): TimerWheel {
    return this.socket.nsp.server.wheel;
  }

  get isOpen(): boolean {
    return this.socket.isOpen;
  }

  /** Holds an event against the rate that is allowed, by its name alone; one that comes too early is refused here. */
  takes(event: string, id: number): boolean {
    const limiter = this.rateLimiter;
    if (limiter === null) return true;
    const wasOver = limiter.isOver;
    const wait = limiter.take(event);
    if (wait > 0) this.refuse(wait, limiter.onLimit, id === -1 ? null : new AckReply(this.socket, id), !wasOver);
    return wait === 0;
  }

  /** Refuses an event above the rate limit: with an error ack or, without an ack, with one `exception` per burst. */
  refuse(wait: number, onLimit: RateLimitAction, reply: AckReply | null, isFirst: boolean): void {
    const { socket } = this;
    socket.nsp.server.counters.rateLimited++;
    if (POINTS.rateLimit.hasSubscribers) POINTS.rateLimit.publish({ socket, retryAfter: Math.ceil(wait) });
    if (onLimit === 'disconnect') socket.disconnectClient(RATE_LIMITED);
    // No handler will give the ack.
    else if (reply !== null) reply.fail(rateLimited(wait));
    // A flood is not to be answered by a flood.
    else if (isFirst) socket.nsp.handlers?.onRefused?.(socket, rateLimited(wait));
  }

  /** Whether anything looks at the arguments of an event that would come now. */
  reads(event: string): boolean {
    if (this.#gate !== null || this.#screening !== null || this.anyListeners !== null) return true;
    const { socket } = this;
    if (socket.onevent !== this.onevent || socket.listenerCount(event) > 0) return true;
    const { handlers } = socket.nsp;
    return handlers !== null && (handlers.readsArguments(event) || OPERATIONS.handle.hasSubscribers);
  }

  /** An event from the client. `args` begins with its name; `id` is −1 if no ack is asked. */
  receive(args: unknown[], id: number): void {
    if (this.#gate === null) this.#dispatch(args, id);
    else if (!this.#wait(this.#gate, args, id)) this.socket.dismiss(FLOODED);
  }

  /** Events wait from now on, until `release`: the connect handler runs. */
  hold(): void {
    this.#isConnecting = true;
    this.#openGate();
  }

  release(): void {
    this.#isConnecting = false;
    this.#releaseGate();
  }

  /**
   * An event has to wait for a decision, decoded as it is. From some bytes on, those behind it wait as they travel.
   *
   * @param bytes what the event holds; given back by `onDecided`
   */
  onUndecided(bytes: number): void {
    this.#undecidedBytes += bytes;
    if (this.#isCrowded) this.#openGate();
  }

  /** The event is delivered or refused. */
  onDecided(bytes: number): void {
    this.#undecidedBytes -= bytes;
    this.#releaseGate();
  }

  /**
   * An event waits from now on, as `onUndecided` says, but others wait for it no longer than a connect may take: what it waits
   * for may never come.
   */
  startWait(bytes: number): WaitingEvent {
    const event = new WaitingEvent(this, bytes);
    // Without a socket that takes events there are none that could wait behind it.
    if (!this.isOpen) return event;
    (this.#waiting ??= new Set()).add(event);
    this.wheel.schedule(event, this.socket.nsp.server.options.connectTimeout);
    this.onUndecided(bytes);
    return event;
  }

  endWait(event: WaitingEvent): void {
    if (!this.#waiting?.delete(event)) return;
    this.wheel.cancel(event);
    this.onDecided(event.bytes);
  }

  /** Calls `pass` with what a promise has. Until then the event waits. */
  async passAfter<V, T>(decision: PromiseLike<V>, bytes: number, pass: (value: V) => T): Promise<Awaited<T>> {
    const wait = this.startWait(bytes);
    try {
      const result = pass(await decision);
      // With an await those that wait behind the event would wait for its handler as well.
      return result as Awaited<T>;
    } finally {
      wait.end();
    }
  }

  /** Adds a middleware, which runs before each event. */
  use(middleware: Middleware<Event>): void {
    (this.#screening ??= new EventScreening(this)).use(middleware);
  }

  /** The socket is gone. */
  dispose(): void {
    this.#gate = null;
    this.#screening?.dispose();
    for (const event of this.#waiting ?? []) this.wheel.cancel(event);
    this.#waiting = null;
  }

  /** The socket's own function for events was called. */
  onEventPacket({ data, id = -1 }: EventPacket): void {
    if (this.#passing !== null) {
      this.#passing.isPassedOn = true;
      this.socket.off(this.#passing.event, this.#passing.bridge);
    }
    this.#handle(data, id);
  }

  /** The answer to the event with this id; null for −1. */
  replyTo(id: number): AckReply | null {
    if (id === -1) return null;
    const reply = this.#passing?.reply;
    return reply?.id === id ? reply : new AckReply(this.socket, id);
  }

  passEvent(args: unknown[], reply: AckReply | null): void {
    if (this.isOpen) this.#deliver(args, reply);
  }

  /** What a middleware threw, instead of passing it to `next`, was not meant for the client. */
  refuseScreened(error: ExtendedError, wasThrown: boolean, reply: AckReply | null): void {
    const { socket } = this;
    const refusal = refusalOf(error, wasThrown);
    if (this.isOpen && socket.listenerCount('error') > 0) socket.handleError(error);
    else if (refusal === null) socket.reportError(error);
    if (reply === null || !socket.nsp.server.settings.settleAcks) return;
    // The callback, since what the middleware says may not be sendable.
    reply.asCallback()(refusal === null ? INTERNAL_ERROR : toErrorAck(refusal));
  }

  giveUpScreened(reply: AckReply | null): void {
    const { counters, settings } = this.socket.nsp.server;
    counters.undecidedEvents++;
    if (reply !== null && settings.settleAcks) reply.fail(MIDDLEWARE_TIMEOUT);
  }

  /** What a listener threw; with `reply`, also the one that should have answered. */
  onForeignError(error: unknown, reply: AckReply | null): void {
    this.#fail(error, reply, null);
  }

  get #isCrowded(): boolean {
    return this.#undecidedBytes >= CROWD;
  }

  #openGate(): void {
    this.#gate ??= new InboundGate(this.socket.connection.usesParser);
  }

  /** Returns false if no more may wait. */
  #wait(gate: InboundGate, args: unknown[], id: number): boolean {
    const { maxPendingEvents, maxPendingBytes, maxUndecidedBytes } = this.socket.nsp.server.settings;
    if (this.#isConnecting && gate.count >= maxPendingEvents) return false;
    gate.hold(args, id);
    return gate.bytes <= (this.#isConnecting ? maxPendingBytes : maxUndecidedBytes);
  }

  /** Lets events through for as long as they have not to wait again; many of them in several turns, as they have come. */
  #releaseGate(): void {
    // One that is let through may be decided about at once, with others before it.
    if (this.#isReleasing) return;
    this.#isReleasing = true;
    let isPausing = false;
    try {
      isPausing = this.#releaseUntil(performance.now() + TURN_MS);
    } finally {
      this.#isReleasing = isPausing;
    }
    if (isPausing) setImmediate(() => this.#goOnReleasing());
  }

  #goOnReleasing(): void {
    this.#isReleasing = false;
    this.#releaseGate();
  }

  /** Returns whether it stopped because of the time. */
  #releaseUntil(end: number): boolean {
    while (this.#gate !== null && !this.#isConnecting && !this.#isCrowded) {
      if (this.#gate.count === 0) this.#gate = null;
      else if (performance.now() > end) return true;
      else this.#gate.releaseOne((args, id) => this.isOpen && this.#dispatch(args, id));
    }
    return false;
  }

  #dispatch(args: unknown[], id: number): void {
    if (this.socket.onevent === this.onevent) this.#handle(args, id);
    else this.#callReplacement(args, id);
  }

  /**
   * The decorated handlers are in no listener table. While a replacement runs they stand there as one listener, since it may
   * emit the event on the socket instead of calling the function that it found.
   */
  #callReplacement(args: unknown[], id: number): void {
    const { socket } = this;
    const { name, handlers, server } = socket.nsp;
    const event = String(args[0]);
    const handler = handlers?.handlerOf(event) ?? null;
    const reply = this.replyTo(id);
    const bridge = (...emitted: unknown[]): void => {
      passing.isPassedOn = true;
      handler!(socket, typeof emitted.at(-1) === 'function' ? emitted.slice(0, -1) : emitted, reply, event);
    };
    const passing: PassedEvent = { event, reply, bridge, isPassedOn: handler === null };
    const packet = { type: PacketType.EVENT, nsp: name, data: args };
    this.#passing = passing;
    if (handler !== null) socket.on(event as never, bridge as never);
    callForeign(socket.onevent, socket, [id === -1 ? packet : { ...packet, id }], this, null);
    socket.off(event, bridge);
    this.#passing = null;
    if (!passing.isPassedOn) server.options.warnOfReplacedOnevent(event);
  }

  #handle(args: unknown[], id: number): void {
    const reply = this.replyTo(id);
    if (this.anyListeners !== null) this.#notifyAny(args, reply);
    if (this.#screening === null) this.#deliver(args, reply);
    else this.#screening.run(args, reply, this.socket.nsp.server.options.connectTimeout);
  }

  #notifyAny(args: unknown[], reply: AckReply | null): void {
    const all = reply === null ? args : [...args, reply.asCallback()];
    for (const listener of this.anyListeners!) callForeign(listener, this.socket, all, this, reply);
  }

  #deliver(args: unknown[], reply: AckReply | null): void {
    const { socket } = this;
    // A number is the name of an event as well, as in Socket.IO.
    const event = String(args.shift());
    const { handlers } = socket.nsp;
    const handler = handlers === null ? null : handlers.handlerOf(event);
    const listens = socket.listenerCount(event) > 0;
    if (handler !== null) {
      // Listeners may keep or change their array; the handler must not see that.
      handler(socket, listens ? args.slice() : args, reply, event);
    }
    if (listens) this.#callListeners(event, args, reply);
    else if (handler === null) this.#onUnknown(event, args, reply);
  }

  /** One by one instead of by `emit`: a listener that throws or rejects must not end the process. */
  #callListeners(event: string, args: unknown[], reply: AckReply | null): void {
    const isTraced = OPERATIONS.handle.hasSubscribers;
    const given = isTraced ? args.slice() : args;
    if (reply !== null) args.push(reply.asCallback());
    for (const listener of this.socket.rawListeners(event) as AnyListener[]) {
      if (isTraced) this.#callTraced(listener, args, reply, event, given);
      else callForeign(listener, this.socket, args, this, reply);
    }
  }

  #callTraced(listener: AnyListener, args: unknown[], reply: AckReply | null, event: string, given: unknown[]): void {
    const { socket } = this;
    const { name } = (listener as { listener?: AnyListener }).listener ?? listener;
    const operation = new HandleOperation(socket, socket.nsp.route, event, event, given, name, reply !== null);
    operation.keepIn(socket.nsp.server.openHandles);
    operation.defer();
    operation.run(() =>
      askForeign(listener, socket, args, (error) => {
        if (error !== null) this.#fail(error, reply, operation);
        operation.finish();
      }),
    );
  }

  #fail(error: unknown, reply: AckReply | null, operation: HandleOperation<unknown> | null): void {
    this.socket.reportError(error);
    const isTold = reply !== null && this.socket.nsp.server.settings.settleAcks && reply.fail(INTERNAL_ERROR);
    if (operation === null) return;
    operation.fail(error);
    operation.tell(isTold ? INTERNAL_ERROR : undefined, true);
  }

  #onUnknown(event: string, args: unknown[], reply: AckReply | null): void {
    const { socket } = this;
    const { name, server } = socket.nsp;
    server.counters.unknownEvents++;
    if (POINTS.unhandled.hasSubscribers) POINTS.unhandled.publish({ socket, event });
    server.unknownNames?.onUnknownEvent(socket, event, isFired(args));
    if (reply === null || !server.settings.settleAcks) return;
    const message = `No handler for event ${JSON.stringify(event)} in namespace ${JSON.stringify(name)}`;
    reply.fail({ status: 'error', message, code: 'UNKNOWN_EVENT' });
  }
}

/** How long events of one socket that have waited may keep the process from all others, in milliseconds. */
const TURN_MS = 10;

/** An event on its way through a function that someone put in place of `onevent`. */
interface PassedEvent {
  readonly event: string;
  readonly reply: AckReply | null;
  /** A listener for the decorated handlers. */
  readonly bridge: (...args: unknown[]) => void;
  isPassedOn: boolean;
}

/** What a middleware passed to `next`, for the client. */
function toErrorAck({ message, data, code, statusCode }: Refusal): ErrorAck {
  return {
    status: 'error',
    message,
    ...(typeof code === 'string' ? { code } : null),
    ...(typeof statusCode === 'number' ? { statusCode } : null),
    ...(data === undefined ? null : { details: data }),
  };
}

const RATE_LIMITED: DisconnectDetails = Object.freeze({
  code: 'RATE_LIMITED',
  message: 'the client sent too many events',
});

const FLOODED: DisconnectDetails = Object.freeze({
  code: 'TOO_MANY_PENDING_EVENTS',
  message: 'too many events of the client wait for the application',
});

const INTERNAL_ERROR: ErrorAck = Object.freeze({
  status: 'error',
  message: 'Internal server error',
  code: 'INTERNAL_ERROR',
});

const MIDDLEWARE_TIMEOUT: ErrorAck = Object.freeze({
  status: 'error',
  message: 'The server did not decide in time',
  code: 'MIDDLEWARE_TIMEOUT',
});
