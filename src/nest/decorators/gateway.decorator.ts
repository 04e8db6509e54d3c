import { Scope } from '@nestjs/common';
import type { AnyContract } from '../../contract/index.js';
import { isContract } from '../../contract/runtime.js';
import { markGateway } from './handler-metadata.js';
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

/** What `@Gateway` can be told beside a contract. */
export interface ContractGatewayOptions extends Pick<GatewayOptions, 'scope'> {
  /**
   * Whether events of the contract may be without a handler: other modules or applications handle them, or
   * `socket.on()`. @default false: such an event stops the start
   */
  partial?: boolean;
}

/** What `@Gateway` writes down. */
export interface GatewayMetadata extends GatewayOptions, ContractGatewayOptions {
  contract?: AnyContract;
}

/**
 * Binds the handlers of a class to a namespace. Without it they listen on `/`. Guards of the class, after global ones,
 * decide about each connection to the namespace before the CONNECT reply, and then about each event.
 *
 * Given a contract, the namespace is that of the contract, and the start is stopped by events of it without a handler.
 *
 * @example
 * \@Gateway('/chat')
 * export class ChatGateway {}
 */
export function Gateway(namespace?: string | RegExp | GatewayOptions): ClassDecorator;
export function Gateway(contract: AnyContract, options?: ContractGatewayOptions): ClassDecorator;
export function Gateway(
  given: string | RegExp | GatewayOptions | AnyContract = {},
  more: ContractGatewayOptions = {},
): ClassDecorator {
  const options = metadataOf(given, more);
  return (target) => {
    Reflect.defineMetadata(GATEWAY_METADATA, options, target);
    if (options.scope === 'connection')
      Reflect.defineMetadata(SCOPE_OPTIONS_METADATA, { scope: Scope.REQUEST }, target);
    // A class without handlers is looked at as well: its contract has events that want some.
    if (options.contract !== undefined) markGateway(target.prototype as object);
  };
}

function metadataOf(
  given: string | RegExp | GatewayOptions | AnyContract,
  more: ContractGatewayOptions,
): GatewayMetadata {
  if (isContract(given)) return { ...more, namespace: given.namespace as string | RegExp, contract: given };
  return typeof given === 'string' || given instanceof RegExp ? { namespace: given } : given;
}
