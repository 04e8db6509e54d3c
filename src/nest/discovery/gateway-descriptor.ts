import type { InstanceWrapper } from '../platform/nest-internals.js';
import type { NamespaceMatcher, Rate, RateLimitAction, Socket } from '../../socketio/index.js';
import type { EntryParts } from '../../contract/runtime.js';
import type { HandlerMetadata } from '../decorators/handler-metadata.js';
import type { IdempotencyRules } from './idempotency-rules.js';
import type { GatewayContract } from './contract-rules.js';

export type { InstanceWrapper };

/** One decorated method of one provider, found and not yet bound. */
export interface HandlerDescriptor {
  readonly wrapper: InstanceWrapper;
  /** The class that carries the decorators. */
  readonly gateway: Function;
  /** Empty for the guards of a class. */
  readonly method: string;
  readonly namespace: NamespaceName;
  /** Null if `@Gateway` was given none. */
  readonly contract: GatewayContract | null;
  /** The event in it; null for everything else, and for contracts without schemas. */
  readonly entry: EntryParts | null;
  /** How long a provider with a scope lives: an event, or a connection of its socket. */
  readonly scope: 'event' | 'connection';
  /** How often it runs; null if it may as often as it likes. */
  readonly rate: HandlerRateRules | null;
  /** Null if each copy of a message is handled. */
  readonly idempotency: IdempotencyRules | null;
  /**
   * `guards`: of a class whose methods do not handle the connection that they decide about. `open` and `message`: of
   * `@nestjs/websockets`, whose gateways do not await `handleConnection`, and whose messages have an ack rule of their own.
   */
  readonly subject: HandlerMetadata | MessageMetadata | { readonly kind: 'guards' | 'open' };
}

/** What `@SubscribeMessage` says; a name of any type, as in Nest. */
export interface MessageMetadata {
  readonly kind: 'message';
  readonly event: unknown;
}

/** A namespace, or what decides which names are served like one. */
export type NamespaceName = string | RegExp | NamespaceMatcher;

/** What `@RateLimit` says, after all checks. One per method, whatever events it handles. */
export interface HandlerRateRules {
  readonly rate: Rate;
  readonly onLimit: RateLimitAction;
  readonly key: 'socket' | 'ip' | ((socket: Socket) => string);
  /** For the log: `5/s per socket`. */
  readonly text: string;
}

/** A namespace as its clients name it, with the slash in front that its author may have left out. */
export function withSlash<N extends NamespaceName>(namespace: N): N | string {
  return typeof namespace === 'string' && !namespace.startsWith('/') ? `/${namespace}` : namespace;
}

/** The event that a handler of events is bound to. */
export function routeOf({ subject }: HandlerDescriptor): string {
  return 'event' in subject ? String(subject.event) : subject.kind;
}

/** The method as tools name functions. */
export function functionNameOf({ gateway, method }: HandlerDescriptor): string {
  return `${gateway.name}.${method}`;
}

/** For messages: names in one line. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).join(', ');
  return names.length > MAX_NAMES ? `${shown} and ${names.length - MAX_NAMES} more` : shown;
}

/** For messages: the method as its author knows it. */
export function nameOf({ gateway, method }: HandlerDescriptor): string {
  return method === '' ? gateway.name : `${gateway.name}.${method}()`;
}

const MAX_NAMES = 12;
