import { lifecycleDecorator } from './handler-metadata.js';

/** Runs before the CONNECT reply, guards and pipes first. What it throws reaches the client as `connect_error`. */
export function OnHandshake(): MethodDecorator {
  return lifecycleDecorator('handshake', '@OnHandshake()', arguments);
}

/** Runs after the CONNECT reply; events of the socket wait until it has settled. Its guards run before the reply. */
export function OnConnect(): MethodDecorator {
  return lifecycleDecorator('connect', '@OnConnect()', arguments);
}

/** Runs when a connected socket is about to go: its rooms are still there. What it returns is not awaited. */
export function OnDisconnecting(): MethodDecorator {
  return lifecycleDecorator('disconnecting', '@OnDisconnecting()', arguments);
}

/** Runs when a connected socket is gone, for whatever reason. `shutdown()` awaits it. */
export function OnDisconnect(): MethodDecorator {
  return lifecycleDecorator('disconnect', '@OnDisconnect()', arguments);
}

/** Runs before `@OnDisconnect` where this server closed the socket. */
export function OnClose(): MethodDecorator {
  return lifecycleDecorator('close', '@OnClose()', arguments);
}

/** Hears of errors that no client can be told: `(error, socket | undefined)`. */
export function OnError(): MethodDecorator {
  return lifecycleDecorator('error', '@OnError()', arguments);
}

/** A heartbeat was sent to the socket's client. */
export function OnPing(): MethodDecorator {
  return lifecycleDecorator('ping', '@OnPing()', arguments);
}

/** A heartbeat of the socket's client was answered. */
export function OnPong(): MethodDecorator {
  return lifecycleDecorator('pong', '@OnPong()', arguments);
}

/**
 * Runs, and is awaited, when the server begins to end: while it drains, everything is still served, so that the method may
 * emit goodbyes. It gets no arguments.
 */
export function OnShutdown(): MethodDecorator {
  return lifecycleDecorator('shutdown', '@OnShutdown()', arguments);
}
