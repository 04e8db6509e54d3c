import { GATEWAY_METADATA } from '../socket-io.constants.js';

export interface GatewayOptions {
  /** The namespace, or a pattern for dynamic ones. @default '/' */
  namespace?: string | RegExp;
}

/**
 * Binds the handlers of a class to a namespace. Without it they listen on `/`.
 *
 * @example
 * \@Gateway('/chat')
 * export class ChatGateway {}
 */
export function Gateway(namespace: string | RegExp | GatewayOptions = {}): ClassDecorator {
  const isName = typeof namespace === 'string' || namespace instanceof RegExp;
  const options: GatewayOptions = isName ? { namespace } : namespace;
  return (target) => Reflect.defineMetadata(GATEWAY_METADATA, options, target);
}
