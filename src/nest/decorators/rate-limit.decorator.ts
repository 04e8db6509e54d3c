import type { RateLimitAction, RateOptions, Socket } from '../../socketio/index.js';
import { RATE_LIMIT_METADATA } from './metadata-keys.js';
import { assertCalled, assertCalledOnClass, decorateMethod, markGateway } from './handler-metadata.js';

/** How often a handler runs. */
export interface HandlerRateLimit extends RateOptions {
  /** What happens to an event that comes too early: an error ack or `exception`, or the socket is disconnected. @default 'refuse' */
  onLimit?: RateLimitAction | undefined;
  /** Who shares the rate: each socket has its own, each address, or all with the same key. @default 'socket' */
  key?: 'socket' | 'ip' | ((socket: Socket) => string) | undefined;
}

/**
 * Bounds how often a handler of events runs, before its guards. On a class: each of its handlers of events, apart from
 * those that have a bound of their own.
 *
 * @example
 * \@RateLimit({ limit: 5, interval: 10_000 })
 * \@OnEvent('message')
 * onMessage(@MessageBody() text: string) {}
 */
export function RateLimit(limit: HandlerRateLimit): ClassDecorator & MethodDecorator {
  assertCalled('@RateLimit', arguments);
  assertCalledOnClass('@RateLimit', arguments);
  return (target: object, name?: string | symbol, descriptor?: PropertyDescriptor): void => {
    if (name === undefined) {
      Reflect.defineMetadata(RATE_LIMIT_METADATA, limit, target);
      // A class without handlers is looked at as well, so that the mistake is noticed.
      markGateway(target as Function);
      return;
    }
    const written = { decorator: '@RateLimit()', key: RATE_LIMIT_METADATA, value: limit };
    Reflect.defineMetadata(RATE_LIMIT_METADATA, limit, decorateMethod(target, name, descriptor, written));
  };
}
