import type {
  AnyContract,
  EmittedEventsOf,
  ClientEventsOf,
  DataOf,
  NameOf,
  ServerSideEventsOf,
} from '../contract/index.js';
import type { TimerWheel } from '../engine/index.js';
import { callForeign } from '../common/call-foreign.js';
import type { AnyNamespace, AnySocket } from './any-types.js';
import type { Adapter, AdapterPacket, SocketId } from './adapter/adapter.js';
import { AdapterPort } from './adapter/adapter-port.js';
import { BroadcastOperator } from './broadcast/broadcast-operator.js';
import { BroadcastingEmitter, type Everyone } from './broadcast/broadcasting.js';
import { askServers, emitToServers } from './cluster/server-side-events.js';
import { HandlerTable } from './inbound/handler-table.js';
import type { Middleware } from './inbound/middleware.js';
import { SessionRecovery } from './recovery/session-recovery.js';
import { PartialNamespace } from './broadcast/partial-namespace.js';
import { OutboundContract } from './events/outbound-contract.js';
import type { Socket } from './socket.js';
import type { Server } from './server.js';
import { UserTarget } from './broadcast/user-target.js';
import { withResponses } from './acks/ack-error.js';
import type { ExtendedError } from './inbound/middleware.js';
import type {
  AllButLast,
  DecorateAcknowledgementsWithTimeoutAndMultipleResponses,
  DefaultEventsMap,
  EventNames,
  EventNamesWithAck,
  EventNamesWithoutAck,
  EventParams,
  EventsMap,
  FirstNonErrorArg,
  Last,
} from './events/typed-events.js';

export interface NamespaceReservedEvents<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ServerSideEvents extends EventsMap,
  SocketData,
