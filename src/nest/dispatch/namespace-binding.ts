import {
  ParentNamespace,
  type DisconnectDetails,
  type DisconnectReason,
  type ExtendedError,
  type HandlerTable,
  type Namespace,
  type Socket,
} from '../../socketio/index.js';
import type { LifecycleKind } from '../decorators/handler-metadata.js';
import type { BoundHandler } from './bound-handler.js';
import { EventBinding, type DispatchContext } from './event-binding.js';
import { authOf } from './parameters.js';
import type { Pipeline } from './pipeline.js';
import { completion, isImmediate } from './result.js';

/** The handlers of one namespace, or of all that a pattern makes. */
export class NamespaceBinding {
  readonly #table: HandlerTable<Socket>;
  readonly #events = new Map<string, EventBinding>();
  /** Handlers of every event. */
  readonly #wildcards: BoundHandler[] = [];
  readonly #lifecycle = new Map<LifecycleKind, BoundHandler[]>();
  #checksHandshake = false;

  constructor(
    private readonly namespace: Namespace,
    private readonly context: DispatchContext,
    private readonly connectTimeout: number,
  ) {
    this.#table = namespace.handlerTable();
    // Children copy the middlewares of their pattern when they are made; handlers may come later.
    if (namespace instanceof ParentNamespace) this.#checkHandshakes();
  }

  /** @throws BindingError where two handlers claim one ack */
  add(handler: BoundHandler): void {
    const { handles } = handler.descriptor;
    if (handles.kind !== 'event') this.#addLifecycle(handles.kind, handler);
    else if (handles.event === '*') this.#addWildcard(handler);
    else this.#addEvent(handles.event, handler);
  }

  /** Runs the `@OnError` handlers. Throws nothing. */
  handleError(error: unknown, socket: Socket | undefined): void {
    for (const handler of this.#handlersOf('error')) {
      this.#runDetached(handler, socket, [error, socket], 'error');
    }
  }

  get handlesErrors(): boolean {
    return this.#lifecycle.has('error');
  }

  #addEvent(event: string, handler: BoundHandler): void {
    let binding = this.#events.get(event);
    if (binding === undefined) {
      this.#events.set(event, (binding = new EventBinding(event, this.context)));
      for (const wildcard of this.#wildcards) binding.add(wildcard);
    }
    binding.add(handler);
    this.#table.events.set(event, binding.compile());
  }

  #addWildcard(handler: BoundHandler): void {
    this.#wildcards.push(handler);
    for (const [event, binding] of this.#events) {
      binding.add(handler);
      this.#table.events.set(event, binding.compile());
    }
    const binding = new EventBinding('*', this.context);
    for (const wildcard of this.#wildcards) binding.add(wildcard);
    this.#table.anyEvent = binding.compile();
  }

