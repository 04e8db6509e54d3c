import type { AnyEntry, ReplyOf } from '../../contract/index.js';
import type { AckCheck, HandlerOf } from './entry-checks.js';
import { ACKS_METADATA, ParamType } from './metadata-keys.js';
import { addEventMetadata, assertCalled, decorateMethod } from './handler-metadata.js';
import { assignParamMetadata } from './param-metadata.js';

/**
 * On a method with a name: handles the event, and what the method returns is the ack. On an `@OnEvent` method without a
 * name: turns it into such a one. On a parameter: the ack function, and then only the handler answers. Given the entry of
 * a contract instead of a name, the compiler checks what the method returns.
 *
 * @example
 * \@Ack('sum')
 * sum(@Args() [a, b]: [number, number]) { return a + b; }
 */
export function Ack(event?: string): MethodDecorator & ParameterDecorator;
export function Ack<E extends AnyEntry>(entry: E & AckCheck<E>): HandlerOf<ReplyOf<E>>;
export function Ack(event?: string | AnyEntry): MethodDecorator & ParameterDecorator {
  assertCalled('@Ack', arguments);
  return (target: object, name: string | symbol | undefined, third: number | PropertyDescriptor | undefined): void => {
    if (typeof third === 'number') assignParamMetadata(target, name!, third, ParamType.ACK);
    else if (event !== undefined) addEventMetadata(target, name!, third, event, true, 'Ack');
    else {
      const method = decorateMethod(target, name!, third, { decorator: '@Ack()', key: ACKS_METADATA, value: true });
      Reflect.defineMetadata(ACKS_METADATA, true, method);
    }
  };
}
