import type { DecoratedMethod, HandlerMetadata } from '../decorators/handler-metadata.js';
import { decoratedClasses } from '../decorators/handler-metadata.js';
import { DECORATED_METADATA, HANDLER_METADATA } from '../decorators/metadata-keys.js';
import { GatewayMetadataAccessor } from './gateway-metadata.accessor.js';

/**
 * Why a name is not there, if the reason is a class that no module of the application provides. Only asked for names that
 * clients were refused: a class of another application in the process is none of this one's affair.
 *
 * @param event null for the namespace itself
 */
export function reasonInUnboundGateway(
  bound: ReadonlySet<Function>,
  namespace: string,
  event: string | null,
): string | null {
  for (const gateway of decoratedClasses()) {
    if (bound.has(gateway) || !serves(gateway, namespace)) continue;
    const method = event === null ? '' : methodOf(gateway, event);
    if (method === null) continue;
    const name = event === null ? gateway.name : `${gateway.name}.${method}()`;
    return `${name} would handle it, and no module provides ${gateway.name}. Add it to the providers of one.`;
  }
  return null;
}

function serves(gateway: Function, name: string): boolean {
  const namespace = new GatewayMetadataAccessor().namespaceOf(gateway);
  // Not by `test`, which moves on in a pattern with the flag g or y.
  return namespace instanceof RegExp ? name.search(namespace) !== -1 : namespace === name;
}

function methodOf(gateway: Function, event: string): string | null {
  const methods = (Reflect.getMetadata(DECORATED_METADATA, gateway) as DecoratedMethod[] | undefined) ?? [];
  const handles = ({ key, value }: DecoratedMethod): boolean =>
    key === HANDLER_METADATA && (value as HandlerMetadata & { event?: unknown }).event === event;
  const method = methods.find(handles);
  return method === undefined ? null : String(method.name);
}
