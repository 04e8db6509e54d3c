import { decoratedClasses, isRunning, type DecoratedMethod } from '../decorators/handler-metadata.js';
import { DECORATED_METADATA } from '../decorators/metadata-keys.js';
import { listed } from '../discovery/gateway-descriptor.js';
import { GatewayMetadataAccessor, type WebSocketPlace } from '../discovery/gateway-metadata.accessor.js';
import { BindingError } from '../errors/binding.error.js';
import { pathOf } from './gateway-servers.js';

/*
 * An adapter that knows an HTTP server and no application cannot ask Nest which classes there are. What it can see is which of
 * the loaded classes have decorators of this package.
 */

/** @throws BindingError for a gateway at this place with decorators of this package, which would not run */
export function refuseStrayDecorators(place: WebSocketPlace, adapter: string): void {
  const gateway = strayClass((one) => isWebSocketGateway(one) && isAt(one, place));
  if (gateway !== null) throw wouldNotRun(gateway, adapter, `Pass it the application: new ${adapter}(app).`);
}

/**
 * @param namespace null on a port of its own
 * @throws BindingError for a class of this package whose namespace is served by gateways, to clients about which it would have
 *   decided; also for one without a decorator, from which any gateway may inherit
 */
export function refuseStrayClasses(namespace: string | null, adapter: string): void {
  const accessor = new GatewayMetadataAccessor();
  const isMeant = (one: Function): boolean =>
    !accessor.isGateway(one) || (namespace !== null && String(accessor.namespaceOf(one)) === namespace);
  const gateway = strayClass((one) => !isWebSocketGateway(one) && methodsOf(one).length > 0 && isMeant(one));
  if (gateway === null) return;
  const remedy =
    `Import SocketIoModule.forRoot() in the root module. If ${gateway.name} belongs to another application, use new ${adapter}(app), ` +
    'which runs only the classes of its application.';
  throw wouldNotRun(gateway, adapter, remedy);
}

/** Says which classes run nowhere, of an application that imports no module; null if there are none. */
export function strayClasses(adapter: string): string | null {
  const names = [...decoratedClasses()]
    .filter((gateway) => !isRunning(gateway) && methodsOf(gateway).length > 0)
    .map(({ name }) => name);
  if (names.length === 0) return null;
  return (
    `Handlers of ${listed(names)} do not run: ${adapter} was given an HTTP server, and SocketIoModule is not imported. Import ` +
    'SocketIoModule.forRoot() in the root module; a class with @WebSocketGateway also runs with new SocketIoAdapter(app).'
  );
}

function strayClass(isMeant: (gateway: Function) => boolean): Function | null {
  for (const gateway of decoratedClasses()) if (!isRunning(gateway) && isMeant(gateway)) return gateway;
  return null;
}

function wouldNotRun(gateway: Function, adapter: string, remedy: string): BindingError {
  const [method] = methodsOf(gateway);
  const what = method === undefined ? gateway.name : `${method.decorator} on ${gateway.name}.${String(method.name)}()`;
  return new BindingError(
    `${what} would not run: ${adapter} was given an HTTP server, so Nest runs gateways without the decorators of ` +
      `nestjs-socketio. ${remedy}`,
  );
}

function isWebSocketGateway(gateway: Function): boolean {
  const accessor = new GatewayMetadataAccessor();
  return accessor.isWebSocketGateway(gateway) && !accessor.isGateway(gateway);
}

function isAt(gateway: Function, place: WebSocketPlace): boolean {
  const { port, path, namespace } = new GatewayMetadataAccessor().placeOf(gateway);
  return port === place.port && pathOf(path) === pathOf(place.path) && String(namespace) === String(place.namespace);
}

function methodsOf(gateway: Function): readonly DecoratedMethod[] {
  return (Reflect.getMetadata(DECORATED_METADATA, gateway) as DecoratedMethod[] | undefined) ?? [];
}
