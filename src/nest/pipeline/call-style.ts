import { ForbiddenException } from '@nestjs/common';
import { WEBSOCKETS_METADATA } from '../decorators/metadata-keys.js';
import type { ParamMetadata } from '../decorators/param-metadata.js';
import type { HandlerDescriptor, InstanceWrapper } from '../discovery/gateway-descriptor.js';

/** Where the methods of this package's decorators and those of `@nestjs/websockets` are called differently. */
export interface CallStyle {
  /** Parameters of a method without parameter decorators; null: the socket, then the client's arguments. */
  readonly parameters: Readonly<Record<string, ParamMetadata>> | null;
  /** Whether pipes of method, class and application also get what does not come from the client. */
  readonly pipesAll: boolean;
  /** What a guard's no is turned into. */
  readonly refusal: () => Error;
  /** Whether the method runs without pipes, interceptors and parameter decorators. */
  readonly isBare: (handles: HandlerDescriptor['subject']) => boolean;
  /** When only the first value of a stream counts: it then ends there, for the interceptors around it as well. */
  readonly takesFirst: (handles: HandlerDescriptor['subject']) => TakesFirst;
  /** What the `@Ack()` parameter is if no ack was asked for. */
  readonly absentAck: (() => void) | undefined;
  /** Sees an instance that was made for a call or for a socket. */
  readonly onInstance: ((instance: object, wrapper: InstanceWrapper) => void) | null;
}

export type TakesFirst = 'always' | 'asked' | 'never';

export const OWN_STYLE: CallStyle = Object.freeze({
  parameters: null,
  pipesAll: false,
  refusal: () => new ForbiddenException('Forbidden resource'),
  isBare: () => false,
  takesFirst: (subject: HandlerDescriptor['subject']): TakesFirst =>
    subject.kind === 'event' && subject.acks ? 'always' : 'never',
  absentAck: () => {},
  onInstance: assignServers,
});

/** Nest sets `@WebSocketServer()` properties on what it holds for a provider; what is made per connection gets the same. */
export function assignServers(instance: object, { instance: template }: InstanceWrapper): void {
  for (const property of Object.keys((template ?? {}) as object)) {
    if (Reflect.getMetadata(WEBSOCKETS_METADATA.SERVER, instance, property) === undefined) continue;
    Reflect.set(instance, property, (template as Record<string, unknown>)[property]);
  }
}
