import { NEST_METADATA } from '../platform/nest-internals.js';

/*
 * Tokens and metadata keys, in one place. `Symbol.for` gives the same key to two copies of this package in one process,
 * such as its CJS and its ESM build under a test runner.
 */

/** Injects the resolved options of the module. */
export const SOCKET_IO_OPTIONS = Symbol.for('nestjs-socketio:options');

/** Injects the options of the module that only emits. */
export const EMITTER_OPTIONS = Symbol.for('nestjs-socketio:emitter-options');

/** On a class: what `@Gateway` says. */
export const GATEWAY_METADATA = Symbol.for('nestjs-socketio:gateway');
/** On a method's function: what its decorators say. */
export const HANDLER_METADATA = Symbol.for('nestjs-socketio:handler');
/** On a method's function: `@Ack()` without a name, which may stand above or below `@OnEvent`. */
export const ACKS_METADATA = Symbol.for('nestjs-socketio:acks');
/** On a method's function, or on a class: `@RateLimit()`. */
export const RATE_LIMIT_METADATA = Symbol.for('nestjs-socketio:rate-limit');
/** On a method's function: `@Idempotent()`. */
export const IDEMPOTENT_METADATA = Symbol.for('nestjs-socketio:idempotent');
/** On a class: which of its methods are decorated. */
export const DECORATED_METADATA = Symbol.for('nestjs-socketio:decorated');
/** On a class: some method of it, or of a class that it extends, is decorated. */
export const HAS_HANDLERS_METADATA = Symbol.for('nestjs-socketio:has-handlers');

export const {
  ROUTE_ARGS: ROUTE_ARGS_METADATA,
  CUSTOM_ROUTE_ARGS,
  SCOPE_OPTIONS: SCOPE_OPTIONS_METADATA,
  ENTRY_PROVIDER: ENTRY_PROVIDER_WATERMARK,
  ENHANCERS: ENHANCERS_METADATA,
} = NEST_METADATA;

/** What the decorators of `@nestjs/websockets` write. */
export const WEBSOCKETS_METADATA = {
  GATEWAY: 'websockets:is_gateway',
  OPTIONS: 'websockets:gateway_options',
  PORT: 'port',
  IS_MESSAGE: 'websockets:message_mapping',
  MESSAGE: 'message',
  /** On a property: `@WebSocketServer()`. */
  SERVER: 'websockets:is_socket',
} as const;

/** Kinds of parameters. The first three are those of `@nestjs/websockets`, whose decorators work here too. */
export const ParamType = {
  SOCKET: 0,
  PAYLOAD: 3,
  ACK: 13,
  ARGS: 2001,
  ARG: 2002,
  HANDSHAKE_AUTH: 2003,
  DISCONNECT_REASON: 2004,
  EVENT_NAME: 2005,
} as const;

export type ParamType = (typeof ParamType)[keyof typeof ParamType];
