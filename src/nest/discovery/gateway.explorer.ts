import { idempotencyOf } from './idempotency-rules.js';
import { Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { nameOf, type HandlerDescriptor, type InstanceWrapper } from './gateway-descriptor.js';
import { noteRunning, type HandlerMetadata } from '../decorators/handler-metadata.js';
import { BindingError } from '../errors/binding.error.js';
import { checkParameters, entryOf } from './contract-rules.js';
import { GatewayMetadataAccessor } from './gateway-metadata.accessor.js';
import { assertGiven } from './unreachable-methods.js';

/** Finds decorated methods on every provider and controller of the application; binds nothing. */
@Injectable()
export class GatewayExplorer {
  readonly #accessor = new GatewayMetadataAccessor();
  /**
   * The tokens of each module whose providers were reported. Not the providers: the first versions of Nest 11 make
   * them again where a module is loaded again.
   */
  readonly #seen = new WeakMap<object, Set<unknown>>();

  /** What provides a class. */
  readonly #providers = new Map<Function, InstanceWrapper>();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  /**
   * What was not reported before.
   *
   * @throws BindingError for what would not run as it is written, or would run twice
   */
  explore(): HandlerDescriptor[] {
    return this.#newProviders().flatMap((wrapper) => this.#exploreProvider(wrapper));
  }

  /**
   * The same for a module that is loaded later.
   *
   * @throws BindingError also for what Nest binds only at the start
   */
  exploreLate(): HandlerDescriptor[] {
    const wrappers = this.#newProviders();
    for (const wrapper of wrappers) {
      const gateway = classOf(wrapper);
      if (gateway !== null && this.#accessor.isWebSocketGateway(gateway) && this.#accessor.hasHandlers(gateway)) {
        throw loadedLate(`The decorators of nestjs-socketio in ${gateway.name}`);
      }
    }
    const descriptors = wrappers.flatMap((wrapper) => this.#exploreProvider(wrapper));
    const message = descriptors.find(({ subject: { kind } }) => kind === 'message');
    if (message !== undefined) throw loadedLate(`@SubscribeMessage on ${nameOf(message)}`);
    return descriptors;
  }

  #newProviders(): InstanceWrapper[] {
    const all = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    return all.filter((wrapper) => !wrapper.isAlias && this.#isNew(wrapper));
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
    if (this.#accessor.isWebSocketGateway(gateway)) {
      assertRunByNest(wrapper, gateway);
      this.#accessor.assertReachable(gateway);
      return [];
    }
    const common = this.#accessor.optionsOf(gateway);
    this.#assertProvidedOnce(wrapper, gateway);
    return describeHandlers(wrapper, gateway, common, this.scanner, this.#accessor);
  }

  /** @throws BindingError for a class of which there are several instances: in two modules, or under two names */
  #assertProvidedOnce(wrapper: InstanceWrapper, gateway: Function): void {
    const { host } = wrapper;
    const other = this.#providers.get(gateway);
    this.#providers.set(gateway, wrapper);
    if (other === undefined || (other.host === host && other.token === wrapper.token)) return;
    if (other.host !== host && wrapper.token === other.token) {
      throw new BindingError(
        `${gateway.name} is provided by ${host?.name} and by ${other.host?.name}, and would handle everything twice. Provide it ` +
          'in one module, export it there, and import that module.',
      );
    }
    throw new BindingError(
      `${gateway.name} is provided as ${nameOfToken(other)} and as ${nameOfToken(wrapper)}, and would handle everything twice. ` +
        'Provide it once, and with useExisting for other tokens.',
    );
  }
}

/**
 * @throws BindingError for a class with `@WebSocketGateway` and decorators of this package that Nest does not run: it looks for
 *   gateways among providers alone, and only for classes
 */
export function assertRunByNest(wrapper: InstanceWrapper, gateway: Function): void {
  const why = whyNotRunByNest(wrapper);
  if (why !== null) throw new BindingError(`${gateway.name} would not run: ${why}. Provide the class itself.`);
}

/** Null for a class among the providers of its module. */
export function whyNotRunByNest({ host, token, isNotMetatype }: InstanceWrapper): string | null {
  if (!isNotMetatype && host?.providers.has(token)) return null;
  const how = isNotMetatype ? 'a factory or a value provides it' : 'it is a controller';
  return `${how}, and a gateway must be a class in the providers of a module`;
}

function nameOfToken({ token }: InstanceWrapper): string {
  return typeof token === 'function' ? token.name : String(token);
}

function loadedLate(what: string): BindingError {
  return new BindingError(
    `${what} would not run: the module is loaded lazily, and gateways of @nestjs/websockets are bound only at the start. ` +
      'Use @Gateway, and @OnEvent or @Ack, in such modules.',
  );
}

/**
 * The decorated methods of one class.
 *
 * @throws BindingError for what would not run as it is written
 */
export function describeHandlers(
  wrapper: InstanceWrapper,
  gateway: Function,
  where: Pick<HandlerDescriptor, 'namespace' | 'scope' | 'contract'>,
  scanner: MetadataScanner,
  accessor: GatewayMetadataAccessor,
): HandlerDescriptor[] {
  accessor.assertReachable(gateway);
  assertInjectable(wrapper, gateway);
  noteRunning(gateway);
  const common = { wrapper, gateway, ...where };
  const prototype = gateway.prototype as Record<string, unknown>;
  const methods = scanner.getAllMethodNames(prototype);
  const descriptors: HandlerDescriptor[] = methods.flatMap((method) => {
    const fn = prototype[method] as object;
    const handlers = accessor.handlersOf(gateway, method, fn);
    if (handlers.length > 0) assertGiven(gateway, method);
    const rate = accessor.rateOf(gateway, method, fn, handlers);
    const idempotency = idempotencyOf(`${gateway.name}.${method}`, fn, handlers);
    const handling = { gateway, method, handlers, bound: where.contract };
    checkParameters(handling);
    return [...handlers, ...accessor.leftoversOf(gateway, method, fn)].map((subject) => ({
      ...common,
      method,
      subject,
      entry: isOwn(subject) ? entryOf(subject, handling) : null,
      rate: subject.kind === 'event' || subject.kind === 'message' ? rate : null,
      idempotency: subject.kind === 'event' && subject.acks ? idempotency : null,
    }));
  });
  accessor.checkRate(gateway, methods, descriptors);
  const handlesConnections = descriptors.some(({ subject: { kind } }) => kind === 'handshake' || kind === 'connect');
  const isGuarded = descriptors.length > 0 && accessor.guardsConnections(gateway);
  // A gateway that only emits has a namespace as well; and the events of a contract lack their handlers.
  const isBare = descriptors.length === 0 && accessor.isGateway(gateway);
  // Where a method handles the connection, the guards of the class come with it.
  if (!handlesConnections && (isGuarded || isBare)) {
    descriptors.push({
      ...common,
      method: '',
      subject: { kind: 'guards' },
      entry: null,
      rate: null,
      idempotency: null,
    });
  }
  return descriptors;
}

/**
 * Without a decorator on the class the compiler writes down no types of its constructor, and Nest calls it without
 * arguments.
 *
 * @throws BindingError for a class that would get none of what it asks for
 */
function assertInjectable({ metatype, inject, isNotMetatype }: InstanceWrapper, gateway: Function): void {
  if (metatype !== gateway || inject || isNotMetatype) return;
  if (gateway.length === 0 || INJECTED.some((key) => Reflect.hasMetadata(key, gateway))) return;
  throw new BindingError(
    `${gateway.name} gets nothing injected: its constructor has ${gateway.length} parameter(s), and without a decorator on ` +
      'the class Nest does not know their types. Add @Injectable() or @Gateway() to it.',
  );
}

function isOwn(subject: HandlerDescriptor['subject']): subject is HandlerMetadata {
  return subject.kind !== 'message' && subject.kind !== 'guards' && subject.kind !== 'open';
}

/** Where compiler and `@Inject()` write what a constructor takes. */
const INJECTED = ['design:paramtypes', 'self:paramtypes'] as const;

/** The class of a provider, also of one that a factory or a value provides; null if it has none. */
export function classOf(wrapper: InstanceWrapper): Function | null {
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
