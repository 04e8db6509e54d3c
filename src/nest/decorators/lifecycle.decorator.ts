import { lifecycleDecorator } from './handler-metadata.js';

/** Runs before the CONNECT reply, guards and pipes first. What it throws reaches the client as `connect_error`. */
export function OnHandshake(): MethodDecorator {
  return lifecycleDecorator('handshake');
}

/** Runs after the CONNECT reply; events of the socket wait until it has settled. Its guards run before the reply. */
export function OnConnect(): MethodDecorator {
  return lifecycleDecorator('connect');
}

/** Runs when a connected socket is gone, for whatever reason. `shutdown()` awaits it. */
export function OnDisconnect(): MethodDecorator {
  return lifecycleDecorator('disconnect');
}

/** Runs before `@OnDisconnect` where this server closed the socket. */
export function OnClose(): MethodDecorator {
  return lifecycleDecorator('close');
}

/** Hears of errors that no client can be told: `(error, socket | undefined)`. */
export function OnError(): MethodDecorator {
  return lifecycleDecorator('error');
}

/** A heartbeat was sent to the socket's client. */
export function OnPing(): MethodDecorator {
  return lifecycleDecorator('ping');
}

/** A heartbeat of the socket's client was answered. */
export function OnPong(): MethodDecorator {
  return lifecycleDecorator('pong');
}
