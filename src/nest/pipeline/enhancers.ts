import type { CanActivate, NestInterceptor, PipeTransform } from '@nestjs/common';
import type { ApplicationConfig, ContextId, ExternalContextCreator } from '@nestjs/core';
import { BindingError } from '../errors/binding.error.js';
import { nameOf, type HandlerDescriptor, type InstanceWrapper } from '../discovery/gateway-descriptor.js';
import type { Pipe } from '../decorators/param-metadata.js';
import {
  creatorsOf,
  forgetTree,
  type CatchingFilter,
  type EnhancerCreator,
  type EnhancerCreators,
} from '../platform/nest-internals.js';
import { ENHANCERS_METADATA } from '../decorators/metadata-keys.js';

/** What is bound to one handler: global, then class, then method; filters the other way round. */
export interface Enhancers {
  readonly guards: readonly CanActivate[];
  readonly pipes: readonly PipeTransform[];
  readonly interceptors: readonly NestInterceptor[];
  readonly filters: readonly CatchingFilter[];
}

type Kind = 'guard' | 'pipe' | 'interceptor' | 'filter';

/** Where the application keeps the global enhancers that have a scope. */
type ScopedGlobals = Pick<
  ApplicationConfig,
  'getGlobalRequestGuards' | 'getGlobalRequestPipes' | 'getGlobalRequestInterceptors' | 'getGlobalRequestFilters'
>;

const NOTHING_SCOPED: ScopedGlobals = {
  getGlobalRequestGuards: () => [],
  getGlobalRequestPipes: () => [],
  getGlobalRequestInterceptors: () => [],
  getGlobalRequestFilters: () => [],
};

/**
 * Finds the enhancers of a handler through the creators that Nest itself uses.
 */
export class EnhancerSource {
  readonly #creators: EnhancerCreators;

  constructor(
    private readonly external: ExternalContextCreator,
    private readonly config: ScopedGlobals,
  ) {
    this.#creators = creatorsOf(external);
  }

  /** The same without what is global, for the kinds that are named; without any that has a scope. */
  withoutGlobal(kinds: readonly Kind[]): EnhancerSource {
    const none = { getGlobalMetadata: { value: () => [] } };
    const local = Object.fromEntries(
      // On top of Nest's creator, whose state, the module that it looks into, then is its own.
      kinds.map((kind) => [
        `${kind}sContextCreator`,
        { value: Object.create(this.#creators[`${kind}sContextCreator`], none) },
      ]),
    );
    return new EnhancerSource(Object.create(this.external, local) as ExternalContextCreator, NOTHING_SCOPED);
  }

  /** Whether there are global enhancers with a scope. */
  get hasScopedGlobals(): boolean {
    return this.#scopedGlobals().length > 0;
  }

  /**
   * Puts the global enhancers with a scope on a handler's provider. Nest itself does so for classes that it scans at
   * boot, and leaves others without their guards: those of factories, of values, and of modules that are loaded later.
   *
   * @throws BindingError if the provider, such as a value, cannot be made anew for each call
   */
  bindScopedGlobals(descriptor: HandlerDescriptor): void {
    const { wrapper } = descriptor;
    const missing = this.#scopedGlobals().filter((global) => !wrapper.getEnhancersMetadata()?.includes(global));
    if (missing.length === 0) return;
    for (const global of missing) wrapper.addEnhancerMetadata(global);
    forgetTree(wrapper);
    const isValue = wrapper.isNotMetatype && !wrapper.isFactory;
    if (!isValue && !wrapper.isDependencyTreeStatic()) return;
    throw new BindingError(
      `A global enhancer with a scope would not run before ${nameOf(descriptor)}: its provider is not created for ` +
        `each call. Provide ${descriptor.gateway.name} under its own class, in a module that is loaded at the start.`,
    );
  }

  /** @throws BindingError for a bound enhancer that Nest does not resolve, and would therefore leave out */
  enhancersOf(
    descriptor: HandlerDescriptor,
    instance: object,
    callback: Function,
    contextId?: ContextId,
    inquirerId?: string,
  ): Enhancers {
    const module = moduleKeyOf(descriptor);
    const { guardsContextCreator, pipesContextCreator, interceptorsContextCreator, filtersContextCreator } =
      this.#creators;
    const enhancers: Enhancers = {
      guards: guardsContextCreator.create(instance, callback, module, contextId, inquirerId),
      pipes: pipesContextCreator.create(instance, callback, module, contextId, inquirerId),
      interceptors: interceptorsContextCreator.create(instance, callback, module, contextId, inquirerId),
      filters: filtersContextCreator.create(instance, callback, module, contextId, inquirerId).filters ?? [],
    };
    const check = (
      kind: keyof typeof ENHANCERS_METADATA,
      resolved: number,
      creator: EnhancerCreator<unknown>,
    ): void => {
      const global = creator.getGlobalMetadata(contextId, inquirerId).filter(Boolean).length;
      if (resolved - global < countBound(ENHANCERS_METADATA[kind], descriptor.gateway, callback))
        throw unresolved(kind, descriptor);
    };
    check('guard', enhancers.guards.length, guardsContextCreator);
    check('pipe', enhancers.pipes.length, pipesContextCreator);
    check('interceptor', enhancers.interceptors.length, interceptorsContextCreator);
    check('filter', enhancers.filters.length, filtersContextCreator);
    return enhancers;
  }

  /** The pipes of one parameter. */
  pipesOf(
    descriptor: HandlerDescriptor,
    pipes: readonly Pipe[],
    contextId?: ContextId,
    inquirerId?: string,
  ): readonly PipeTransform[] {
    const { pipesContextCreator } = this.#creators;
    pipesContextCreator.setModuleContext(moduleKeyOf(descriptor));
    const resolved = pipesContextCreator.createConcreteContext(pipes, contextId, inquirerId);
    if (resolved.length < pipes.length) throw unresolved('pipe', descriptor);
    return resolved;
  }

  #scopedGlobals(): InstanceWrapper[] {
    const { config } = this;
    return [
      ...config.getGlobalRequestGuards(),
      ...config.getGlobalRequestPipes(),
      ...config.getGlobalRequestInterceptors(),
      ...config.getGlobalRequestFilters(),
    ];
  }
}

function moduleKeyOf(descriptor: HandlerDescriptor): string {
  return descriptor.wrapper.host?.token ?? '';
}

function countBound(key: string, gateway: Function, callback: Function): number {
  const ofClass = (Reflect.getMetadata(key, gateway) as unknown[] | undefined) ?? [];
  const ofMethod = (Reflect.getMetadata(key, callback) as unknown[] | undefined) ?? [];
  return ofClass.length + ofMethod.length;
}

function unresolved(kind: string, descriptor: HandlerDescriptor): BindingError {
  return new BindingError(
    `${kind === 'interceptor' ? 'An' : 'A'} ${kind} bound to ${nameOf(descriptor)} would not run: Nest does not resolve it for a class that is provided by ` +
      `useFactory, useValue or another token. Bind an instance instead of a class, or provide ${descriptor.gateway.name} ` +
      'under its own class.',
  );
}
