import { matches } from '../../common/values.js';
import type { Namespace, Server, Socket } from '../../socketio/index.js';
import { nameOf, type HandlerDescriptor, type NamespaceName } from '../discovery/gateway-descriptor.js';
import type { AnyContract } from '../../contract/index.js';
import { eventsOf } from '../../contract/runtime.js';
import type { GatewayContract } from '../discovery/contract-rules.js';
import { BindingError } from '../errors/binding.error.js';
import type { HandlerFactory } from '../pipeline/handler-factory.js';
import { checkCoverage } from './contract-coverage.js';
import type { DispatchContext } from './dispatch-context.js';
import { NamespaceBinding } from './namespace-binding.js';

/** Connects what discovery found to the namespaces of a server. May be called again for modules that load later. */
export class GatewayBinder {
  /** By name or by pattern: two gateways with the same pattern share its namespaces. */
  readonly #bindings = new Map<unknown, NamespaceBinding>();

  /** By namespace. */
  readonly #contracts = new Map<unknown, GatewayContract>();

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
      this.#assertSendable(descriptor);
      const binding = this.bindingOf(descriptor.namespace, nameOf(descriptor));
      if (descriptor.contract !== null) this.#adopt(descriptor.contract, binding, descriptor);
      binding.add(this.handlers.create(descriptor));
    }
  }

  /**
   * To be called when all handlers are bound.
   *
   * @throws BindingError for events of a contract that lack a handler, or one that answers
   */
  checkContracts(): void {
    for (const [key, { contract, isPartial }] of this.#contracts) {
      const binding = this.#bindings.get(key)!;
      if (!isPartial) checkCoverage(contract, (event) => binding.coverageOf(event));
    }
  }

  #adopt({ contract, isPartial }: GatewayContract, binding: NamespaceBinding, descriptor: HandlerDescriptor): void {
    const key = keyOf(descriptor.namespace);
    const present = this.#contracts.get(key);
    if (present === undefined) binding.adopt(contract);
    else if (!hasSameEvents(present.contract, contract)) {
      throw new BindingError(
        `${descriptor.gateway.name} gives the namespace ${String(descriptor.namespace)} a second contract, with other events ` +
          'than the first. A namespace has one contract: put all of its events there.',
      );
    }
    this.#contracts.set(key, {
      contract: present?.contract ?? contract,
      isPartial: isPartial || present?.isPartial === true,
    });
  }

  /** Hands an error to the `@OnError` handlers; false if there are none. */
  handleError(error: unknown, socket: Socket | undefined): boolean {
    const interested = [...this.#bindings.values()].filter((binding) => binding.handlesErrors);
    for (const binding of interested) binding.handleError(error, socket);
    return interested.length > 0;
  }

  /** Runs the `@OnShutdown` handlers. Does not reject. */
  async handleShutdown(): Promise<void> {
    await Promise.all([...this.#bindings.values()].map((binding) => binding.handleShutdown()));
  }

  /**
   * The handlers of a namespace, for whoever adds to them; `owner` is named where that cannot be.
   *
   * @throws BindingError for a namespace that cannot be had for itself
   */
  bindingOf(namespace: NamespaceName, owner: string): NamespaceBinding {
    const key = keyOf(namespace);
    let binding = this.#bindings.get(key);
    if (binding === undefined) {
      const target: Namespace = this.server.of(namespace);
      if (namespace instanceof RegExp) this.#refuseStray(namespace, owner);
      // A child of a pattern shares its table, so that these handlers would serve all that the pattern makes.
      if (target.handlers !== null) {
        throw new BindingError(
          `${owner} cannot be bound to the namespace "${String(namespace)}": a pattern that was bound earlier created it. ` +
            'Load both gateways together, or use the pattern.',
        );
      }
      binding = new NamespaceBinding(target, this.context, this.server.options.connectTimeout);
      this.#bindings.set(key, binding);
    }
    return binding;
  }

  /** A longer name is refused before any handler is looked for; one is hardly ever meant. */
  #assertSendable(descriptor: HandlerDescriptor): void {
    const { subject } = descriptor;
    const { maxEventNameLength } = this.server.settings;
    if (subject.kind !== 'event') return;
    if (subject.event === 'connection') {
      this.context.warn(
        `${nameOf(descriptor)} handles events named "connection" that clients emit, not connections. Use @OnConnect() for these.`,
      );
    }
    if (Buffer.byteLength(subject.event) <= maxEventNameLength) return;
    throw new BindingError(
      `${nameOf(descriptor)} would never run: the name of its event has more than ${maxEventNameLength} bytes ` +
        '(maxEventNameLength).',
    );
  }

  /** Clients would find neither the handlers nor the guards of the pattern in a namespace that was made before it. */
  #refuseStray(pattern: RegExp, owner: string): void {
    for (const [name, namespace] of this.server._nsps) {
      const isUsed = namespace.handlers !== null || namespace.listenerCount('connection') > 0;
      if (isUsed || namespace.listenerCount('connect') > 0 || !matches(pattern, name)) continue;
      throw new BindingError(
        `${owner} does not get the namespace "${name}", which its pattern ${pattern} matches: of("${name}") created it ` +
          'before gateways were bound. Call of() in onApplicationBootstrap() or later.',
      );
    }
  }
}

/** Patterns that are written alike are one, and none is a name; a function is known by itself. */
function keyOf(namespace: NamespaceName): unknown {
  return namespace instanceof RegExp ? `pattern ${String(namespace)}` : namespace;
}

/** The contract of a shared package is two objects if it is loaded as an ES module and as CommonJS. */
function hasSameEvents(a: AnyContract, b: AnyContract): boolean {
  const namesOf = (contract: AnyContract): string => [...(eventsOf(contract, 'in')?.keys() ?? [])].join();
  return a === b || namesOf(a) === namesOf(b);
}
