import type { ApplicationConfig, ExternalContextCreator, ModuleRef, ModulesContainer } from '@nestjs/core';
import { RESERVED_EVENTS, type Namespace } from '../../socketio/index.js';
import { HandlerFactory, type BoundHandler } from '../pipeline/handler-factory.js';
import { EnhancerSource } from '../pipeline/enhancers.js';
import type { DispatchContext } from '../dispatch/dispatch-context.js';
import type { NamespaceBinding } from '../dispatch/namespace-binding.js';
import type { ShutdownPlan, ShutdownResult } from '../dispatch/shutdown.js';
import type { ResolvedAdapterOptions } from './socket-io-adapter.options.js';
import { guardAfterInit } from './after-init.js';
import { tellingClients } from './gateway-failure.js';
import { GatewayServers, type Served, type ServerSurroundings } from './gateway-servers.js';
import { GatewayEnhancers, GatewayStyle } from './gateway-style.js';
import { scopedGlobalsLeftOut, hookGuardsLeftOut, rateLeftOut } from './ignored-enhancers.js';
import { MessageBinding } from './message-binding.js';
import { exploreGateways, handlerOf, hasMethod, type WebSocketGateway } from './websocket-gateway.js';

/** What running gateways takes of their application. */
export interface GatewaySurroundings extends ServerSurroundings {
  readonly modules: ModulesContainer;
  readonly external: ExternalContextCreator;
  readonly config: ApplicationConfig;
  readonly moduleRef: ModuleRef;
}

/**
 * The gateways of `@nestjs/websockets` in one application. Nest's adapter interface says which servers there are; what runs
 * on them is found here, bound once and shared by all sockets.
 */
export class GatewayRunner {
  #running: Running | null = null;

  constructor(private readonly surroundings: GatewaySurroundings) {}

  /**
   * The adapter is asked for its first server: gateways are all made by now, and none of them is bound.
   *
   * @param isDriven whether this side runs the gateways; otherwise only their servers
   */
  start(options: ResolvedAdapterOptions, isDriven: boolean): GatewayServers {
    const { modules, external, config, moduleRef, report } = this.surroundings;
    const gateways = exploreGateways(modules);
    for (const gateway of gateways) guardAfterInit(gateway, report);
    const style = new GatewayStyle();
    const source = new EnhancerSource(external, config);
    const enhancers = new GatewayEnhancers(source, options.globalEnhancers, appliesGlobals(config));
    const handlers = new HandlerFactory(enhancers, moduleRef, style);
    const servers = new GatewayServers(this.surroundings, gateways, handlers, options.settleAcks, isDriven);
    this.#running = { gateways, servers, options, style, enhancers, handlers };
    return servers;
  }

  /** Whether the adapter was asked for a server, so that another one would come too late. */
  get isRunning(): boolean {
    return this.#running !== null;
  }

  /**
   * Puts the gateways into the tables of their namespaces. Once.
   *
   * @throws BindingError for a gateway that cannot be bound as it is written
   */
  async bind(): Promise<void> {
    const running = this.#running;
    if (running === null || !running.servers.isDriven) {
      this.#checkUndriven(running);
      return;
    }
    const { gateways, servers, style, enhancers } = running;
    const { warn } = this.surroundings;
    if (gateways.length > 0) await style.load();
    const isNamed = ({ namespace }: WebSocketGateway): boolean => typeof namespace === 'string';
    const messages = new Map<NamespaceBinding, Messages>();
    for (const gateway of [...gateways.filter(isNamed), ...gateways.filter((one) => !isNamed(one))]) {
      const served = servers.of(gateway);
      if (served === undefined) continue;
      const binding = served.binder.bindingOf(gateway.namespace, gateway.gateway.name);
      // Those with a scope give it to the gateway, which then is one per connection.
      const any = handlerOf(gateway, '', 'message');
      enhancers.bindScopedGlobals(any);
      if (gateway.messages.length > 0 && enhancers.leavesOutScoped(any)) warn(scopedGlobalsLeftOut(gateway));
      hookGuardsLeftOut(gateway, running.options).forEach(warn);
      bindHooks(running, gateway, binding, served.context);
      gatherMessages(running, gateway, binding, served, messages);
    }
    for (const [binding, { namespace, byEvent }] of messages) {
      for (const [event, message] of byEvent) {
        if (!RESERVED_EVENTS.has(event)) binding.addMessages(event, message.compile(), message.owner);
        else if (event === 'disconnecting') hearDisconnecting(namespace, message);
      }
    }
  }

