import { isDeepStrictEqual } from 'node:util';
import { Global, Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ServerEnd, ServerLifecycle } from './server-lifecycle.js';
import { GatewayExplorer } from './discovery/gateway.explorer.js';
import { HttpMount } from './platform/http-mount.js';
import { SocketIoRuntime } from './socket-io-runtime.js';
import { ConfigurableModuleClass, type ASYNC_OPTIONS_TYPE } from './socket-io.module-definition.js';
import { copyOptions } from '../common/option-reader.js';
import { isObject } from '../common/values.js';
import type { SocketIoModuleOptions } from './socket-io.options.js';
import type { AsyncApiDocument } from '../asyncapi/index.js';
import { serveAsyncApi, type AsyncApiRouteOptions, type AsyncApiTarget } from './asyncapi-routes.js';
import { Websocket } from './websocket.service.js';

/** A module of its own, because Nest orders the hooks of modules and not those of providers. */
@Module({ providers: [ServerLifecycle] })
class LifecycleModule {}

@Module({ providers: [ServerEnd] })
class EndModule {}

/**
 * A Socket.IO server in a Nest application. Global: imported once, `Websocket` can be injected everywhere.
 *
 * @example
 * \@Module({ imports: [SocketIoModule.forRoot({ pingInterval: 25_000 })], providers: [ChatGateway] })
 * export class AppModule {}
 */
// Also where it is imported without options, so that it is this package that says what is missing.
@Global()
@Module({
  imports: [DiscoveryModule, LifecycleModule, EndModule],
  providers: [
    GatewayExplorer,
    HttpMount,
    SocketIoRuntime,
    { provide: Websocket, useFactory: (host: SocketIoRuntime) => new Websocket(host), inject: [SocketIoRuntime] },
  ],
  exports: [Websocket, SocketIoRuntime],
})
export class SocketIoModule extends ConfigurableModuleClass {
  /** The module with its options. */
  static override forRoot(options: SocketIoModuleOptions = {}): DynamicModule {
    // The builder's own copy would not have what the getters of a class say.
    return sameModule(super.forRoot(isObject(options) ? copyOptions<SocketIoModuleOptions>(options) : options));
  }

  /** The module with options that other providers give. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return sameModule(super.forRootAsync(options));
  }

  /**
   * Serves the contracts of the application's gateways as an AsyncAPI document: a page at `path`, the document at
   * `path.json` and `path.yaml`. To be called before the application listens.
   *
   * @throws AsyncApiError for a schema that has no JSON Schema, naming its argument, event and namespace
   *
   * @example
   * SocketIoModule.asyncApi(app, { path: '/asyncapi', info: { title: 'Chat', version: '1.0.0' } });
   */
  static asyncApi(app: AsyncApiTarget, options: AsyncApiRouteOptions): AsyncApiDocument {
    return serveAsyncApi(app, options);
  }
}

/** What was defined, as long as some module still imports it. */
const definitions: WeakRef<DynamicModule>[] = [];

/**
 * Nest tells dynamic modules apart by identity: modules that are defined alike, in several places, become one. A definition
 * is data, so that applications which share one do not meet.
 */
function sameModule(definition: DynamicModule): DynamicModule {
  let present: DynamicModule | undefined;
  for (let i = definitions.length - 1; i >= 0; i--) {
    const other = definitions[i].deref();
    if (other === undefined) definitions.splice(i, 1);
    else if (isDeepStrictEqual(other, definition)) present = other;
  }
  if (present === undefined) definitions.push(new WeakRef(definition));
  return present ?? definition;
}
