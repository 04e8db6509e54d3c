import { Scope } from '@nestjs/common';
import { GATEWAY_METADATA, SCOPE_OPTIONS_METADATA } from './metadata-keys.js';

/** What `@Gateway` can be told. */
export interface GatewayOptions {
  /** The namespace, or a pattern for dynamic ones. @default '/' */
  namespace?: string | RegExp;
  /**
   * Makes the class and its request-scoped dependencies once for each socket, instead of once for each event; `REQUEST`
   * is the socket. They are let go when it disconnects; as for everything request-scoped, Nest calls no hook such as
   * `onModuleDestroy` on them. Write it above `@Injectable()`. @default a singleton, or made for each event where it is
   * request-scoped
   */
  scope?: 'connection';
}

/**
 * Binds the handlers of a class to a namespace. Without it they listen on `/`. Guards of the class, after global ones,
 * decide about each connection to the namespace before the CONNECT reply, and then about each event.
 *
 * @example
 * \@Gateway('/chat')
 * export class ChatGateway {}
 */
export function Gateway(namespace: string | RegExp | GatewayOptions = {}): ClassDecorator {
  const isName = typeof namespace === 'string' || namespace instanceof RegExp;
  const options: GatewayOptions = isName ? { namespace } : namespace;
  return (target) => {
    Reflect.defineMetadata(GATEWAY_METADATA, options, target);
    if (options.scope === 'connection')
      Reflect.defineMetadata(SCOPE_OPTIONS_METADATA, { scope: Scope.REQUEST }, target);
  };
}
