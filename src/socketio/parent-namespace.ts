import type { AnyContract } from '../contract/index.js';
import { MemoryAdapter } from './adapter/memory-adapter.js';
import type { AdapterPacket, BroadcastOptions, Room, SocketDetails, SocketId } from './adapter/adapter.js';
import type { Middleware } from './inbound/middleware.js';
import { Namespace } from './namespace.js';
import type { Server } from './server.js';
import type { Socket } from './socket.js';
import type { DefaultEventsMap, EventsMap } from './events/typed-events.js';

/** Whether a dynamic namespace may be made; for a name that a client asked for. */
export type NamespaceMatcher = (
  name: string,
  auth: Record<string, unknown>,
  next: (error: Error | null, allow: boolean) => void,
) => void;

/**
 * The template of dynamic namespaces: what is set on it (middlewares, listeners, handlers) its children get when they
 * are made, and what it emits goes to the sockets of all of them.
 */
export class ParentNamespace<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  // oxlint-disable-next-line typescript/no-explicit-any -- as in Socket.IO
  SocketData = any,
> extends Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
  readonly children = new Set<Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>();

  constructor(
    server: Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
    index: number,
    /** How the server is told that a child is gone. */
    private readonly onChildEmpty: (child: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void,
    route: string,
  ) {
    super(server, `/_${index}`, route);
  }

  override adopt(contract: AnyContract): void {
    super.adopt(contract);
    for (const child of this.children) child.outbound = this.outbound;
  }

  override createAdapter(): void {
    this.adapter = new ChildrenAdapter(this as unknown as ParentOfChildren);
  }

  /** Also counts for the children that exist. */
  override use(middleware: Middleware<Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>): this {
    for (const child of this.children) child.use(middleware);
    return super.use(middleware);
  }

  /** Listeners of new sockets are those of the children, also of the ones that exist. */
  override on(event: never, listener: never): this {
    this.#eachChild(event, (child) => child.on(event, listener));
    return super.on(event, listener);
  }

  override addListener(event: never, listener: never): this {
    return this.on(event, listener);
  }

  override prependListener(event: never, listener: never): this {
    this.#eachChild(event, (child) => child.prependListener(event, listener));
    return super.prependListener(event, listener);
  }

  override removeListener(event: never, listener: never): this {
    this.#eachChild(event, (child) => child.removeListener(event, listener));
    return super.removeListener(event, listener);
  }

  override off(event: never, listener: never): this {
    return this.removeListener(event, listener);
  }

  /** Those that were set on a child alone stay. */
  override removeAllListeners(event?: never): this {
    for (const each of event === undefined ? SOCKET_EVENTS : [event]) {
      for (const listener of this.rawListeners(each)) this.removeListener(each as never, listener as never);
    }
    return super.removeAllListeners(event);
  }

  /** @throws Error always: the servers of a cluster need not have the same children */
  override serverSideEmit(): never {
    throw new Error('serverSideEmit() is not supported on parent namespaces: call it on a child, of(name)');
  }

  /** @internal */
  override forgetAck(packet: AdapterPacket): void {
    (this.adapter as ChildrenAdapter).forgetAck(packet);
  }

  /** @internal */
  createChild(name: string): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    const child = new Namespace(this.server, name, this.route);
    for (const middleware of this.middlewares) child.use(middleware);
    for (const event of ['connect', 'connection'] as const) {
      // Raw: one for the first socket is removed everywhere once it was called.
      for (const listener of this.rawListeners(event)) child.on(event, listener as never);
    }
    child.handlers = this.handlerTable();
    child.outbound = this.outbound;
    this.children.add(child);
    child.onEmpty = () => this.#onEmpty(child);
    return child;
  }

  override fetchSockets(): never {
    throw new Error('fetchSockets() is not supported on parent namespaces');
  }

  #eachChild(
    event: string,
    visit: (child: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void,
  ): void {
    if (SOCKET_EVENTS.has(event)) for (const child of this.children) visit(child);
  }

  /**
   * Without clean-up, as in Socket.IO, a child goes only if no client was ever let in: a client that is refused leaves nothing
   * behind. With it, one on which the server has set something waits for its first client.
   */
  #onEmpty(child: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): void {
    const cleansUp = this.server.settings.cleanupEmptyChildNamespaces;
    const isKept = cleansUp
      ? !child.hadSockets && child.isWanted && this.#isSetUp(child)
      : child.hadSockets || child.isWanted;
    if (!isKept) this.#removeChild(child);
  }

  /** Whether a child has more than what it was made with. */
  #isSetUp(child: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): boolean {
    if (child.middlewares.length !== this.middlewares.length) return true;
    return child.eventNames().some((event) => child.listenerCount(event) !== this.listenerCount(event));
  }

  #removeChild(child: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): void {
    child.onEmpty = null;
    this.children.delete(child);
    this.onChildEmpty(child);
    void child.dispose();
  }
}

