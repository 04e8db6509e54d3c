import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import type { ServerOptions } from '../../socketio/index.js';
import {
  withSlash,
  type HandlerDescriptor,
  type HandlerRateRules,
  type InstanceWrapper,
} from '../discovery/gateway-descriptor.js';
import { GatewayMetadataAccessor } from '../discovery/gateway-metadata.accessor.js';
import { WEBSOCKETS_METADATA } from '../decorators/metadata-keys.js';

/** A class with `@WebSocketGateway`, and what its decorators say. */
export interface WebSocketGateway {
  readonly wrapper: InstanceWrapper;
  readonly gateway: Function;
  /** 0: the application's own. */
  readonly port: number;
  readonly path: string | undefined;
  readonly namespace: string | RegExp;
  /** For the server. */
  readonly options: ServerOptions;
  readonly messages: readonly GatewayMessage[];
}

/** A method with `@SubscribeMessage`. */
export interface GatewayMessage {
  readonly method: string;
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
  kind: 'message' | 'open' | 'connect' | 'disconnect' | 'guards',
  rate: HandlerRateRules | null = null,
): HandlerDescriptor {
  const isStatic = wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
  const scope = isStatic ? 'event' : 'connection';
  return { wrapper, gateway, method, namespace, scope, rate, contract: null, entry: null, subject: { kind } };
}

/** Whether a gateway has the method, such as one of Nest's hooks; of its class or, as a property, of its own. */
export function hasMethod({ gateway, wrapper }: WebSocketGateway, method: string): boolean {
  const candidate = (wrapper.instance ?? gateway.prototype) as Record<string, unknown>;
  return typeof candidate[method] === 'function';
}

function isGateway(wrapper: InstanceWrapper): boolean {
  return (
    !wrapper.isNotMetatype && Reflect.getMetadata(WEBSOCKETS_METADATA.GATEWAY, wrapper.metatype as Function) === true
  );
}

function describe(wrapper: InstanceWrapper, scanner: MetadataScanner): WebSocketGateway {
  const gateway = wrapper.metatype as Function;
  const given = (Reflect.getMetadata(WEBSOCKETS_METADATA.OPTIONS, gateway) ?? {}) as WebSocketGatewayMetadata;
  const { namespace, server: _server, ...options } = given;
  return {
    wrapper,
    gateway,
    port: (Reflect.getMetadata(WEBSOCKETS_METADATA.PORT, gateway) as number | undefined) ?? 0,
    path: options.path,
    namespace: withSlash(namespace || '/'),
    // What is no object means the defaults to the package `cors`: any origin.
    options: typeof options.cors === 'string' ? { ...options, cors: true } : options,
    messages: messagesOf(gateway, scanner),
  };
}

interface WebSocketGatewayMetadata extends ServerOptions {
  namespace?: string | RegExp;
  server?: unknown;
}

function messagesOf(gateway: Function, scanner: MetadataScanner): GatewayMessage[] {
  const accessor = new GatewayMetadataAccessor();
  const prototype = gateway.prototype as Record<string, unknown>;
  return scanner.getAllMethodNames(prototype).flatMap((method) => {
    const callback = prototype[method] as Function;
    const rate = accessor.rateOf(gateway, method, callback, accessor.handlersOf(gateway, method, callback));
    if (Reflect.getMetadata(WEBSOCKETS_METADATA.IS_MESSAGE, callback) === undefined) return [];
    return [{ method, message: Reflect.getMetadata(WEBSOCKETS_METADATA.MESSAGE, callback) as string, rate }];
  });
}
