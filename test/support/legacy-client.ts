import connect from 'socket.io-client-2';
import { cleanup } from './cleanup.js';
import { nextEvent, until } from './until.js';

/** The parts of the client of Socket.IO 2, which has no types of its own, that tests use. */
export interface LegacySocket {
  id: string;
  nsp: string;
  connected: boolean;
  io: {
    engine: { transport: { name: string } };
    reconnection(enabled: boolean): unknown;
    socket(nsp: string, options?: object): LegacySocket;
    close(): void;
  };
  emit(event: string, ...args: unknown[]): unknown;
  on(event: string, listener: (...args: any[]) => void): unknown;
  once(event: string, listener: (...args: any[]) => void): unknown;
  disconnect(): unknown;
}

export type LegacyOptions = Record<string, unknown>;

/** A client on a connection of its own, not awaited. */
export function openLegacyClient(url: string, options: LegacyOptions = {}): LegacySocket {
  const given = { forceNew: true, reconnection: false, transports: ['websocket'], ...options };
  const socket = (connect as unknown as (url: string, options: object) => LegacySocket)(url, given);
  cleanup(() => {
    socket.io.reconnection(false);
    socket.io.close();
  });
  return socket;
}

/** The same, once it is connected; by way of an upgrade also once that is done. */
export async function connectLegacyClient(url: string, options: LegacyOptions = {}): Promise<LegacySocket> {
  const socket = openLegacyClient(url, options);
  await nextEvent(socket, 'connect');
  const transports = options.transports as string[] | undefined;
  if (transports !== undefined && transports.length > 1) {
    await until(() => socket.io.engine.transport.name === 'websocket', 'the client upgraded');
  }
  return socket;
}
