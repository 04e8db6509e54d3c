import { Scope } from '@nestjs/common';
import type { AnyContract } from '../../contract/index.js';
import { isContract } from '../../contract/runtime.js';
import { assertCalledOnClass, markGateway } from './handler-metadata.js';
import { BindingError } from '../errors/binding.error.js';
import { GATEWAY_METADATA, SCOPE_OPTIONS_METADATA } from './metadata-keys.js';

/** What `@Gateway` can be told. */
export interface GatewayOptions {
  /** The namespace, or a pattern for dynamic ones. @default '/' */
  namespace?: string | RegExp | undefined;
  /**
   * Makes the class and its request-scoped dependencies once for each socket, instead of once for each event; `REQUEST`
   * is the socket. They are let go when it disconnects; as for everything request-scoped, Nest calls no hook such as
   * `onModuleDestroy` on them. Write it above `@Injectable()`. @default a singleton, or made for each event where it is
   * request-scoped
   */
  scope?: 'connection' | undefined;
}

/** What `@Gateway` can be told beside a contract. */
export interface ContractGatewayOptions extends Pick<GatewayOptions, 'scope'> {
  /**
   * Whether events of the contract may be without a handler: other modules or applications handle them, or
   * `socket.on()`. @default false: such an event stops the start
   */
  partial?: boolean | undefined;
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
  ...given: [(string | RegExp | GatewayOptions | AnyContract)?, ContractGatewayOptions?]
): ClassDecorator {
  assertCalledOnClass('@Gateway', given);
  const options = metadataOf(given);
  return (target) => {
    if (Reflect.hasOwnMetadata(GATEWAY_METADATA, target)) throw decoratedTwice(target);
    // Also if no method of it is decorated: it may have some of `@nestjs/websockets`, or a contract that wants handlers.
    markGateway(target);
    Reflect.defineMetadata(GATEWAY_METADATA, options, target);
    if (options.scope === 'connection')
      Reflect.defineMetadata(SCOPE_OPTIONS_METADATA, { scope: Scope.REQUEST }, target);
  };
}

function decoratedTwice({ name }: Function): BindingError {
  return new BindingError(
    `${name} has @Gateway twice, and would be bound to one namespace only. Keep one; for several namespaces, write a class for ` +
      'each, which may extend a common class.',
  );
}

function metadataOf(
  given: [(string | RegExp | GatewayOptions | AnyContract)?, ContractGatewayOptions?],
): GatewayMetadata {
  const [first, more] = given;
  if (isContract(first)) return { ...more, namespace: first.namespace as string | RegExp, contract: first };
  if (typeof first === 'object' && first !== null && !(first instanceof RegExp)) return first as GatewayOptions;
  // A namespace of undefined is one of a circular import, not one that was left out: discovery refuses it.
  return given.length === 0 ? {} : { namespace: first };
}