interface ParentOfChildren extends Namespace {
  readonly children: Set<Namespace>;
}

/** Events of a namespace that its template passes on. */
const SOCKET_EVENTS: ReadonlySet<string> = new Set(['connect', 'connection']);

/** Hands on to the children what is asked of their parent, and gives their answers as one. */
class ChildrenAdapter extends MemoryAdapter {
  /** What was broadcast for an ack: the packet of each child, which has an id of its own. */
  readonly #asked = new WeakMap<AdapterPacket, Map<Namespace, AdapterPacket>>();

  constructor(private readonly parent: ParentOfChildren) {
    super(parent as never);
  }

  /** As many as will tell how many clients they have asked. */
  override async serverCount(): Promise<number> {
    const counts = await Promise.all(this.#children.map(({ adapterPort }) => adapterPort.serverCount()));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  override broadcast(packet: AdapterPacket, opts: BroadcastOptions): void {
    for (const { adapterPort } of this.#children) adapterPort.broadcast(copyOf(packet), opts);
  }

  override broadcastWithAck(
    packet: AdapterPacket,
    opts: BroadcastOptions,
    clientCountCallback: (clientCount: number) => void,
    ack: (...args: unknown[]) => void,
  ): void {
    const asked = new Map<Namespace, AdapterPacket>();
    this.#asked.set(packet, asked);
    for (const child of this.#children) {
      const copy = copyOf(packet);
      asked.set(child, copy);
      child.adapterPort.broadcastWithAck(copy, opts, clientCountCallback, ack);
    }
  }

  forgetAck(packet: AdapterPacket): void {
    for (const [child, copy] of this.#asked.get(packet) ?? []) child.forgetAck(copy);
  }

  override async sockets(rooms: Set<Room>): Promise<Set<SocketId>> {
    const found = await Promise.all(this.#children.map(({ adapterPort }) => adapterPort.sockets(rooms)));
    return new Set(found.flatMap((ids) => [...ids]));
  }

  override async fetchSockets(opts: BroadcastOptions): Promise<SocketDetails[]> {
    const found = await Promise.all(this.#children.map(({ adapterPort }) => adapterPort.fetchSockets(opts)));
    return found.flat();
  }

  override addSockets(opts: BroadcastOptions, rooms: Room[]): Promise<void> {
    return this.#all(({ adapterPort }) => adapterPort.addSockets(opts, rooms));
  }

  override delSockets(opts: BroadcastOptions, rooms: Room[]): Promise<void> {
    return this.#all(({ adapterPort }) => adapterPort.delSockets(opts, rooms));
  }

  override disconnectSockets(opts: BroadcastOptions, close: boolean): Promise<void> {
    return this.#all(({ adapterPort }) => adapterPort.disconnectSockets(opts, close));
  }

  /** Those that are there now: a call may bring others into being, or end one. */
  get #children(): Namespace[] {
    return [...this.parent.children];
  }

  async #all(call: (child: Namespace) => Promise<void>): Promise<void> {
    await Promise.all(this.#children.map(call));
  }
}

/** Each child's adapter writes its own namespace into the packet and may add an offset to its data. */
function copyOf(packet: AdapterPacket): AdapterPacket {
  return { ...packet, data: [...packet.data] };
}
