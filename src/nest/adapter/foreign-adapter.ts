import type { ModulesContainer } from '@nestjs/core';
import type { HandlerDescriptor } from '../discovery/gateway-descriptor.js';
import { isOfClassNamed } from '../../common/values.js';
import { GatewayMetadataAccessor } from '../discovery/gateway-metadata.accessor.js';
import { assertRunByNest, classOf } from '../discovery/gateway.explorer.js';
import { wrappersOf } from '../platform/nest-internals.js';
import { BindingError } from '../errors/binding.error.js';
import { serverProperties } from './gateway-leftovers.js';
import { pathOf, type MainServer } from './gateway-servers.js';
import type { WebSocketGateway } from './websocket-gateway.js';

/**
 * An adapter of another package may serve other paths and ports beside the module.
 *
 * @throws BindingError if it would answer on the module's path, and for a gateway with decorators that it does not know
 */
export function refuseForeignAdapter(
  adapter: object | null,
  gateways: readonly WebSocketGateway[],
  main: MainServer | null,
): void {
  if (adapter === null) return;
  const { name } = adapter.constructor;
  const stray = gateways.flatMap(({ handlers }) => handlers)[0] as HandlerDescriptor | undefined;
  if (stray !== undefined) {
    throw new BindingError(
      `${stray.gateway.name}.${stray.method}() would not run: ${name} runs ${stray.gateway.name}, and does not know the ` +
        'decorators of nestjs-socketio. Remove useWebSocketAdapter(), or use SocketIoAdapter.',
    );
  }
  if (main === null) return;
  const path = pathOf(main.given.path);
  const isOfSocketIo = isIoAdapter(adapter);
  // Without a path a gateway is where its adapter puts it, which for IoAdapter is the default one.
  const servesPath = (gateway: WebSocketGateway): boolean => {
    const served = pathOfServer(gateway) ?? gateway.path;
    return served === undefined ? isOfSocketIo && path === pathOf() : pathOf(served) === path;
  };
  const rival = gateways.find((one) => (one.port === 0 || one.port === main.port) && servesPath(one));
  if (rival === undefined && (gateways.length > 0 || !isOfSocketIo)) return;
  throw new BindingError(
    rival === undefined
      ? `${name} is set by useWebSocketAdapter(), but has nothing to serve: SocketIoModule serves "${path}". ` +
          'Remove it.'
      : `${name} would serve ${rival.gateway.name} on "${path}", where SocketIoModule answers as well: two servers, one of ` +
          'which lacks the guards of the other. Remove useWebSocketAdapter(), since the module runs gateways too. If you have a ' +
          'subclass of IoAdapter, extend SocketIoAdapter instead.',
  );
}

/** @throws BindingError for a class of this package where only the adapter is there, which would not run it */
export function refuseOwnHandlers(modules: ModulesContainer): void {
  const accessor = new GatewayMetadataAccessor();
  for (const wrapper of wrappersOf(modules)) {
    const gateway = wrapper.isAlias ? null : classOf(wrapper);
    if (gateway === null || !accessor.hasHandlers(gateway)) continue;
    if (accessor.isWebSocketGateway(gateway)) {
      assertRunByNest(wrapper, gateway);
      continue;
    }
    throw new BindingError(
      `${gateway.name} would not run: without the module, SocketIoAdapter runs only classes with @WebSocketGateway. Import ` +
        'SocketIoModule.forRoot() in the root module.',
    );
  }
}

/** Where the official server that an adapter gave a gateway answers, which its options need not say; undefined if there is none. */
function pathOfServer({ wrapper }: WebSocketGateway): string | undefined {
  const instance = wrapper.instance as object | null;
  if (typeof instance !== 'object' || instance === null) return undefined;
  for (const property of serverProperties(instance)) {
    const target = Reflect.get(instance, property) as { path?: unknown; server?: { path?: unknown } } | null;
    // The server itself, or a namespace of it.
    for (const server of [target, target?.server]) {
      const path: unknown = typeof server?.path === 'function' ? Reflect.apply(server.path, server, []) : undefined;
      if (typeof path === 'string') return path;
    }
  }
  return undefined;
}

/** `IoAdapter` and its subclasses, of whatever copy of its package. */
function isIoAdapter(adapter: object): boolean {
  if (typeof (adapter as { createIOServer?: unknown }).createIOServer === 'function') return true;
  return isOfClassNamed(adapter, 'IoAdapter');
}
