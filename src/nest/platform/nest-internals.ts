import type { CanActivate, INestApplicationContext, NestInterceptor, PipeTransform, Type } from '@nestjs/common';
import type {
  ApplicationConfig,
  ContextId,
  DiscoveryService,
  ExternalContextCreator,
  HttpAdapterHost,
  LazyModuleLoader,
  ModulesContainer,
} from '@nestjs/core';

/*
 * The only file that relies on what Nest does not document: its records of providers and modules, the creators of its
 * enhancers, and methods of which it tells nobody that they were called. The same on Nest 11 and 12, and checked when the
 * module or the adapter starts.
 */

/** Nest's record of a provider. */
export type InstanceWrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** Nest's record of a module. */
export type NestModule = NonNullable<ReturnType<ModulesContainer['get']>>;

/** Nest's own keys of what it writes on classes and methods. */
export const NEST_METADATA = {
  /** Parameter decorators, which every one of its contexts reads. */
  ROUTE_ARGS: '__routeArguments__',
  /** Part of the keys that `createParamDecorator` makes. */
  CUSTOM_ROUTE_ARGS: '__customRouteArgs__',
  /** What `@Injectable()` says of a scope. */
  SCOPE_OPTIONS: 'scope:options',
  /** Marks a class that Nest calls from outside, so that request-scoped global enhancers reach it. */
  ENTRY_PROVIDER: '__entryProvider__',
  /** What is bound to a class or a method. */
  ENHANCERS: {
    guard: '__guards__',
    pipe: '__pipes__',
    interceptor: '__interceptors__',
    filter: '__exceptionFilters__',
  },
} as const;

/** An exception filter, as Nest's own contexts hold it. */
export interface CatchingFilter {
  readonly func: (exception: unknown, host: unknown) => unknown;
  readonly exceptionMetatypes: readonly Type[];
}

/** Makes the enhancers of one kind for a method. */
export interface EnhancerCreator<E> {
  create(instance: object, callback: Function, module: string, contextId?: ContextId, inquirerId?: string): E;
  getGlobalMetadata(contextId?: ContextId, inquirerId?: string): readonly unknown[];
}

/** The parts of the injectable `ExternalContextCreator`. */
export interface EnhancerCreators {
  readonly guardsContextCreator: EnhancerCreator<CanActivate[]>;
  readonly pipesContextCreator: EnhancerCreator<PipeTransform[]> & {
    setModuleContext(module: string): void;
    createConcreteContext(
      pipes: readonly (Type<PipeTransform> | PipeTransform)[],
      contextId?: ContextId,
      inquirerId?: string,
    ): PipeTransform[];
  };
  readonly interceptorsContextCreator: EnhancerCreator<NestInterceptor[]>;
  readonly filtersContextCreator: EnhancerCreator<{ readonly filters?: CatchingFilter[] }>;
}

export function creatorsOf(external: ExternalContextCreator): EnhancerCreators {
  return external as unknown as EnhancerCreators;
}

/** @throws Error that names the version of Nest and the part that is not as expected */
export function assertNestInternals(external: ExternalContextCreator, modules: ModulesContainer): void {
  const creators = external as unknown as Record<string, Record<string, unknown> | undefined>;
  for (const kind of ['guards', 'pipes', 'interceptors', 'filters']) {
    for (const method of ['create', 'getGlobalMetadata']) {
      assertPart(creators[`${kind}ContextCreator`]?.[method], `the ${kind} creator's ${method}()`);
    }
  }
  for (const method of ['setModuleContext', 'createConcreteContext']) {
    assertPart(creators.pipesContextCreator?.[method], `the pipes creator's ${method}()`);
  }
  const [module] = modules.values();
  if (module === undefined) return;
  assertPart(module.getProviderByKey, "a module's getProviderByKey()");
  if (typeof module.distance !== 'number') throw unsupported("a module's distance");
  const [wrapper] = module.providers.values();
  for (const method of ['isDependencyTreeStatic', 'addEnhancerMetadata', 'getEnhancersMetadata'] as const) {
    assertPart(wrapper?.[method], `a provider's ${method}()`);
  }
}

/** All that an application provides, controllers among them. */
export function wrappersOf(modules: ModulesContainer): InstanceWrapper[] {
  return [...modules.values()].flatMap(({ providers, controllers }) => [
    ...providers.values(),
    ...controllers.values(),
  ]) as InstanceWrapper[];
}

/** Whether a testing module has overridden a provider by a class or a value: that alone writes null here. */
export function isOverridden({ inject }: InstanceWrapper): boolean {
  return inject === null;
}

/** The first versions of Nest 11 keep what they found out about a provider before an enhancer was added to it. */
export function forgetTree(wrapper: InstanceWrapper): void {
  if (!wrapper.isDependencyTreeStatic()) return;
  Object.assign(wrapper, { isTreeStatic: undefined, isTreeDurable: undefined });
}

/*
 * Nest starts modules by falling distance from the root module, which has 0, and calls the hooks of the end the other way
 * round. It orders modules, not providers: what needs a place of its own needs a module of its own.
 */