  #addLifecycle(kind: LifecycleKind, handler: BoundHandler): void {
    this.#lifecycle.set(kind, [...this.#handlersOf(kind), handler]);
    if (kind === 'handshake' || kind === 'connect') this.#checkHandshakes();
    if (kind === 'connect') this.#table.connect ??= (socket) => this.#connect(socket);
    if (kind === 'disconnect' || kind === 'close') {
      this.#table.disconnect ??= (socket, reason, details) => this.#disconnect(socket, reason, details);
    }
    if (kind === 'ping' || kind === 'pong') this.#table[kind] ??= (socket) => this.#onHeartbeat(kind, socket);
  }

  #handlersOf(kind: LifecycleKind): readonly BoundHandler[] {
    return this.#lifecycle.get(kind) ?? [];
  }

  #checkHandshakes(): void {
    if (this.#checksHandshake) return;
    this.#checksHandshake = true;
    this.namespace.use((socket, next) => {
      this.context.inFlight.track(this.#decide(socket).then((refusal) => next(refusal)));
    });
  }

  /** Handlers of the handshake, then the guards of those that run after the reply; undefined lets the client in. */
  async #decide(socket: Socket): Promise<ExtendedError | undefined> {
    const args = [authOf(socket)];
    for (const handler of [...this.#handlersOf('handshake'), ...this.#handlersOf('connect')]) {
      const { kind } = handler.descriptor.handles;
      let pipeline = handler.pipeline;
      try {
        pipeline ??= await handler.resolve(socket);
        const step = kind === 'handshake' ? pipeline.run : pipeline.guard;
        if (step !== null) await completion(step(socket, args, null, kind));
      } catch (error) {
        return this.#refusal(error, pipeline, socket, args, kind);
      }
    }
    return undefined;
  }

  async #refusal(
    error: unknown,
    pipeline: Pipeline | null,
    socket: Socket,
    args: unknown[],
    step: string,
  ): Promise<ExtendedError> {
    const { payload } = await this.context.failures.refusalOf(error, pipeline, socket, args, step);
    const { message = 'Connection refused' } = payload as { message?: string };
    return Object.assign(new Error(String(message)), { data: payload });
  }

  /** A promise only where a handler is asynchronous; events of the socket wait for it. */
  #connect(socket: Socket): Promise<void> | void {
    const handlers = this.#handlersOf('connect');
    for (let i = 0; i < handlers.length && socket.connected; i++) {
      const { pipeline } = handlers[i];
      if (pipeline === null) return this.#connectRest(socket, handlers, i, null);
      try {
        const result = pipeline.invoke(socket, [], null, 'connect');
        if (!isImmediate(result)) return this.#connectRest(socket, handlers, i, result);
      } catch (error) {
        const pending = this.#abortConnect(error, pipeline, socket);
        this.context.inFlight.track(pending);
        return pending;
      }
    }
  }

  /** From handler `index` on, which has begun where `begun` is not null. Settles within the connect timeout. */
  async #connectRest(socket: Socket, handlers: readonly BoundHandler[], index: number, begun: unknown): Promise<void> {
    const work = this.#runConnectHandlers(socket, handlers, index, begun);
    this.context.inFlight.track(work);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      // Keeps no process alive: without sockets there is nobody to disconnect.
      timer = setTimeout(() => resolve('late'), this.connectTimeout).unref();
    });
    const first = await Promise.race([work, late]);
    clearTimeout(timer);
    if (first !== 'late' || !socket.connected) return;
    const message = `@OnConnect did not settle within ${this.connectTimeout} ms`;
    socket.emit('exception', { status: 'error', message, code: 'CONNECT_TIMEOUT' });
    socket.disconnect();
  }

  async #runConnectHandlers(
    socket: Socket,
    handlers: readonly BoundHandler[],
    index: number,
    begun: unknown,
  ): Promise<void> {
    let result = begun;
    for (let i = index; i < handlers.length && socket.connected; i++) {
      let { pipeline } = handlers[i];
      try {
        pipeline ??= await handlers[i].resolve(socket);
        await completion(i === index && begun !== null ? result : pipeline.invoke(socket, [], null, 'connect'));
        result = null;
      } catch (error) {
        await this.#abortConnect(error, pipeline, socket);
        return;
      }
    }
  }

  /** The client is told, then leaves for good. */
  async #abortConnect(error: unknown, pipeline: Pipeline | null, socket: Socket): Promise<void> {
    await this.context.failures.onEventError(error, pipeline, socket, [], null, 'connect');
    socket.disconnect();
  }

  #disconnect(socket: Socket, reason: DisconnectReason, details: DisconnectDetails): void {
    if (CLOSED_BY_SERVER.has(reason)) {
      for (const handler of this.#handlersOf('close')) {
        this.#runDetached(handler, socket, [reason, details], 'close');
      }
    }
    for (const handler of this.#handlersOf('disconnect')) {
      this.#runDetached(handler, socket, [reason, details], 'disconnect');
    }
  }

  #onHeartbeat(kind: 'ping' | 'pong', socket: Socket): void {
    for (const handler of this.#handlersOf(kind)) this.#runDetached(handler, socket, [], kind);
  }

  /**
   * Runs a handler whose result nobody waits for, except a shutdown. Guards decide about clients and what they send;
   * a refusal here would only keep the handler from its clean-up.
   */
  #runDetached(handler: BoundHandler, socket: Socket | undefined, args: unknown[], step: LifecycleKind): void {
    const run = async (): Promise<void> => {
      let { pipeline } = handler;
      try {
        pipeline ??= await handler.resolve(socket);
        await completion(pipeline.invoke(socket, args, null, step));
      } catch (error) {
        // There is nobody left to tell of an error in an error handler.
        if (step === 'error') console.error(error);
        else await this.context.failures.onDetachedError(error, pipeline, socket, args, step);
      }
    };
    this.context.inFlight.track(run());
  }
}

const CLOSED_BY_SERVER: ReadonlySet<DisconnectReason> = new Set([
  'server namespace disconnect',
  'forced server close',
  'forced close',
  'server shutting down',
]);
