import { OptionReader, type Socket } from '../../socketio/index.js';
import type { HandlerMetadata } from '../decorators/handler-metadata.js';
import type { IdempotentOptions } from '../decorators/idempotent.decorator.js';
import { IDEMPOTENT_METADATA } from '../decorators/metadata-keys.js';
import { BindingError } from '../errors/binding.error.js';

/** What `@Idempotent` says, after all checks. */
export interface IdempotencyRules {
  readonly key: string | ((body: unknown, socket: Socket) => unknown);
  readonly ttl: number;
}

/**
 * Null if the method may run as often as it is asked.
 *
 * @throws BindingError for wrong options, and on a method that gives no ack
 */
export function idempotencyOf(
  where: string,
  fn: object,
  handlers: readonly HandlerMetadata[],
): IdempotencyRules | null {
  const options = Reflect.getMetadata(IDEMPOTENT_METADATA, fn) as IdempotentOptions | undefined;
  if (options === undefined) return null;
  if (!handlers.some((handler) => handler.kind === 'event' && handler.acks)) {
    throw new BindingError(`@Idempotent on ${where}() needs an ack to repeat: add @Ack('name')`);
  }
  try {
    const read = new OptionReader({ ...options });
    const key = read.raw('key') ?? 'id';
    if (typeof key !== 'string' && typeof key !== 'function') throw read.error('key', key, 'a name or a function');
    const rules = { key: key as IdempotencyRules['key'], ttl: read.milliseconds('ttl', 300_000, 1_000) };
    read.rejectUnknown();
    return rules;
  } catch (error) {
    throw new BindingError(`@Idempotent on ${where}(): ${(error as Error).message}`, { cause: error });
  }
}
