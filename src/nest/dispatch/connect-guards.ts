import type { AsyncResource } from 'node:async_hooks';
import type { ExtendedError, Socket } from '../../socketio/index.js';
import { createScope } from '../pipeline/async-scope.js';
import type { BoundHandler } from '../pipeline/handler-factory.js';
import type { DispatchContext } from './dispatch-context.js';
import { authOf } from '../pipeline/parameters.js';
import type { Pipeline } from '../pipeline/pipeline.js';

/** Decides, before the CONNECT reply, whether a client is let into a namespace. */
export class ConnectGuards {
  /** The asynchronous contexts that were entered meanwhile: those of what happens after the reply, to the end. */
  readonly #scopes = new WeakMap<Socket, AsyncResource>();

  constructor(private readonly context: DispatchContext) {}

  /**
   * Runs handlers of the handshake, and only the guards of all others; undefined lets the client in. Never rejects.
   */
  check(socket: Socket, handlers: readonly BoundHandler[]): Promise<ExtendedError | undefined> {
    return createScope().runInAsyncScope(() => this.#ask(socket, handlers));
  }

  /** Where `@OnConnect` and `@OnDisconnect` of a socket run: in the context that its guards entered, if any. */
  scopeOf(socket: Socket): AsyncResource {
    return this.#scopes.get(socket) ?? createScope();
  }

  async #ask(socket: Socket, handlers: readonly BoundHandler[]): Promise<ExtendedError | undefined> {
    const args = [authOf(socket)];
    let hasAsked = false;
    for (const handler of handlers) {
      const isHandshake = handler.descriptor.subject.kind === 'handshake';
      const pattern = isHandshake ? 'handshake' : 'connect';
      let { pipeline } = handler;
      try {
        pipeline ??= await handler.resolvePipeline(socket);
        const ask = isHandshake ? pipeline.run : pipeline.guard;
        if (ask === null) continue;
        hasAsked = true;
        await this.context.streams.completion(ask(socket, args, null, pattern), null);
      } catch (error) {
        return this.#refusalOf(error, pipeline, socket, args, pattern);
      }
    }
    if (hasAsked) this.#scopes.set(socket, createScope());
    return undefined;
  }

  async #refusalOf(
    error: unknown,
    pipeline: Pipeline | null,
    socket: Socket,
    args: unknown[],
    step: string,
  ): Promise<ExtendedError> {
    const { payload } = await this.context.failures.refusalOf(error, pipeline, socket, args, step);
    // The option `errorAck` may have put anything there.
    const message = (payload as { message?: unknown } | null)?.message ?? 'Connection refused';
    return Object.assign(new Error(String(message)), { data: payload });
  }
}
