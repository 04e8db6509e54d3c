import { callForeign, type ForeignErrorSink } from '../../common/call-foreign.js';
import type { Namespace, Server } from '../../socketio/index.js';
import { WEBSOCKETS_METADATA } from '../decorators/metadata-keys.js';
import { GatewayMetadataAccessor } from '../discovery/gateway-metadata.accessor.js';
import type { HandlerDescriptor, InstanceWrapper } from '../discovery/gateway-descriptor.js';

/**
 * What classes of this package still have of `@nestjs/websockets` beside messages and hooks of a client: properties with
 * `@WebSocketServer()` and `afterInit`. Nest itself serves only classes with `@WebSocketGateway`.
 */
export class GatewayLeftovers {
  readonly #gateways: readonly HandlerDescriptor[];

  constructor(
    descriptors: readonly HandlerDescriptor[],
    private readonly server: Server,
  ) {
    const byWrapper = new Map<InstanceWrapper, HandlerDescriptor>();
    for (const descriptor of descriptors) byWrapper.set(descriptor.wrapper, descriptor);
    this.#gateways = [...byWrapper.values()];
  }

  /**
   * Sets the properties of named namespaces, before hooks of the application look at them; later, with `patterns`, those of
   * the others, which would take the names if they came first.
   */
  assignServers(patterns: boolean): void {
    for (const { wrapper, namespace } of this.#gateways) {
      const instance = wrapper.instance as object | null;
      if (instance === null || typeof instance !== 'object' || (typeof namespace !== 'string') !== patterns) continue;
      for (const property of serverProperties(instance)) Reflect.set(instance, property, this.#targetOf(namespace));
    }
  }

  /** Calls `afterInit` of gateways that are singletons, as Nest does; other classes may mean something else by the name. */
  callAfterInit(sink: ForeignErrorSink<string>): void {
    const accessor = new GatewayMetadataAccessor();
    for (const { wrapper, gateway, namespace } of this.#gateways) {
      if (!accessor.isGateway(gateway) || !wrapper.isDependencyTreeStatic() || wrapper.isTransient) continue;
      const instance = wrapper.instance as { afterInit?: (server: unknown) => unknown };
      if (typeof instance.afterInit !== 'function') continue;
      callForeign(instance.afterInit, instance, [this.#targetOf(namespace)], sink, `${gateway.name}.afterInit()`);
    }
  }

  #targetOf(namespace: HandlerDescriptor['namespace']): Server | Namespace {
    return namespace === '/' ? this.server : this.server.of(namespace);
  }
}

/** As Nest looks for them: `for … in` sees what is set on the instance, and on the prototype by the decorator. */
export function serverProperties(instance: object): string[] {
  const properties: string[] = [];
  for (const property in instance) {
    if (Reflect.hasMetadata(WEBSOCKETS_METADATA.SERVER, instance, property)) properties.push(property);
  }
  return properties;
}
