import type { RateLimitAction, RateOptions, Socket } from '../../socketio/index.js';
import { RATE_LIMIT_METADATA } from './metadata-keys.js';
import { markGateway } from './handler-metadata.js';

/** How often a handler runs. */
export interface HandlerRateLimit extends RateOptions {
  /** What happens to an event that comes too early: an error ack or `exception`, or the socket is disconnected. @default 'refuse' */
  onLimit?: RateLimitAction;
  /** Who shares the rate: each socket has its own, each address, or whoever has the same key. @default 'socket' */
  key?: 'socket' | 'ip' | ((socket: Socket) => string);
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
  return (target: object, _name?: string | symbol, descriptor?: PropertyDescriptor): void => {
    Reflect.defineMetadata(RATE_LIMIT_METADATA, limit, (descriptor?.value as object | undefined) ?? target);
    // A class without handlers is looked at as well, so that it cannot be a mistake that nobody notices.
    markGateway(descriptor === undefined ? (target as Function).prototype : target);
  };
}
