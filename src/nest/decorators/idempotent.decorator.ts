import type { Socket } from '../../socketio/index.js';
import { assertCalled, decorateMethod } from './handler-metadata.js';
import { IDEMPOTENT_METADATA } from './metadata-keys.js';

export interface IdempotentOptions {
  /** What makes a message the same: a property of its first argument, or a function of that and the socket. @default 'id' */
  // oxlint-disable-next-line typescript/no-explicit-any -- what the client sent
  key?: string | ((body: any, socket: Socket) => string | undefined) | undefined;
  /** How long an ack is kept for further copies, in milliseconds. @default 300_000 */
  ttl?: number | undefined;
}

/**
 * Lets a handler of `@Ack` run once for a message, however often the client sends it, such as with the option `retries`. A
 * second copy gets the ack of the first, also while that one runs, and over a ledger on any server. If the handler fails, the
 * next copy runs it again.
 *
 * @example
 * \@Idempotent()
 * \@Ack('order')
 * order(@MessageBody() { id, items }: OrderDto) {}
 */
export function Idempotent(options: IdempotentOptions = {}): MethodDecorator {
  assertCalled('@Idempotent', arguments);
  return (target, name, descriptor) => {
    const written = { decorator: '@Idempotent()', key: IDEMPOTENT_METADATA, value: options };
    Reflect.defineMetadata(IDEMPOTENT_METADATA, options, decorateMethod(target, name, descriptor, written));
  };
}
