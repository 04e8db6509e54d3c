import { RESERVED_EVENTS } from '../../socketio/index.js';
import { BindingError } from '../errors/binding.error.js';
import type { GatewayOptions } from '../decorators/gateway.decorator.js';
import type { HandlerMetadata } from '../decorators/handler-metadata.js';
import { ACKS_METADATA, GATEWAY_METADATA, HANDLER_METADATA, HAS_HANDLERS_METADATA } from '../socket-io.constants.js';

/** The only reader of what the decorators wrote. */
export class GatewayMetadataAccessor {
  hasHandlers(gateway: Function): boolean {
    return Reflect.getMetadata(HAS_HANDLERS_METADATA, gateway) === true;
  }

  /** @throws BindingError for an option that `@Gateway` does not have or cannot take */
  namespaceOf(gateway: Function): string | RegExp {
    const options = (Reflect.getMetadata(GATEWAY_METADATA, gateway) as GatewayOptions | undefined) ?? {};
    for (const name of Object.keys(options)) {
      if (name !== 'namespace') throw new BindingError(`@Gateway on ${gateway.name} has an unknown option "${name}"`);
    }
    const { namespace = '/' } = options;
    if (namespace instanceof RegExp) return namespace;
    if (typeof namespace !== 'string') {
      throw new BindingError(`@Gateway on ${gateway.name} takes a namespace as a string or RegExp`);
    }
    return namespace.startsWith('/') ? namespace : `/${namespace}`;
  }

  /** @throws BindingError for `@Ack()` on a method that handles no event, and for an event that cannot happen */
  handlersOf(gateway: Function, method: string, fn: object): HandlerMetadata[] {
    const handlers = (Reflect.getMetadata(HANDLER_METADATA, fn) as HandlerMetadata[] | undefined) ?? [];
    for (const handler of handlers) {
      if (handler.kind !== 'event' || !RESERVED_EVENTS.has(handler.event)) continue;
      throw new BindingError(
        `${gateway.name}.${method}() would never run: "${handler.event}" is a reserved name that no client can emit. ` +
          'There are @OnConnect(), @OnDisconnect() and others for what happens to a socket.',
      );
    }
    if (Reflect.getMetadata(ACKS_METADATA, fn) !== true) return handlers;
    const events = handlers.map((handler) => (handler.kind === 'event' ? { ...handler, acks: true } : handler));
    if (events.some((handler) => handler.kind === 'event')) return events;
    throw new BindingError(
      `@Ack() on ${gateway.name}.${method}() needs an event: @Ack('name'), or @OnEvent('name') beside it`,
    );
  }
}
