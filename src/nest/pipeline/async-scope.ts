import { AsyncResource } from 'node:async_hooks';
import type { EventHandler, Socket } from '../../socketio/index.js';

/**
 * An asynchronous context that begins as the present one. What `enterWith` of an `AsyncLocalStorage` sets in it stays in
 * it; outside, it would stay with the connection, whose events all arrive in one context, and reach the next of them.
 */
export function createScope(): AsyncResource {
  return new AsyncResource('SocketIoHandler');
}

/** Each event in a scope of its own, at about 40 ns; for handlers with something bound that may enter a context. */
export function inScopes(handler: EventHandler<Socket>): EventHandler<Socket> {
  return (socket, args, reply, event) => createScope().runInAsyncScope(handler, undefined, socket, args, reply, event);
}
