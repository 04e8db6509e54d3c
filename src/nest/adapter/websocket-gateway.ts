import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import type { ServerOptions } from '../../socketio/index.js';
import type {
  HandlerDescriptor,
  HandlerRateRules,
  InstanceWrapper,
  NamespaceName,
} from '../discovery/gateway-descriptor.js';
import { GatewayMetadataAccessor } from '../discovery/gateway-metadata.accessor.js';
import { describeHandlers } from '../discovery/gateway.explorer.js';
import { WEBSOCKETS_METADATA } from '../decorators/metadata-keys.js';
import { assertNamed } from '../discovery/unreachable-methods.js';

/** A class with `@WebSocketGateway`, and what its decorators say. */
export interface WebSocketGateway {
  readonly wrapper: InstanceWrapper;
  readonly gateway: Function;
  /** 0: the application's own. */
  readonly port: number;
  readonly path: string | undefined;
  readonly namespace: NamespaceName;
  /** For the server. */
  readonly options: ServerOptions;
  readonly messages: readonly GatewayMessage[];
  /** Methods with decorators of this package: they belong to the namespace and the server of the gateway. */
  readonly handlers: readonly HandlerDescriptor[];
}

/** A method with `@SubscribeMessage`. */
export interface GatewayMessage {
  readonly method: string;
  /** As on the wire. */
  readonly message: string;
  readonly rate: HandlerRateRules | null;
}

/**
 * The gateways that Nest itself would find, in the order of their modules and providers.
 *
 * @throws BindingError for a `@RateLimit` that is none, or that is not on a message
 */
export function exploreGateways(modules: ModulesContainer): WebSocketGateway[] {
  const scanner = new MetadataScanner();
  return [...modules.values()]
    .flatMap(({ providers }) => [...providers.values()] as InstanceWrapper[])
    .filter(isGateway)
    .map((wrapper) => describe(wrapper, scanner));
}

/** One method of a gateway, for the dispatch; a provider with a scope has one instance per connection, as in Nest 12. */
export function handlerOf(
  { wrapper, gateway, namespace }: WebSocketGateway,
  method: string,
  subject: HandlerDescriptor['subject'],
  rate: HandlerRateRules | null = null,
): HandlerDescriptor {
  const unused = { contract: null, entry: null, idempotency: null };
  return { wrapper, gateway, method, namespace, scope: scopeOf(wrapper), rate, ...unused, subject };
}

/** All that a gateway handles, for those who only look. */
export function descriptorsOf(gateway: WebSocketGateway): HandlerDescriptor[] {
  const hooks = (
    [
      ['handleConnection', 'open'],
      ['handleDisconnect', 'disconnect'],
    ] as const
  )
    .filter(([method]) => hasHook(gateway, method))
    .map(([method, kind]) => handlerOf(gateway, method, { kind }));
  const messages = gateway.messages.map(({ method, message, rate }) =>
    handlerOf(gateway, method, { kind: 'message', event: message }, rate),
  );
  return [...gateway.handlers, ...hooks, ...messages];
}

/**
 * Whether a gateway has one of Nest's hooks, as a method of its class or as a property of its own. One with a decorator of
 * this package is called for that instead.
 */
export function hasHook({ gateway, wrapper, handlers }: WebSocketGateway, method: string): boolean {
  const candidate = (wrapper.instance ?? gateway.prototype) as Record<string, unknown>;
  return typeof candidate[method] === 'function' && !handlers.some((handler) => handler.method === method);
}

function scopeOf(wrapper: InstanceWrapper): 'event' | 'connection' {
  return wrapper.isDependencyTreeStatic() && !wrapper.isTransient ? 'event' : 'connection';
}

function isGateway(wrapper: InstanceWrapper): boolean {
  return (
    !wrapper.isNotMetatype && Reflect.getMetadata(WEBSOCKETS_METADATA.GATEWAY, wrapper.metatype as Function) === true
  );
}

function describe(wrapper: InstanceWrapper, scanner: MetadataScanner): WebSocketGateway {
  const gateway = wrapper.metatype as Function;
  const given = (Reflect.getMetadata(WEBSOCKETS_METADATA.OPTIONS, gateway) ?? {}) as WebSocketGatewayMetadata;
  const { namespace: _namespace, server: _server, ...options } = given;
  const accessor = new GatewayMetadataAccessor();
  const { port, path, namespace } = accessor.placeOf(gateway);
  return {
    wrapper,
    gateway,
    port,
    path,
    namespace,
    handlers: describeHandlers(
      wrapper,
      gateway,
      { namespace, scope: scopeOf(wrapper), contract: null },
      scanner,
      accessor,
    ),
    // What is no object means the defaults to the package `cors`: any origin.
    options: typeof options.cors === 'string' ? { ...options, cors: true } : options,
    messages: messagesOf(gateway, scanner),
  };
}

interface WebSocketGatewayMetadata extends ServerOptions {
  namespace?: NamespaceName;
  server?: unknown;
}

function messagesOf(gateway: Function, scanner: MetadataScanner): GatewayMessage[] {
  const accessor = new GatewayMetadataAccessor();
  const prototype = gateway.prototype as Record<string, unknown>;
  return scanner.getAllMethodNames(prototype).flatMap((method) => {
    const callback = prototype[method] as Function;
    const rate = accessor.rateOf(gateway, method, callback, accessor.handlersOf(gateway, method, callback));
    if (Reflect.getMetadata(WEBSOCKETS_METADATA.IS_MESSAGE, callback) === undefined) return [];
    const given: unknown = Reflect.getMetadata(WEBSOCKETS_METADATA.MESSAGE, callback);
    // Nest writes the name into its log, and fails there without a word about the gateway.
    if (typeof given === 'symbol') assertNamed(given, `@SubscribeMessage on ${gateway.name}.${method}()`);
    // An emitter takes what is no text for its text, a number for instance.
    return [{ method, message: String(given), rate }];
  });
}
