import type { AckReply, Socket } from '../../socketio/index.js';
import { nameOf, type HandlerDescriptor } from '../discovery/gateway-descriptor.js';
import { EMPTY_ACK } from '../outcome/fixed-answers.js';
import type { BoundHandler } from '../pipeline/handler-factory.js';
import type { Invocation } from '../pipeline/invocation.js';
import { isGenerator } from '../pipeline/result.js';
import type { AckRule, End } from './ack-rule.js';
import type { DispatchContext } from './dispatch-context.js';

/**
 * The rule of this package: one handler returns the ack, or answers by itself through the `@Ack()` parameter. Without such
 * a one the ack is empty once all handlers have ended. An error is an error ack.
 */
export class OwnAckRule implements AckRule {
  readonly sharesAck = false;
  /** Handlers of whose return values something was said in the log; once finds the mistake. */
  readonly #warned = new WeakSet<HandlerDescriptor>();

  constructor(private readonly context: DispatchContext) {}

  take(value: unknown, handler: BoundHandler, _socket: Socket, reply: AckReply | null): End {
    if (isGenerator(value) && !handler.answersByItself) this.#onGenerator(handler.descriptor);
    if (!handler.returnsAck) return 'nothing';
    if (reply !== null) reply.send(value === undefined ? EMPTY_ACK : [value]);
    return 'value';
  }

  async resolve(result: unknown, call: Invocation): Promise<End> {
    const { handler, reply } = call;
    const socket = call.socket!;
    const { streams } = this.context;
    if (handler.returnsAck) {
      return this.take(await streams.firstValue(result, socket, call.pipeline), handler, socket, reply);
    }
    await streams.completion(
      result,
      socket,
      handler.answersByItself ? null : (value, count) => this.#onLostValue(value, count, call),
    );
    return 'nothing';
  }

  conclude(_end: End, handler: BoundHandler, socket: Socket, reply: AckReply, event: string): void {
    if (handler.answersByItself) this.context.unanswered.watch(reply, handler.descriptor, socket, event);
    else if (!handler.returnsAck) reply.send(EMPTY_ACK);
  }

  fail(error: unknown, call: Invocation): void | Promise<void> {
    return this.context.failures.onEventError(error, call);
  }

  refusable(reply: AckReply | null): AckReply | null {
    return reply;
  }

  /** An interceptor makes a stream of what a handler returns, which then is one value. */
  #onLostValue(value: unknown, count: number, { handler: { descriptor }, pipeline }: Invocation): void {
    if (isGenerator(value)) {
      this.#onGenerator(descriptor);
      return;
    }
    if (count === 1 && pipeline?.intercepts) return;
    this.#warnOnce(
      descriptor,
      'returned a stream, whose values are not sent: @OnEvent ignores the result. Emit them to the socket, or use ' +
        '@Ack, which sends the first',
    );
  }

  #onGenerator(descriptor: HandlerDescriptor): void {
    this.#warnOnce(
      descriptor,
      'returned a generator, none of whose code has run. Use an async generator, or return a list',
    );
  }

  #warnOnce(descriptor: HandlerDescriptor, what: string): void {
    if (this.#warned.has(descriptor)) return;
    this.#warned.add(descriptor);
    this.context.warn(`${nameOf(descriptor)} ${what}. Further results are not logged.`);
  }
}
