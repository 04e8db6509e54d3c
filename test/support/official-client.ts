import * as client48 from 'socket.io-client';
import * as client45 from 'socket.io-client-4.5';
import type { ManagerOptions, Socket as ClientSocket, SocketOptions } from 'socket.io-client';
import { cleanup } from './cleanup.js';
import { nextEvent, until } from './until.js';

export type { ClientSocket };
export type ClientOptions = Partial<ManagerOptions & SocketOptions>;

/** The releases of the official client that are installed. */
export const CLIENTS = { '4.8': client48, '4.5': client45 as unknown as typeof client48 } as const;
export type ClientVersion = keyof typeof CLIENTS;

/** How a client gets to the server: on one transport only, or as it does by itself. */
export const WAYS = {
  polling: { transports: ['polling'] },
  websocket: { transports: ['websocket'] },
  upgrade: { transports: ['polling', 'websocket'] },
} satisfies Record<string, ClientOptions>;
export type Way = keyof typeof WAYS;

/** An official client on a connection of its own, not awaited. */
export function openClient(url: string, options: ClientOptions = {}, version: ClientVersion = '4.8'): ClientSocket {
  const given = { forceNew: true, reconnection: false, ...WAYS.websocket, ...options };
  const socket = CLIENTS[version].io(url, given);
  cleanup(() => {
    socket.io.reconnection(false);
    socket.disconnect();
    socket.io.engine?.close();
  });
  return socket;
}

/** The same, once it is connected; by way of an upgrade also once that is done. */
export async function connectClient(
  url: string,
  options?: ClientOptions,
  version?: ClientVersion,
): Promise<ClientSocket> {
  const socket = openClient(url, options, version);
  await nextEvent(socket, 'connect');
  if ((options?.transports?.length ?? 1) > 1) await upgraded(socket);
  return socket;
}

/** Resolves once the connection runs over WebSocket. */
export function upgraded(socket: ClientSocket): Promise<void> {
  return until(() => socket.io.engine.transport.name === 'websocket', 'the client upgraded');
}
