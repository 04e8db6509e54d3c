import { ContextIdFactory, ModuleRef, type ContextId } from '@nestjs/core';
import type { Type } from '@nestjs/common';
import type { Socket } from '../../socketio/index.js';
import { nameOf, type HandlerDescriptor, type HandlerRateRules } from '../discovery/gateway-descriptor.js';
import { BindingError } from '../errors/binding.error.js';
import { ConnectionScopes, type ConnectionScope } from './connection-scopes.js';
import { OWN_STYLE, type CallStyle } from './call-style.js';
import type { EnhancerSource } from './enhancers.js';
import { compileValidation } from '../../contract/runtime.js';
import { HandlerRate } from './handler-rate.js';
import type { MessageAgents } from './message-agents.js';
import { replyCheckOf } from './reply-check.js';
import {
  compileParameters,
  compileStages,
  parameterTypes,
  readsArguments,
  takesAck,
  type ParameterContext,
} from './parameters.js';
import { compilePipeline, contextFactory, type Pipeline } from './pipeline.js';

/** A handler that is bound: its pipeline, or for a provider with a scope the way to one. */
export interface BoundHandler {
  readonly descriptor: HandlerDescriptor;
  /** Null if the provider is made anew for each call or each socket. */
  readonly pipeline: Pipeline | null;
  /** The pipeline for one call, at once if the provider is there; `socket` is what `REQUEST` injects. */
  readonly resolvePipeline: (socket: Socket | undefined) => Pipeline | Promise<Pipeline>;
  /** Answers by itself through the `@Ack()` parameter. */
  readonly answersByItself: boolean;
  /** What it returns is the ack, by the rule of this package. */
  readonly returnsAck: boolean;
  /** Null if it may run as often as it likes. */
  readonly rate: HandlerRate | null;
  /** Lets go of what was made for a socket; null if nothing is. The same for all handlers of one factory. */
  readonly release: ((socket: Socket) => void) | null;
}

/** Makes handlers of descriptors, each compiled once, or where it has a scope once in it. */
export class HandlerFactory {
  /** A method has one, whatever events it handles. */
  readonly #rates = new WeakMap<HandlerRateRules, HandlerRate>();

  constructor(
    private readonly enhancers: Pick<EnhancerSource, 'bindScopedGlobals' | 'enhancersOf' | 'pipesOf'>,
    private readonly moduleRef: ModuleRef,
    private readonly connections: ConnectionScopes,
    private readonly agents: Pick<MessageAgents, 'watch'>,
    private readonly style: CallStyle = OWN_STYLE,
    /** Whether what handlers return is held against their contracts. */
    private readonly checksReplies = false,
  ) {}

  /** @throws BindingError if something bound to the handler would not run */
  create(descriptor: HandlerDescriptor): BoundHandler {
    const { wrapper, gateway, method, subject } = descriptor;
    this.enhancers.bindScopedGlobals(descriptor);
    const isStatic = wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
    if (isStatic && descriptor.scope === 'connection') throw notScoped(descriptor);
    const answersByItself = subject.kind !== 'guards' && takesAck(gateway, method);
    const pipeline = isStatic ? this.#compile(descriptor, wrapper.instance as object) : null;
    return {
      descriptor,
      pipeline,
      resolvePipeline: pipeline === null ? (socket) => this.#provide(descriptor, socket) : () => pipeline,
      answersByItself,
      returnsAck: subject.kind === 'event' && subject.acks && !answersByItself,
      rate: descriptor.rate === null ? null : this.#rateOf(descriptor.rate),
      release: descriptor.scope === 'connection' ? this.#release : null,
    };
  }

  readonly #release = (socket: Socket): void => this.connections.release(socket);

