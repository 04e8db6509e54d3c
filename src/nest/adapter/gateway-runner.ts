import type { ApplicationConfig, ExternalContextCreator, ModuleRef, ModulesContainer } from '@nestjs/core';
import { RESERVED_EVENTS, type Namespace, type Socket } from '../../socketio/index.js';
import { listed, type HandlerDescriptor, type NamespaceName } from '../discovery/gateway-descriptor.js';
import { HandlerFactory, type BoundHandler } from '../pipeline/handler-factory.js';
import type { MessageAgents } from '../pipeline/message-agents.js';
import type { ConnectionScopes } from '../pipeline/connection-scopes.js';
import { EnhancerSource } from '../pipeline/enhancers.js';
import type { DispatchContext } from '../dispatch/dispatch-context.js';
import { EventBinding } from '../dispatch/event-binding.js';
import type { NamespaceBinding } from '../dispatch/namespace-binding.js';
import type { ServeUntil, ShutdownPlan, ShutdownResult } from '../dispatch/shutdown.js';
import { appliesGlobalsToGateways } from '../platform/nest-internals.js';
import { assertOwnPort } from '../platform/own-port.js';
import { BindingError } from '../errors/binding.error.js';
import { resolveAdapterOptions, type ResolvedAdapterOptions } from './socket-io-adapter.options.js';
import { guardAfterInit } from './after-init.js';
import { refuseForeignAdapter, refuseOwnHandlers } from './foreign-adapter.js';
import { GatewayAckRule } from './gateway-ack-rule.js';
import { tellingClients } from './gateway-failure.js';
import { GatewayServers, type MainServer, type Served, type ServerSurroundings } from './gateway-servers.js';
import { GatewayEnhancers, GatewayStyle } from './gateway-style.js';
import {
  scopedGlobalsLeftOut,
  hookGuardsLeftOut,
  assertProvidedOnce,
  messageLeftOut,
  providersLeftOut,
  namespaceLeftOut,
  providedTwice,
  rateLeftOut,
} from './ignored-enhancers.js';
import { descriptorsOf, exploreGateways, handlerOf, hasHook, type WebSocketGateway } from './websocket-gateway.js';

/** What running gateways takes of their application. */
export interface GatewaySurroundings extends ServerSurroundings {
  readonly modules: ModulesContainer;
  readonly external: ExternalContextCreator;
  readonly config: ApplicationConfig;
  readonly moduleRef: ModuleRef;
  /** Shared with the handlers of this package, of which a gateway may have some: they get the same instances. */
  readonly connections: ConnectionScopes;
  readonly agents: MessageAgents;
}

/**
 * The gateways of `@nestjs/websockets` in one application. Nest's adapter interface says which servers there are; what runs
 * on them is found here, bound once and shared by all sockets.
 */
export class GatewayRunner {
  #running: Running | null = null;
  #isBound = false;
  /** An adapter of another package, which the application has set. */
  #foreign: object | null = null;
  /** Of what is provided; looked at again where a module is loaded later. */
  readonly #said = new Set<string>();

  constructor(private readonly surroundings: GatewaySurroundings) {}

  /**
   * The adapter is asked for its first server: gateways are all made by now, and none of them is bound.
   *
   * @param isDriven whether this package runs the gateways; otherwise only their servers
   */
  start(options: ResolvedAdapterOptions, isDriven: boolean): GatewayServers {
    const { modules, report, main } = this.surroundings;
    const gateways = exploreGateways(modules);
    for (const gateway of gateways) guardAfterInit(gateway, report);
    const kit = this.#assemble(options);
    const ownPort = main?.ownPort ?? options.ownPort;
    const servers = new GatewayServers(this.surroundings, gateways, kit.handlers, options, ownPort, isDriven);
    this.#running = { ...kit, gateways, servers };
    return servers;
  }

