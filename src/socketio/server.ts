import { EventEmitter } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { AnyContract } from '../contract/index.js';
import { isContract } from '../contract/runtime.js';
import {
  EngineServer,
  Session,
  Timer,
  TimerWheel,
  adoptSession,
  type EngineSession,
  type ForeignEngine,
  type ForeignSocket,
} from '../engine/index.js';
import { OPERATIONS, POINTS, ShutdownOperation, type Operation } from '../common/channels.js';
import { CONSOLE, callForeign, callListeners, watch } from '../common/call-foreign.js';
import type { AnyNamespace, AnyServer } from './any-types.js';
import type { AdapterConstructor, Room, SocketId } from './adapter/adapter.js';
import { BroadcastingEmitter, type Everyone } from './broadcast/broadcasting.js';
import { EMIT_BY_IDS, emitLocally } from './broadcast/emit-by-id.js';
import { SharedEncoding } from './broadcast/shared-encoding.js';
import { AdapterClaims, MemoryClaims, type Claims } from './cluster/claims.js';
import { ClusterRequests } from './cluster/cluster-requests.js';
import { COUNT, countLocally, countSockets } from './cluster/count-sockets.js';
import type { ParserEncoder } from './codec/parser.js';
import { Connection } from './connection.js';
import { EventQueue } from './inbound/event-queue.js';
import type { Namespace, NamespaceOf, ServerReservedEvents } from './namespace.js';
import { NamespaceRegistry } from './namespace-registry.js';
import type { NamespaceMatcher } from './parent-namespace.js';
import type { PartialNamespace } from './broadcast/partial-namespace.js';
import { MemoryAdapter } from './adapter/memory-adapter.js';
import { RecoveryMemory } from './recovery/recovery-memory.js';
import { Presence, type PresenceMessage } from './presence/presence.js';
import { PRESENCE_DEFAULTS, type PresenceRules, type RoomPattern } from './presence/presence-options.js';
import { PresenceTarget } from './presence/presence-target.js';
import {
  SERVER_DEFAULTS,
  type ResolvedServerOptions,
  type ServerDefaults,
  type ServerOptions,
} from './server-options.js';
import { ServerCodec } from './server-codec.js';
import { ServerEngines } from './server-engines.js';
import { ServerSettings } from './server-settings.js';
import { ServerCounters, snapshotOf, type ServerStats } from './server-stats.js';
import type { Socket } from './socket.js';
import { DISCONNECT_USER, UserTarget, disconnectLocally, type UserSpace } from './broadcast/user-target.js';
import type { ExtendedError, Middleware } from './inbound/middleware.js';
import type {
  AllButLast,
  DecorateAcknowledgementsWithTimeoutAndMultipleResponses,
  DefaultEventsMap,
  EventNames,
  EventNamesWithAck,
  EventParams,
  EventsMap,
  FirstNonErrorArg,
  Last,
} from './events/typed-events.js';

/** What servers tell each other of who is online. */
const PRESENCE = 'presence';

/** Hears what clients ask for in vain. */
export interface UnknownNamesListener {
  /** @param isFired whether `fire()` has handed it over, instead of the client */
  onUnknownEvent(socket: Socket, event: string, isFired: boolean): void;
  onUnknownNamespace(name: string): void;
}

/**
 * A Socket.IO server (socket.io-protocol, revision 5) with the API of the package `socket.io` 4.8.
 *
 * Emitter methods and broadcasts act on the main namespace `/`. Each server is an island: nothing is shared between two
 * of them in one process.
 */
export class Server<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  // oxlint-disable-next-line typescript/no-explicit-any -- as in Socket.IO
  SocketData = any,
> extends BroadcastingEmitter<
  ServerSideEvents,
  EmitEvents,
  ServerReservedEvents<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
  SocketData
