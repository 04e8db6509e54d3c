import { INQUIRER, REQUEST, type ModulesContainer } from '@nestjs/core';
import { decoratedClasses, isRunning } from '../decorators/handler-metadata.js';
import { BindingError } from '../errors/binding.error.js';
import { isOverridden, wrappersOf } from '../platform/nest-internals.js';
import { listed, type InstanceWrapper } from './gateway-descriptor.js';
import { GatewayMetadataAccessor } from './gateway-metadata.accessor.js';
import { classOf, whyNotRunByNest } from './gateway.explorer.js';
import { describe } from './unreachable-methods.js';

/**
 * Gateways in whose place a module provides something else, so that none of their checks would run. What a testing module
 * overrides is only told of: that is what overriding is for.
 *
 * @returns what an operator is told
 * @throws BindingError for a gateway of this package that would run nowhere
 */
export function checkReplacedGateways(modules: ModulesContainer): string[] {
  const all = wrappersOf(modules);
  const present = all.flatMap((wrapper) => (wrapper.isAlias ? [] : (classOf(wrapper) ?? [])));
  const isServed = (gateway: Function): boolean => present.some((one) => one === gateway || extendsClass(one, gateway));
  return [
    ...all.flatMap((wrapper) => replacementOf(wrapper, sourceOf(wrapper, all), isServed) ?? []),
    ...all.flatMap((wrapper) => valueLeftOut(wrapper, all) ?? []),
    ...unseenFactories(all, isServed),
  ];
}

export function extendsClass(one: Function, other: Function): boolean {
  return Object.prototype.isPrototypeOf.call(other, one);
}

/** What an alias stands for; of anything else itself. */
function sourceOf(wrapper: InstanceWrapper, all: readonly InstanceWrapper[]): InstanceWrapper {
  if (!wrapper.isAlias) return wrapper;
  const [target] = (wrapper.inject ?? []) as unknown[];
  return all.find(({ token, isAlias }) => !isAlias && token === target) ?? wrapper;
}

function replacementOf(
  { token: gateway, isAlias }: InstanceWrapper,
  source: InstanceWrapper,
  isServed: (gateway: Function) => boolean,
): string | null {
  if (typeof gateway !== 'function' || !isGateway(gateway) || isServed(gateway)) return null;
  const stand = classOf(source);
  if (stand !== null && isGateway(stand)) return null;
  const isTold = !accessor.hasHandlers(gateway) || (!isAlias && isOverridden(source));
  const [why, remedy] = isUnmadeFactory(source)
    ? ['a factory provides it, and has not created it when the application starts', 'with a scope if it needs one']
    : [`what is provided in its place is ${describeInstance(source, stand)}, which handles nothing`, remedyFor(stand)];
  if (isTold) return `${gateway.name} does not run: ${why}.`;
  throw new BindingError(`${gateway.name} would not run: ${why}. Provide the class itself, ${remedy}.`);
}

function describeInstance({ instance }: InstanceWrapper, stand: Function | null): string {
  return hasName(stand) ? `an instance of ${stand.name}` : describe(instance);
}

function remedyFor(stand: Function | null): string {
  const own = hasName(stand) ? `; with @Gateway() on ${stand.name} it may handle nothing` : '';
  return `or one that extends it${own}`;
}

function hasName(stand: Function | null): stand is Function {
  return stand !== null && stand !== Object;
}

/** Gateways of `@nestjs/websockets` that Nest does not find, as with `IoAdapter`; those with handlers of this package stop the start. */
function valueLeftOut(wrapper: InstanceWrapper, all: readonly InstanceWrapper[]): string | null {
  const gateway = wrapper.isAlias ? null : classOf(wrapper);
  if (gateway === null || !accessor.isWebSocketGateway(gateway) || accessor.hasHandlers(gateway)) return null;
  const why = whyNotRunByNest(wrapper);
  if (why === null || all.some((one) => classOf(one) === gateway && whyNotRunByNest(one) === null)) return null;
  return `${gateway.name} does not run: ${why}.`;
}

/** What a factory with a scope makes is not known at the start, and nothing of it would run. */
function unseenFactories(all: readonly InstanceWrapper[], isServed: (gateway: Function) => boolean): string[] {
  const factories = all.filter(
    (wrapper) =>
      isUnmadeFactory(wrapper) && hasScope(wrapper) && wrapper.token !== REQUEST && wrapper.token !== INQUIRER,
  );
  if (factories.length === 0) return [];
  const idle = [...decoratedClasses()].filter((gateway) => !isRunning(gateway) && !isServed(gateway));
  if (idle.length === 0) return [];
  const tokens = factories.map(({ token }) => (typeof token === 'function' ? token.name : String(token)));
  return [
    `No module provides ${listed(idle.map(({ name }) => name))}, and what a factory with a scope makes is not known at the start ` +
      `(${listed(tokens)}): if it makes such a gateway, nothing of that runs. Provide the class itself, with the scope.`,
  ];
}

function isUnmadeFactory({ inject, isAlias, instance }: InstanceWrapper): boolean {
  return !isAlias && Array.isArray(inject) && (instance ?? null) === null;
}

function hasScope(wrapper: InstanceWrapper): boolean {
  return wrapper.isTransient || !wrapper.isDependencyTreeStatic();
}

function isGateway(gateway: Function): boolean {
  return accessor.hasHandlers(gateway) || accessor.isWebSocketGateway(gateway);
}

const accessor = new GatewayMetadataAccessor();
