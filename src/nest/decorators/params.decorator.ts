import type { AnyContract, AnyEntry, ArgsOf, BodyOf, HandshakeAuthOf } from '../../contract/index.js';
import { isEntry } from '../../contract/runtime.js';
import type { SocketOf } from '../../socketio/index.js';
import type { ParameterOf } from './entry-checks.js';
import { assertCalled } from './handler-metadata.js';
import { ParamType } from './metadata-keys.js';
import { assignParamMetadata, pickingDecorator, type ParameterOptions, type Pipe } from './param-metadata.js';

/**
 * The event's argument, or the array of them where the client sent two or more; with a name, that property of it. With the
 * entry of a contract, the compiler checks the parameter; behind pipes it does not know its type.
 */
export function MessageBody<E extends AnyEntry>(entry: E): ParameterOf<BodyOf<E>>;
export function MessageBody(entry: AnyEntry, ...pipes: (Pipe | ParameterOptions)[]): ParameterDecorator;
export function MessageBody(...pipes: (Pipe | ParameterOptions)[]): ParameterDecorator;
export function MessageBody(property: string, ...pipes: (Pipe | ParameterOptions)[]): ParameterDecorator;
export function MessageBody(...args: unknown[]): ParameterDecorator {
  assertCalled('@MessageBody', args);
  return pickingDecorator(ParamType.PAYLOAD, args);
}

/** The socket. With a contract, the compiler checks the parameter: `socket: SocketOf<typeof chat>`. */
export function ConnectedSocket(): ParameterDecorator;
export function ConnectedSocket<C extends AnyContract>(contract: C): ParameterOf<SocketOf<C>>;
export function ConnectedSocket(contract?: AnyContract): ParameterDecorator {
  assertCalled('@ConnectedSocket', arguments);
  return pickingDecorator(ParamType.SOCKET, [contract]);
}

/** All arguments of the event as an array, without the ack function. With the entry of a contract they are checked. */
export function Args<E extends AnyEntry>(entry: E): ParameterOf<ArgsOf<E>>;
export function Args(entry: AnyEntry, ...pipes: (Pipe | ParameterOptions)[]): ParameterDecorator;
export function Args(...pipes: (Pipe | ParameterOptions)[]): ParameterDecorator;
export function Args(...args: unknown[]): ParameterDecorator {
  assertCalled('@Args', args);
  return pickingDecorator(ParamType.ARGS, args);
}

/** One argument of the event, counted from 0. With the entry of a contract in front it is checked. */
export function Arg<E extends AnyEntry, Position extends number>(
  entry: E,
  position: Position,
): ParameterOf<ArgsOf<E>[Position]>;
export function Arg(entry: AnyEntry, position: number, ...pipes: (Pipe | ParameterOptions)[]): ParameterDecorator;
export function Arg(position: number, ...pipes: (Pipe | ParameterOptions)[]): ParameterDecorator;
export function Arg(...args: unknown[]): ParameterDecorator {
  assertCalled('@Arg', args);
  const entry = isEntry(args[0]) ? args[0] : undefined;
  const [position, ...pipes] = (entry === undefined ? args : args.slice(1)) as [number, ...Pipe[]];
  return (target, method, index) => assignParamMetadata(target, method!, index, ParamType.ARG, position, pipes, entry);
}

/**
 * The `auth` that the client connected with, without what the protocol itself put there; with a name, that part of it.
 * With a contract that has an `auth` it is what the schema returned, and checked.
 */
export function HandshakeAuth<C extends AnyContract>(contract: C): ParameterOf<HandshakeAuthOf<C>>;
export function HandshakeAuth(...pipes: (Pipe | ParameterOptions)[]): ParameterDecorator;
export function HandshakeAuth(property: string, ...pipes: (Pipe | ParameterOptions)[]): ParameterDecorator;
export function HandshakeAuth(...args: unknown[]): ParameterDecorator {
  assertCalled('@HandshakeAuth', args);
  return pickingDecorator(ParamType.HANDSHAKE_AUTH, args);
}

/** Why the socket was disconnected; in `@OnDisconnect` and `@OnClose`. */
export function DisconnectReason(): ParameterDecorator {
  assertCalled('@DisconnectReason', arguments);
  return (target, method, index) => assignParamMetadata(target, method!, index, ParamType.DISCONNECT_REASON);
}

/** The name of the event, for handlers of several. */
export function EventName(): ParameterDecorator {
  assertCalled('@EventName', arguments);
  return (target, method, index) => assignParamMetadata(target, method!, index, ParamType.EVENT_NAME);
}
