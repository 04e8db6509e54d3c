import type { ContextId } from '@nestjs/core';
import type { Socket } from '../../socketio/index.js';
import type { HandlerDescriptor, InstanceWrapper } from '../discovery/gateway-descriptor.js';
import type { Pipeline } from './pipeline.js';

/** What `scope: 'connection'` keeps for one socket. */
export class ConnectionScope {
  /** Providers of a request, and durable ones, which live on in a context of their strategy's choice. */
  readonly contexts: { request: ContextId | null; durable: ContextId | null } = { request: null, durable: null };
  /** Annotated, since the compiler would write down where Nest has the type, which differs between its releases. */
  readonly instances: Map<InstanceWrapper, Promise<object>> = new Map();
  readonly pipelines = new Map<HandlerDescriptor, Pipeline>();
}

/**
 * The scopes of all sockets. Nothing here keeps a socket: one that is refused at its handshake, and so never
 * disconnects, takes its scope along.
 */
export class ConnectionScopes {
  readonly #scopes = new WeakMap<Socket, ConnectionScope>();

  of(socket: Socket): ConnectionScope {
    let scope = this.#scopes.get(socket);
    if (scope === undefined) this.#scopes.set(socket, (scope = new ConnectionScope()));
    return scope;
  }

  /** The socket is gone and its handlers are through. A socket that is kept does not keep its providers. */
  release(socket: Socket): void {
    this.#scopes.delete(socket);
  }
}
