import type { Namespace, Server, Socket } from '../../socketio/index.js';
import { nameOf, type HandlerDescriptor } from '../discovery/gateway-descriptor.js';
import { BindingError } from '../errors/binding.error.js';
import type { HandlerFactory } from '../pipeline/handler-factory.js';
import type { DispatchContext } from './dispatch-context.js';
import { NamespaceBinding } from './namespace-binding.js';

/** Connects what discovery found to the namespaces of a server. May be called again for modules that load later. */
export class GatewayBinder {
  /** By name or by pattern: two gateways with the same pattern share its namespaces. */
  readonly #bindings = new Map<string, NamespaceBinding>();

  constructor(
    private readonly server: Server,
    private readonly handlers: HandlerFactory,
    private readonly context: DispatchContext,
  ) {}

  /** @throws BindingError for a handler that cannot be bound as it is written */
  bind(descriptors: readonly HandlerDescriptor[]): void {
    // Names before patterns: a namespace that a gateway names is its own, also where a pattern matches it.
    const isNamed = ({ namespace }: HandlerDescriptor): boolean => typeof namespace === 'string';
    for (const descriptor of [...descriptors.filter(isNamed), ...descriptors.filter((one) => !isNamed(one))]) {
      this.bindingOf(descriptor.namespace, nameOf(descriptor)).add(this.handlers.create(descriptor));
    }
  }

  /** Hands an error to the `@OnError` handlers; false where there are none. */
  handleError(error: unknown, socket: Socket | undefined): boolean {
    const interested = [...this.#bindings.values()].filter((binding) => binding.handlesErrors);
    for (const binding of interested) binding.handleError(error, socket);
    return interested.length > 0;
  }

  /**
   * The handlers of a namespace, for whoever adds to them; `owner` is named where that cannot be.
   *
   * @throws BindingError for a namespace that cannot be had for itself
   */
  bindingOf(namespace: string | RegExp, owner: string): NamespaceBinding {
    const key = String(namespace);
    let binding = this.#bindings.get(key);
    if (binding === undefined) {
      const target: Namespace = this.server.of(namespace);
      if (namespace instanceof RegExp) this.#refuseStray(namespace, owner);
      // A child of a pattern shares its table, so that these handlers would serve all that the pattern makes.
      if (target.handlers !== null) {
        throw new BindingError(
          `${owner} cannot have the namespace "${key}" for itself: a pattern that was bound earlier made it. ` +
            'Load both gateways together, or use the pattern.',
        );
      }
      binding = new NamespaceBinding(target, this.context, this.server.settings.connectTimeout);
      this.#bindings.set(key, binding);
    }
    return binding;
  }

  /** Clients would find neither the handlers nor the guards of the pattern in a namespace that was made before it. */
  #refuseStray(pattern: RegExp, owner: string): void {
    for (const [name, namespace] of this.server._nsps) {
      const isUsed = namespace.handlers !== null || namespace.listenerCount('connection') > 0;
      if (isUsed || namespace.listenerCount('connect') > 0 || !new RegExp(pattern).test(name)) continue;
      throw new BindingError(
        `${owner} does not get the namespace "${name}", which its pattern ${pattern} matches: of("${name}") made it ` +
          'before gateways were bound. Ask for it in onApplicationBootstrap() at the earliest.',
      );
    }
  }
}
