import {
  ParentNamespace,
  matchesRoom,
  type DisconnectDetails,
  type DisconnectReason,
  type EventHandler,
  type HandlerTable,
  type Namespace,
  type PresenceChange,
  type RoomPattern,
  type Socket,
} from '../../socketio/index.js';
import type { LifecycleKind } from '../decorators/handler-metadata.js';
import { nameOf } from '../discovery/gateway-descriptor.js';
import type { AnyContract } from '../../contract/index.js';
import { authSchemaOf } from '../../contract/runtime.js';
import { BindingError } from '../errors/binding.error.js';
import { createScope } from '../pipeline/async-scope.js';
import type { BoundHandler } from '../pipeline/handler-factory.js';
import { Invocation } from '../pipeline/invocation.js';
import { ConnectGuards } from './connect-guards.js';
import { ConnectHandlers } from './connect-handlers.js';
import type { Coverage } from './contract-coverage.js';
import type { DispatchContext } from './dispatch-context.js';
import { EventBinding } from './event-binding.js';
import { OwnAckRule } from './own-ack-rule.js';
import { trackCheck } from './track-check.js';

/** The handlers of one namespace, or of all that a pattern makes. */
export class NamespaceBinding {
  readonly #table: HandlerTable<Socket>;
  readonly #events = new Map<string, EventBinding>();
  /** Handlers of every event. */
  readonly #wildcards: BoundHandler[] = [];
  /** What answers an event beside or instead of them: gateways of `@nestjs/websockets`. */
  readonly #messages = new Map<string, EventHandler<Socket>>();
  readonly #presence: { readonly rooms: readonly RoomPattern[]; readonly handler: BoundHandler }[] = [];
  readonly #lifecycle = new Map<Lifecycle, BoundHandler[]>();
  readonly #guards: ConnectGuards;
  readonly #connectHandlers: ConnectHandlers;
  readonly #rule: OwnAckRule;
  #checksHandshake = false;
  /** Let go of what handlers with a scope have made for a socket. */
  readonly #releases = new Set<(socket: Socket) => void>();

  constructor(
    private readonly namespace: Namespace,
    private readonly context: DispatchContext,
    connectTimeout: number,
  ) {
    this.#table = namespace.handlerTable();
    this.#guards = new ConnectGuards(context);
    this.#connectHandlers = new ConnectHandlers(context, connectTimeout);
    this.#rule = new OwnAckRule(context);
    this.#table.onRefused = (socket, error) => void socket.emit('exception', error);
    this.#table.disconnect = (socket, reason, details) => this.#disconnect(socket, reason, details);
    // Children copy the middlewares of their pattern when they are made; handlers may come later.
    if (namespace instanceof ParentNamespace) this.#checkHandshakes();
  }

  /** @throws BindingError if two handlers claim one ack */
  add(handler: BoundHandler): void {
    const { subject } = handler.descriptor;
    this.releaseAfter(handler);
    if (subject.kind === 'message') throw new TypeError('messages are bound by addMessages()');
    else if (subject.kind === 'presence') this.#addPresence(subject.rooms, handler);
    else if (subject.kind !== 'event') this.#addLifecycle(subject.kind, handler);
    else if (subject.event === '*') this.#addWildcard(handler);
    else this.#addEvent(subject.event, handler);
  }

  /** Applies a contract: its schema of auths, and what it says of emits. */
  adopt(contract: AnyContract): void {
    this.namespace.adopt(contract);
    const auth = authSchemaOf(contract);
    if (auth === null) return;
    this.#guards.validateAuth(auth);
    this.#checkHandshakes();
  }

