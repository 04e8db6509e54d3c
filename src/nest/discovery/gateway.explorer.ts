import { Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { HandlerDescriptor, InstanceWrapper } from './gateway-descriptor.js';
import { checkParameters, entryOf } from './contract-rules.js';
import { GatewayMetadataAccessor } from './gateway-metadata.accessor.js';

/** Finds decorated methods on every provider and controller of the application; binds nothing. */
@Injectable()
export class GatewayExplorer {
  readonly #accessor = new GatewayMetadataAccessor();
  /**
   * The tokens of each module whose providers were reported. Not the providers: the first versions of Nest 11 make
   * them again where a module is loaded again.
   */
  readonly #seen = new WeakMap<object, Set<unknown>>();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  /** What was not reported before. */
  explore(): HandlerDescriptor[] {
    return [...this.discovery.getProviders(), ...this.discovery.getControllers()].flatMap((wrapper) => {
      return !wrapper.isAlias && this.#isNew(wrapper) ? this.#exploreProvider(wrapper) : [];
    });
  }

  #isNew({ host, token }: InstanceWrapper): boolean {
    if (host === undefined) return false;
    const tokens = this.#seen.get(host) ?? new Set();
    if (tokens.has(token)) return false;
    this.#seen.set(host, tokens.add(token));
    return true;
  }

  #exploreProvider(wrapper: InstanceWrapper): HandlerDescriptor[] {
    const gateway = classOf(wrapper);
    if (gateway === null || !this.#accessor.hasHandlers(gateway)) return [];
    const common = { wrapper, gateway, ...this.#accessor.optionsOf(gateway) };
    const prototype = gateway.prototype as Record<string, unknown>;
    const methods = this.scanner.getAllMethodNames(prototype);
    const descriptors: HandlerDescriptor[] = methods.flatMap((method) => {
      const handlers = this.#accessor.handlersOf(gateway, method, prototype[method] as object);
      const rate = this.#accessor.rateOf(gateway, method, prototype[method] as object, handlers);
      const handling = { gateway, method, handlers, bound: common.contract };
      checkParameters(handling);
      return handlers.map((subject) => ({
        ...common,
        method,
        subject,
        entry: entryOf(subject, handling),
        rate: subject.kind === 'event' ? rate : null,
      }));
    });
    this.#accessor.checkRate(gateway, methods, descriptors);
    const handlesConnections = descriptors.some(({ subject: { kind } }) => kind === 'handshake' || kind === 'connect');
    const isGuarded = descriptors.length > 0 && this.#accessor.guardsConnections(gateway);
    // A contract without any handler is bound as well, since its events lack theirs.
    const isBare = descriptors.length === 0 && common.contract !== null;
    // Where a method handles the connection, the guards of the class come with it.
    if (!handlesConnections && (isGuarded || isBare)) {
      descriptors.push({ ...common, method: '', subject: { kind: 'guards' }, entry: null, rate: null });
    }
    return descriptors;
  }
}

/** The class of a provider, also of one that a factory or a value provides; null where it has none. */
function classOf(wrapper: InstanceWrapper): Function | null {
  const { metatype } = wrapper;
  if (typeof metatype === 'function' && !wrapper.inject && isClass(metatype)) return metatype;
  try {
    const constructor: unknown = (wrapper.instance as object | null)?.constructor;
    return typeof constructor === 'function' ? constructor : null;
  } catch {
    // A value may be a proxy that refuses to be looked at.
    return null;
  }
}

function isClass(metatype: Function): boolean {
  return typeof metatype.prototype === 'object' && metatype.prototype !== null;
}
