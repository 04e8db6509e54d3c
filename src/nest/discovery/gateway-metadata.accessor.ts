import { OptionError, resolveRate, resolveRateAction } from '../../socketio/index.js';
import { BindingError } from '../errors/binding.error.js';
import type { GatewayMetadata } from '../decorators/gateway.decorator.js';
import type { HandlerMetadata } from '../decorators/handler-metadata.js';
import type { HandlerRateLimit } from '../decorators/rate-limit.decorator.js';
import {
  ACKS_METADATA,
  ENHANCERS_METADATA,
  GATEWAY_METADATA,
  HANDLER_METADATA,
  HAS_HANDLERS_METADATA,
  RATE_LIMIT_METADATA,
  WEBSOCKETS_METADATA,
} from '../decorators/metadata-keys.js';
import {
  withSlash,
  type HandlerDescriptor,
  type HandlerRateRules,
  type MessageMetadata,
  type NamespaceName,
} from './gateway-descriptor.js';
import {
  assertEmittableEvent,
  assertNamed,
  assertReachable,
  describe,
  unreachableNamespace,
} from './unreachable-methods.js';

/** The only reader of what the decorators wrote. */
export class GatewayMetadataAccessor {
  hasHandlers(gateway: Function): boolean {
    return Reflect.getMetadata(HAS_HANDLERS_METADATA, gateway) === true;
  }

  /** Whether `@Gateway` is on a class; without it handlers listen on `/`. */
  isGateway(gateway: Function): boolean {
    return Reflect.hasMetadata(GATEWAY_METADATA, gateway);
  }

  /** @throws BindingError for an option that `@Gateway` does not have or cannot take */
  optionsOf(gateway: Function): Pick<HandlerDescriptor, 'namespace' | 'scope' | 'contract'> {
    const options = (Reflect.getMetadata(GATEWAY_METADATA, gateway) as GatewayMetadata | undefined) ?? {};
    if (Array.isArray(options)) throw new BindingError(`@Gateway on ${gateway.name} takes one namespace, not a list`);
    for (const name of Object.keys(options)) {
      if (name === 'namespace' || name === 'scope' || name === 'contract') continue;
      if (name === 'partial' && options.contract !== undefined) continue;
      throw new BindingError(`@Gateway on ${gateway.name} has an unknown option "${name}"`);
    }
    const { namespace = 'namespace' in options ? undefined : '/', scope, contract, partial = false } = options;
    if (scope !== undefined && scope !== 'connection') {
      throw new BindingError(`@Gateway on ${gateway.name} takes the scope 'connection', or none`);
    }
    if (typeof namespace !== 'string' && !(namespace instanceof RegExp)) {
      throw new BindingError(
        `@Gateway on ${gateway.name} takes a string or a RegExp as namespace, got ${describe(namespace)}. ` +
          'Leave it out for "/". A namespace is undefined if it is imported from a file that imports this one.',
      );
    }
    if (typeof partial !== 'boolean') {
      throw new BindingError(`@Gateway on ${gateway.name} takes partial as true or false`);
    }
    const why = unreachableNamespace(namespace);
    if (why !== null) {
      throw new BindingError(
        `@Gateway on ${gateway.name} has the namespace ${display(namespace)}, which no client can join: ${why}.`,
      );
    }
    return {
      namespace: withSlash(namespace),
      scope: scope ?? 'event',
      contract: contract === undefined ? null : { contract, isPartial: partial },
    };
  }

  /** The namespace that a class of either package names; null if that cannot be read, as of an unfinished one. */
  namespaceOf(gateway: Function): NamespaceName | null {
    try {
      const isOfNest = this.isWebSocketGateway(gateway) && !this.isGateway(gateway);
      return (isOfNest ? this.placeOf(gateway) : this.optionsOf(gateway)).namespace;
    } catch {
      return null;
    }
  }

  /** Whether `@WebSocketGateway` of `@nestjs/websockets` is on a class. */
  isWebSocketGateway(gateway: Function): boolean {
    return Reflect.getMetadata(WEBSOCKETS_METADATA.GATEWAY, gateway) === true;
  }