  /** How an event is handled, apart from handlers of every event. */
  coverageOf(event: string): Coverage {
    const binding = this.#events.get(event);
    if (this.#messages.has(event) || binding?.claimant !== undefined) return 'answered';
    return binding === undefined || binding.isEmpty ? 'none' : 'heard';
  }

  /**
   * Lets gateways of `@nestjs/websockets` answer an event; handlers of this package hear it as well, before them.
   *
   * @throws BindingError if one of these answers too
   */
  addMessages(event: string, messages: EventHandler<Socket>, owner: string): void {
    const claimant = this.#events.get(event)?.claimant;
    if (claimant !== undefined) {
      throw new BindingError(
        `${nameOf(claimant.descriptor)} and ${owner} both answer the event "${event}". Keep one of them, or use @OnEvent.`,
      );
    }
    this.#messages.set(event, messages);
    this.#publish(event);
  }

  /** What the handler's provider made for a socket goes once the socket is gone and its handlers are through. */
  releaseAfter({ release }: BoundHandler): void {
    if (release !== null) this.#releases.add(release);
  }

  /** Runs the `@OnError` handlers. Throws nothing. */
  handleError(error: unknown, socket: Socket | undefined): void {
    for (const handler of this.#handlersOf('error')) {
      this.#runDetached(handler, socket, [error, socket], 'error');
    }
  }

  /** Runs the `@OnShutdown` handlers. Does not reject. */
  async handleShutdown(): Promise<void> {
    await Promise.all(
      this.#handlersOf('shutdown').map((handler) => this.#runDetached(handler, undefined, [], 'shutdown')),
    );
  }

  get handlesErrors(): boolean {
    return this.#lifecycle.has('error');
  }

  #addEvent(event: string, handler: BoundHandler): void {
    this.#eventOf(event).add(handler);
    this.#publish(event);
  }

  #eventOf(event: string): EventBinding {
    let binding = this.#events.get(event);
    if (binding === undefined) {
      this.#events.set(event, (binding = new EventBinding(event, this.#rule, this.context)));
      for (const wildcard of this.#wildcards) binding.add(wildcard);
    }
    return binding;
  }