> {
  /** A client has connected. */
  connect: (socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void;
  /** A client has connected. */
  connection: (socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void;
}

/** What is set on the main namespace, under `server.on`, in addition. */
export interface ServerReservedEvents<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ServerSideEvents extends EventsMap,
  SocketData,
> extends NamespaceReservedEvents<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
  /** A namespace was made. */
  new_namespace: (namespace: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void;
  /** A client that was cut off did not come back within the recovery window. */
  session_expired: (session: { nsp: string; sid: SocketId; pid: string }) => void;
}

/**
 * A communication channel of its own over the shared connections: middlewares, sockets, rooms.
 *
 * `emit` goes to all its sockets; `on('connection')` hears of new ones.
 */
export class Namespace<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  // oxlint-disable-next-line typescript/no-explicit-any -- as in Socket.IO
  SocketData = any,
> extends BroadcastingEmitter<
  ServerSideEvents,
  EmitEvents,
  NamespaceReservedEvents<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
  SocketData
> {
  /** The connected sockets by id. */
  readonly sockets = new Map<SocketId, Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>();
  /** Where its rooms live. */
  adapter!: Adapter;
  /** @internal Through it alone this package calls the adapter. */
  readonly adapterPort = new AdapterPort(this);
  /** The next ack id; published adapters count it up as well. */
  _ids = 0;
  /** @internal Handlers of all sockets of this namespace; null until the table is asked for. */
  handlers: HandlerTable<Socket> | null = null;
  /** @internal Called when the last socket has left; for namespaces that go then. */
  onEmpty: (() => void) | null = null;
  /** @internal Sessions of clients that may come back; null if recovery is off or the adapter cannot do it. */
  recovery: SessionRecovery | null = null;
  /** @internal What its contract says of emits; null if there is none, or if it has no say. */
  outbound: OutboundContract | null = null;
  /** @internal CONNECT packets that are being decided. */
  connecting = 0;
  /** @internal Whether a client was ever let in. */
  hadSockets = false;
  /** @internal Whether the server itself has asked for it by its name. */
  isWanted = false;
  /** @internal Whether this was a dynamic namespace that has gone; what is emitted then goes to the one that has its name. */
  isRemoved = false;
  /** @internal */
  readonly middlewares: Middleware<Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>[] = [];
  /** @internal How many of the middlewares only run handlers of the module. */
  handlerMiddlewares = 0;
  /** Sockets that middlewares are deciding about, under the name that others know. */
  readonly _preConnectSockets = new Map<SocketId, Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>();

  constructor(
    /** The server of the namespace. */
    readonly server: Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
    /** The name of the namespace, such as `/chat`. */
    readonly name: string,
    /** @internal What it is known as to operators: its name, or the pattern that made it. */
    readonly route = name,
  ) {
    super();
    this.createAdapter();
  }

  /** @internal */
  get wheel(): TimerWheel {
    return this.server.wheel;
  }

  /** @internal */
  get ackTimeout(): number {
    return this.server.settings.ackTimeout || Infinity;
  }

  /** @internal Always finite: otherwise a query to a server that has left the cluster would stay pending, with the adapter's timer. */
  get queryTimeout(): number {
    return this.server.settings.ackTimeout || 30_000;
  }

  /** @internal */
  reportError(error: unknown): void {
    this.server.reportError(error);
  }

  /** @internal Gives the namespace a contract. */
  adopt(contract: AnyContract): void {
    this.outbound ??= OutboundContract.of(contract, this.server.settings.checksOutbound);
  }

  /** @internal Whether the application has middlewares that decide about connections. */
  get hasMiddlewares(): boolean {
    return this.middlewares.length > this.handlerMiddlewares;
  }

  /** @internal The table of handlers that every socket of this namespace shares. */
  handlerTable(): HandlerTable<Socket> {
    return (this.handlers ??= new HandlerTable());
  }

  /** Runs for each client that wants to connect; `next(error)` refuses it, with `error.message` and `error.data`. */
  use(
    middleware: (
      socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
      next: (error?: ExtendedError) => void,
    ) => void,
  ): this {
    this.middlewares.push(middleware);
    return this;
  }

  /** @internal */
  everyone(): Everyone<EmitEvents, SocketData> {
    return new BroadcastOperator(this.isRemoved ? (this.server.of(this.name) as typeof this) : this);
  }

  /**
   * Emits to all sockets of the namespace.
   *
   * @throws Error for a reserved event name
   */
  override emit<Event extends EventNamesWithoutAck<EmitEvents>>(
    event: Event,
    ...args: EventParams<EmitEvents, Event>
  ): boolean {
    return this.everyone().emit(event as never, ...(args as never));
  }

  /** The sockets of this namespace that act for a user (`socket.identify()`), on every server of the cluster. */
  user(userId: string): UserTarget<EmitEvents, SocketData> {
    return new UserTarget(this.server, () => [this as AnyNamespace], userId);
  }

  /** Emits to the other servers of the cluster; a function as last argument gets `(error, responses)`. */
  serverSideEmit<Event extends EventNames<ServerSideEvents>>(
    event: Event,
    ...args: EventParams<DecorateAcknowledgementsWithTimeoutAndMultipleResponses<ServerSideEvents>, Event>
  ): boolean {
    emitToServers(this, event as string, args);
    return true;
  }

  /** Emits to the other servers of the cluster and resolves to their answers. */
  serverSideEmitWithAck<Event extends EventNamesWithAck<ServerSideEvents>>(
    event: Event,
    ...args: AllButLast<EventParams<ServerSideEvents, Event>>
  ): Promise<FirstNonErrorArg<Last<EventParams<ServerSideEvents, Event>>>[]> {
    return new Promise((resolve, reject) => {
      askServers(this, event as string, args, this.ackTimeout, (error, responses) => {
        if (error === null) resolve(responses as never);
        else reject(withResponses(error, responses));
      });
    });
  }

  /** Queries that resolve with what came, and say so, where a server of the cluster does not answer. */
  get partial(): PartialNamespace<EmitEvents, ServerSideEvents, SocketData> {
    return new PartialNamespace<EmitEvents, ServerSideEvents, SocketData>(
      this.everyone().partial as never,
      (event, args, answered) => askServers(this, event, args, this.queryTimeout, answered),
    );
  }

  /** An event from another server of the cluster; called by adapters. */
  _onServerSideEmit(args: [string, ...unknown[]]): void {
    if (args[0] === SESSION_RESTORED) this.recovery?.handleRestoredElsewhere(args[1] as string);
    else if (!this.server.cluster.receive(args)) this.server.tell(this, ...args);
  }

  /** @internal Makes the adapter; one that is there goes first, so that the new one may subscribe where it did. */
  createAdapter(): void {
    if (this.adapter !== undefined) void this.adapterPort.close();
    const Constructor = this.server.adapter() as new (nsp: unknown) => Adapter;
    this.adapter = new Constructor(this);
    this.recovery = this.#createRecovery();
    this.adapterPort.open();
    this.server.presenceTracker?.watch(this as AnyNamespace);
  }

  /** @internal The server listens again. One that was made since, or whose adapter was replaced, has it already. */
  reopen(): void {
    this.isRemoved = false;
    if (!this.adapterPort.isOpen) this.createAdapter();
  }

  /** @internal The namespace goes. */
  dispose(): Promise<void> | void {
    this.isRemoved = true;
    this.server.presenceTracker?.unwatch(this);
    return this.adapterPort.close();
  }

  /** @internal A client is let in. */
  addSocket(socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): void {
    this.hadSockets = true;
    this.sockets.set(socket.id, socket);
    socket.connection.addSocket(socket as AnySocket);
    this.server.counters.socketsOpened++;
  }

  /** @internal */
  removeSocket(socket: { readonly id: SocketId }): void {
    if (this.sockets.get(socket.id) === socket) this.sockets.delete(socket.id);
    this.checkEmpty();
  }

  /** @internal Removes a dynamic namespace once it has no sockets and none are connecting. */
  checkEmpty(): void {
    if (this.onEmpty !== null && this.sockets.size === 0 && this.connecting === 0) this.onEmpty();
  }

  /** @internal Drops a broadcast's ack from every socket that still owes it. */
  forgetAck({ id }: AdapterPacket): void {
    if (id === undefined) return;
    for (const socket of this.sockets.values()) socket.forgetAck(id);
  }

  /** @internal */
  onForeignError(error: unknown, _about: undefined): void {
    this.reportError(error);
  }

  #createRecovery(): SessionRecovery | null {
    const { connectionStateRecovery } = this.server.opts;
    if (connectionStateRecovery === undefined) return null;
    if (!SessionRecovery.isSupportedBy(this.adapter)) {
      this.server.disableRecovery(this.adapter.constructor.name);
      return null;
    }
    return new SessionRecovery({
      name: this.name,
      adapter: this.adapter,
      adapterPort: this.adapterPort,
      memory: this.server.recoveryMemory,
      announceRestored: (pid) => {
        const { adapterPort } = this;
        callForeign(adapterPort.serverSideEmit, adapterPort, [[SESSION_RESTORED, pid]], this, undefined);
      },
    });
  }
}

/** An event between servers of this package; others have no listener for it. */
const SESSION_RESTORED = 'nestjs-socketio:session-restored';

/** The namespace of a contract, for the server. */
export type NamespaceOf<C extends AnyContract> = Namespace<
  ClientEventsOf<C>,
  EmittedEventsOf<C>,
  ServerSideEventsOf<C>,
  DataOf<C>
> & {
  /** Only a type: keeps the namespaces of contracts apart. */
  readonly '~namespace'?: NameOf<C>;
};
