import type { AsyncResource } from 'node:async_hooks';
import { compileValue, InvalidDataError, type ValueValidation } from '../../contract/runtime.js';
import type { StandardSchema } from '../../contract/index.js';
import type { ExtendedError, Socket } from '../../socketio/index.js';
import { createScope } from '../pipeline/async-scope.js';
import type { BoundHandler } from '../pipeline/handler-factory.js';
import type { DispatchContext } from './dispatch-context.js';
import { authOf, replaceAuth } from '../pipeline/parameters.js';
import type { Pipeline } from '../pipeline/pipeline.js';

/** Decides, before the CONNECT reply, whether a client is let into a namespace. */
export class ConnectGuards {
  /** The asynchronous contexts that were entered meanwhile: those of what happens after the reply, to the end. */
  readonly #scopes = new WeakMap<Socket, AsyncResource>();

  /** Of the namespace's contract; null if it has none for auths. */
  #authValidation: ValueValidation | null = null;

  constructor(private readonly context: DispatchContext) {}

  /** Holds auths against a schema, behind guards and before `@OnHandshake` handlers. */
  validateAuth(schema: StandardSchema): void {
    this.#authValidation = compileValue(schema);
  }

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
    const validation = this.#authValidation;
    let args = [authOf(socket)];
    let isValidated = validation === null;
    let hasAsked = false;
    for (const handler of handlers) {
      const isHandshake = handler.descriptor.subject.kind === 'handshake';
      const pattern = isHandshake ? 'handshake' : 'connect';
      let { pipeline } = handler;
      try {
        pipeline ??= await handler.resolvePipeline(socket);
        if (pipeline.guard !== null) {
          hasAsked = true;
          await this.context.streams.completion(pipeline.guard(socket, args, null, pattern), null);
        }
        if (!isHandshake) continue;
        hasAsked = true;
        if (!isValidated) args = [await this.#takeAuth(validation!, socket)];
        isValidated = true;
        await this.context.streams.completion(pipeline.invoke(socket, args, null, pattern), null);
      } catch (error) {
        return this.#refusalOf(error, pipeline, socket, args, pattern);
      }
    }
    if (!isValidated) {
      try {
        await this.#takeAuth(validation!, socket);
      } catch (error) {
        return this.#refusalOf(error, null, socket, args, 'connect');
      }
    }
    if (hasAsked) this.#scopes.set(socket, createScope());
    return undefined;
  }

  /** @throws InvalidDataError for an auth that does not fit */
  async #takeAuth(validation: ValueValidation, socket: Socket): Promise<unknown> {
    const result = await validation(authOf(socket));
    if (result.issues !== null) throw InvalidDataError.create('auth', result.issues);
    replaceAuth(socket, result.value);
    return result.value;
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
