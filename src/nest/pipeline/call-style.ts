import { ForbiddenException } from '@nestjs/common';
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
  /** Sees an instance that was made for a call or for a socket. */
  readonly onInstance: ((instance: object, wrapper: InstanceWrapper) => void) | null;
}

export const OWN_STYLE: CallStyle = Object.freeze({
  parameters: null,
  pipesAll: false,
  refusal: () => new ForbiddenException('Forbidden resource'),
  isBare: () => false,
  onInstance: null,
});