  #compile(descriptor: HandlerDescriptor, instance: object, contextId?: ContextId, inquirerId?: string): Pipeline {
    const { gateway, method: name, subject, entry } = descriptor;
    const { style } = this;
    const method = subject.kind === 'guards' ? connect : (instance as Record<string, Function>)[name];
    // What decorators wrote is on the class's own, also where its instance has another in front, such as a bound one.
    const declared = (gateway.prototype as Record<string, Function | undefined>)[name] ?? method;
    const bound = this.enhancers.enhancersOf(descriptor, instance, declared, contextId, inquirerId);
    const createContext = contextFactory(gateway as Type, declared, CONNECT_KINDS.has(subject.kind));
    const isBare = style.isBare(subject);
    const enhancers = isBare ? { ...bound, pipes: [], interceptors: [] } : bound;
    const parameters: ParameterContext = {
      gateway,
      method: name,
      pipes: enhancers.pipes,
      resolvePipes: (pipes) => this.enhancers.pipesOf(descriptor, pipes, contextId, inquirerId),
      createContext,
      style,
    };
    const pipeline = compilePipeline({
      instance,
      method,
      createContext,
      enhancers,
      stages: isBare ? null : compileStages(parameters),
      extracts: isBare ? null : compileParameters(parameters),
      parameterTypes: parameterTypes(gateway, name),
      readsArguments: isBare || readsArguments(parameters, method),
      leadsWithSocket: !WITHOUT_SOCKET.has(subject.kind),
      validation: entry === null ? null : compileValidation(entry),
      replyCheck: this.checksReplies && !takesAck(gateway, name) ? replyCheckOf(descriptor) : null,
      takesFirst: takesAck(gateway, name) ? 'never' : style.takesFirst(subject),
      refusal: style.refusal,
    });
    return this.agents.watch(pipeline, descriptor, instance, declared);
  }

  #rateOf(rules: HandlerRateRules): HandlerRate {
    const rate = this.#rates.get(rules) ?? new HandlerRate(rules);
    this.#rates.set(rules, rate);
    return rate;
  }

  #provide(descriptor: HandlerDescriptor, socket: Socket | undefined): Pipeline | Promise<Pipeline> {
    if (descriptor.scope !== 'connection' || socket === undefined) return this.#resolve(descriptor, socket);
    const scope = this.connections.of(socket);
    return scope.pipelines.get(descriptor) ?? this.#resolveIn(scope, descriptor, socket);
  }

  /** For one call. */
  async #resolve(descriptor: HandlerDescriptor, socket: Socket | undefined): Promise<Pipeline> {
    const contextId = this.#createContext(descriptor, socket);
    return this.#compile(descriptor, await this.#instantiate(descriptor, contextId), contextId, descriptor.wrapper.id);
  }

  /** For all calls of a socket: the handlers of its gateways share the context, those of one gateway the instance. */
  async #resolveIn(scope: ConnectionScope, descriptor: HandlerDescriptor, socket: Socket): Promise<Pipeline> {
    const { wrapper } = descriptor;
    const kind = wrapper.isDependencyTreeDurable() ? 'durable' : 'request';
    const contextId = (scope.contexts[kind] ??= this.#createContext(descriptor, socket));
    let instance = scope.instances.get(wrapper);
    if (instance === undefined) {
      instance = this.#instantiate(descriptor, contextId);
      scope.instances.set(wrapper, instance);
      // What could not be made may be there the next time, such as a database.
      instance.catch(() => scope.instances.delete(wrapper));
    }
    const pipeline = this.#compile(descriptor, await instance, contextId, wrapper.id);
    scope.pipelines.set(descriptor, pipeline);
    return pipeline;
  }

  #createContext({ wrapper }: HandlerDescriptor, socket: Socket | undefined): ContextId {
    const contextId = socket === undefined ? ContextIdFactory.create() : ContextIdFactory.getByRequest(socket);
    const payload = contextId.payload as object | undefined;
    // As in Nest: a durable provider lives on after the call, and so gets what the strategy gave instead of the socket.
    const request = wrapper.isDependencyTreeDurable() ? payload : socket && Object.assign(socket, payload);
    this.moduleRef.registerRequestByContextId(request, contextId);
    return contextId;
  }

  async #instantiate({ wrapper }: HandlerDescriptor, contextId: ContextId): Promise<object> {
    // A provider is resolved by the module that has it: its token may mean something else, or nothing, elsewhere.
    const host = (wrapper.host?.getProviderByKey(ModuleRef)?.instance ?? this.moduleRef) as ModuleRef;
    const instance = await host.resolve(wrapper.token as Type<object>, contextId, { strict: true });
    this.style.onInstance?.(instance, wrapper);
    return instance;
  }
}

/** What guards are asked about a connection for. */
const CONNECT_KINDS: ReadonlySet<string> = new Set(['handshake', 'connect', 'guards', 'open']);

/** Of what no socket is the cause. */
const WITHOUT_SOCKET: ReadonlySet<string> = new Set(['error', 'shutdown', 'presence']);

/** Stands for the method where the guards of a class decide about a connection that no method of it handles. */
function connect(): void {}

function notScoped(descriptor: HandlerDescriptor): BindingError {
  const { name } = descriptor.gateway;
  return new BindingError(
    `${nameOf(descriptor)} would share one ${name} among all sockets, though its @Gateway says scope: 'connection'. ` +
      `Write @Gateway above @Injectable() or @Controller(), and provide ${name} as a class.`,
  );
}
