import type { ArgumentsHost, ContextType, ExecutionContext, Type } from '@nestjs/common';
import type { Socket } from '../../socketio/index.js';

/** The arguments that Nest's enhancers see: socket, data, ack function, name of the event. */
export type WsArguments = [socket: Socket | undefined, data: unknown, ack: unknown, pattern: string];

/** What guards, interceptors and filters are told about a call; context type `ws`. */
export class WsExecutionContext implements ExecutionContext {
  constructor(
    private readonly args: WsArguments,
    private readonly gateway: Type,
    private readonly handler: Function,
  ) {}

  getClass<T>(): Type<T> {
    return this.gateway as Type<T>;
  }

  getHandler(): Function {
    return this.handler;
  }

  getType<T extends string = ContextType>(): T {
    return 'ws' as T;
  }

  getArgs<T extends unknown[]>(): T {
    return this.args as unknown as T;
  }

  getArgByIndex<T>(index: number): T {
    return this.args[index] as T;
  }

  switchToWs(): ReturnType<ExecutionContext['switchToWs']> {
    const [client, data, , pattern] = this.args;
    return {
      getClient: <T>(): T => client as T,
      getData: <T>(): T => data as T,
      getPattern: () => pattern,
    } as ReturnType<ExecutionContext['switchToWs']>;
  }

  switchToHttp(): ReturnType<ExecutionContext['switchToHttp']> {
    const [client, data] = this.args;
    return {
      getRequest: <T>(): T => client as T,
      getResponse: <T>(): T => data as T,
      getNext: <T>(): T => undefined as T,
    };
  }

  switchToRpc(): ReturnType<ExecutionContext['switchToRpc']> {
    const [client, data] = this.args;
    return { getContext: <T>(): T => data as T, getData: <T>(): T => client as T };
  }
}

const IS_CONNECT = Symbol.for('nestjs-socketio:is-connect');

/** The same where the call is about a connection: nothing was sent yet but the auth of the handshake. */
export class ConnectExecutionContext extends WsExecutionContext {
  get [IS_CONNECT](): boolean {
    return true;
  }
}

/**
 * Whether a guard, interceptor or filter is asked about a connection, and not about an event: `switchToWs().getData()` is then
 * the client's auth. For guards that serve both, such as global ones.
 */
export function isConnect(context: ArgumentsHost): boolean {
  return (context as { [IS_CONNECT]?: boolean })[IS_CONNECT] === true;
}