> {
  /** The main namespace. */
  readonly sockets: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** The HTTP server that was attached last. */
  httpServer!: HttpServer;
  /** @internal What `stats()` tells of. */
  readonly counters = new ServerCounters();
  /** @internal Handlers that run, if something listens for them: the end of the server is theirs too. */
  readonly openHandles = new Set<Operation>();
  /** @internal Hears of events and namespaces that clients name and that are not there; null in production. */
  unknownNames: UnknownNamesListener | null = null;
  /** @internal Asked about every connection to any namespace, before its middlewares, and about a comeback as well. */
  readonly gates: Middleware<Socket>[] = [];
  /** @internal All timeouts of this server but those of `idleWheel`. */
  readonly wheel = new TimerWheel();
  /** @internal Questions to the other servers of the cluster. */
  readonly cluster = new ClusterRequests({
    wheel: this.wheel,
    isAlone: () => this.sockets.adapter.serverSideEmit === MemoryAdapter.prototype.serverSideEmit,
    serverCount: () => this.sockets.adapterPort.serverCount(),
    send: (message) => watch(this.sockets.adapterPort.serverSideEmit(message), this.sockets, undefined),
    reportError: (error) => this.reportError(error),
  });
  /** @internal Who is online; null if nobody wants to know. */
  presenceTracker: Presence | null = null;
  /** @internal Null if events are dispatched as they come. */
  readonly events: EventQueue | null;
  /** @internal */
  readonly namespaces: NamespaceRegistry<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** @internal The options of this server. */
  readonly options: ServerSettings;
  /** @internal How its packets are written and read. */
  readonly codec: ServerCodec;
  /** @internal What the recipients of a broadcast share. */
  readonly shared = new SharedEncoding();
  readonly #engines: ServerEngines;
  #idleWheel: TimerWheel | null = null;
  #isEnded = false;
  /** The end that is under way, with the first error of an HTTP server; null: none. */
  #closing: Promise<Error | undefined> | null = null;
  #claims: Claims | null = null;
  #recoveryMemory: RecoveryMemory | null = null;

  /**
   * @param server an HTTP server to attach to, a port to listen on, or the options
   * @throws OptionError for a wrong option
   */
  constructor(server?: HttpServer | number | ServerOptions, options?: ServerOptions);
  /** @internal */
  constructor(
    server: HttpServer | number | ServerOptions | undefined,
    options: ServerOptions | undefined,
    defaults: ServerDefaults | undefined,
  );
  constructor(
    server?: HttpServer | number | ServerOptions,
    options?: ServerOptions,
    defaults: ServerDefaults = SERVER_DEFAULTS,
  ) {
    super();
    const target = isListenable(server) ? server : undefined;
    const given = (target === undefined ? (server as ServerOptions | undefined) : undefined) ?? options ?? {};
    this.options = new ServerSettings(given, defaults);
    this.codec = new ServerCodec(this.options, this);
    this.#engines = new ServerEngines(this);
    this.events = defaults.defersEvents ? new EventQueue((error) => this.reportError(error)) : null;
    this.namespaces = new NamespaceRegistry(this);
    this.sockets = this.of('/');
    this.cluster.handle(EMIT_BY_IDS, (ids: SocketId[], event: string, args: unknown[]) => {
      return emitLocally(this._nsps, ids, event, args);
    });
    this.cluster.handle(DISCONNECT_USER, (userId: string, message: string) => {
      disconnectLocally(this._nsps.values(), userId, message);
    });
    if (this.settings.presence !== null) this.#startPresence(this.settings.presence);
    this.cluster.handle(COUNT, (name: string, room: Room | null) => countLocally(this.namespaces, name, room));
    if (POINTS.server.hasSubscribers) POINTS.server.publish({ server: this, isOpen: true });
    if (target !== undefined) this.attach(target);
  }

  /**
   * @internal Takes options that became known later, before the engine was made; they replace none that is set.
   *
   * @throws OptionError for a wrong option
   */
  extend(more: ServerOptions): void {
    const { adapter } = this.options;
    this.options.extend(more);
    if (more.parser !== undefined) this.codec.replaceEncoder();
    if (this.options.adapter !== adapter) this.#replaceAdapters();
  }

  /** @internal The options after all checks. */
  get settings(): ResolvedServerOptions {
    return this.options.resolved;
  }

  /** The options as given, with what adapters read filled in; frozen. */
  get opts(): ServerOptions {
    return this.options.opts;
  }

  /**
   * The Engine.IO server. Before the server is attached, in an application of Nest before `onApplicationBootstrap`, it takes
   * listeners and middlewares for the engine to come, and says of all else that it comes too early.
   */
  get engine(): EngineServer {
    return this.#engines.engine;
  }

  /** @internal Null before the server is attached. */
  get presentEngine(): EngineServer | null {
    return this.#engines.present;
  }

  /** The engine, under the name that others know. */
  get eio(): EngineServer {
    return this.engine;
  }

  /** Encodes packets; adapters use it. */
  get encoder(): ParserEncoder {
    return this.codec.encoder;
  }

  set encoder(encoder: ParserEncoder) {
    this.codec.encoder = encoder;
  }

  /** The namespaces by name, under the name that tools know. */
  get _nsps(): Map<string, Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>> {
    return this.namespaces.byName;
  }

  /** Whether the client bundles are served; with a value, sets that. */
  serveClient(): boolean;
  serveClient(serves: boolean): this;
  serveClient(serves?: boolean): boolean | this {
    if (serves === undefined) return this.options.servesClient;
    this.options.servesClient = serves;
    return this;
  }

  /** The path of the engine; a new one counts from the next `attach`. */
  path(): string;
  path(path: string): this;
  path(path?: string): string | this {
    if (path === undefined) return this.options.path;
    this.options.path = path;
    return this;
  }

  /** The option of that name; with a value, sets it. */
  connectTimeout(): number;
  connectTimeout(timeout: number): this;
  connectTimeout(timeout?: number): number | this {
    if (timeout === undefined) return this.options.connectTimeout;
    this.options.connectTimeout = timeout;
    return this;
  }

  /** A new adapter replaces that of every namespace, which is closed. The one that is set changes nothing. */
  adapter(): AdapterConstructor;
  adapter(constructor: AdapterConstructor): this;
  adapter(constructor?: AdapterConstructor): AdapterConstructor | this {
    if (constructor === undefined) return this.options.adapter;
    if (constructor === this.options.adapter) return this;
    this.options.adapter = constructor;
    this.#replaceAdapters();
    return this;
  }

  /** Alias of `attach`. */
  listen(server: HttpServer | number | string, options: ServerOptions = {}): this {
    return this.attach(server, options);
  }

  /**
   * Serves an HTTP server, or a port with one of its own. After `close()` the server begins anew, with the namespaces,
   * middlewares and listeners that it has, and with new adapters.
   *
   * @throws Error while the server closes; nothing is bound then
   */
  attach(server: HttpServer | number | string, options: ServerOptions = {}): this {
    this.#beginAnew();
    this.httpServer = this.#engines.attach(server, options);
    return this;
  }

  /** Does nothing unless the server has ended. What it throws, of an adapter, leaves a server that `close` ends again. */
  #beginAnew(): void {
    if (this.#closing !== null) {
      throw new Error('the server is closing: await close(), or its callback, before it listens again');
    }
    if (!this.#isEnded) return;
    this.#isEnded = false;
    // Before an adapter that fails: presence would stay closed otherwise, once the next attempt succeeds.
    const presence = this.presenceTracker;
    if (presence !== null) this.#startPresence(presence.rules);
    for (const namespace of [...this._nsps.values()]) namespace.reopen();
    this.#recoveryMemory?.resume();
    if (POINTS.server.hasSubscribers) POINTS.server.publish({ server: this, isOpen: true });
  }

  /** @internal Makes the engine and binds it, for an owner that hands requests over by itself. */
  createEngine(options: ServerOptions = {}): EngineServer {
    return this.#engines.create(options);
  }

  /**
   * Takes the sessions of an engine: one of this package, or another Engine.IO server, such as that of the package
   * `engine.io`, whose options and bounds then count instead of those given here.
   *
   * After `close()` the server begins anew, as by `attach()`.
   *
   * @throws TypeError for anything else
   * @throws Error while the server closes
   */
  bind(engine: EngineServer | ForeignEngine): this {
    this.#beginAnew();
    this.#engines.bind(engine);
    return this;
  }

  /**
   * Takes one session.
   *
   * @throws TypeError for what is no session of an Engine.IO server
   */
  onconnection(conn: EngineSession | ForeignSocket): this {
    const session =
      conn instanceof Session
        ? conn
        : adoptSession(conn as ForeignSocket, this.wheel, { onForeignError: (error) => this.reportError(error) });
    const connection = new Connection(this as AnyServer, session);
    session.receiver = connection;
    if (POINTS.sessionOpen.hasSubscribers) POINTS.sessionOpen.publish({ server: this, session });
    if (connection.isLegacy) connection.onConnectPacket('/', undefined);
    return this;
  }

  /**
   * A namespace. A pattern or a function makes the template of dynamic ones, which exist once a client asks for them.
   * Given a contract, the namespace is typed by it; the contract of a pattern wants the name of one that matches. A
   * listener is called for each new socket.
   *
   * @throws TypeError for a name that the pattern of a contract does not match
   */
  of<C extends AnyContract & { readonly namespace: string }>(contract: C): NamespaceOf<C>;
  of<C extends AnyContract & { readonly namespace: RegExp }>(contract: C, name: string): NamespaceOf<C>;
  of(
    name: string | RegExp | NamespaceMatcher,
    listener?: (socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void,
  ): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  of(
    name: string | RegExp | NamespaceMatcher | AnyContract,
    second?: string | ((socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void),
  ): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    if (isContract(name)) return this.#ofContract(name, second);
    const isPattern = typeof name === 'function' || name instanceof RegExp;
    const namespace = isPattern ? this.namespaces.ofPattern(name) : this.namespaces.of(String(name));
    if (second !== undefined) namespace.on('connect', second as never);
    return namespace;
  }

  #ofContract(contract: AnyContract, name: unknown): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    const namespace = this.namespaces.ofContract(contract.namespace, name);
    namespace.adopt(contract);
    return namespace;
  }

  /** What happened so far, and who is there. Walks over namespaces and over sessions with a queue. */
  stats(): ServerStats {
    const engine = this.#engines.present;
    const engineStats = engine instanceof EngineServer ? engine.stats() : null;
    return snapshotOf(this.counters, engineStats, this.namespaces.countSockets());
  }

  /**
   * How many sockets all servers of the cluster have in a namespace, or in one of its rooms. Only numbers travel.
   *
   * @throws Error if a server does not answer within five seconds
   */
  count(room?: Room, namespace = '/'): Promise<number> {
    return countSockets(this, namespace, room);
  }

  /** The sockets of every namespace that act for a user (`socket.identify()`), on every server of the cluster. */
  user(userId: string): UserTarget<EmitEvents, SocketData> {
    return new UserTarget(this, () => this._nsps.values() as Iterable<UserSpace>, userId);
  }

  /**
   * Who is online in a namespace, or in one of its rooms, on all servers of the cluster.
   *
   * @throws Error if the option `presence` is not set
   */
  presence(room?: Room, namespace = '/'): PresenceTarget {
    if (this.presenceTracker === null) {
      throw new Error(
        'the server does not track presence: set the option "presence", or decorate a method with @OnPresence()',
      );
    }
    if (this.namespaces.templateOf(namespace) !== undefined) {
      throw new Error('presence() is not supported on parent namespaces: give it the name of a child');
    }
    return new PresenceTarget(() => this.presenceTracker!, { namespace, room });
  }

  /** @internal Presence is wanted, of these rooms as well. */
  keepPresence(rooms: readonly RoomPattern[]): void {
    if (this.presenceTracker === null) this.#startPresence(PRESENCE_DEFAULTS);
    this.presenceTracker!.addRooms(rooms);
  }

  #startPresence(rules: PresenceRules): void {
    const { cluster } = this;
    const presence = new Presence(rules, {
      wheel: this.idleWheel,
      isAlone: () => cluster.isAlone,
      tell: (message) => cluster.tell(PRESENCE, ...message),
      reportError: (error) => this.reportError(error),
    });
    this.presenceTracker = presence;
    cluster.handle(PRESENCE, (...message: PresenceMessage) => presence.receive(message));
    // A dynamic namespace may be elsewhere alone.
    presence.listen((change) => this.namespaces.of(change.namespace).handlers?.presence?.(change));
    for (const namespace of this._nsps.values()) presence.watch(namespace as AnyNamespace);
  }

  /** @internal Keys that the servers of the cluster claim, if the adapter has a store for them; else those of this server. */
  get claims(): Claims {
    const adapter = this.sockets.adapter as unknown as Partial<Claims>;
    if (typeof adapter.claim === 'function') return new AdapterClaims(adapter as Claims, this.wheel);
    return (this.#claims ??= new MemoryClaims());
  }

  /** @internal */
  disconnectUser(userId: string, message: string): void {
    this.cluster.tell(DISCONNECT_USER, userId, message);
    disconnectLocally(this._nsps.values(), userId, message);
  }

  /** Disconnects every client, so that they may come back elsewhere, and closes the HTTP server. */
  close(callback?: (error?: Error) => void): Promise<void> {
    if (!OPERATIONS.shutdown.hasSubscribers) return this.#close(callback);
    const operation = new ShutdownOperation(this);
    return operation.run(async () => {
      const closed = this.engine.clientsCount;
      await this.#close(callback);
      operation.result = { closed, forced: 0 };
    });
  }

  /** @internal The server has ended; told once. */
  announceEnd(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    // Its timer would keep the process alive for as long as clients may come back.
    this.#recoveryMemory?.suspend();
    for (const operation of this.openHandles) {
      operation.code ??= 'SHUTTING_DOWN';
      operation.finish(new Error('the server closed before the handler ended'));
    }
    if (POINTS.server.hasSubscribers) POINTS.server.publish({ server: this, isOpen: false });
  }

  /** Of several calls at once all wait for the same end: one that went on behind it would end a server that listens again. */
  async #close(callback?: (error?: Error) => void): Promise<void> {
    const error = await (this.#closing ?? this.#beginClosing());
    if (callback !== undefined) callForeign(callback, undefined, [error], this, undefined);
  }

  #beginClosing(): Promise<Error | undefined> {
    let follow!: (end: Promise<Error | undefined>) => void;
    // First: a listener of a socket may call `close()` as well.
    this.#closing = new Promise((resolve) => (follow = resolve));
    const closing = this.#closing;
    follow(this.#end().finally(() => (this.#closing = null)));
    return closing;
  }

  /** Resolves to the first error of an HTTP server. */
  async #end(): Promise<Error | undefined> {
    this.presenceTracker?.close();
    const closing = [...this.namespaces.byName.values()].map(async (namespace) => {
      for (const socket of [...namespace.sockets.values()]) {
        socket.close('server shutting down', { code: 'SERVER_SHUTDOWN', message: 'the server is shutting down' });
      }
      await namespace.dispose();
    });
    await this.#inTime(Promise.allSettled(closing));
    this.#recoveryMemory?.suspend();
    const error = await this.#engines.close(this.httpServer);
    this.announceEnd();
    return error;
  }

  /** Adapters that wait for their broker do not hold up the end for longer than a session may. */
  #inTime(closed: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const timer = new Timer(resolve);
      this.wheel.schedule(timer, this.settings.engine.closeTimeout);
      void closed.then(() => {
        this.wheel.cancel(timer);
        resolve();
      });
    });
  }

  /** Runs for each client that wants to connect to `/`; `next(error)` refuses it. */
  use(
    middleware: (
      socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
      next: (error?: ExtendedError) => void,
    ) => void,
  ): this {
    this.sockets.use(middleware);
    return this;
  }

  /** @internal */
  everyone(): Everyone<EmitEvents, SocketData> {
    return this.sockets.everyone();
  }

  /** Emits to the other servers of the cluster; a function as last argument gets `(error, responses)`. */
  serverSideEmit<Event extends EventNames<ServerSideEvents>>(
    event: Event,
    ...args: EventParams<DecorateAcknowledgementsWithTimeoutAndMultipleResponses<ServerSideEvents>, Event>
  ): boolean {
    return this.sockets.serverSideEmit(event, ...args);
  }

  /** Emits to the other servers of the cluster and resolves to their answers. */
  serverSideEmitWithAck<Event extends EventNamesWithAck<ServerSideEvents>>(
    event: Event,
    ...args: AllButLast<EventParams<ServerSideEvents, Event>>
  ): Promise<FirstNonErrorArg<Last<EventParams<ServerSideEvents, Event>>>[]> {
    return this.sockets.serverSideEmitWithAck(event, ...args);
  }

  /** Queries that resolve with what came, and say so, where a server of the cluster does not answer. */
  get partial(): PartialNamespace<EmitEvents, ServerSideEvents, SocketData> {
    return this.sockets.partial;
  }

  /** @internal A namespace came into being. */
  onNamespace(namespace: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): void {
    this.tell(this.sockets, 'new_namespace', namespace);
  }

  /** @internal */
  onSessionExpired(session: { nsp: string; sid: SocketId; pid: string }): void {
    this.tell(this.sockets, 'session_expired', session);
  }

  /** @internal The adapter cannot recover sessions: it shall not mark packets for clients that could come back. */
  disableRecovery(adapter: string): void {
    this.options.disableRecovery(adapter);
  }

  /** @internal What user code threw uncaught, or what cannot be told to the client that it is about. */
  reportError(error: unknown, socket?: Socket): void {
    this.counters.errors++;
    callForeign(this.settings.onError, undefined, [error, socket], CONSOLE, undefined);
  }

  /** @internal */
  onForeignError(error: unknown, socket: Socket | undefined): void {
    this.reportError(error, socket);
  }

  /** @internal For what goes on as long as the server does, which alone does not keep the process alive. */
  get idleWheel(): TimerWheel {
    return (this.#idleWheel ??= new TimerWheel(false));
  }

  /** @internal What is kept for clients that may come back. */
  get recoveryMemory(): RecoveryMemory {
    if (this.#recoveryMemory !== null) return this.#recoveryMemory;
    const { connectionStateRecovery, engine } = this.settings;
    return (this.#recoveryMemory = new RecoveryMemory({
      wheel: this.idleWheel,
      ...connectionStateRecovery!,
      noticeDuration: engine.pingInterval + engine.pingTimeout,
      onSessionExpired: (nsp, sid, pid) => {
        this.namespaces.byName.get(nsp)?.adapterPort.forgetSession(pid);
        this.onSessionExpired({ nsp, sid, pid });
      },
    }));
  }

  /** @internal Calls the listeners of a namespace: one that throws, or rejects, is reported and keeps no other from hearing. */
  tell(namespace: object, event: string, ...args: unknown[]): void {
    callListeners(namespace as EventEmitter, event, args, this, undefined);
  }

  /** @internal What is no session, or for which a custom parser makes no decoder, must not end the engine, nor this process. */
  acceptSession(session: Session | ForeignSocket): void {
    try {
      this.onconnection(session);
    } catch (error) {
      this.reportError(error);
      // Of what is no session, `close` may be missing as well.
      if (typeof session.close === 'function') callForeign(session.close, session, [], this, undefined);
    }
  }

  #replaceAdapters(): void {
    for (const namespace of this.namespaces.byName.values()) namespace.createAdapter();
  }
}

// As in Socket.IO, the server's emitter methods are those of its main namespace.
for (const method of Object.keys(EventEmitter.prototype) as (keyof EventEmitter)[]) {
  if (typeof EventEmitter.prototype[method] !== 'function') continue;
  Object.defineProperty(Server.prototype, method, {
    configurable: true,
    writable: true,
    value(this: Server, ...args: unknown[]): unknown {
      const result: unknown = Reflect.apply(this.sockets[method] as never, this.sockets, args);
      return result === this.sockets ? this : result;
    },
  });
}

function isListenable(value: unknown): value is HttpServer | number {
  if (typeof value === 'number') return true;
  return typeof value === 'object' && value !== null && typeof (value as Partial<HttpServer>).listen === 'function';
}
