import type { WsMessageHandler } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { tap } from 'rxjs/operators';
import { HandleOperation, OPERATIONS } from '../../common/channels.js';
import type { AckReply, EventHandler, HandlerTable, Namespace, Server, Socket } from '../../socketio/index.js';
import type { DispatchContext } from '../dispatch/dispatch-context.js';
import { bodyOf } from '../pipeline/parameters.js';

type Callback = (...args: unknown[]) => unknown;
type Transform = (result: unknown) => Observable<unknown>;

/** What Nest has bound to one client. */
interface Client {
  readonly handlers: WsMessageHandler[];
  readonly onDisconnect: Callback[];
}

/**
 * Gateways as Nest itself runs them, where only Nest knows them: it hands over callbacks for every client anew. They are
 * kept as they come, one list per client; a client has no listener for them.
 */
export class ClientHandlers {
  readonly #clients = new WeakMap<Socket, Client>();
  readonly #connects = new WeakMap<object, Callback[]>();
  /** Events of a table that come here. */
  readonly #claimed = new WeakMap<HandlerTable<Socket>, Set<string>>();

  constructor(private readonly contextOf: (server: Server) => DispatchContext) {}

  onConnect(target: Server | Namespace, callback: Callback): void {
    const present = this.#connects.get(target);
    if (present !== undefined) {
      present.push(callback);
      return;
    }
    const callbacks = [callback];
    this.#connects.set(target, callbacks);
    // One listener for all gateways: with one each, Node would take eleven for a leak.
    target.on('connection', (client) => {
      for (const each of callbacks) each(client);
    });
  }

  onDisconnect(socket: Socket, callback: Callback): void {
    const { onDisconnect } = this.#clientOf(socket);
    onDisconnect.push(callback);
    if (onDisconnect.length > 1) return;
    socket.once('disconnect', (reason) => {
      for (const each of onDisconnect) each(reason);
    });
  }

  bind(socket: Socket, handlers: readonly WsMessageHandler[], transform: Transform): void {
    this.#clientOf(socket).handlers.push(...handlers);
    const table = socket.nsp.handlerTable();
    const claimed = this.#claimed.get(table) ?? new Set();
    this.#claimed.set(table, claimed);
    // Handlers of this package, if there are some, see to it themselves.
    table.disconnect ??= (left) => this.contextOf(left.nsp.server).streams.endOf(left);
    for (const { message } of handlers) {
      if (claimed.has(message)) continue;
      claimed.add(message);
      table.events.set(message, this.#handlerOf(transform, table.handlerOf(message)));
    }
  }

  #clientOf(socket: Socket): Client {
    let client = this.#clients.get(socket);
    if (client === undefined) this.#clients.set(socket, (client = { handlers: [], onDisconnect: [] }));
    return client;
  }

  /** `earlier` are handlers of this package. */
  #handlerOf(transform: Transform, earlier: EventHandler<Socket> | null): EventHandler<Socket> {
    return (socket, args, reply, event) => {
      const context = this.contextOf(socket.nsp.server);
      earlier?.(socket, args.slice(), null, event);
      if (context.stopped) return;
      const ack = reply?.asCallback();
      for (const { message, callback, isAckHandledManually } of this.#clientOf(socket).handlers) {
        if (message !== event) continue;
        const run = (operation: HandleOperation<Socket> | null): Promise<void> => {
          const results = transform(callback(bodyOf(args), ack));
          const answer = isAckHandledManually ? null : reply;
          const sent = results.pipe(tap((response) => respond(response, socket, answer)));
          const work = context.streams.completion(sent, socket).catch((error: unknown) => {
            operation?.fail(error);
            context.report(error, socket);
          });
          context.inFlight.track(work);
          return work;
        };
        if (!OPERATIONS.handle.hasSubscribers) {
          void run(null);
          continue;
        }
        // Nest does not tell which method it is.
        const { route } = socket.nsp;
        const operation = new HandleOperation(socket, route, event, message, args, '', reply !== null);
        operation.keepIn(socket.nsp.server.openHandles);
        void operation.run(() => run(operation));
      }
    };
  }
}

/** As `IoAdapter`: of several acks the first counts. */
function respond(response: unknown, socket: Socket, reply: AckReply | null): void {
  if (response === null || response === undefined) return;
  const { event, data } = response as { event?: string; data?: unknown };
  if (event) socket.emit(event, data);
  else reply?.send([response]);
}
