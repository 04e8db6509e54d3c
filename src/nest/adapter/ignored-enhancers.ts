import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import { nameOf, type HandlerDescriptor } from '../discovery/gateway-descriptor.js';
import { classOf } from '../discovery/gateway.explorer.js';
import { checkReplacedGateways, extendsClass } from '../discovery/replaced-gateways.js';
import { GatewayMetadataAccessor } from '../discovery/gateway-metadata.accessor.js';
import { WEBSOCKETS_METADATA } from '../decorators/metadata-keys.js';
import { describe, unreachableNamespace } from '../discovery/unreachable-methods.js';
import { wrappersOf } from '../platform/nest-internals.js';
import { BindingError } from '../errors/binding.error.js';
import type { ResolvedAdapterOptions } from './socket-io-adapter.options.js';
import type { WebSocketGateway } from './websocket-gateway.js';

/** What is bound to a gateway and does not run, as with `IoAdapter`: an operator is told. Guards of Nest's hooks. */
export function hookGuardsLeftOut({ gateway }: WebSocketGateway, { connectGuards }: ResolvedAdapterOptions): string[] {
  const accessor = new GatewayMetadataAccessor();
  const prototype = gateway.prototype as Record<string, Function | undefined>;
  return ['afterInit', 'handleConnection', 'handleDisconnect'].flatMap((hook) => {
    const callback = prototype[hook];
    if (callback === undefined || !accessor.hasGuards(callback)) return [];
    if (hook !== 'handleConnection') return [notAsked(gateway, hook, 'Remove it.')];
    return connectGuards ? [] : [notAsked(gateway, hook, 'Set connectGuards: true on SocketIoAdapter to run it.')];
  });
}

/** A gateway that several modules provide: legal in Nest, and hardly ever meant. */
export function providedTwice(gateways: readonly WebSocketGateway[]): string[] {
  const hosts = new Map<Function, (string | undefined)[]>();
  for (const { gateway, wrapper } of gateways) {
    hosts.set(gateway, [...(hosts.get(gateway) ?? []), wrapper.host?.name]);
  }
  return [...hosts].flatMap(([gateway, modules]) =>
    modules.length < 2
      ? []
      : [`${gateway.name} is provided by ${modules.join(' and by ')}, and handles everything once for each of them.`],
  );
}

/** @throws BindingError for such a gateway with handlers of this package, two of which would answer one event */
export function assertProvidedOnce(gateways: readonly WebSocketGateway[]): void {
  const own = gateways.filter(({ handlers }) => handlers.length > 0);
  const [warning] = providedTwice(own);
  if (warning !== undefined) throw new BindingError(`${warning} Provide it in one module, and export it there.`);
}

/** A message that no client can send, or is meant to: with `IoAdapter` it is listened for as well, and never comes. */
export function messageLeftOut({ gateway, messages }: WebSocketGateway): string[] {
  const prototype = gateway.prototype as Record<string, object>;
  return messages.flatMap(({ method }) => {
    const given: unknown = Reflect.getMetadata(WEBSOCKETS_METADATA.MESSAGE, prototype[method]);
    const hook = typeof given === 'string' ? HOOKS[given] : undefined;
    if (hook !== undefined) {
      return [
        `@SubscribeMessage("${given as string}") on ${gateway.name}.${method}() does not run when a client connects or ` +
          `disconnects. Use ${hook}() for that.`,
      ];
    }
    if (typeof given === 'string' || typeof given === 'number') return [];
    return [
      `@SubscribeMessage on ${gateway.name}.${method}() never runs: its event is ${describe(given)}, but the name of an event must be a string.`,
    ];
  });
}

/**
 * What is provided in a way that has nothing of it run.
 *
 * @throws BindingError for a gateway of this package in whose place something else is provided
 */
export function providersLeftOut(modules: ModulesContainer): string[] {
  return [...checkReplacedGateways(modules), ...messagesWithoutGateway(modules)];
}

/**
 * Messages of classes that are no gateways, or that Nest does not take for such: as with `IoAdapter` they never run. A class may
 * be provided beside a gateway that extends it.
 */
function messagesWithoutGateway(modules: ModulesContainer): string[] {
  const accessor = new GatewayMetadataAccessor();
  const scanner = new MetadataScanner();
  const classes = new Set(wrappersOf(modules).flatMap((wrapper) => (wrapper.isAlias ? [] : (classOf(wrapper) ?? []))));
  const gateways = [...classes].filter((one) => accessor.isWebSocketGateway(one) || accessor.hasHandlers(one));
  return [...classes].flatMap((one) => {
    const prototype = one.prototype as Record<string, Function> | undefined;
    if (prototype === undefined || gateways.some((gateway) => gateway === one || extendsClass(gateway, one))) return [];
    const method = scanner
      .getAllMethodNames(prototype)
      .find((name) => Reflect.hasOwnMetadata(WEBSOCKETS_METADATA.IS_MESSAGE, prototype[name]));
    if (method === undefined) return [];
    return [
      `@SubscribeMessage on ${one.name}.${method}() never runs: ${one.name} has neither @Gateway nor @WebSocketGateway.`,
    ];
  });
}

/** What a socket of the server or of the client emits by these names is no message. */
const HOOKS: Readonly<Record<string, string | undefined>> = Object.assign(Object.create(null) as object, {
  connection: 'handleConnection',
  connect: 'handleConnection',
  disconnect: 'handleDisconnect',
});

/** A namespace that no client can ask for, or none by mistake, as with `IoAdapter`. */
export function namespaceLeftOut({ gateway, namespace }: WebSocketGateway): string[] {
  const given = (Reflect.getMetadata(WEBSOCKETS_METADATA.OPTIONS, gateway) ?? {}) as { namespace?: unknown };
  if ('namespace' in given && given.namespace === undefined) {
    return [
      `@WebSocketGateway on ${gateway.name} has the namespace undefined, and serves "/". Leave it out if that is intended. A ` +
        'namespace is undefined if it is imported from a file that imports this one.',
    ];
  }
  const isName = typeof namespace === 'string' || namespace instanceof RegExp;
  const why = isName ? unreachableNamespace(namespace) : null;
  return why === null ? [] : [`No client can join the namespace ${String(namespace)} of ${gateway.name}: ${why}.`];
}

/** Global enhancers with a scope, for a gateway without one. */
export function scopedGlobalsLeftOut({ gateway }: WebSocketGateway): string {
  return (
    `Global guards, pipes and interceptors with a scope do not run before messages of ${gateway.name}, as with IoAdapter. ` +
    'Set globalEnhancers: true on SocketIoAdapter to run them.'
  );
}

/** A bound of this package on a message that Nest itself hands over: stops the bootstrap. */
export function rateLeftOut(descriptor: HandlerDescriptor): BindingError {
  return new BindingError(
    `@RateLimit on ${nameOf(descriptor)} would have no effect: Nest itself runs this gateway, through an adapter of another ` +
      'package or one that overrides how clients are bound. Use SocketIoAdapter itself, or the option rateLimit.',
  );
}

function notAsked(gateway: Function, hook: string, cure: string): string {
  return `The guard bound to ${gateway.name}.${hook}() does not run, as with IoAdapter. ${cure}`;
}