/** Starts last and ends first. */
export const LAST_IN_FIRST_OUT = -1;

/** Ends last; no application nests modules that deep. */
export const LAST_OUT = 1_000_000;

/** Gives the hooks of a provider's module their place. */
export function orderHooksOf(provider: Function, modules: ModulesContainer, distance: number): void {
  for (const module of modules.values()) if (module.providers.has(provider as never)) module.distance = distance;
}

/** Has Nest call hooks in a module of their own, whose distance says when. */
export function addHooks(modules: ModulesContainer, key: string, hooks: object, distance: number): void {
  const [any] = modules.values();
  const { constructor, container } = any as unknown as {
    readonly constructor: new (metatype: Type, container: unknown) => NestModule;
    readonly container: unknown;
  };
  const metatype = hooks.constructor as Type;
  const added = new constructor(metatype, container);
  added.distance = distance;
  Object.assign(added.getProviderByKey(metatype), { instance: hooks, isResolved: true });
  modules.set(key, added);
}

/** Whether an application has bound its gateways, after which another adapter is asked for nothing. */
export function isInitialized(app: INestApplicationContext): boolean {
  return (app as unknown as { readonly isInitialized?: boolean }).isInitialized === true;
}

/** Sees an adapter before the application has it; what it throws keeps it from being set. */
export function beforeSetIoAdapter(config: ApplicationConfig, see: (adapter: unknown) => void): void {
  const setIoAdapter = config.setIoAdapter.bind(config);
  config.setIoAdapter = (adapter) => {
    see(adapter);
    setIoAdapter(adapter);
  };
}

/** No hook tells of modules that are loaded later, so their loader does. */
export function afterLazyLoad(loader: LazyModuleLoader, act: () => void): void {
  const load = loader.load.bind(loader);
  loader.load = async (...args) => {
    const loaded = await load(...args);
    act();
    return loaded;
  };
}

/** Calls back once the application has its adapter: a testing module is compiled before it gets one. */
export function onHttpAdapter(host: HttpAdapterHost, callback: () => void): void {
  if (host.httpAdapter) callback();
  else if (host.init$ !== undefined) host.init$.subscribe(callback);
  else {
    // The first versions of Nest 11 do not tell; an accessor in the way of that of the class does, once.
    Object.defineProperty(host, 'httpAdapter', {
      configurable: true,
      get: () => undefined,
      set(adapter) {
        Reflect.deleteProperty(host, 'httpAdapter');
        host.httpAdapter = adapter;
        callback();
      },
    });
  }
}

/** Sees what `app.enableCors()` is called with. */
export function onEnableCors(httpAdapter: HttpAdapterHost['httpAdapter'], see: (options: unknown) => void): void {
  const enableCors = httpAdapter.enableCors.bind(httpAdapter);
  httpAdapter.enableCors = (options, ...rest) => {
    see(options);
    return enableCors(options, ...rest);
  };
}

/** Whether this is Nest 12 or later, which has global guards, pipes and interceptors reach gateways by itself. */
export function appliesGlobalsToGateways(config: ApplicationConfig): boolean {
  return 'getRouteConflictPolicy' in config;
}

/** What Nest builds the callable of a message by; agents replace it to see messages, such as `@nestjs/observe`. */
type CreateMessageHandler = (
  this: object,
  instance: object,
  callback: Function,
  module: string,
  method: string,
) => Function;

/** Has an agent see the calls of a function. `callback` has the metadata of the method, its message included. */
export type MessageAgent = (
  run: Function,
  instance: object,
  callback: Function,
  module: string,
  method: string,
) => Function;

/** Null unless an agent has replaced how Nest builds the callable of a message. */
export async function loadMessageAgent(): Promise<MessageAgent | null> {
  try {
    const { WsContextCreator } = await import('@nestjs/websockets/context/ws-context-creator.js');
    const agent: MessageAgent = (run, ...about) => {
      const { create } = WsContextCreator.prototype as unknown as { create: CreateMessageHandler };
      return create.apply(standInFor(run), about);
    };
    const probe = (): void => {};
    return agent(probe, {}, probe, '', 'probe') === probe ? null : agent;
  } catch {
    // Not installed, or of a shape that agents do not know either.
    return null;
  }
}

/** A `WsContextCreator` that binds nothing: all is bound already, and what it builds is what there is. */
function standInFor(run: Function): object {
  const none = { create: () => [] };
  return {
    getMetadata: () => ({ argsLength: 0, paramtypes: [], getParamsMetadata: () => null }),
    exceptionFiltersContext: none,
    pipesContextCreator: none,
    guardsContextCreator: none,
    interceptorsContextCreator: none,
    createPipesFn: () => null,
    createGuardsFn: () => null,
    reflectCallbackPattern: () => undefined,
    wsProxy: { create: () => run },
  };
}

function assertPart(part: unknown, name: string): void {
  if (typeof part !== 'function') throw unsupported(name);
}

function unsupported(part: string): Error {
  return new Error(
    `nestjs-socketio does not support this version of @nestjs/core: it lacks ${part}. Install Nest 11 or 12.`,
  );
}
