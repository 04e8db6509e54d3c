import type { DiscoveryService } from '@nestjs/core';
import type { HandlerMetadata } from '../decorators/handler-metadata.js';

/** Nest's record of a provider. */
export type InstanceWrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** One decorated method of one provider, found and not yet bound. */
export interface HandlerDescriptor {
  readonly wrapper: InstanceWrapper;
  /** The class that carries the decorators. */
  readonly gateway: Function;
  readonly method: string;
  readonly namespace: string | RegExp;
  readonly handles: HandlerMetadata;
}

/** For messages: the method as its author knows it. */
export function nameOf(descriptor: HandlerDescriptor): string {
  return `${descriptor.gateway.name}.${descriptor.method}()`;
}