  /** The application has set an adapter that is none of this package; null takes it back. */
  giveWayTo(adapter: object | null): void {
    this.#foreign = adapter;
  }

  /** All that gateways handle. */
  get descriptors(): HandlerDescriptor[] {
    return this.#running?.gateways.flatMap(descriptorsOf) ?? [];
  }

  /** Their classes. */
  get gateways(): Function[] {
    return this.#running?.gateways.map(({ gateway }) => gateway) ?? [];
  }

  /** What of it Nest does not know, and so does not enter into its log and its graph. */
  get ownDescriptors(): HandlerDescriptor[] {
    return this.#running?.gateways.flatMap(({ handlers }) => handlers) ?? [];
  }

  /** Whether the adapter was asked for a server, or never will be, so that another one would come too late. */
  get isSettled(): boolean {
    return this.#running !== null || this.#isBound;
  }

  /**
   * Puts the gateways into the tables of their namespaces. Once.
   *
   * @param leftovers messages of `@nestjs/websockets` in classes with `@Gateway`
   * @throws BindingError for a gateway that cannot be bound as it is written
   */
  async bind(leftovers: readonly HandlerDescriptor[] = []): Promise<void> {
    this.#isBound = true;
    const running = this.#running;
    const { main, modules } = this.surroundings;
    if (main === null) refuseOwnHandlers(modules);
    this.checkProviders();
    const ownPort = main?.ownPort ?? running?.options.ownPort;
    if (ownPort !== undefined) assertOwnPort(ownPort, (main?.port ?? null) !== null || this.#hasOwnPort);
    const messages = new Map<NamespaceBinding, Messages>();
    if (running === null || !running.servers.isDriven) this.#checkUndriven(running);
    else await this.#bindGateways(running, messages);
    if (main !== null && leftovers.length > 0) await this.#bindLeftovers(leftovers, main, messages);
    // Before the messages, which must not answer what one of these does.
    if (running !== null) bindOwnHandlers(running);
    for (const [binding, { namespace, byEvent }] of messages) {
      for (const [event, message] of byEvent) {
        if (!RESERVED_EVENTS.has(event)) binding.addMessages(event, message.compile(), message.owner);
        else if (event === 'disconnecting') hearDisconnecting(namespace, message);
      }
    }
  }

  /**
   * Looks at what the modules provide, and says what of it does not run.
   *
   * @throws BindingError for a gateway in whose place something else is provided
   */
  checkProviders(): void {
    const { modules, warn } = this.surroundings;
    for (const warning of providersLeftOut(modules)) {
      if (!this.#said.has(warning)) warn(warning);
      this.#said.add(warning);
    }
  }

  /** Hands an error to the `@OnError` handlers of gateways on servers of their own; false if there are none. */
  handleError(error: unknown, socket: Socket | undefined): boolean {
    return this.#running?.servers.handleError(error, socket) ?? false;
  }

  /** When `app.close()` ends the servers if the module is not imported. */
  get serveUntil(): ServeUntil | undefined {
    return this.#running?.options.serveUntil;
  }

  /** Runs the `@OnShutdown` handlers of gateways on servers of their own. Does not reject. */
  async handleShutdown(): Promise<void> {
    await this.#running?.servers.handleShutdown();
  }

  /** Lets clients in, where the module does not. */
  async open(): Promise<void> {
    await this.#running?.servers.open();
  }

  /** Ends all servers but the module's. */
  async shutdown(plan?: ShutdownPlan): Promise<ShutdownResult[]> {
    return this.#running?.servers.shutdown(plan) ?? [];
  }

  get #hasOwnPort(): boolean {
    return this.#running?.servers.hasOwnPort === true;
  }

  async #bindGateways(running: Running, messages: Map<NamespaceBinding, Messages>): Promise<void> {
    const { gateways, servers, style, enhancers } = running;
    const { warn } = this.surroundings;
    if (gateways.length > 0) await Promise.all([style.load(), this.surroundings.agents.load()]);
    assertProvidedOnce(gateways);
    providedTwice(gateways).forEach(warn);
    const isNamed = ({ namespace }: WebSocketGateway): boolean => typeof namespace === 'string';
    const ordered = inOrderOfNest(gateways, this.surroundings.config);
    for (const gateway of [...ordered.filter(isNamed), ...ordered.filter((one) => !isNamed(one))]) {
      const served = servers.of(gateway);
      if (served === undefined) continue;
      const binding = served.binder.bindingOf(gateway.namespace, gateway.gateway.name);
      // Those with a scope give it to the gateway, which then is one per connection.
      const any = handlerOf(gateway, '', { kind: 'message', event: '' });
      enhancers.bindScopedGlobals(any);
      if (gateway.messages.length > 0 && enhancers.leavesOutScoped(any)) warn(scopedGlobalsLeftOut(gateway));
      hookGuardsLeftOut(gateway, running.options).forEach(warn);
      messageLeftOut(gateway).forEach(warn);
      namespaceLeftOut(gateway).forEach(warn);
      bindHooks(running, gateway, binding, served.context);
      for (const { method, message, rate } of gateway.messages) {
        const descriptor = handlerOf(gateway, method, { kind: 'message', event: message }, rate);
        gather(messages, served, binding, running.handlers.create(descriptor), running.options);
      }
    }
  }