  /** Where a class with `@WebSocketGateway` is to be served. */
  placeOf(gateway: Function): WebSocketPlace {
    const { path, namespace } = (Reflect.getMetadata(WEBSOCKETS_METADATA.OPTIONS, gateway) ?? {}) as {
      path?: string;
      namespace?: NamespaceName;
    };
    const port = (Reflect.getMetadata(WEBSOCKETS_METADATA.PORT, gateway) as number | undefined) ?? 0;
    return { port, path, namespace: withSlash(namespace || '/') };
  }

  /**
   * What `@Gateway` leaves of a class that was written for `@nestjs/websockets`: its messages, by `@SubscribeMessage`, and
   * its hooks, by their names, unless they have a decorator of this package. Empty for a class without `@Gateway`.
   *
   * @throws BindingError for a message without a name
   */
  leftoversOf(
    gateway: Function,
    method: string,
    fn: object,
  ): (MessageMetadata | { readonly kind: 'connect' | 'disconnect' })[] {
    if (!Reflect.hasMetadata(GATEWAY_METADATA, gateway)) return [];
    if (isMessageMapping(fn)) {
      const event: unknown = Reflect.getMetadata(WEBSOCKETS_METADATA.MESSAGE, fn);
      assertNamed(event, `@SubscribeMessage on ${gateway.name}.${method}()`);
      return [{ kind: 'message', event }];
    }
    const kind = HOOKS[method];
    return kind === undefined || Reflect.hasMetadata(HANDLER_METADATA, fn) ? [] : [{ kind }];
  }

  /** @throws BindingError for a decorated method that would never run, and for a class with two kinds of gateway */
  assertReachable(gateway: Function): void {
    assertReachable(gateway);
    if (!this.isWebSocketGateway(gateway) || !Reflect.hasMetadata(GATEWAY_METADATA, gateway)) return;
    throw new BindingError(
      `${gateway.name} has both @Gateway and @WebSocketGateway, and would listen twice. Keep @Gateway: the other decorators of ` +
        '@nestjs/websockets work there too.',
    );
  }

  /** Whether a class has `@Gateway` and guards of its own, which then decide about connections as well. */
  guardsConnections(gateway: Function): boolean {
    if (!Reflect.hasMetadata(GATEWAY_METADATA, gateway)) return false;
    const guards = Reflect.getMetadata(ENHANCERS_METADATA.guard, gateway) as unknown[] | undefined;
    return guards !== undefined && guards.length > 0;
  }

  /** Whether guards are bound to a method itself. */
  hasGuards(fn: object): boolean {
    const guards = Reflect.getMetadata(ENHANCERS_METADATA.guard, fn) as unknown[] | undefined;
    return guards !== undefined && guards.length > 0;
  }

  /**
   * @throws BindingError for `@Ack()` on a method that handles no event, for an event that cannot happen, and for guards
   *   on a method that only hears of what has happened
   */
  handlersOf(gateway: Function, method: string, fn: object): HandlerMetadata[] {
    const written = (Reflect.getMetadata(HANDLER_METADATA, fn) as HandlerMetadata[] | undefined) ?? [];
    // Members of a numeric enum; on the wire a name is text either way.
    const handlers = written.map((one) =>
      one.kind === 'event' && typeof one.event === 'number' ? { ...one, event: String(one.event) } : one,
    );
    const where = `${gateway.name}.${method}()`;
    for (const handler of handlers) if (handler.kind === 'event') assertEmittableEvent(handler.event, where);
    if (handlers.length > 0 && !handlers.some(({ kind }) => GUARDED.has(kind)) && this.hasGuards(fn)) {
      throw new BindingError(
        `A guard bound to ${gateway.name}.${method}() would not run: guards apply to connections and events, not to ` +
          'notifications. Remove it, or move it to @OnHandshake(), @OnConnect() or an event.',
      );
    }
    if (Reflect.getMetadata(ACKS_METADATA, fn) !== true) return handlers;
    const events = handlers.map((handler) => (handler.kind === 'event' ? { ...handler, acks: true } : handler));
    if (events.some((handler) => handler.kind === 'event')) return events;
    throw new BindingError(
      `@Ack() on ${gateway.name}.${method}() needs an event: use @Ack('name'), or add @OnEvent('name')`,
    );
  }

