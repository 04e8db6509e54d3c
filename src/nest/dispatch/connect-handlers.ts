import type { Socket } from '../../socketio/index.js';
import type { BoundHandler } from '../pipeline/handler-factory.js';
import { Invocation } from '../pipeline/invocation.js';
import { isImmediate } from '../pipeline/result.js';
import type { DispatchContext } from './dispatch-context.js';

/**
 * Runs the `@OnConnect` handlers of a socket, one after the other and within a time limit. One that fails, or does not
 * settle, ends the socket.
 */
export class ConnectHandlers {
  constructor(
    private readonly context: DispatchContext,
    private readonly timeout: number,
  ) {}

  /** A promise only if a handler is asynchronous; events of the socket wait for it. It does not reject. */
  run(socket: Socket, handlers: readonly BoundHandler[]): Promise<void> | void {
    for (let i = 0; i < handlers.length && socket.connected; i++) {
      const { pipeline } = handlers[i];
      if (pipeline === null) return this.#runRest(socket, handlers, i, null);
      try {
        const result = pipeline.invoke(socket, [], null, 'connect');
        if (!isImmediate(result)) return this.#runRest(socket, handlers, i, result);
      } catch (error) {
        const pending = this.#abort(error, Invocation.of(handlers[i], pipeline, socket, [], null, 'connect'));
        this.context.inFlight.track(pending);
        return pending;
      }
    }
  }

  /** From handler `index` on, which has begun where `begun` is not null. Settles within the time limit. */
  async #runRest(socket: Socket, handlers: readonly BoundHandler[], index: number, begun: unknown): Promise<void> {
    const work = this.#runEach(socket, handlers, index, begun);
    this.context.inFlight.track(work);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      // Keeps no process alive: without sockets there is nothing to disconnect.
      timer = setTimeout(() => resolve('late'), this.timeout).unref();
    });
    const first = await Promise.race([work, late]);
    clearTimeout(timer);
    if (first !== 'late' || !socket.connected) return;
    const message = `@OnConnect did not settle within ${this.timeout} ms`;
    socket.emit('exception', { status: 'error', message, code: 'CONNECT_TIMEOUT' });
    socket.disconnect();
  }

  async #runEach(socket: Socket, handlers: readonly BoundHandler[], index: number, begun: unknown): Promise<void> {
    for (let i = index; i < handlers.length && socket.connected; i++) {
      const call = Invocation.of(handlers[i], handlers[i].pipeline, socket, [], null, 'connect');
      try {
        call.pipeline ??= await handlers[i].resolvePipeline(socket);
        const isBegun = i === index && begun !== null;
        const pending = isBegun ? begun : call.pipeline.invoke(socket, [], null, 'connect');
        await this.context.streams.completion(pending, socket);
      } catch (error) {
        await this.#abort(error, call);
        return;
      }
    }
  }

  /** The client is told, then leaves for good. */
  async #abort(error: unknown, call: Invocation): Promise<void> {
    await this.context.failures.onEventError(error, call);
    call.socket!.disconnect();
  }
}