  /** Puts the handlers of an event, as they are now, into the table. */
  #publish(event: string): void {
    const binding = this.#eventOf(event);
    const own = binding.isEmpty ? null : binding.compile();
    const messages = this.#messages.get(event) ?? null;
    const published = own === null || messages === null ? (own ?? messages) : inTurn(own, messages);
    if (published !== null) this.#table.events.set(event, published);
    if (published === null || messages !== null || binding.readsArguments) this.#table.withoutArguments.delete(event);
    else this.#table.withoutArguments.add(event);
  }

  #addWildcard(handler: BoundHandler): void {
    this.#wildcards.push(handler);
    for (const [event, binding] of this.#events) {
      binding.add(handler);
      this.#publish(event);
    }
    const binding = new EventBinding('*', this.#rule, this.context);
    for (const wildcard of this.#wildcards) binding.add(wildcard);
    this.#table.anyEvent = binding.compile();
  }

  #addLifecycle(kind: Lifecycle, handler: BoundHandler): void {
    this.#lifecycle.set(kind, [...this.#handlersOf(kind), handler]);
    if (kind === 'handshake' || kind === 'connect' || kind === 'guards') this.#checkHandshakes();
    if (kind === 'connect' || kind === 'open') {
      this.#table.connect ??= (socket) => this.#guards.scopeOf(socket).runInAsyncScope(() => this.#connect(socket));
    }
    if (kind === 'disconnecting') {
      this.#table.disconnecting ??= (socket, reason, details) => this.#disconnecting(socket, reason, details);
    }
    if (kind === 'ping' || kind === 'pong') this.#table[kind] ??= (socket) => this.#onHeartbeat(kind, socket);
  }

  #addPresence(rooms: readonly RoomPattern[], handler: BoundHandler): void {
    this.namespace.server.keepPresence(rooms);
    this.#presence.push({ rooms, handler });
    this.#table.presence ??= (change) => {
      for (const hears of this.#presence) {
        if (!isAbout(change, hears.rooms)) continue;
        void createScope().runInAsyncScope(() => this.#runDetached(hears.handler, undefined, [change], 'presence'));
      }
    };
  }

  #handlersOf(kind: Lifecycle): readonly BoundHandler[] {
    return this.#lifecycle.get(kind) ?? [];
  }

  #checkHandshakes(): void {
    if (this.#checksHandshake) return;
    this.#checksHandshake = true;
    this.namespace.handlerMiddlewares++;
    this.namespace.use((socket, next) => {
      const handlers = (['handshake', 'guards', 'connect'] as const).flatMap((kind) => this.#handlersOf(kind));
      const check = this.#guards.check(socket, handlers).then((refusal) => {
        next(refusal);
        if (socket.leavesEarly === 'connection') socket.connection.disconnect();
      });
      trackCheck(this.context.inFlight, check, socket);
    });
  }

  /** A promise only if a handler is asynchronous; events of the socket wait for it. */
  #connect(socket: Socket): Promise<void> | void {
    for (const handler of this.#handlersOf('open')) void this.#runDetached(handler, socket, [], 'connect');
    return this.#connectHandlers.run(socket, this.#handlersOf('connect'));
  }

  /** Its rooms are still there; that it goes cannot be held up. */
  #disconnecting(socket: Socket, reason: DisconnectReason, details: DisconnectDetails): void {
    this.#guards.scopeOf(socket).runInAsyncScope(() => {
      for (const handler of this.#handlersOf('disconnecting')) {
        this.context.departures.track(this.#runDetached(handler, socket, [reason, details], 'disconnecting'));
      }
    });
  }

  #disconnect(socket: Socket, reason: DisconnectReason, details: DisconnectDetails): void {
    const { streams, unanswered, departures } = this.context;
    streams.endOf(socket);
    unanswered.forget(socket);
    const closing = CLOSED_BY_SERVER.has(reason) ? this.#handlersOf('close') : [];
    const run = (handler: BoundHandler, step: 'close' | 'disconnect'): Promise<void> => {
      const work = this.#runDetached(handler, socket, [reason, details], step);
      departures.track(work);
      return work;
    };
    const work = this.#guards
      .scopeOf(socket)
      .runInAsyncScope(() => [
        ...closing.map((handler) => run(handler, 'close')),
        ...this.#handlersOf('disconnect').map((handler) => run(handler, 'disconnect')),
      ]);
    if (this.#releases.size === 0) return;
    void Promise.all(work).then(() => {
      for (const release of this.#releases) release(socket);
    });
  }

  #onHeartbeat(kind: 'ping' | 'pong', socket: Socket): void {
    for (const handler of this.#handlersOf(kind)) {
      void createScope().runInAsyncScope(() => this.#runDetached(handler, socket, [], kind));
    }
  }

  /**
   * Runs a handler whose result only a shutdown waits for. Guards decide about clients and what they send;
   * a refusal here would only keep the handler from its clean-up. Never rejects.
   */
  #runDetached(
    handler: BoundHandler,
    socket: Socket | undefined,
    args: unknown[],
    step: LifecycleKind | 'presence',
  ): Promise<void> {
    const { inFlight, streams, failures } = this.context;
    const call = Invocation.of(handler, handler.pipeline, socket, args, null, step);
    const run = async (): Promise<void> => {
      try {
        call.pipeline ??= await handler.resolvePipeline(socket);
        await streams.completion(call.pipeline.invoke(socket, args, null, step), null);
      } catch (error) {
        // An error in an error handler can only be logged.
        if (step === 'error') this.context.log(error);
        else await failures.onDetachedError(error, call);
      }
    };
    const work = run();
    // Goodbyes are waited for before, and no second time: one of them may await the end itself.
    if (step !== 'shutdown') inFlight.track(work);
    return work;
  }
}

/** A handler without rooms hears of the namespace itself. */
function isAbout({ room }: PresenceChange, rooms: readonly RoomPattern[]): boolean {
  return room === undefined ? rooms.length === 0 : matchesRoom(rooms, room);
}

type Lifecycle = LifecycleKind | 'guards' | 'open';

/** The ack is that of the second; the first gets arguments of its own and tells of its errors by `exception`. */
function inTurn(first: EventHandler<Socket>, second: EventHandler<Socket>): EventHandler<Socket> {
  return (socket, args, reply, event) => {
    first(socket, args.slice(), null, event);
    second(socket, args, reply, event);
  };
}

const CLOSED_BY_SERVER: ReadonlySet<DisconnectReason> = new Set([
  'server namespace disconnect',
  'forced server close',
  'forced close',
  'server shutting down',
  'send queue overflow',
]);