  /**
   * What `@RateLimit` on the method says, or on its class; null if there is none.
   *
   * @throws BindingError for a rate that is none, and for `@RateLimit` on a method that handles no event
   */
  rateOf(gateway: Function, method: string, fn: object, handlers: readonly HandlerMetadata[]): HandlerRateRules | null {
    const own = Reflect.getMetadata(RATE_LIMIT_METADATA, fn) as HandlerRateLimit | undefined;
    const handlesEvents = handlers.some(({ kind }) => kind === 'event') || isMessageMapping(fn);
    if (own !== undefined && !handlesEvents) {
      throw new BindingError(
        `@RateLimit on ${gateway.name}.${method}() needs an event: add @OnEvent('name') or @Ack('name')`,
      );
    }
    const limit = own ?? (Reflect.getMetadata(RATE_LIMIT_METADATA, gateway) as HandlerRateLimit | undefined);
    if (limit === undefined) return null;
    return resolveHandlerRate(limit, own === undefined ? gateway.name : `${gateway.name}.${method}()`);
  }

  /** @throws BindingError for `@RateLimit` on a class that handles no event */
  checkRate(gateway: Function, methods: readonly string[], descriptors: readonly HandlerDescriptor[]): void {
    if (!Reflect.hasMetadata(RATE_LIMIT_METADATA, gateway)) return;
    if (descriptors.some(({ subject: { kind } }) => kind === 'event' || kind === 'message')) return;
    const prototype = gateway.prototype as Record<string, unknown>;
    if (methods.some((method) => isMessageMapping(prototype[method]))) return;
    throw new BindingError(`@RateLimit on ${gateway.name} has no effect: none of its methods handles an event`);
  }
}

export interface WebSocketPlace {
  /** 0: the application's own. */
  readonly port: number;
  readonly path: string | undefined;
  readonly namespace: NamespaceName;
}

/** Hooks of `@nestjs/websockets` and what they are here. `afterInit` is called by whoever has the server. */
const HOOKS: Readonly<Record<string, 'connect' | 'disconnect' | undefined>> = {
  __proto__: null as never,
  handleConnection: 'connect',
  handleDisconnect: 'disconnect',
};

/** What guards decide about. */
const GUARDED: ReadonlySet<HandlerMetadata['kind']> = new Set(['event', 'handshake', 'connect']);

/** @throws BindingError saying where, what was given and what is allowed */
function resolveHandlerRate(limit: HandlerRateLimit, where: string): HandlerRateRules {
  try {
    const { key = 'socket', onLimit = 'refuse', ...rate } = limit;
    if (key !== 'socket' && key !== 'ip' && typeof key !== 'function') {
      throw new OptionError('key', key, '"socket", "ip" or a function (socket) => string');
    }
    return {
      rate: resolveRate('limit', rate),
      onLimit: resolveRateAction('onLimit', onLimit),
      key,
      text: `${rate.limit}/${rate.interval === undefined || rate.interval === 1_000 ? 's' : `${rate.interval} ms`} per ${typeof key === 'function' ? 'key' : key}`,
    };
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    throw new BindingError(`@RateLimit on ${where}: ${error.message}`, { cause: error });
  }
}

/** Whether `@SubscribeMessage` of `@nestjs/websockets` is on a method. */
function isMessageMapping(fn: unknown): boolean {
  return typeof fn === 'function' && Reflect.getMetadata(WEBSOCKETS_METADATA.IS_MESSAGE, fn) === true;
}

function display(namespace: string | RegExp): string {
  return typeof namespace === 'string' ? JSON.stringify(namespace) : String(namespace);
}
