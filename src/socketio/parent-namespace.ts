import type { AnyContract } from '../contract/index.js';
import { MemoryAdapter } from './adapter/memory-adapter.js';
import type { AdapterPacket, BroadcastOptions } from './adapter/adapter.js';
import { Namespace } from './namespace.js';
import type { Server } from './server.js';
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
  ) {
    super(server, `/_${index}`);
  }

  override adopt(contract: AnyContract): void {
    super.adopt(contract);
    for (const child of this.children) child.outbound = this.outbound;
  }

  override createAdapter(): void {
    this.adapter = new ChildrenAdapter(this as unknown as ParentOfChildren);
  }

  /** @internal */
  createChild(name: string): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    const child = new Namespace(this.server, name);
    for (const middleware of this.middlewares) child.use(middleware);
    for (const event of ['connect', 'connection'] as const) {
      for (const listener of this.listeners(event)) child.on(event, listener as never);
    }
    child.handlers = this.handlerTable();
    child.outbound = this.outbound;
    this.children.add(child);
    if (this.server.settings.cleanupEmptyChildNamespaces) child.onEmpty = () => this.#removeChild(child);
    return child;
  }

  override fetchSockets(): never {
    throw new Error('fetchSockets() is not supported on parent namespaces');
  }

  #removeChild(child: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): void {
    child.onEmpty = null;
    this.children.delete(child);
    this.onChildEmpty(child);
    const closed: unknown = child.dispose();
    if (closed instanceof Promise) closed.catch((error: unknown) => this.server.reportError(error));
  }
}

interface ParentOfChildren extends Namespace {
  readonly children: Set<Namespace>;
}

/** Hands a parent's broadcasts on to its children. */
class ChildrenAdapter extends MemoryAdapter {
  constructor(private readonly parent: ParentOfChildren) {
    super(parent as never);
  }

  override broadcast(packet: AdapterPacket, opts: BroadcastOptions): void {
    // Each child's adapter writes its own namespace into the packet and may add an offset to its data.
    for (const child of this.parent.children) {
      child.broadcast({ ...packet, data: [...packet.data] }, opts);
    }
  }
}
