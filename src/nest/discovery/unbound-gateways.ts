import { MetadataScanner } from '@nestjs/core';
import { matches } from '../../common/values.js';
import type { DecoratedMethod, HandlerMetadata } from '../decorators/handler-metadata.js';
import { decoratedClasses } from '../decorators/handler-metadata.js';
import { DECORATED_METADATA, HANDLER_METADATA } from '../decorators/metadata-keys.js';
import { GatewayMetadataAccessor } from './gateway-metadata.accessor.js';

/**
 * Why a name is not there, if the reason is a class that no module of the application provides, or the decorator of another
 * package. Only asked for names that clients were refused: a class of another application in the process is none of this one's
 * affair.
 *
 * @param event null for the namespace itself
 */
export function reasonInUnboundGateway(
  bound: ReadonlySet<Function>,
  namespace: string,
  event: string | null,
): string | null {
  for (const gateway of event === null ? [] : bound) {
    const method = serves(gateway, namespace) ? internalListenerOf(gateway, event!) : undefined;
    if (method === undefined) continue;
    return (
      `${gateway.name}.${method}() has the @OnEvent of @nestjs/event-emitter, which no client can call. Import it from ` +
      'nestjs-socketio, or use @OnMessage.'
    );
  }
  for (const gateway of decoratedClasses()) {
    if (bound.has(gateway) || isExtended(gateway, bound) || !serves(gateway, namespace)) continue;
    const method = event === null ? '' : methodOf(gateway, event);
    if (method === null) continue;
    const name = event === null ? gateway.name : `${gateway.name}.${method}()`;
    return `${name} would handle it, but no module provides ${gateway.name} itself. Add it to the providers of a module.`;
  }
  return null;
}

/** A base class is bound as what extends it. */
function isExtended(gateway: Function, bound: ReadonlySet<Function>): boolean {
  return [...bound].some((one) => Object.prototype.isPrototypeOf.call(gateway, one));
}

function serves(gateway: Function, name: string): boolean {
  const namespace = new GatewayMetadataAccessor().namespaceOf(gateway);
  return namespace instanceof RegExp ? matches(namespace, name) : namespace === name;
}

function methodOf(gateway: Function, event: string): string | null {
  const methods = (Reflect.getMetadata(DECORATED_METADATA, gateway) as DecoratedMethod[] | undefined) ?? [];
  const handles = ({ key, value }: DecoratedMethod): boolean =>
    key === HANDLER_METADATA && (value as HandlerMetadata & { event?: unknown }).event === event;
  const method = methods.find(handles);
  return method === undefined ? null : String(method.name);
}

/** The method that hears of an event within the application. */
function internalListenerOf(gateway: Function, event: string): string | undefined {
  const prototype = gateway.prototype as Record<string, object>;
  return new MetadataScanner().getAllMethodNames(prototype).find((method) => {
    const listeners: unknown = Reflect.getMetadata(EVENT_LISTENER_METADATA, prototype[method]);
    return [listeners].flat().some((listener) => (listener as { event?: unknown } | undefined)?.event === event);
  });
}

/** What `@OnEvent` of `@nestjs/event-emitter` writes on a method. */
const EVENT_LISTENER_METADATA = 'EVENT_LISTENER_METADATA';