  /** In classes of this package global enhancers apply to all that is there, on Nest 11 as well. */
  async #bindLeftovers(
    leftovers: readonly HandlerDescriptor[],
    main: MainServer,
    messages: Map<NamespaceBinding, Messages>,
  ): Promise<void> {
    const options = { ...(this.#running?.options ?? resolveAdapterOptions({})), globalEnhancers: true };
    const { style, handlers } = this.#assemble(options);
    await style.load();
    for (const descriptor of leftovers) {
      const binding = main.binder.bindingOf(descriptor.namespace, descriptor.gateway.name);
      gather(messages, main, binding, handlers.create(descriptor), options);
    }
  }

  #assemble(options: ResolvedAdapterOptions): Kit {
    const { external, config, moduleRef, connections, agents } = this.surroundings;
    const style = new GatewayStyle(options.settleAcks);
    const source = new EnhancerSource(external, config);
    const enhancers = new GatewayEnhancers(source, options.globalEnhancers, appliesGlobalsToGateways(config));
    return {
      options,
      style,
      enhancers,
      handlers: new HandlerFactory(enhancers, moduleRef, connections, agents, style),
    };
  }

  /**
   * Nest runs the gateways, for this adapter or another one, and knows of no rates; with this one, its guards are looked at.
   *
   * @throws BindingError for a bound that would not hold, for a guard that Nest would leave out, for an adapter of another
   *   package that answers where the module does, or runs a class with decorators of this package, and for what no one runs
   */
  #checkUndriven(running: Running | null): void {
    const { modules, main } = this.surroundings;
    const gateways = running?.gateways ?? exploreGateways(modules);
    for (const gateway of gateways) {
      for (const { method, message, rate } of gateway.messages) {
        const descriptor = handlerOf(gateway, method, { kind: 'message', event: message });
        if (rate !== null) throw rateLeftOut(descriptor);
        running?.handlers.create(descriptor);
      }
    }
    if (running !== null) return;
    if (this.#foreign === null) this.#checkContext(gateways);
    else refuseForeignAdapter(this.#foreign, gateways, main);
  }

  /**
   * Nest asks no adapter for anything in an application context, such as `NestFactory.createApplicationContext()` makes.
   *
   * @throws BindingError if the module lets clients in, since what these gateways check would be missing
   */
  #checkContext(gateways: readonly WebSocketGateway[]): void {
    const { main, http, warn } = this.surroundings;
    if (gateways.length === 0) return;
    const names = listed(gateways.map(({ gateway }) => gateway.name));
    const why = 'an application context starts no gateways of @nestjs/websockets';
    if (main?.port === null && http.httpServer === undefined) {
      warn(`${names} does not run: ${why}.`);
      return;
    }
    throw new BindingError(
      `${names} would not run: ${why}, and clients could connect without their checks. Use NestFactory.create(), or @Gateway.`,
    );
  }
}