  /** Lets clients in, where the module does not. */
  async open(): Promise<void> {
    await this.#running?.servers.open();
  }

  /** Ends all servers but the module's. */
  async shutdown(plan?: ShutdownPlan): Promise<ShutdownResult[]> {
    return this.#running?.servers.shutdown(plan) ?? [];
  }

  /**
   * Nest runs the gateways, for this adapter or another one, and knows of no rates; with this one, its guards are looked at.
   *
   * @throws BindingError for a bound that would not hold, and for a guard that Nest would leave out
   */
  #checkUndriven(running: Running | null): void {
    for (const gateway of running?.gateways ?? exploreGateways(this.surroundings.modules)) {
      for (const { method, rate } of gateway.messages) {
        const descriptor = handlerOf(gateway, method, 'message');
        if (rate !== null) throw rateLeftOut(descriptor);
        running?.handlers.create(descriptor);
      }
    }
  }
}

interface Running {
  readonly gateways: readonly WebSocketGateway[];
  readonly servers: GatewayServers;
  readonly options: ResolvedAdapterOptions;
  readonly style: GatewayStyle;
  readonly enhancers: GatewayEnhancers;
  readonly handlers: HandlerFactory;
}

/** What gateways handle in one namespace, or in all that a pattern makes. */
interface Messages {
  readonly namespace: Namespace;
  readonly byEvent: Map<string, MessageBinding>;
}

function bindHooks(
  { options: { connectGuards }, handlers }: Running,
  gateway: WebSocketGateway,
  binding: NamespaceBinding,
  { failures }: DispatchContext,
): void {
  const create = (method: string, kind: 'open' | 'connect' | 'disconnect' | 'guards'): BoundHandler =>
    handlers.create(handlerOf(gateway, method, kind));
  const connects = hasMethod(gateway, 'handleConnection');
  if (connectGuards) binding.add(connects ? create('handleConnection', 'connect') : create('', 'guards'));
  else if (connects) binding.add(tellingClients(create('handleConnection', 'open'), failures));
  if (hasMethod(gateway, 'handleDisconnect')) binding.add(create('handleDisconnect', 'disconnect'));
}

function gatherMessages(
  { options: { settleAcks }, handlers }: Running,
  gateway: WebSocketGateway,
  binding: NamespaceBinding,
  { server, context }: Served,
  messages: Map<NamespaceBinding, Messages>,
): void {
  const present = messages.get(binding) ?? { namespace: server.of(gateway.namespace), byEvent: new Map() };
  messages.set(binding, present);
  for (const { method, message, rate } of gateway.messages) {
    const event = present.byEvent.get(message) ?? new MessageBinding(context, settleAcks);
    present.byEvent.set(message, event);
    const handler = handlers.create(handlerOf(gateway, method, 'message', rate));
    event.add(handler);
    binding.releaseAfter(handler);
  }
}

/** An event that no client can send, and the socket itself has; the other names of this kind nobody emits in time. */
function hearDisconnecting(namespace: Namespace, message: MessageBinding): void {
  const handle = message.compile();
  namespace.on('connection', (socket) => {
    socket.on('disconnecting', (...args) => handle(socket, args, null, 'disconnecting'));
  });
}

/** Whether global guards, pipes and interceptors reach gateways by themselves: since Nest 12, which this is a mark of. */
function appliesGlobals(config: ApplicationConfig): boolean {
  return 'getRouteConflictPolicy' in config;
}
