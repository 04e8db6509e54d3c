import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import type { ServerOptions } from '../../socketio/index.js';
import type { HandlerDescriptor, InstanceWrapper } from '../discovery/gateway.descriptor.js';
import { GatewayMetadataAccessor } from '../discovery/gateway-metadata.accessor.js';
import { WEBSOCKETS_METADATA } from '../socket-io.constants.js';

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
  readonly messages: readonly { readonly method: string; readonly message: string }[];
}

/** The gateways that Nest itself would find, in the order of their modules and providers. */
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
): HandlerDescriptor {
  const isStatic = wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
  const scope = isStatic ? 'event' : 'connection';
  const callback = (gateway.prototype as Record<string, object | undefined>)[method];
  const isMessage = kind === 'message' && callback !== undefined;
  const rate = isMessage ? new GatewayMetadataAccessor().rateOf(gateway, method, callback, []) : null;
  return { wrapper, gateway, method, namespace, scope, rate, handles: { kind } };
}

/** Whether the class has the method, such as one of Nest's hooks. */
export function hasMethod({ gateway }: WebSocketGateway, method: string): boolean {
  return typeof (gateway.prototype as Record<string, unknown>)[method] === 'function';
}

function isGateway(wrapper: InstanceWrapper): boolean {
  return (
    !wrapper.isNotMetatype && Reflect.getMetadata(WEBSOCKETS_METADATA.GATEWAY, wrapper.metatype as Function) === true
  );
}

function describe(wrapper: InstanceWrapper, scanner: MetadataScanner): WebSocketGateway {
  const gateway = wrapper.metatype as Function;
  const given = (Reflect.getMetadata(WEBSOCKETS_METADATA.OPTIONS, gateway) ?? {}) as GatewayOptions;
  const { namespace, server: _server, ...options } = given;
  return {
    wrapper,
    gateway,
    port: (Reflect.getMetadata(WEBSOCKETS_METADATA.PORT, gateway) as number | undefined) ?? 0,
    path: options.path,
    namespace: namespace || '/',
    // What is no object means the defaults to the package `cors`: any origin.
    options: typeof options.cors === 'string' ? { ...options, cors: true } : options,
    messages: messagesOf(gateway.prototype as Record<string, unknown>, scanner),
  };
}

interface GatewayOptions extends ServerOptions {
  namespace?: string | RegExp;
  server?: unknown;
}

function messagesOf(prototype: Record<string, unknown>, scanner: MetadataScanner): WebSocketGateway['messages'] {
  return scanner.getAllMethodNames(prototype).flatMap((method) => {
    const callback = prototype[method] as Function;
    if (Reflect.getMetadata(WEBSOCKETS_METADATA.IS_MESSAGE, callback) === undefined) return [];
    return [{ method, message: Reflect.getMetadata(WEBSOCKETS_METADATA.MESSAGE, callback) as string }];
  });
}