/** What makes handlers of gateways. */
interface Kit {
  readonly options: ResolvedAdapterOptions;
  readonly style: GatewayStyle;
  readonly enhancers: GatewayEnhancers;
  readonly handlers: HandlerFactory;
}

interface Running extends Kit {
  readonly gateways: readonly WebSocketGateway[];
  readonly servers: GatewayServers;
}

/** What gateways handle in one namespace, or in all that a pattern makes. */
interface Messages {
  readonly namespace: Namespace;
  readonly byEvent: Map<string, EventBinding>;
}

function bindHooks(
  { options: { connectGuards }, handlers }: Running,
  gateway: WebSocketGateway,
  binding: NamespaceBinding,
  { failures }: DispatchContext,
): void {
  const create = (method: string, kind: 'open' | 'connect' | 'disconnect' | 'guards'): BoundHandler =>
    handlers.create(handlerOf(gateway, method, { kind }));
  const connects = hasHook(gateway, 'handleConnection');
  if (connectGuards && connects) binding.add(create('handleConnection', 'connect'));
  // The guards of the class come with what handles the connection.
  else if (connectGuards && !handlesConnections(gateway)) binding.add(create('', 'guards'));
  else if (connects) binding.add(tellingClients(create('handleConnection', 'open'), failures));
  if (hasHook(gateway, 'handleDisconnect')) binding.add(create('handleDisconnect', 'disconnect'));
}

function handlesConnections({ handlers }: WebSocketGateway): boolean {
  return handlers.some(({ subject: { kind } }) => kind === 'handshake' || kind === 'connect');
}

/** @throws BindingError for what cannot be bound as it is written */
function bindOwnHandlers({ gateways, servers }: Running): void {
  const isNamed = ({ namespace }: WebSocketGateway): boolean => typeof namespace === 'string';
  for (const gateway of [...gateways.filter(isNamed), ...gateways.filter((one) => !isNamed(one))]) {
    if (gateway.handlers.length > 0) servers.of(gateway)?.binder.bind(gateway.handlers);
  }
}

function gather(
  messages: Map<NamespaceBinding, Messages>,
  { server, context }: Pick<Served, 'server' | 'context'>,
  binding: NamespaceBinding,
  handler: BoundHandler,
  { settleAcks }: ResolvedAdapterOptions,
): void {
  const { namespace, subject } = handler.descriptor;
  const present = messages.get(binding) ?? { namespace: server.of(namespace as NamespaceName), byEvent: new Map() };
  messages.set(binding, present);
  const name = String((subject as { event?: unknown }).event);
  const event = present.byEvent.get(name) ?? new EventBinding(name, new GatewayAckRule(context, settleAcks), context);
  present.byEvent.set(name, event);
  event.add(handler);
  binding.releaseAfter(handler);
}

/** An event that no client can send, and the socket itself has; the other names of this kind nobody emits in time. */
function hearDisconnecting(namespace: Namespace, message: EventBinding): void {
  const handle = message.compile();
  namespace.on('connection', (socket) => {
    socket.on('disconnecting', (...args) => handle(socket, args, null, 'disconnecting'));
  });
}

/** Nest 12 waits for the adapter before it binds its first gateway, and so binds that after all others. */
function inOrderOfNest(gateways: readonly WebSocketGateway[], config: ApplicationConfig): WebSocketGateway[] {
  const [first, ...others] = gateways;
  if (first === undefined || !appliesGlobalsToGateways(config)) return [...gateways];
  return [...others, first];
}
