/**
 * What TypeScript makes of decorators, for files that are not compiled:
 * `@Ack('echo') echo(@MessageBody() body)` is `decorateMethod(Gateway, 'echo', Ack('echo'), [MessageBody()])`.
 */
import 'reflect-metadata';

/**
 * @param {Function} target the class
 * @param {string} name
 * @param {MethodDecorator} decorator
 * @param {ParameterDecorator[]} parameters in the order of the parameters
 */
export function decorateMethod(target, name, decorator, parameters) {
  const { prototype } = target;
  parameters.forEach((parameter, index) => parameter(prototype, name, index));
  decorator(prototype, name, Object.getOwnPropertyDescriptor(prototype, name));
}
