import type { AsyncResource } from 'node:async_hooks';
import { ForbiddenException } from '@nestjs/common';
import type { StandardSchema } from '../../contract/index.js';
import { compileValue, InvalidDataError, type ValueValidation } from '../../contract/runtime.js';
import type { ExtendedError, Socket } from '../../socketio/index.js';
import { createScope } from '../pipeline/async-scope.js';
import type { BoundHandler } from '../pipeline/handler-factory.js';
import { callsHandlers } from '../pipeline/handler-trace.js';
import { Invocation } from '../pipeline/invocation.js';
import { authOf, replaceAuth } from '../pipeline/parameters.js';
import { isObservableOrIterable } from '../pipeline/result.js';
import type { DispatchContext } from './dispatch-context.js';

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
   * Runs handlers of the handshake, and only the guards of all others; undefined lets the client in. A handler refuses by
   * an error, by false, and by `socket.disconnect()`. Never rejects.
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
      const step = isHandshake ? 'handshake' : 'connect';
      const call = Invocation.of(handler, handler.pipeline, socket, args, null, step);
      try {
        const pipeline = (call.pipeline ??= await handler.resolvePipeline(socket));
        if (pipeline.guard !== null) {
          hasAsked = true;
          await this.#assertAllowed(pipeline.guard(socket, args, null, step), socket);
        }
        if (!isHandshake) continue;
        hasAsked = true;
        if (!isValidated) args = [await this.#takeAuth(validation!, socket)];
        isValidated = true;
        await this.#assertAllowed(pipeline.invoke(socket, args, null, step), socket);
      } catch (error) {
        return this.context.failures.refusalOf(error, call);
      }
    }
    if (!isValidated) {
      try {
        await this.#takeAuth(validation!, socket);
      } catch (error) {
        return this.context.failures.refusalOf(error, { pipeline: null, socket, args, reply: null, event: 'connect' });
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

  /** @throws ForbiddenException for a no: false, or the end of the socket */
  async #assertAllowed(result: unknown, socket: Socket): Promise<void> {
    const isRefused = await saysNo(result, this.context);
    if (isRefused || socket.leavesEarly !== null) throw new ForbiddenException('Forbidden resource');
  }
}

/** Whether a result is false, or a promise or stream of it; what else it is does not matter. */
const saysNo = callsHandlers('saysNo', async (result: unknown, { streams }: DispatchContext): Promise<boolean> => {
  const value = isObservableOrIterable(result) ? result : await (result as PromiseLike<unknown>);
  let isRefused = value === false;
  await streams.eachValue(value, null, (each) => {
    if (each === false) isRefused = true;
  });
  return isRefused;
});
