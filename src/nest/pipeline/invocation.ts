import type { HandleOperation } from '../../common/channels.js';
import type { AckReply, Socket } from '../../socketio/index.js';
import type { BoundHandler } from './handler-factory.js';
import type { Pipeline } from './pipeline.js';

/**
 * One call of a handler. Made where a result is not immediate or an error occurred; the common case passes the same things
 * as positional arguments and allocates nothing.
 */
export class Invocation {
  /** Null as long as the provider of the handler is not there, and where the error comes from before it. */
  pipeline: Pipeline | null = null;
  /** Null if nothing listens for it. */
  operation: HandleOperation<Socket> | null = null;

  constructor(
    readonly handler: BoundHandler,
    readonly socket: Socket | undefined,
    readonly args: unknown[],
    readonly reply: AckReply | null,
    /** The event, or the name of a step in a socket's life. */
    readonly event: string,
  ) {}

  static of(
    handler: BoundHandler,
    pipeline: Pipeline | null,
    socket: Socket | undefined,
    args: unknown[],
    reply: AckReply | null,
    event: string,
    operation: HandleOperation<Socket> | null = null,
  ): Invocation {
    const invocation = new Invocation(handler, socket, args, reply, event);
    invocation.pipeline = pipeline;
    invocation.operation = operation;
    return invocation;
  }
}
