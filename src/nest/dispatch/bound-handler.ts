import { ContextIdFactory, ModuleRef, type ContextId } from '@nestjs/core';
import type { Type } from '@nestjs/common';
import type { Socket } from '../../socketio/index.js';
import type { HandlerDescriptor } from '../discovery/gateway.descriptor.js';
import type { EnhancerSource } from './enhancers.js';
import { compileParameters, parameterTypes, takesAck } from './parameters.js';
import { compilePipeline, contextFactory, type Pipeline } from './pipeline.js';

/** A handler that is bound: its pipeline, or for a provider with a scope the way to one per call. */
export interface BoundHandler {
  readonly descriptor: HandlerDescriptor;
  /** Null where the provider is made anew for each call. */
  readonly pipeline: Pipeline | null;
  /** The provider for one call; `socket` is what `REQUEST` injects. */
  readonly resolve: (socket: Socket | undefined) => Promise<Pipeline>;
  /** Answers by itself through the `@Ack()` parameter. */
  readonly answers: boolean;
}

/** Makes handlers of descriptors, each compiled once. */
export class HandlerFactory {
  constructor(
    private readonly enhancers: EnhancerSource,
    private readonly moduleRef: ModuleRef,
  ) {}

  /** @throws BindingError where something bound to the handler would not run */
  create(descriptor: HandlerDescriptor): BoundHandler {
    const { wrapper, gateway, method } = descriptor;
    this.enhancers.bindScopedGlobals(descriptor);
    const isStatic = wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
    const pipeline = isStatic ? this.#compile(descriptor, wrapper.instance as object) : null;
    return {
      descriptor,
      pipeline,
      resolve: pipeline === null ? (socket) => this.#resolve(descriptor, socket) : () => Promise.resolve(pipeline),
      answers: takesAck(gateway, method),
    };
  }

  #compile(descriptor: HandlerDescriptor, instance: object, contextId?: ContextId, inquirerId?: string): Pipeline {
    const { gateway, method: name } = descriptor;
    const method = (instance as Record<string, Function>)[name];
    const enhancers = this.enhancers.enhancersOf(descriptor, instance, method, contextId, inquirerId);
    const extracts = compileParameters({
      gateway,
      method: name,
      pipes: enhancers.pipes,
      resolvePipes: (pipes) => this.enhancers.pipesOf(descriptor, pipes, contextId, inquirerId),
      createContext: contextFactory(gateway as Type, method),
    });
    return compilePipeline({
      instance,
      method,
      gateway: gateway as Type,
      enhancers,
      extracts,
      parameterTypes: parameterTypes(gateway, name),
      leadsWithSocket: descriptor.handles.kind !== 'error',
    });
  }

  async #resolve(descriptor: HandlerDescriptor, socket: Socket | undefined): Promise<Pipeline> {
    const { wrapper } = descriptor;
    const contextId = socket === undefined ? ContextIdFactory.create() : ContextIdFactory.getByRequest(socket);
    const payload = contextId.payload as object | undefined;
    // As in Nest: a durable provider lives on after the call, and so gets what the strategy gave instead of the socket.
    const request = wrapper.isDependencyTreeDurable() ? payload : socket && Object.assign(socket, payload);
    this.moduleRef.registerRequestByContextId(request, contextId);
    // A provider is resolved by the module that has it: its token may mean something else, or nothing, elsewhere.
    const host = (wrapper.host?.getProviderByKey(ModuleRef)?.instance ?? this.moduleRef) as ModuleRef;
    const instance: object = await host.resolve(wrapper.token as Type<object>, contextId, { strict: true });
    return this.#compile(descriptor, instance, contextId, wrapper.id);
  }
}
