import type { ModulesContainer } from '@nestjs/core';
import type { AnyContract } from '../../contract/index.js';
import type { GatewayMetadata } from '../decorators/gateway.decorator.js';
import { GATEWAY_METADATA } from '../decorators/metadata-keys.js';

/** The contracts of an application's gateways, one for each namespace. Needs no instance of them. */
export function contractsOf(modules: Pick<ModulesContainer, 'values'>): AnyContract[] {
  const contracts = new Map<string, AnyContract>();
  for (const { providers, controllers } of modules.values()) {
    for (const { metatype } of [...providers.values(), ...controllers.values()]) {
      if (typeof metatype !== 'function') continue;
      const { contract } = (Reflect.getMetadata(GATEWAY_METADATA, metatype) ?? {}) as GatewayMetadata;
      if (contract !== undefined) contracts.set(String(contract.namespace), contract);
    }
  }
  return [...contracts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, contract]) => contract);
}
