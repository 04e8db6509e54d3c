import { ParamType } from './metadata-keys.js';
import { assignParamMetadata, pickingDecorator, type ParameterOptions, type Pipe } from './param-metadata.js';

/** The event's argument, or the array of them where the client sent two or more; with a name, that property of it. */
export function MessageBody(...pipes: (Pipe | ParameterOptions)[]): ParameterDecorator;
export function MessageBody(property: string, ...pipes: (Pipe | ParameterOptions)[]): ParameterDecorator;
export function MessageBody(...args: unknown[]): ParameterDecorator {
  return pickingDecorator(ParamType.PAYLOAD, args);
}

/** The socket. */
export function ConnectedSocket(): ParameterDecorator {
  return (target, method, index) => assignParamMetadata(target, method!, index, ParamType.SOCKET);
}

/** All arguments of the event as an array, without the ack function. */
export function Args(...pipes: (Pipe | ParameterOptions)[]): ParameterDecorator {
  return (target, method, index) => assignParamMetadata(target, method!, index, ParamType.ARGS, undefined, pipes);
}

/** One argument of the event, counted from 0. */
export function Arg(position: number, ...pipes: (Pipe | ParameterOptions)[]): ParameterDecorator {
  return (target, method, index) => assignParamMetadata(target, method!, index, ParamType.ARG, position, pipes);
}

/** The `auth` that the client connected with, without what the protocol itself put there; with a name, that part of it. */
export function HandshakeAuth(...pipes: (Pipe | ParameterOptions)[]): ParameterDecorator;
export function HandshakeAuth(property: string, ...pipes: (Pipe | ParameterOptions)[]): ParameterDecorator;
export function HandshakeAuth(...args: unknown[]): ParameterDecorator {
  return pickingDecorator(ParamType.HANDSHAKE_AUTH, args);
}

/** Why the socket was disconnected; in `@OnDisconnect` and `@OnClose`. */
export function DisconnectReason(): ParameterDecorator {
  return (target, method, index) => assignParamMetadata(target, method!, index, ParamType.DISCONNECT_REASON);
}

/** The name of the event, for handlers of several. */
export function EventName(): ParameterDecorator {
  return (target, method, index) => assignParamMetadata(target, method!, index, ParamType.EVENT_NAME);
}
