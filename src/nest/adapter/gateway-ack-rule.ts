import type { AckReply, Socket } from '../../socketio/index.js';
import type { AckRule, End } from '../dispatch/ack-rule.js';
import type { DispatchContext } from '../dispatch/dispatch-context.js';
import { EMPTY_ACK } from '../outcome/fixed-answers.js';
import type { BoundHandler } from '../pipeline/handler-factory.js';
import type { Invocation } from '../pipeline/invocation.js';
import { isThenable } from '../../common/values.js';
import { asStream } from '../pipeline/result.js';
import { tellAsNest } from './gateway-failure.js';

/**
 * The rule of Nest's `IoAdapter`, for `@SubscribeMessage`: `{ event, data }` is emitted, anything else but null and
 * undefined is the ack, of several acks the first counts, and an error is an `exception` event.
 *
 * Two things differ. Where every handler has returned undefined the ack is empty instead of never. And with `settles` an
 * ack that was asked for gets what the handler returns, whatever it is, or its error.
 */
export class GatewayAckRule implements AckRule {
  readonly sharesAck = true;

  constructor(
    private readonly context: DispatchContext,
    private readonly settles: boolean,
  ) {}

  take(value: unknown, { answersByItself }: BoundHandler, socket: Socket, reply: AckReply | null): End {
    if (answersByItself) {
      emitResponse(value, socket);
      return 'nothing';
    }
    if (value === undefined) return 'nothing';
    if (this.settles && reply !== null) reply.send([value]);
    else if (!emitResponse(value, socket) && reply !== null && value !== null) reply.send([value]);
    return 'value';
  }

  /** A promise is awaited without a function of its own, which would cost as much as the rest of the call. */
  resolve(result: unknown, call: Invocation): PromiseLike<End> {
    if (isThenable(result)) return result.then((value) => this.#resolveValue(value, call));
    return Promise.resolve(this.#resolveValue(result, call));
  }

  conclude(end: End, handler: BoundHandler, socket: Socket, reply: AckReply, event: string): void {
    if (!handler.answersByItself) {
      if (end === 'nothing') reply.send(EMPTY_ACK);
    } else if (this.settles) this.context.unanswered.watch(reply, handler.descriptor, socket, event);
  }

  fail(error: unknown, call: Invocation): void | Promise<void> {
    const { failures } = this.context;
    if (this.settles && call.reply !== null) return failures.onEventError(error, call);
    return tellAsNest(failures, error, call);
  }

  refusable(reply: AckReply | null): AckReply | null {
    return this.settles ? reply : null;
  }

  #resolveValue(value: unknown, call: Invocation): End | Promise<End> {
    const stream = asStream(value);
    if (stream === null) return this.take(value, call.handler, call.socket!, call.reply);
    return this.#resolveStream(stream, call);
  }

  async #resolveStream(stream: unknown, { handler, pipeline, socket, reply }: Invocation): Promise<End> {
    const { streams } = this.context;
    if (this.settles && reply !== null && !handler.answersByItself) {
      return this.take(await streams.firstValue(stream, socket!, pipeline), handler, socket!, reply);
    }
    let end: End = 'value';
    const onValue = (each: unknown): void => {
      if (this.take(each, handler, socket!, reply) === 'nothing') end = 'nothing';
    };
    await streams.eachValue(stream, socket!, onValue);
    return end;
  }
}

/** Whether a value says which event to emit. */
function emitResponse(value: unknown, socket: Socket): boolean {
  if (value === null || value === undefined) return false;
  const { event, data } = value as { event?: string; data?: unknown };
  if (!event) return false;
  socket.emit(event, data);
  return true;
}
